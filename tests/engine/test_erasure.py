"""A person who is forgotten while an attempt is out: what comes back of it is weighed, and nothing about them is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from autoflows.domain.outcomes import SendResult
from autoflows.engine import control, outcome
from autoflows.engine.pool import get_pool
from autoflows.providers import get_provider
from tests.engine.conftest import MISSED, Bench
from tests.engine.test_outcome import missed, silent_call


async def forget(bench: Bench) -> None:
    """As erasing does: cancelled first, then every address and result is gone."""
    pool = await get_pool()
    for row in await pool.fetch("SELECT id FROM flow_executions WHERE status = 'running'"):
        await control.cancel(bench.account_id, row["id"], "Erased", None)
    await pool.execute("UPDATE contacts SET name = '', phone = NULL, phone_raw = NULL, email = NULL")
    await pool.execute("UPDATE flow_action_logs SET result_data = '{}'")


async def test_a_webhook_after_the_erasure_keeps_nothing(bench: Bench) -> None:
    log_id, channel, ref = await silent_call(bench)
    await forget(bench)
    told = {"transcript": "I am Asha Patel", "to": MISSED}
    assert await outcome.record(channel, [replace(missed(ref), data=told, raw=told, error_message="Asha hung up", address=MISSED)]) == 1
    held = await bench.one("SELECT string_agg(l::text || p::text, ' ') FROM flow_action_logs l, provider_events p")
    assert "Asha" not in held
    assert MISSED not in held
    assert await bench.one("SELECT action_log_id FROM provider_events") == log_id


async def test_an_answer_after_the_erasure_keeps_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = get_provider("smtp")
    send = provider.send

    async def erased_meanwhile(connection: Any, message: Any) -> SendResult:
        await forget(bench)
        return await send(connection, message)

    monkeypatch.setattr(type(provider), "send", lambda self, connection, message: erased_meanwhile(connection, message))
    await bench.flow(bench.mail(1))
    await bench.lead(None, "asha@example.com")
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE status = 'success'", expect=1)
    assert "asha" not in (await bench.one("SELECT result_data::text FROM flow_action_logs")).lower()
