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
