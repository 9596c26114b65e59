"""What attempts cost is charged once, and given back once, and only for what surely was not made."""

from __future__ import annotations

from autoflows.domain.outcomes import CallOutcome, EventKind, ProviderEvent
from autoflows.engine import outcome
from autoflows.engine.match import match_due
from autoflows.engine.perform import Result, perform, settle
from autoflows.engine.pool import Connection, transact
from tests.engine.conftest import ANSWERED, Bench

USED = "SELECT used FROM usage_counters"


async def refused_call(bench: Bench) -> Result:
    """A call that its provider refused, before that is written down."""
    await bench.change_settings(daily_budget=4000, prices={"ai_call": 400})
    await bench.one("UPDATE agents SET provider_agent_id = 'no-such-agent' RETURNING id")
    await bench.flow(bench.call(1))
    await bench.lead(ANSWERED, email=None)
    batch, _ = await match_due(10, 10, bench.drainer.timing, bench.drainer.lease)
    assert await bench.one(USED) == 400
    return await perform(batch.attempts[0])


async def write(bench: Bench, result: Result) -> None:
    async def work(connection: Connection) -> None:
        await settle(connection, [result], bench.drainer.timing, bench.drainer.lease)

    await transact(work)


async def test_a_refusal_that_is_written_twice_gives_its_money_back_once(bench: Bench) -> None:
    """A connection lost during a commit that was made all the same has the whole transaction run again."""
    result = await refused_call(bench)
    await write(bench, result)
    await write(bench, result)
    assert await bench.one(USED) == 0


async def test_a_call_that_was_heard_of_before_its_refusal_is_paid(bench: Bench) -> None:
    result = await refused_call(bench)
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    heard = ProviderEvent("e1", EventKind.CALL, attempt_id=result.attempt.log_id, call_outcome=CallOutcome.ANSWERED, terminal=True)
    await outcome.record(channel, [heard])
    await write(bench, result)
    assert await bench.one(USED) == 400
