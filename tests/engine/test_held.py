"""What holds an execution before its first attempt is put down to its cause, for as long as it did."""

from __future__ import annotations

from typing import Any

from autoflows.engine import control
from autoflows.engine.pool import get_pool
from tests.engine.conftest import Bench

HELD = "SELECT held_by, held_hours, held_capacity, held_wait, first_attempt_at, first_channel_id FROM flow_executions"
NEVER: dict[str, Any] = {
    "use_custom_business_hours": True,
    "business_hours_start": "03:00",
    "business_hours_end": "03:01",
    "business_hours_timezone": "Pacific/Kiritimati",
    "business_days": [1],
}


async def test_a_wait_step_before_the_first_attempt_is_the_flows_own(bench: Bench) -> None:
    await bench.flow(bench.wait(1, 0.4), bench.whatsapp(2), bench.wait(3, 0.2))
    await bench.lead()
    await bench.finished()
    row = await (await get_pool()).fetchrow(HELD)
    assert 300_000 < row["held_wait"] < 450_000, "the second wait came after the first attempt"
    assert (row["held_hours"], row["held_capacity"], row["held_by"]) == (0, 0, None)
    channel = await bench.one("SELECT channel_id FROM flow_action_logs WHERE action_type = 'whatsapp_message'")
    assert row["first_channel_id"] == channel is not None


async def test_a_hold_counts_until_it_is_lifted(bench: Bench) -> None:
    await bench.flow(bench.whatsapp(1))
    await bench.change_settings(kill_switch=True)
    await bench.lead()
    await bench.until("SELECT held_by FROM flow_executions", expect="capacity")
    assert await bench.one("SELECT first_channel_id FROM flow_executions") is None
    await bench.one("UPDATE flow_executions SET held_since = held_since - interval '3 seconds' RETURNING id")
    await bench.change_settings(kill_switch=False)
    await control.wake_account(bench.account_id)
    await bench.finished()
    row = await (await get_pool()).fetchrow(HELD)
    assert 3_000_000 <= row["held_capacity"] < 6_000_000
    assert (row["held_hours"], row["held_wait"]) == (0, 0)


async def test_hours_are_told_from_limits(bench: Bench) -> None:
    await bench.flow(bench.whatsapp(1), **NEVER)
    await bench.lead()
    await bench.until("SELECT held_by FROM flow_executions", expect="hours")
    await bench.one("UPDATE flow_executions SET held_since = held_since - interval '1 hour', due_at = now() RETURNING id")
    await bench.until("SELECT held_hours >= 3600000000 FROM flow_executions")
    assert await bench.one("SELECT held_hours < 3700000000 FROM flow_executions")
