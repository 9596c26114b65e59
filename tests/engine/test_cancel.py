"""Cancelling an execution in every state it can be in, one by one and many at once: nothing more is sent, what was sent says so."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from autoflows.domain.errors import NotFound
from autoflows.engine import control, selection
from autoflows.engine.pool import get_pool
from autoflows.ids import new_id
from tests.engine.conftest import ANSWERED, HANGS, MISSED, Bench, received


def closed() -> dict[str, Any]:
    """Hours that are not now."""
    opens, closes = (f"{datetime.now(UTC) + timedelta(hours=n):%H:%M}" for n in (2, 3))
    hours = {"business_hours_start": opens, "business_hours_end": closes, "business_hours_timezone": "UTC"}
    return {"use_custom_business_hours": True, **hours}


async def execution_of(bench: Bench) -> UUID:
    return UUID(str(await bench.one("SELECT id FROM flow_executions")))


async def ended(bench: Bench) -> tuple[Any, ...]:
    pool = await get_pool()
    row = await pool.fetchrow("SELECT status, due_at, waiting_reason, parked_on, parked_at, error_message FROM flow_executions")
    return tuple(row)


async def test_during_a_wait_nothing_more_happens(bench: Bench) -> None:
    await bench.flow(bench.wait(1, 0.4), bench.mail(2))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE status = 'running'", expect=1)
    await control.cancel(bench.account_id, await execution_of(bench), "Sold already", None)
    await asyncio.sleep(0.6)
    await bench.drainer.drain()
    assert await bench.summary() == [("wait", "cancelled", None)]
    assert await ended(bench) == ("cancelled", None, None, None, None, "Sold already")
    assert received(bench, "emails")["total"] == 0


async def test_while_held_by_hours(bench: Bench) -> None:
    await bench.flow(bench.mail(1), **closed())
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason LIKE 'Flow hours%'", expect=1)
    await control.cancel(bench.account_id, await execution_of(bench), "", None)
    assert await ended(bench) == ("cancelled", None, None, None, None, "Cancelled by hand")
    assert await bench.logs() == []


async def test_while_it_stands_in_a_queue_it_leaves_the_queue(bench: Bench) -> None:
    flow = await bench.flow(bench.mail(1), **closed())
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason IS NOT NULL", expect=1)
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET parked_on = $1, parked_at = now()", f"flow:{flow}")
    await control.cancel(bench.account_id, await execution_of(bench), "Sold", None)
    assert await ended(bench) == ("cancelled", None, None, None, None, "Sold")
    await control.wake_queue(bench.account_id, f"flow:{flow}")
    await bench.drainer.drain()
    assert await bench.logs() == []


async def test_a_call_in_the_providers_queue_is_stopped_there(bench: Bench) -> None:
    bench.world.concurrency = 0  # it is accepted, and queues
    await bench.flow(bench.call(1), bench.mail(2, condition_type="always"))
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    await control.cancel(bench.account_id, await execution_of(bench), "Sold already", None)
    assert [call.stopped for call in bench.world.calls.values()] == [True]
    await bench.drainer.drain()
    assert await bench.summary() == [("ai_call", "cancelled", None)]
    assert (await bench.one("SELECT result_data FROM flow_action_logs"))["stopped_at_provider"] is True


async def test_a_call_in_progress_goes_on_and_says_so(bench: Bench) -> None:
    bench.world.speed = 40.0
    await bench.flow(bench.call(1), bench.mail(2, condition_type="always"))
    await bench.lead(ANSWERED)
    await bench.until("SELECT count(*) FROM provider_events WHERE payload->>'status' = 'in-progress'", expect=1)
    await control.cancel(bench.account_id, await execution_of(bench), "Sold already", None)
    data = await bench.one("SELECT result_data FROM flow_action_logs")
    assert (data["stopped_at_provider"], data["stops_asked"]) == (False, 1)
    await bench.until("SELECT status FROM flow_action_logs", expect="success")  # its outcome is recorded all the same
    assert await bench.summary() == [("ai_call", "success", "answered")]
    assert (await ended(bench))[0] == "cancelled"
    assert received(bench, "emails")["total"] == 0


async def test_while_a_request_is_out_its_answer_is_kept_and_nothing_follows(bench: Bench) -> None:
    """A worker holds the lease. The provider hangs, so that its answer comes well after the cancel."""
    await bench.flow(bench.call(1), bench.mail(2, condition_type="always"))
    await bench.lead(HANGS)
    await bench.drainer.drain()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE status = 'running'", expect=1)
    assert bench.drainer.performing
    await control.cancel(bench.account_id, await execution_of(bench), "Sold already", None)
    await bench.until("SELECT result_data ? 'agent' OR outcome IS NOT NULL FROM flow_action_logs")
    for _ in range(3):
        await bench.drainer.drain()
        await asyncio.sleep(0.05)
    assert received(bench, "calls")["total"] == 1
    assert received(bench, "emails")["total"] == 0
    assert [kind for kind, *_ in await bench.summary()] == ["ai_call"]
    assert (await ended(bench))[0] == "cancelled"


async def test_an_email_on_its_way_is_recorded_as_sent(bench: Bench) -> None:
    await bench.flow(bench.mail(1), bench.mail(2))
    await bench.lead()
    await bench.drainer.drain()
    assert bench.drainer.performing
    await control.cancel(bench.account_id, await execution_of(bench), "", None)
    await bench.until("SELECT status FROM flow_action_logs", expect="success")
    await bench.drainer.drain()
    assert received(bench, "emails")["total"] == 1
    assert (await ended(bench))[0] == "cancelled"


async def test_workers_ask_again_for_calls_that_a_cancel_could_not_stop(bench: Bench) -> None:
    """The process that cancelled died before it asked, or the provider was away."""
    bench.world.concurrency = 0
    await bench.flow(bench.call(1))
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    assert await control.stop_at_providers() == 0  # its execution runs
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET status = 'cancelled', due_at = NULL")
    assert sum(await asyncio.gather(*(control.stop_at_providers() for _ in range(3)))) == 1, "workers ask once between them"
    assert [call.stopped for call in bench.world.calls.values()] == [True]
    assert await control.stop_at_providers() == 0


async def many(bench: Bench, flow_id: UUID, number: int, source: str = "IndiaMART") -> None:
    """Running executions that sleep, as fast as a database can make them."""
    pool = await get_pool()
    version = await pool.fetchval("SELECT id FROM flow_versions WHERE flow_id = $1", flow_id)
    people = [new_id() for _ in range(number)]
    await pool.execute(
        "INSERT INTO contacts (id, user_id, name, company, lead_source, entry_type, tags, custom_fields, other_phones, other_emails, "
        "created_at, updated_at) SELECT id, $2, 'Lead', '', $3, 'api', '{}', '{}', '{}', '{}', now(), now() FROM unnest($1::uuid[]) AS id",
        people, bench.account_id, source,
    )  # fmt: skip
    await pool.execute(
        "INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, triggered_at, status, current_action_step, "
        "metadata, is_test_run, bulk, due_at, fence, lead_at, waiting_reason, waiting_rule) SELECT id, $3, $4, contact, $5, now(), "
        "'running', 1, jsonb_build_object('trigger_source', $6::text), false, false, now() + interval '1 day', 0, now(), "
        "'Flow hours: opens 09:00', 'flow_hours' FROM unnest($1::uuid[], $2::uuid[]) AS t (id, contact)",
        [new_id() for _ in people], people, flow_id, version, bench.account_id, source,
    )  # fmt: skip


async def ids_of(bench: Bench, flow_id: UUID) -> list[UUID]:
    return [row["id"] for row in await (await get_pool()).fetch("SELECT id FROM flow_executions WHERE flow_id = $1 ORDER BY id", flow_id)]


async def test_many_are_cancelled_in_batches_with_one_entry_in_the_audit_log(bench: Bench) -> None:
    flow, other = await bench.flow(bench.mail(1)), await bench.flow(bench.mail(1), priority=2, name="Other")
    await many(bench, flow, 1200)
    await many(bench, other, 3, "Website")
    assert await selection.running_in(bench.account_id, flow) == 1200
    assert await selection.running_in(new_id(), flow) == 0
    told = {"flow_id": str(flow)}
    done = await selection.cancel(bench.account_id, await ids_of(bench, flow), told, "Wrong import", None)
    assert (done.cancelled, done.left) == (1200, 0)
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE status = 'cancelled' AND error_message = 'Wrong import'") == 1200
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE status = 'running'") == 3
    assert await bench.one("SELECT count(*) FROM audit_log") == 1
    entry = await bench.one("SELECT data FROM audit_log")
    assert (entry["cancelled"], entry["chosen"], entry["filter"]) == (1200, 1200, {"flow_id": str(flow)})


async def test_a_flow_is_held_until_all_of_it_is_cancelled_and_the_rest_goes_on_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "BATCH", 10)
    flow = await bench.flow(bench.mail(1))
    await many(bench, flow, 35)
    first = await selection.cancel_flow(bench.account_id, flow, "Off", None, patience=-1)
    assert (first.cancelled, first.left) == (10, 25)
    state = "SELECT is_enabled::text || is_held::text FROM auto_engagement_flows WHERE id = $1"
    assert await bench.one(state, flow) == "falsetrue"
    second = await selection.cancel_flow(bench.account_id, flow, "Off", None)
    assert (second.cancelled, second.left) == (25, 0)
    assert await bench.one(state, flow) == "falsefalse"
    assert [
        row["cancelled"] for row in await (await get_pool()).fetch("SELECT data->>'cancelled' AS cancelled FROM audit_log ORDER BY id")
    ] == [
        "10",
        "25",
    ]


async def test_workers_are_not_kept_waiting_while_many_are_cancelled(bench: Bench) -> None:
    flow = await bench.flow(bench.wait(1, 3600))
    await bench.flow(bench.mail(1), priority=2, name="Other", source="Website")
    await many(bench, flow, 3000)
    ids = await ids_of(bench, flow)
    cancelling = asyncio.create_task(selection.cancel(bench.account_id, ids, {}, "", None))
    began = time.monotonic()
    await bench.lead(None, "ravi@example.com", "Website")
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'email' AND status = 'success'", expect=1)
    assert time.monotonic() - began < 5
    assert (await cancelling).cancelled == 3000


async def test_another_accounts_execution_is_not_there(bench: Bench) -> None:
    await bench.flow(bench.wait(1, 60))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE status = 'running'", expect=1)
    with pytest.raises(NotFound):
        await control.cancel(new_id(), await execution_of(bench), "", None)


async def test_a_turn_that_is_not_taken_passes_to_the_next(bench: Bench) -> None:
    """The line is free and the first was woken for it; cancelled before it took it, it must not leave the line idle."""
    await bench.change_settings(max_concurrent_calls=1)
    bench.world.concurrency = 0
    await bench.flow(bench.call(1))
    for n in (21, 41, 61):
        await bench.lead(f"+9198765001{n}", email=None)
    parked = "SELECT count(*) FROM flow_executions WHERE parked_on LIKE 'lines:%'"
    await bench.until(parked, expect=2)
    pool = await get_pool()
    first = await pool.fetchval("SELECT id FROM flow_executions WHERE parked_on IS NOT NULL ORDER BY parked_at, id LIMIT 1")
    await pool.execute("UPDATE flow_executions SET due_at = now() WHERE id = $1", first)
    await control.cancel(bench.account_id, first, "", None)
    assert await pool.fetchval("SELECT count(*) FROM flow_executions WHERE parked_on IS NOT NULL AND due_at <= clock_timestamp()") == 1
