"""Goals on the real database: met by what providers tell and by what becomes of the contact, once and in time, also after the end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome, EventKind, ProviderEvent
from autoflows.domain.permissions import Role, permissions_of
from autoflows.engine import amend, control, outcome
from autoflows.engine.pool import get_pool
from autoflows.models.database import open_session
from autoflows.services.access import Actor
from autoflows.services.contacts import update_contact
from autoflows.services.views.contacts import ContactChange
from tests.engine.conftest import ANSWERED, MISSED, Bench

REPLY: dict[str, Any] = {"kind": "reply_received"}
WON: dict[str, Any] = {"kind": "tag_added", "tag": "Won"}


def reply(event_id: str, ref: str | None = None, **more: Any) -> ProviderEvent:
    return ProviderEvent(event_id, EventKind.REPLY, provider_ref=ref, text="Yes please", **more)


async def converted(bench: Bench) -> datetime | None:
    found: datetime | None = await bench.one("SELECT converted_at FROM flow_executions ORDER BY triggered_at LIMIT 1")
    return found


async def messaged(bench: Bench, goal: dict[str, Any] = REPLY) -> tuple[UUID, str]:
    """A WhatsApp message that was sent by an execution that is over: its channel and the provider's name for it."""
    await bench.flow(bench.whatsapp(1), goal=goal)
    await bench.lead(MISSED)
    await bench.finished()
    pool = await get_pool()
    row = await pool.fetchrow("SELECT channel_id, provider_ref FROM flow_action_logs")
    return row["channel_id"], row["provider_ref"]


def actor(bench: Bench) -> Actor:
    return Actor(
        user_id=bench.account_id, account_id=bench.account_id, role=Role.OWNER, permissions=permissions_of(Role.OWNER), name="Asha",
        email="owner@example.com", timezone="UTC", kind="session",
    )  # fmt: skip


async def change(bench: Bench, **fields: Any) -> None:
    contact_id = await bench.one("SELECT id FROM contacts")
    async with open_session() as session:
        await update_contact(actor(bench), session, contact_id, ContactChange(**fields))


async def test_a_reply_after_the_end_converts_once(bench: Bench) -> None:
    channel, ref = await messaged(bench)
    assert await bench.one("SELECT goal_until - triggered_at FROM flow_executions") == timedelta(days=7)
    assert await converted(bench) is None
    await asyncio.gather(*(outcome.record(channel, [reply("r1", ref)]) for _ in range(4)))
    first = await converted(bench)
    assert first is not None
    await outcome.record(channel, [reply("r1", ref), reply("r2", ref)])
    assert await converted(bench) == first
    assert await bench.one("SELECT status FROM flow_executions") == "completed"


async def test_a_webhook_that_is_lost_half_way_converts_when_it_comes_again(bench: Bench) -> None:
    channel, ref = await messaged(bench)
    pool = await get_pool()
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await outcome.write(connection, channel, [reply("r1", ref)])
        assert await connection.fetchval("SELECT converted_at FROM flow_executions") is not None
        await transaction.rollback()
    assert await converted(bench) is None
    await outcome.record(channel, [reply("r1", ref)])
    assert await converted(bench) is not None


@pytest.mark.parametrize(("days", "counts"), [(6, True), (8, False)])
async def test_what_comes_after_the_window_does_not_count(bench: Bench, days: int, counts: bool) -> None:
    channel, ref = await messaged(bench)
    pool = await get_pool()
    shift = timedelta(days=days)
    await pool.execute(
        "UPDATE flow_executions SET triggered_at = triggered_at - $1::interval, goal_until = goal_until - $1::interval", shift
    )
    await outcome.record(channel, [reply("r1", ref)])
    assert (await converted(bench) is not None) == counts


async def test_a_late_webhook_counts_for_when_it_happened(bench: Bench) -> None:
    channel, ref = await messaged(bench)
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET goal_until = now() - interval '1 hour'")
    at = datetime.now(UTC) - timedelta(hours=2)
    await outcome.record(channel, [reply("r1", ref, occurred_at=at)])
    assert await converted(bench) == at


async def test_a_flow_without_a_goal_never_converts(bench: Bench) -> None:
    await bench.flow(bench.whatsapp(1))
    await bench.lead(MISSED)
    await bench.finished()
    assert await bench.one("SELECT goal_until FROM flow_executions") is None
    pool = await get_pool()
    row = await pool.fetchrow("SELECT channel_id, provider_ref FROM flow_action_logs")
    await outcome.record(row["channel_id"], [reply("r1", row["provider_ref"])])
    assert await converted(bench) is None


@pytest.mark.parametrize(("seconds", "counts"), [(1, True), (5000, False)])
async def test_a_call_that_is_long_enough(bench: Bench, seconds: int, counts: bool) -> None:
    await bench.flow(bench.call(1), goal={"kind": "call_answered", "min_seconds": seconds})
    await bench.lead(ANSWERED)
    await bench.finished()
    assert await bench.summary() == [("ai_call", "success", "answered")]
    assert (await converted(bench) is not None) == counts


async def test_the_length_of_a_call_may_be_told_later(bench: Bench) -> None:
    await bench.flow(bench.call(1), goal={"kind": "call_answered", "min_seconds": 3000})
    await bench.lead(ANSWERED)
    await bench.finished()
    pool = await get_pool()
    row = await pool.fetchrow("SELECT channel_id, provider_ref FROM flow_action_logs")
    told = ProviderEvent(
        "later", EventKind.CALL, provider_ref=row["provider_ref"], call_outcome=CallOutcome.ANSWERED, terminal=True,
        data={"conversation_duration": 3600},
    )  # fmt: skip
    await outcome.record(row["channel_id"], [told])
    assert await converted(bench) is not None


async def test_what_a_person_says_of_an_attempt_counts(bench: Bench) -> None:
    await bench.flow(bench.call(1), goal={"kind": "call_answered"})
    await bench.lead(MISSED)
    await bench.finished()
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET status = 'unknown', outcome = 'unknown'")
    log_id = await bench.one("SELECT id FROM flow_action_logs")
    await amend.resolve(bench.account_id, log_id, LogStatus.SUCCESS, CallOutcome.ANSWERED, "", None, "Asha")
    assert await converted(bench) is not None


async def test_a_tag_that_a_contact_gets(bench: Bench) -> None:
    await bench.flow(bench.mail(1), goal=WON)
    await bench.lead(MISSED, tags=["pump"])
    await bench.finished()
    await change(bench, tags=["pump", "new"])
    assert await converted(bench) is None
    await change(bench, tags=["pump", "won"])
    first = await converted(bench)
    assert first is not None
    await change(bench, tags=["pump"])
    await change(bench, tags=["won"])
    assert await converted(bench) == first


async def test_a_field_that_comes_with_another_lead(bench: Bench) -> None:
    await bench.flow(bench.mail(1), goal={"kind": "field_equals", "field": "custom_fields.stage", "value": "won"})
    await bench.lead(MISSED, custom_fields={"stage": "new"})
    await bench.finished()
    await bench.lead(MISSED, external_id="2", custom_fields={"stage": "Won"})
    await bench.until("SELECT count(*) FROM lead_events WHERE disposition <> 'queued'", expect=2)
    assert await converted(bench) is not None


async def test_who_is_there_already_cannot_get_there(bench: Bench) -> None:
    await bench.flow(bench.mail(1), goal=WON)
    await bench.lead(MISSED, tags=["won"])
    await bench.finished()
    assert await bench.one("SELECT goal_until FROM flow_executions") is None
    await change(bench, tags=["won", "more"])
    assert await converted(bench) is None


async def test_a_goal_may_stop_the_flow(bench: Bench) -> None:
    await bench.flow(bench.mail(1), bench.wait(2, 3600), bench.whatsapp(3), goal={**WON, "stops": True})
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait'", expect=1)
    await change(bench, tags=["won"])
    await bench.finished(seconds=5)
    assert (await bench.summary())[2] == ("whatsapp_message", "skipped", "The goal is met: the contact gets the tag Won")
    assert await bench.one("SELECT result_data->>'cut_short' FROM flow_action_logs WHERE action_order = 2") is not None


async def test_an_execution_begun_by_hand_has_its_window(bench: Bench) -> None:
    flow_id = await bench.flow(bench.mail(1), goal={**WON, "window_days": 2}, source="TradeIndia")
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM lead_events WHERE disposition = 'no_match'", expect=1)
    contact_id = await bench.one("SELECT id FROM contacts")
    await control.enrol(bench.account_id, contact_id, flow_id, None)
    assert await bench.one("SELECT goal_until - triggered_at FROM flow_executions") == timedelta(days=2)
    await bench.finished()
