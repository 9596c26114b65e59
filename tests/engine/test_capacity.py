"""Limits in the running engine: nothing beyond them, first come first served, fresh before bulk, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from autoflows.domain.account import AccountSettings
from autoflows.engine import control, watch
from autoflows.engine.drain import Drainer
from autoflows.engine.ingest import LeadDraft, ingest_many
from autoflows.engine.pool import get_pool
from autoflows.settings import get_settings
from tests.engine.conftest import ANSWERED, Bench, received

PEOPLE = [f"+9198765001{n}" for n in (20, 21, 31, 41, 51, 61, 71, 81)]
"""Numbers that answer, or not, and are done soon."""


async def set_channel(bench: Bench, provider: str, **settings: int) -> None:
    pool = await get_pool()
    await pool.execute("UPDATE channels SET settings = settings || $2 WHERE provider = $1", provider, settings)


async def most_at_once(bench: Bench) -> int:
    """The most calls that were in progress at the same time, by the attempts' own times."""
    query = """
    SELECT max(n) FROM (SELECT a.id, count(*) AS n FROM flow_action_logs a JOIN flow_action_logs b
      ON b.started_at <= a.started_at AND b.completed_at > a.started_at GROUP BY a.id) AS together
    """
    return int(await bench.one(query))


async def test_the_lines_of_a_channel_are_kept_and_served_in_order(bench: Bench) -> None:
    await set_channel(bench, "bolna", max_concurrent=2)
    await bench.flow(bench.call(1))
    for phone in PEOPLE:
        await bench.lead(phone, email=None)
    await bench.drainer.drain()
    waiting = await bench.one("SELECT count(*) FROM flow_executions WHERE waiting_rule = 'concurrency' AND parked_on LIKE 'lines:%'")
    assert waiting == len(PEOPLE) - 2
    assert await bench.one("SELECT max(waiting_reason) FROM flow_executions") == "Waiting for a free line, 5 ahead"
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE waiting_until IS NOT NULL") == 0, "nobody knows when a call ends"
    await bench.finished(len(PEOPLE), seconds=30)
    assert await most_at_once(bench) <= 2
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE parked_on IS NOT NULL") == 0
    pool = await get_pool()
    arrived = [row["id"] for row in await pool.fetch("SELECT id FROM flow_executions ORDER BY id")]
    called = [row["id"] for row in await pool.fetch("SELECT flow_execution_id AS id FROM flow_action_logs ORDER BY started_at, id")]
    assert called == arrived


async def test_two_workers_never_take_the_last_line_both(bench: Bench) -> None:
    await set_channel(bench, "bolna", max_concurrent=1)
    await bench.flow(bench.call(1))
    for phone in PEOPLE:
        await bench.lead(phone, email=None)
    other, pool = Drainer(get_settings()), await get_pool()
    try:
        async with asyncio.timeout(30):
            while await pool.fetchval("SELECT count(*) FROM flow_executions WHERE status <> 'running'") < len(PEOPLE):
                await asyncio.gather(bench.drainer.drain(), other.drain())
                await asyncio.sleep(0.01)
    finally:
        await other.close(2)
    assert await most_at_once(bench) == 1


async def test_a_fresh_lead_is_called_before_those_of_an_upload(bench: Bench) -> None:
    await set_channel(bench, "bolna", max_concurrent=1)
    await bench.flow(bench.call(1), source="*")
    drafts = [LeadDraft(phone=phone, external_id=phone, lead_source="Upload") for phone in PEOPLE]
    await ingest_many(bench.account_id, bench.settings, drafts, bulk=True)
    await bench.drainer.drain()
    await bench.lead(ANSWERED, email=None)
    await bench.finished(len(PEOPLE) + 1, seconds=30)
    place = """
    SELECT count(*) FROM flow_action_logs WHERE started_at < (
      SELECT l.started_at FROM flow_action_logs l JOIN contacts c ON c.id = l.contact_id WHERE c.phone = $1)
    """
    assert await bench.one(place, ANSWERED) <= 1, "only the call that was in progress came before it"


async def test_a_rate_is_kept_and_everybody_has_a_turn(bench: Bench) -> None:
    await set_channel(bench, "whatsapp_cloud", max_per_minute=600)  # bursts of 10, then one each 101 ms
    await bench.flow(bench.whatsapp(1))
    for n in range(16):
        await bench.lead(f"+9198765012{n:02d}", email=None)
    await bench.finished(16)
    burst = "SELECT count(*) FROM flow_action_logs WHERE started_at = (SELECT min(started_at) FROM flow_action_logs)"
    assert await bench.one(burst) == 10
    span = await bench.one("SELECT extract(epoch FROM max(started_at) - min(started_at))::float8 FROM flow_action_logs")
    assert span >= 5 * 0.1


async def test_a_flows_throttle_spreads_its_contacts(bench: Bench) -> None:
    await bench.flow(bench.mail(1), max_contacts_per_hour=2)
    for n in range(3):
        await bench.lead(None, f"asha{n}@example.com")
    await bench.finished(1)
    waits = (
        "SELECT round(extract(epoch FROM waiting_until - now()) / 60) FROM flow_executions WHERE status = 'running' ORDER BY waiting_until"
    )
    pool = await get_pool()
    assert [int(row[0]) for row in await pool.fetch(waits)] == [30, 60]


async def test_a_quota_and_a_budget_hold_until_midnight_and_refusals_cost_nothing(bench: Bench) -> None:
    await set_channel(bench, "smtp", daily_limit=2)
    await bench.flow(bench.mail(1))
    for n in range(4):
        await bench.lead(None, f"asha{n}@example.com")
    await bench.finished(2)
    held = "SELECT count(*) FROM flow_executions WHERE waiting_rule = 'budget' AND waiting_reason LIKE 'Daily quota of ''smtp''%'"
    await bench.until(held, expect=2)
    zone = "date_trunc('day', now() AT TIME ZONE 'Asia/Kolkata') + interval '1 day'"
    assert await bench.one(
        f"SELECT bool_and(waiting_until AT TIME ZONE 'Asia/Kolkata' = {zone}) FROM flow_executions WHERE status = 'running'"
    )
    assert received(bench, "emails")["total"] == 2
    open_notices = "SELECT count(*) FROM notifications WHERE kind = 'quota_reached' AND resolved_at IS NULL"
    await watch.look()
    assert await bench.one(open_notices) == 1
    await set_channel(bench, "smtp", daily_limit=4)
    await control.wake_account(bench.account_id)
    await bench.finished(4)
    await watch.look()
    assert await bench.one(open_notices) == 0


async def test_a_refusal_gives_its_money_back(bench: Bench) -> None:
    await bench.change_settings(daily_budget=400, prices={"ai_call": 400})
    pool = await get_pool()
    await pool.execute("UPDATE agents SET provider_agent_id = 'no-such-agent'")
    await bench.flow(bench.call(1))
    await bench.lead(ANSWERED, email=None)
    await bench.finished(1)
    assert await bench.one("SELECT used FROM usage_counters") == 0
    assert await bench.one("SELECT status FROM flow_action_logs") == "failed"


async def test_no_limits_cost_no_lock(bench: Bench) -> None:
    assert AccountSettings().daily_budget is None
    await bench.flow(bench.mail(1), bench.whatsapp(2))
    await bench.lead()
    await bench.finished(1)
    assert await bench.one("SELECT count(*) FROM paces") == 0
    assert await bench.one("SELECT count(*) FROM usage_counters") == 0


async def test_an_upload_never_takes_every_slot_of_a_worker(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow provider holds slots for seconds: one in four is kept for fresh leads."""
    monkeypatch.setattr(bench.drainer.settings, "worker_slots", 4)
    bench.world.faults.hang, bench.world.faults.hang_seconds = 1.0, 5.0
    await bench.flow(bench.whatsapp(1), source="*")
    drafts = [LeadDraft(phone=f"+9198765{n}01", external_id=str(n), lead_source="Upload") for n in range(100, 110)]
    await ingest_many(bench.account_id, bench.settings, drafts, bulk=True)
    await bench.drainer.drain()
    out = "SELECT count(*) FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id WHERE e.bulk = $1"
    assert await bench.one(out, True) == 3
    await bench.lead("+919876590001", email=None)
    await bench.drainer.drain()
    assert await bench.one(out, False) == 1
