"""Cancelling many executions by filter, naming attempts nobody told about, and trying again what failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx

from autoflows.domain.permissions import Role
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import get_pool
from tests.api.conftest import OWNER, People
from tests.api.test_executions import add_call, drainer, listed, make_flow, send_lead

__all__ = ["drainer"]

AUTOMATION = "/api/automation"


async def cancel(client: httpx.AsyncClient, expect: int = 200, since: str = "", **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{AUTOMATION}/executions/cancel", json={**body, **({"from": since} if since else {})})
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


async def test_the_number_is_told_first_and_then_they_are_cancelled(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    first, second = await make_flow(owner), await make_flow(owner, "Other", "Website")
    for number in range(1, 4):
        await send_lead(owner, number)
    await send_lead(owner, 9, lead_source="Website")
    await drainer.drain()
    assert await cancel(owner, flow_id=first, dry_run=True) == {"dry_run": True, "cancelled": 0, "left": 3}
    assert len(await listed(owner, status="running")) == 4
    assert (await cancel(owner, lead_source="website", dry_run=True))["left"] == 1
    assert (await cancel(owner, to="2020-01-01T00:00:00", dry_run=True))["left"] == 0
    assert (await cancel(owner, since="2020-01-01T00:00:00Z", waiting_reason="wait", dry_run=True))["left"] == 4
    assert await cancel(owner, flow_id=first, reason="Wrong import") == {"dry_run": False, "cancelled": 3, "left": 0}
    assert [e["flow_id"] for e in await listed(owner, status="running")] == [second]
    assert {e["error_message"] for e in await listed(owner, status="cancelled")} == {"Wrong import"}
    assert await cancel(owner, flow_id=first) == {"dry_run": False, "cancelled": 0, "left": 0}
    pool = await get_pool()
    [entry] = await pool.fetch("SELECT data, actor_id FROM audit_log WHERE action = 'executions.cancelled'")
    assert (entry["data"]["cancelled"], entry["data"]["reason"]) == (3, "Wrong import")
    assert entry["actor_id"] is not None


async def test_cancelling_everything_by_an_empty_filter_is_refused(owner: httpx.AsyncClient) -> None:
    problem = await cancel(owner, 422)
    assert "name at least one" in str(problem["errors"])
    await cancel(owner, 422, flow_id="all")
    await cancel(owner, 422, lead_source="")
    await cancel(owner, 422, status="running")


async def test_only_ones_own_and_only_with_the_right(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    flow_id = await make_flow(owner)
    await send_lead(owner)
    await drainer.drain()
    stranger = await people.add("stranger@example.com")
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    assert await cancel(stranger, flow_id=flow_id) == {"dry_run": False, "cancelled": 0, "left": 0}
    await cancel(viewer, 403, flow_id=flow_id, dry_run=True)
    assert len(await listed(owner, status="running")) == 1


async def unknown_attempt(owner: httpx.AsyncClient, drainer: Drainer) -> tuple[str, str]:
    """An execution with a call that nobody told about: its id and the attempt's."""
    await make_flow(owner)
    lead = await send_lead(owner)
    await drainer.drain()
    [execution] = await listed(owner)
    await add_call(execution["id"], lead["contact_id"])
    pool = await get_pool()
    log_id = await pool.fetchval(
        "UPDATE flow_action_logs SET status = 'unknown', outcome = 'unknown', error_message = 'No outcome came' "
        "WHERE action_type = 'ai_call' RETURNING id"
    )
    return execution["id"], str(log_id)


async def test_a_person_says_what_became_of_an_attempt(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    execution_id, log_id = await unknown_attempt(owner, drainer)
    assert [e["id"] for e in await listed(owner, needs_person=True)] == [execution_id]
    assert await listed(owner, needs_person=False) == []
    counts = (await owner.get(f"{AUTOMATION}/executions/counts")).json()
    assert (counts["total"], counts["needs_person"]) == (1, 1)
    resolve = f"{AUTOMATION}/action-logs/{log_id}/resolve"
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    stranger = await people.add("stranger@example.com")
    assert (await viewer.post(resolve, json={"status": "success"})).status_code == 403
    assert (await stranger.post(resolve, json={"status": "success"})).status_code == 404
    assert (await owner.post(f"{AUTOMATION}/action-logs/{uuid4()}/resolve", json={"status": "failed"})).status_code == 404
    for body in ({}, {"status": "unknown"}, {"status": "success", "outcome": "failed"}, {"status": "success", "note": "x" * 501}):
        assert (await owner.post(resolve, json=body)).status_code == 422, body
    said = await owner.post(resolve, json={"status": "success", "outcome": "missed", "note": "Seen on the bill"})
    assert said.status_code == 200, said.text
    log = said.json()
    assert (log["id"], log["status"], log["outcome"]) == (log_id, "success", "missed")
    assert {k: log["result_data"]["resolved"][k] for k in ("status", "note", "by")} == {
        "status": "success", "note": "Seen on the bill", "by": "Owner"
    }  # fmt: skip
    again = await owner.post(f"/api/auto-engagement/action-logs/{log_id}/resolve", json={"status": "failed"})
    assert again.status_code == 409
    assert "known by now: success" in again.json()["detail"]
    assert await listed(owner, needs_person=True) == []
    assert (await owner.get(f"{AUTOMATION}/executions/counts")).json()["needs_person"] == 0


async def test_a_failed_execution_is_tried_again(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    """An address that no channel can reach: the contact step cannot even be prepared."""
    flow_id = await make_flow(owner)
    await send_lead(owner)
    await drainer.drain()
    [execution] = await listed(owner)
    retry = f"{AUTOMATION}/executions/{execution['id']}/retry"
    assert (await owner.post(retry)).json()["detail"] == "This execution runs already."
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET status = 'failed', due_at = NULL, completed_at = now(), error_message = 'Broken'")
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    stranger = await people.add("stranger@example.com")
    assert (await viewer.post(retry)).status_code == 403
    assert (await stranger.post(retry)).status_code == 404
    assert (await owner.post(f"{AUTOMATION}/executions/{uuid4()}/retry")).status_code == 404
    again = await owner.post(retry)
    assert again.status_code == 200, again.text
    assert (again.json()["status"], again.json()["error_message"], again.json()["completed_at"]) == ("running", None, None)
    await owner.post(f"{AUTOMATION}/executions/{execution['id']}/cancel")
    refused = await owner.post(retry)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "This execution is cancelled; only a failed one can be tried again."
    assert (
        await pool.fetchval("SELECT count(*) FROM audit_log WHERE action = 'execution.retried' AND entity_id = $1", UUID(execution["id"]))
        == 1
    )
    assert (await owner.get(f"{AUTOMATION}/flows/{flow_id}")).json()["running_executions"] == 0


async def fail(*phones: str) -> None:
    """These leads' executions failed."""
    pool = await get_pool()
    await pool.execute(
        "UPDATE flow_executions SET status = 'failed', due_at = NULL, completed_at = now(), waiting_reason = NULL, waiting_until = NULL "
        "WHERE contact_id IN (SELECT id FROM contacts WHERE phone = ANY($1))",
        list(phones),
    )


async def retry(client: httpx.AsyncClient, expect: int = 200, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{AUTOMATION}/executions/retry", json=body)
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


def phone(number: int) -> str:
    return f"+9198765002{number:02d}"


async def test_many_failed_ones_are_tried_again_and_the_others_say_why_not(
    owner: httpx.AsyncClient, drainer: Drainer, people: People
) -> None:
    flow_id = await make_flow(owner)
    for number in range(1, 8):
        await send_lead(owner, number)
    await drainer.drain()
    await fail(*(phone(number) for number in range(1, 7)))
    pool = await get_pool()
    by_phone = "(SELECT e.id FROM flow_executions e JOIN contacts c ON c.id = e.contact_id WHERE c.phone = $1)"
    await pool.execute(f"UPDATE flow_action_logs SET status = 'unknown' WHERE flow_execution_id IN {by_phone}", phone(4))
    await owner.post(
        f"/api/contacts/{await pool.fetchval('SELECT id FROM contacts WHERE phone = $1', phone(5))}/enrol", json={"flow_id": flow_id}
    )
    await pool.execute("UPDATE contacts SET phone = NULL, email = NULL WHERE phone = $1", phone(6))
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    stranger = await people.add("stranger@example.com")
    await retry(viewer, 403, flow_id=flow_id)
    nothing = {"dry_run": False, "retried": 0, "left": 0, "skipped": []}
    assert await retry(stranger, flow_id=flow_id) == nothing
    told = await retry(owner, flow_id=flow_id, dry_run=True)
    reasons = {skipped["reason"].split(",")[0].split(".")[0]: skipped["number"] for skipped in told["skipped"]}
    assert (told["dry_run"], told["retried"], told["left"]) == (True, 0, 3)
    assert reasons == {
        "Another execution of this flow runs for this person now": 1,
        "This contact has no phone number and no e-mail address any more": 1,
        "What became of step 1 is unknown": 1,
    }
    done = await retry(owner, flow_id=flow_id)
    assert (done["retried"], done["left"], done["skipped"]) == (3, 0, told["skipped"])
    assert len(await listed(owner, status="failed")) == 3
    assert await pool.fetchval("SELECT count(*) FROM flow_executions WHERE bulk AND status = 'running'") == 3, "fresh leads come first"
    [entry] = await pool.fetch("SELECT data FROM audit_log WHERE action = 'executions.retried' AND data->>'retried' = '3'")
    assert entry["data"] == {"filter": {"flow_id": flow_id}, "chosen": 6, "retried": 3}
    assert await retry(owner, flow_id=flow_id) == {**nothing, "skipped": told["skipped"]}


async def test_what_may_be_tried_again_is_narrowed(owner: httpx.AsyncClient) -> None:
    for body in ({}, {"status": "failed"}, {"dry_run": True}, {"search": ""}):
        assert "name at least one filter" in str((await retry(owner, 422, **body))["errors"]), body
    assert "can only be failed" in str((await retry(owner, 422, status="completed", lead_source="Website"))["errors"])
    assert (await retry(owner, 422, waiting_rule="mood"))["errors"][0]["pointer"] == "/waiting_rule"
    assert "can only be running" in str((await cancel(owner, 422, status="failed", lead_source="Website"))["errors"])


async def test_cancelling_takes_the_whole_filter(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    await make_flow(owner)
    for number in range(1, 5):
        await send_lead(owner, number)
    await drainer.drain()
    for body, number in (
        ({"search": phone(1)}, 1),
        ({"search": "lead"}, 4),
        ({"stage": "waiting"}, 4),
        ({"stage": "active"}, 0),
        ({"waiting_rule": "wait", "is_test_run": False}, 4),
        ({"waiting_rule": "flow_hours"}, 0),
        ({"needs_person": True}, 0),
        ({"outcome": "missed"}, 0),
        ({"waiting_reason": "WAIT"}, 4),
        ({"waiting_reason": "100%"}, 0),
        ({"lead_source": "indiamart", "status": "running"}, 4),
    ):
        assert (await cancel(owner, dry_run=True, **body))["left"] == number, body
    assert (await cancel(owner, search="98765 00201"))["cancelled"] == 1
    pool = await get_pool()
    entry = await pool.fetchval("SELECT data FROM audit_log WHERE action = 'executions.cancelled' AND data->>'cancelled' = '1'")
    assert entry["filter"] == {"search": "…"}, "the audit log keeps no addresses"
    assert len(await listed(owner, status="running")) == 3
