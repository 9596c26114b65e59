"""What is amiss is told once and by itself, and so it is resolved: over all accounts, by one process at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from autoflows.domain.account import AccountSettings
from autoflows.domain.notices import NoticeKind
from autoflows.engine import control, watch
from autoflows.engine.broker import close_redis
from autoflows.engine.ingest import LeadDraft, ingest
from autoflows.engine.ledger import queue
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import get_pool
from autoflows.ids import new_id
from autoflows.models import ActionLog, AuditEntry, Channel, Contact, Execution, Flow, FlowVersion, User
from autoflows.models.database import open_session
from autoflows.settings import get_settings
from tests.engine.conftest import Bench
from tests.engine.test_notices import account

__all__ = ["account"]


async def do(sql: str, *args: Any) -> None:
    pool = await get_pool()
    await pool.execute(sql, *args)


async def standing() -> list[tuple[str, str, int]]:
    """Kind, title and count of what is open."""
    pool = await get_pool()
    rows = await pool.fetch("SELECT kind, title, count FROM notifications WHERE resolved_at IS NULL ORDER BY kind")
    return [tuple(row) for row in rows]


async def lead(account: UUID, phone: str = "+919876500001", *, bulk: bool = False) -> None:
    await ingest(account, AccountSettings(), LeadDraft(phone=phone, lead_source="IndiaMART"), bulk=bulk)


async def a_flow(account: UUID, **settings: Any) -> UUID:
    async with open_session() as session:
        flow = Flow(user_id=account, name="First call", priority=1, **settings)
        session.add(flow)
        await session.flush()
        session.add(FlowVersion(flow_id=flow.id, version=1, definition={"name": "First call"}))
        return flow.id


async def a_run(account: UUID, flow_id: UUID, **fields: Any) -> UUID:
    pool = await get_pool()
    version = await pool.fetchval("SELECT id FROM flow_versions WHERE flow_id = $1", flow_id)
    async with open_session() as session:
        person = Contact(user_id=account, phone=f"+9198765{new_id().int % 100_000:05d}")
        session.add(person)
        await session.flush()
        run = Execution(flow_id=flow_id, flow_version_id=version, contact_id=person.id, user_id=account, **fields)
        session.add(run)
        return run.id


async def an_unknown(account: UUID, execution_id: UUID, order: int = 1) -> UUID:
    pool = await get_pool()
    contact = await pool.fetchval("SELECT contact_id FROM flow_executions WHERE id = $1", execution_id)
    async with open_session() as session:
        log = ActionLog(
            flow_execution_id=execution_id, user_id=account, contact_id=contact, action_type="ai_call", action_order=order, status="unknown"
        )
        session.add(log)
        return log.id


async def test_a_quiet_account_hears_nothing(account: UUID) -> None:
    await a_flow(account, is_enabled=True)
    assert await watch.look() == []
    assert await standing() == []


async def test_leads_that_are_stuck_are_told_once_and_resolve_when_they_move(account: UUID) -> None:
    await a_flow(account, is_enabled=True)
    await lead(account)
    assert await watch.look() == []
    await do("UPDATE lead_events SET due_at = now() - interval '61 seconds'")
    assert set(await watch.look()) == {LiveChange(account, kind="notification")}
    assert await watch.look() == []  # nothing new, so nobody is disturbed
    assert await standing() == [("lead_stuck", "1 lead waits to be matched for too long", 1)]
    assert (await queue()).stuck_leads == 1
    await lead(account, "+919876500002")
    await do("UPDATE lead_events SET due_at = now() - interval '3 minutes'")
    await watch.look()
    assert await standing() == [("lead_stuck", "2 leads wait to be matched for too long", 2)]
    await do("UPDATE lead_events SET disposition = 'no_match', due_at = NULL")
    assert set(await watch.look()) == {LiveChange(account, kind="notification")}
    assert await standing() == []
    pool = await get_pool()
    assert await pool.fetchval("SELECT count(*) FROM notifications") == 1


async def test_a_bulk_lead_may_wait_its_turn(account: UUID) -> None:
    await a_flow(account, is_enabled=True)
    await lead(account, bulk=True)
    await do("UPDATE lead_events SET due_at = now() - interval '50 minutes'")
    assert await watch.look() == []
    await do("UPDATE lead_events SET due_at = now() - interval '70 minutes'")
    await watch.look()
    assert [kind for kind, _, _ in await standing()] == ["lead_stuck"]


async def test_overdue_executions_are_told(account: UUID) -> None:
    run = await a_run(account, await a_flow(account, is_enabled=True))
    await do("UPDATE flow_executions SET due_at = now() - interval '2 minutes'")
    await watch.look()
    assert await standing() == [("queue_late", "1 execution is overdue", 1)]
    await control.cancel(account, run, "", None)
    await watch.look()
    assert await standing() == []


async def test_a_lead_without_its_execution_is_unaccounted_for(account: UUID) -> None:
    await a_flow(account, is_enabled=True)
    await lead(account)
    await do("UPDATE lead_events SET disposition = 'enrolled', due_at = NULL, execution_id = $1", new_id())
    await watch.look()
    assert await standing() == [("unaccounted", "1 lead is unaccounted for", 1)]
    await do("UPDATE lead_events SET disposition = 'error', execution_id = NULL")
    await watch.look()
    assert await standing() == [("lead_error", "1 lead could not be matched", 1)]
    await do("UPDATE lead_events SET received_at = now() - interval '15 days'")
    await watch.look()
    assert await standing() == []


async def test_channels_that_fail_are_told_each_with_its_reason(account: UUID) -> None:
    async with open_session() as session:
        for name in ("Voice", "Mail"):
            session.add(Channel(user_id=account, provider="smtp", name=name, credentials="-", webhook_secret=name, status="active"))
    await do("UPDATE channels SET status = 'error', status_detail = 'Wrong password' WHERE name = 'Mail'")
    await do("UPDATE channels SET breaker_state = 'open', breaker_reason = '5 in a row failed.' WHERE name = 'Voice'")
    await watch.look()
    pool = await get_pool()
    told = [tuple(r) for r in await pool.fetch("SELECT title, detail FROM notifications ORDER BY title")]
    assert told == [
        ("Channel 'Mail' does not work", "Wrong password"),
        ("Channel 'Voice' does not work", "5 in a row failed. Contacts by it are held meanwhile."),
    ]
    await do("UPDATE channels SET breaker_state = 'probing' WHERE name = 'Voice'")
    await do("UPDATE channels SET status = 'disabled' WHERE name = 'Mail'")
    await watch.look()
    assert [title for _, title, _ in await standing()] == ["Channel 'Voice' does not work"]
    await do("UPDATE channels SET breaker_state = 'closed'")
    await watch.look()
    assert await standing() == []


async def test_unknown_attempts_are_one_notice_that_counts_them(account: UUID) -> None:
    run = await a_run(account, await a_flow(account, is_enabled=True))
    first = await an_unknown(account, run)
    await watch.look()
    assert await standing() == [("attempt_unknown", "Not known whether 1 contact attempt reached anyone", 1)]
    second = await an_unknown(account, run, 2)
    await watch.look()
    assert await standing() == [("attempt_unknown", "Not known whether 2 contact attempts reached anyone", 2)]
    await do("UPDATE flow_action_logs SET status = 'success' WHERE id = $1", first)
    await watch.look()
    assert [count for _, _, count in await standing()] == [1]
    await do("UPDATE flow_action_logs SET started_at = now() - interval '15 days' WHERE id = $1", second)
    await watch.look()
    assert await standing() == []


async def test_a_kill_switch_is_told_when_it_is_forgotten(account: UUID) -> None:
    flow = await a_flow(account, is_enabled=True)
    await do("UPDATE users SET settings = $1", {"kill_switch": True})
    entry = {"kill_switch": {"from": False, "to": True}}
    async with open_session() as session:
        session.add(AuditEntry(user_id=account, action="settings.updated", entity_type="account", data=entry))
    later = {"due_at": (await (await get_pool()).fetchval("SELECT now()")) + timedelta(hours=1)}
    await a_run(account, flow, **later)
    await do("UPDATE audit_log SET created_at = now() - interval '20 minutes'")
    assert await watch.look() == []  # it holds nobody
    await a_run(account, flow, **later, parked_on=f"account:{account}")
    await watch.look()
    assert await standing() == [("kill_switch", "The kill switch is still on", 1)]
    await do("UPDATE audit_log SET created_at = now() - interval '10 minutes'")
    await watch.look()
    assert await standing() == []


async def test_a_held_flow_is_told(account: UUID) -> None:
    flow = await a_flow(account, is_enabled=True, is_held=True)
    await a_run(account, flow, parked_on=f"flow:{flow}")
    await watch.look()
    pool = await get_pool()
    row = await pool.fetchrow("SELECT subject, severity, title, detail FROM notifications")
    assert tuple(row) == (str(flow), "info", "Flow 'First call' is held", "1 execution waits until it is released.")
    await do("UPDATE auto_engagement_flows SET is_held = false")
    await watch.look()
    assert await standing() == []


async def test_what_the_engine_holds_is_what_is_told(bench: Bench) -> None:
    """By the queues that the engine itself writes."""
    flow = await bench.flow(bench.mail(1))
    await bench.change_settings(kill_switch=True)
    await do("UPDATE users SET updated_at = now() - interval '16 minutes'")
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on IS NOT NULL", expect=1)
    await watch.look()
    assert await standing() == [("kill_switch", "The kill switch is still on", 1)]
    await bench.change_settings(kill_switch=False)
    await do("UPDATE auto_engagement_flows SET is_held = true")
    await control.wake_account(bench.account_id)
    await bench.until("SELECT parked_on FROM flow_executions", expect=f"flow:{flow}")
    await watch.look()
    pool = await get_pool()
    held = await pool.fetchrow("SELECT kind, detail FROM notifications WHERE resolved_at IS NULL")
    assert tuple(held) == ("flow_held", "1 execution waits until it is released.")


async def test_a_long_name_is_cut_and_is_no_news_each_time(account: UUID) -> None:
    await a_flow(account, is_enabled=True, is_held=True)
    await do("UPDATE auto_engagement_flows SET name = repeat('x', 255)")
    assert len(await watch.look()) > 0
    assert await watch.look() == []
    assert len((await standing())[0][1]) == 255


async def test_leads_without_any_flow_are_told(account: UUID) -> None:
    await lead(account)
    await watch.look()
    assert await standing() == [("no_flow", "Leads come in and no flow is enabled", 1)]
    await a_flow(account, is_enabled=True)
    await watch.look()
    assert await standing() == []


async def test_that_nobody_works_is_told_to_whose_work_waits(account: UUID) -> None:
    await a_flow(account, is_enabled=True)
    async with open_session() as session:
        session.add(User(email="idle@example.com", password_hash="-", role="owner"))
    await lead(account)
    assert await watch.look(0) == []
    await do("UPDATE lead_events SET due_at = now() - interval '2 minutes'")
    await watch.look(0)
    assert [kind for kind, _, _ in await standing()] == ["lead_stuck", "no_worker"]
    await watch.look(None)  # not known
    assert [kind for kind, _, _ in await standing()] == ["lead_stuck", "no_worker"]
    await watch.look(1)
    assert [kind for kind, _, _ in await standing()] == ["lead_stuck"]


async def test_of_many_processes_one_looks_at_a_time_and_no_oftener_than_wanted(account: UUID) -> None:
    pool = await get_pool()
    await lead(account)
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1)", watch.LOCK)
        async with asyncio.timeout(2):
            assert await watch.look() == []
    found = [await watch.look(every=30.0) for _ in range(3)]
    assert [len(changes) > 0 for changes in found] == [True, False, False]
    await do("UPDATE auto_engagement_flows SET is_enabled = true")
    await do("UPDATE paces SET next_at = now() + interval '5 days'")  # a clock that jumped back must not silence it
    await do("DELETE FROM lead_events")
    assert len(await watch.look(every=30.0)) > 0


async def test_a_check_that_fails_leaves_the_others_and_its_own_notices_alone(account: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    await lead(account)
    await do("UPDATE lead_events SET due_at = now() - interval '2 minutes'")
    await watch.look()
    assert [kind for kind, _, _ in await standing()] == ["lead_stuck", "no_flow"]
    monkeypatch.setitem(watch.CHECKS, NoticeKind.LEAD_STUCK, "SELECT 1 / 0")
    await do("DELETE FROM lead_events")
    await watch.look()
    assert [kind for kind, _, _ in await standing()] == ["lead_stuck"]


async def test_it_needs_no_broker(account: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    await lead(account)
    await close_redis()
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", "redis://127.0.0.1:9/0")
    get_settings.cache_clear()
    task = asyncio.create_task(watch.watch_for_ever(0.05))
    await until_standing(1)
    await do("DELETE FROM lead_events")
    await until_standing(0)
    task.cancel()


async def until_standing(count: int) -> None:
    for _ in range(100):
        if len(await standing()) == count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await standing())
