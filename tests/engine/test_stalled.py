"""A worker that stood still: what others have given up meanwhile is not sent by it any more."""

from __future__ import annotations

from dataclasses import replace

from autoflows.domain.executions import LogStatus
from autoflows.engine.match import match_due
from autoflows.engine.perform import perform
from tests.engine.conftest import ANSWERED, Bench, received


async def test_an_attempt_that_was_given_up_meanwhile_is_not_made(bench: Bench) -> None:
    """A person may have named it as failed and had it tried again: made now, it would be the second."""
    await bench.flow(bench.call(1))
    await bench.lead(ANSWERED, email=None)
    batch, _ = await match_due(10, 10, bench.drainer.timing, bench.drainer.lease)
    attempt = batch.attempts[0]
    result = await perform(replace(attempt, claimed=attempt.claimed - 3600))
    assert (result.status, result.error_class) == (LogStatus.FAILED, "transient")
    assert received(bench, "calls")["total"] == 0
    assert (await perform(attempt)).status is LogStatus.RUNNING
    assert received(bench, "calls")["total"] == 1
