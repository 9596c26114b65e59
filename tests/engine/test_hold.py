"""The kill switch of one flow: nothing of it goes out while it is on, and everything goes on when it is lifted."""

from __future__ import annotations

from uuid import UUID

import pytest

from autoflows.domain.queues import account_queue, flow_queue
from autoflows.engine import control
from autoflows.engine.pool import get_pool
from tests.engine.conftest import Bench, received


async def hold(flow_id: UUID, is_held: bool) -> None:
    pool = await get_pool()
    await pool.execute("UPDATE auto_engagement_flows SET is_held = $2 WHERE id = $1", flow_id, is_held)


async def test_waking_a_queue_makes_due_who_stands_in_it_and_nobody_else(bench: Bench) -> None:
    flow = await bench.flow(bench.wait(1, 3600))
    for name in ("asha", "ravi", "meena"):
        await bench.lead(None, f"{name}@example.com")
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason IS NOT NULL", expect=3)
    pool = await get_pool()
    held = "UPDATE flow_executions SET parked_on = $1, parked_at = now() WHERE id = (SELECT min(id::text)::uuid FROM flow_executions)"
    await pool.execute(held, flow_queue(flow))
    await control.wake_queue(bench.account_id, account_queue(bench.account_id))
    due = "SELECT count(*) FROM flow_executions WHERE due_at <= clock_timestamp()"
    assert await bench.one(due) == 0
    await control.wake_queue(bench.account_id, flow_queue(flow))
    assert await bench.one(due) == 1


async def test_a_held_flow_sends_nothing_and_goes_on_when_it_is_lifted(bench: Bench) -> None:
    flow = await bench.flow(bench.mail(1), bench.wait(2, 0), bench.mail(3))
    await bench.flow(bench.mail(1), priority=2, name="Other", source="Website")
    await hold(flow, True)
    await bench.lead(None, "asha@example.com")
    await bench.lead(None, "ravi@example.com", "Website")
    await bench.finished(1)  # the other flow is not held
    await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on = $1", flow_queue(flow), expect=1)
    assert received(bench, "emails")["total"] == 1
    await hold(flow, False)
    await control.wake_queue(bench.account_id, flow_queue(flow))
    await bench.finished(2, seconds=10)
    assert received(bench, "emails")["total"] == 3


async def test_waits_of_a_held_flow_pass(bench: Bench) -> None:
    flow = await bench.flow(bench.wait(1, 0.2), bench.mail(2))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait'", expect=1)
    await hold(flow, True)
    await bench.until("SELECT status FROM flow_action_logs WHERE action_type = 'wait'", expect="success")
    await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on = $1", flow_queue(flow), expect=1)
    assert await bench.summary() == [("wait", "success", None)]


@pytest.mark.parametrize("both", [False, True])
async def test_the_accounts_switch_holds_also_what_its_flow_does_not(bench: Bench, both: bool) -> None:
    flow = await bench.flow(bench.mail(1))
    await bench.change_settings(kill_switch=True)
    await hold(flow, both)
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on = $1", account_queue(bench.account_id), expect=1)
    await bench.change_settings(kill_switch=False)
    await control.wake_queue(bench.account_id, account_queue(bench.account_id))
    if both:
        await bench.until("SELECT count(*) FROM flow_executions WHERE parked_on = $1", flow_queue(flow), expect=1)
        await hold(flow, False)
        await control.wake_queue(bench.account_id, flow_queue(flow))
    await bench.finished(1, seconds=10)
    assert await bench.summary() == [("email", "success", None)]
