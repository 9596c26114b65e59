"""Turns in queues: what is free is taken by the next who can, whoever ends, leaves or stands in the way just then."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from autoflows.domain.outcomes import CallOutcome, EventKind, ProviderEvent
from autoflows.domain.queues import account_queue
from autoflows.engine import amend, breaker, control, outcome, parking
from autoflows.engine.pool import get_pool, transact
from autoflows.models import PhoneNumber
from autoflows.models.database import open_session
from autoflows.sandbox import world as sandbox
from tests.engine.conftest import ANSWERED, MISSED, Bench, received
from tests.engine.test_breaker import STATE, set_key
from tests.engine.test_capacity import PEOPLE, set_channel

CALLS = "SELECT count(*) FROM flow_action_logs WHERE action_type = 'ai_call'"
PARKED = "SELECT count(*) FROM flow_executions WHERE parked_on LIKE 'lines:%'"


async def endless_calls(bench: Bench, lines: int, people: int) -> UUID:
    """As many calls as there are lines, which end by `hang_up` alone, and the others in the queue; gives the channel."""
    bench.world.speed = 0.01
    bench.drainer.timing = replace(bench.drainer.timing, call_deadline=timedelta(hours=1))
    await set_channel(bench, "bolna", max_concurrent=lines)
    await bench.flow(bench.call(1), exit_rules={"on_tag": "sold"})
    for phone in PEOPLE[:people]:
        await bench.lead(phone, email=None)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=lines)
    await bench.until(PARKED, expect=people - lines)
    return UUID(str(await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")))


async def hang_up(bench: Bench, channel: UUID) -> None:
    ref = await bench.one("SELECT provider_ref FROM flow_action_logs WHERE status = 'running' AND provider_ref IS NOT NULL ORDER BY id")
    event = ProviderEvent(f"end of {ref}", EventKind.CALL, provider_ref=ref, call_outcome=CallOutcome.ANSWERED, terminal=True)
    await outcome.record(channel, [event])


async def test_two_calls_that_end_before_anybody_looks_let_two_go(bench: Bench) -> None:
    channel = await endless_calls(bench, lines=2, people=4)
    await hang_up(bench, channel)
    await hang_up(bench, channel)
    await bench.until(CALLS, expect=4, seconds=5)


async def test_a_turn_that_its_owner_does_not_take_is_passed_on(bench: Bench) -> None:
    channel = await endless_calls(bench, lines=1, people=3)
    pool = await get_pool()
    await pool.execute("UPDATE contacts SET tags = '{DNC}' WHERE phone = $1", PEOPLE[1])
    await hang_up(bench, channel)
    await bench.until(CALLS + " AND status = 'running'", expect=1, seconds=5)
    assert (
        await bench.one("SELECT c.phone FROM flow_action_logs l JOIN contacts c ON c.id = l.contact_id WHERE l.status = 'running'")
        == (PEOPLE[2])
    )


async def test_a_line_comes_free_while_the_first_in_the_queue_is_being_cancelled(bench: Bench) -> None:
    channel = await endless_calls(bench, lines=1, people=3)
    pool = await get_pool()
    first = await pool.fetchval("SELECT id FROM flow_executions WHERE parked_on IS NOT NULL ORDER BY parked_at, id LIMIT 1")
    async with pool.acquire() as cancelling, cancelling.transaction():
        await control.end(cancelling, [first], "Cancelled by hand")
        await asyncio.wait_for(hang_up(bench, channel), 3)
    await bench.until(CALLS, expect=2, seconds=5)


async def test_a_retried_step_waits_for_its_line_too(bench: Bench) -> None:
    await bench.flow(bench.call(1), bench.mail(2))
    pool = await get_pool()
    await pool.execute("UPDATE agents SET provider_agent_id = 'no-such-agent'")
    await bench.lead(ANSWERED, email=None)
    await bench.finished(1)
    assert await bench.one("SELECT status FROM flow_executions") == "failed"
    await pool.execute("UPDATE agents SET provider_agent_id = $1", sandbox.AGENT_IDS[0])
    await asyncio.sleep(1.1)  # what is remembered of the catalogue
    retried = await bench.one("SELECT id FROM flow_executions")
    await endless_calls_of_another_flow(bench)
    await amend.retry(bench.account_id, retried, None)
    await bench.until("SELECT waiting_rule FROM flow_executions WHERE id = $1", retried, expect="concurrency", seconds=5)


async def endless_calls_of_another_flow(bench: Bench) -> None:
    bench.world.speed = 0.01
    bench.drainer.timing = replace(bench.drainer.timing, call_deadline=timedelta(hours=1))
    await set_channel(bench, "bolna", max_concurrent=1)
    await bench.flow(bench.call(1), name="Second", priority=2, source="Website")
    await bench.lead(MISSED, email=None, source="Website")
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL AND status = 'running'", expect=1)


async def test_a_probe_that_could_not_be_made_tells_nothing_about_its_channel(bench: Bench) -> None:
    """Its own number is gone: nobody was asked, so the channel stays held and the next in the queue is the probe."""
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    async with open_session() as session:
        other = PhoneNumber(user_id=bench.account_id, channel_id=channel, phone_number=sandbox.NUMBERS[1])
        session.add(other)
        await session.flush()
        number = str(other.id)
    await set_key(bench, "wrong")
    await bench.flow(bench.call(1, phone_number_id=number), name="Gone", source="Website")
    await bench.flow(bench.call(1), priority=2)
    await bench.lead(MISSED, email=None, source="Website")
    await bench.until("SELECT waiting_rule FROM flow_executions", expect="channel_health")
    await bench.lead(ANSWERED, email=None)
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_rule = 'channel_health'", expect=2)
    pool = await get_pool()
    await pool.execute("DELETE FROM phone_numbers WHERE id = $1", UUID(number))
    await asyncio.sleep(1.1)  # what is remembered of the catalogue
    await transact(lambda connection: breaker.let_through(connection, channel))
    tried = "SELECT count(*) FROM flow_action_logs WHERE error_code = 'cannot_perform'"
    await bench.until(tried, expect=1, seconds=5)
    await bench.until("SELECT count(*) FROM flow_action_logs l JOIN contacts c ON c.id = l.contact_id WHERE c.phone = $1 AND l.attempt = 1"
                      " AND l.error_class = 'account'", ANSWERED, expect=1, seconds=5)  # fmt: skip
    assert await bench.one(STATE) == "open"
    assert await bench.one("SELECT count(*) FROM notifications WHERE kind = 'channel_down'") == 1, "it was never taken for mended"
    assert received(bench, "calls")["total"] == 0


async def test_settings_wake_what_they_hold_and_no_sleeper(bench: Bench) -> None:
    """A million waits may be under way: a change of the account's rules is none of their business."""
    await bench.flow(bench.wait(1, 3600), bench.mail(2))
    await bench.lead(None, "asha@example.com")
    await bench.until("SELECT waiting_reason FROM flow_executions", expect="The flow's wait")
    await control.wake_account(bench.account_id)
    assert await bench.one("SELECT due_at > now() FROM flow_executions")


async def test_whoever_is_being_looked_at_while_the_switch_is_lifted_goes_too(bench: Bench) -> None:
    await bench.flow(bench.mail(1))
    await bench.change_settings(kill_switch=True)
    await bench.lead(None, "asha@example.com")
    queue = account_queue(bench.account_id)
    await bench.until("SELECT parked_on FROM flow_executions", expect=queue)
    pool = await get_pool()
    async with pool.acquire() as worker, worker.transaction():
        # It has read that the switch is on, and is about to hold the execution for another ten minutes.
        execution = await worker.fetchval("SELECT id FROM flow_executions FOR UPDATE")
        await bench.change_settings(kill_switch=False)
        lifting = asyncio.create_task(control.wake_queue(bench.account_id, queue))
        await asyncio.sleep(0.2)
        await worker.execute("UPDATE flow_executions SET due_at = now() + interval '10 minutes' WHERE id = $1", execution)
    await lifting
    await bench.finished(1, seconds=5)


async def test_a_quota_that_is_raised_while_a_worker_decides_holds_nobody_until_midnight(bench: Bench) -> None:
    """The worker has read the old quota and waits for the account's lock: it must not go by what it read before."""
    await set_channel(bench, "smtp", daily_limit=1)
    await bench.flow(bench.mail(1))
    await bench.lead(None, "asha@example.com")
    await bench.finished(1)
    await bench.lead(None, "ravi@example.com")
    channel, pool = UUID(str(await bench.one("SELECT id FROM channels WHERE provider = 'smtp'"))), await get_pool()
    async with pool.acquire() as other, other.transaction():
        await other.execute(parking.ACCOUNT_LOCKS, [str(bench.account_id)])
        draining = asyncio.create_task(bench.drainer.drain())
        await asyncio.sleep(0.3)
        await set_channel(bench, "smtp", daily_limit=5)
        waking = asyncio.create_task(control.wake_channel(bench.account_id, channel))
        await asyncio.sleep(0.2)
    await asyncio.gather(draining, waking)
    await bench.finished(2, seconds=5)


async def test_a_budget_that_is_raised_while_a_worker_decides_holds_nobody_until_midnight(bench: Bench) -> None:
    await bench.change_settings(daily_budget=400, prices={"email": 400})
    await bench.flow(bench.mail(1))
    await bench.lead(None, "asha@example.com")
    await bench.finished(1)
    await bench.lead(None, "ravi@example.com")
    pool = await get_pool()
    async with pool.acquire() as other, other.transaction():
        await other.execute(parking.ACCOUNT_LOCKS, [str(bench.account_id)])
        draining = asyncio.create_task(bench.drainer.drain())
        await asyncio.sleep(0.3)
        await bench.change_settings(daily_budget=4000)
        waking = asyncio.create_task(control.wake_account(bench.account_id))
        await asyncio.sleep(0.2)
    await asyncio.gather(draining, waking)
    await bench.finished(2, seconds=5)


async def test_a_limit_that_holds_all_of_a_queue_does_not_move_all_of_it(bench: Bench) -> None:
    channel = await endless_calls(bench, lines=1, people=5)
    await set_channel(bench, "bolna", max_per_minute=1)
    pool = await get_pool()
    await pool.execute("INSERT INTO paces (key, next_at) VALUES ($1, now() + interval '1 minute')", channel)
    await hang_up(bench, channel)
    await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on LIKE 'rate:%'", expect=1, seconds=5)
    for _ in range(5):
        await bench.drainer.drain()
    assert await bench.one(PARKED) == 3


async def test_whoever_waits_for_another_limit_keeps_its_place(bench: Bench) -> None:
    """The first gets a line and has to wait a second for the channel's rate: the line is still its own then, and nobody stalls."""
    channel = await endless_calls(bench, lines=1, people=4)
    await set_channel(bench, "bolna", max_per_minute=60)
    pool = await get_pool()
    await pool.execute("INSERT INTO paces (key, next_at) VALUES ($1, now() + interval '1 minute')", channel)
    await hang_up(bench, channel)
    await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on LIKE 'rate:%'", expect=1, seconds=5)
    await bench.until(CALLS, expect=2, seconds=5)
    called = "SELECT c.phone FROM flow_action_logs l JOIN contacts c ON c.id = l.contact_id WHERE l.status = 'running'"
    assert await bench.one(called) == PEOPLE[1]
