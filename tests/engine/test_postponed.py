"""A call that the provider itself puts off: waited for, and no line held for it meanwhile."""

from __future__ import annotations

from tests.engine.conftest import ANSWERED, Bench

RESCHEDULED = "+919876500111"
ANSWERS = "SELECT count(*) FROM flow_action_logs WHERE outcome = 'answered'"


async def test_a_call_that_is_put_off_is_waited_for_and_holds_no_line(bench: Bench) -> None:
    bench.world.speed = 30.0  # a minute at the vendor is two seconds here, which is longer than the deadline of an outcome
    await bench.change_settings(max_concurrent_calls=1)
    await bench.flow(bench.call(1))
    await bench.lead(RESCHEDULED, email=None)
    await bench.until("SELECT waiting_reason LIKE 'The provider has put the call off%' FROM flow_executions")
    assert await bench.one("SELECT wait_until > now() FROM flow_action_logs")
    bench.world.speed = 200.0
    await bench.lead(ANSWERED, email=None)
    await bench.until(ANSWERS, expect=1)
    assert await bench.one("SELECT status FROM flow_action_logs WHERE wait_until IS NOT NULL") == "running"
    await bench.until(ANSWERS, expect=2, seconds=25)
    assert await bench.one("SELECT count(*) FROM flow_action_logs") == 2
    assert await bench.one("SELECT max((result_data->>'lookups')::int) FROM flow_action_logs") is None
