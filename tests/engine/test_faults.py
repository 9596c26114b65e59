"""Faults that must neither contact anyone twice, nor stop the others."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from autoflows.domain.outcomes import SendResult
from autoflows.engine import control, match, perform
from autoflows.engine.pool import get_pool
from autoflows.engine.reconcile import close_lost_attempts
from autoflows.providers import get_provider
from tests.engine.conftest import ANSWERED, MISSED, Bench, received


async def test_a_send_that_breaks_is_never_taken_for_not_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SSLError is an OSError, and it may come while the answer is read: the request was out."""
    provider = get_provider("bolna")
    send = provider.send

    async def broken(connection: Any, message: Any) -> SendResult:
        await send(connection, message)
        raise ssl.SSLError("record layer failure")

    monkeypatch.setattr(type(provider), "send", lambda self, connection, message: broken(connection, message))
    await bench.flow(bench.call(1))
    await bench.lead(MISSED)
    await bench.finished()
    assert received(bench, "calls")["total"] == 1
    assert [s[:2] for s in await bench.summary()] == [("ai_call", "success")]


async def test_a_database_lost_before_the_send_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.flow(bench.call(1))
    get, lost = perform._catalogue.get, [True]

    async def away(*args: Any, **how: Any) -> Any:
        if lost:
            lost.pop()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return await get(*args, **how)

    monkeypatch.setattr(perform._catalogue, "get", away)
    await bench.lead(MISSED)
    await bench.finished()
    assert [s[:2] for s in await bench.summary()] == [("ai_call", "failed"), ("ai_call", "success")]


async def test_one_lead_that_cannot_be_matched_stops_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its values break the statement, not the connection: it becomes `error`, and the others go on."""
    await bench.flow(bench.mail(1))
    for name, source in (("asha", "IndiaMART"), ("poison", "IndiaMART"), ("ravi", "IndiaMART")):
        await bench.lead(None, f"{name}@example.com", source, external_id=name)
    decided = match._decide

    def broken(event: Any, contact: Any, *rest: Any) -> Any:
        found = decided(event, contact, *rest)
        return replace(found, reason="\ud800") if contact["email"].startswith("poison") else found

    monkeypatch.setattr(match, "_decide", broken)
    await bench.finished(2)
    assert await bench.one("SELECT disposition FROM lead_events WHERE external_id = 'poison'") == "error"


async def test_a_call_of_a_cancelled_execution_does_not_hold_its_line_for_ever(bench: Bench) -> None:
    """It was out when the execution was cancelled, its webhook is lost, and nobody looks it up any more."""
    await bench.change_settings(max_concurrent_calls=1)
    bench.world.speed = 0.001
    await bench.flow(bench.call(1))
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    pool = await get_pool()
    execution = await pool.fetchval("SELECT id FROM flow_executions")
    await pool.execute("UPDATE flow_executions SET status = 'cancelled', due_at = NULL WHERE id = $1", execution)
    timing = bench.drainer.timing
    assert await close_lost_attempts(timing) == 0
    await pool.execute("UPDATE flow_action_logs SET started_at = started_at - $1::interval", timing.provider_timeout + timing.call_deadline)
    assert await close_lost_attempts(timing) == 1
    assert await bench.summary() == [("ai_call", "unknown", "unknown")]
    await bench.lead(ANSWERED, "ravi@example.com")
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE status = 'running'", expect=1)


async def test_one_execution_that_cannot_be_read_stops_no_other(bench: Bench) -> None:
    """Stored by another release, say: it is held and says so, and goes on when it can be read again."""
    pool = await get_pool()
    flow_id = await bench.flow(bench.mail(1), name="Broken")
    await bench.flow(bench.mail(1), priority=2, source="Web")
    version = await pool.fetchrow("SELECT id, definition FROM flow_versions WHERE flow_id = $1", flow_id)
    await pool.execute("UPDATE flow_versions SET definition = $2 WHERE id = $1", version["id"], {"actions": "none"})
    await pool.execute("UPDATE auto_engagement_flows SET is_enabled = false WHERE id = $1", flow_id)
    contact = (await bench.lead(None, "asha@example.com", "Nowhere")).contact_id
    assert contact is not None
    held = await control.enrol(bench.account_id, contact, flow_id, None)
    await bench.lead(None, "ravi@example.com", "Web")
    await bench.finished(1)
    await bench.until("SELECT waiting_reason LIKE 'Internal error%' FROM flow_executions WHERE id = $1", held)
    await pool.execute("UPDATE flow_versions SET definition = $2 WHERE id = $1", version["id"], version["definition"])
    await control.wake_account(bench.account_id)
    await bench.finished(2)
    assert [s[:2] for s in await bench.summary()] == [("email", "success")] * 2
