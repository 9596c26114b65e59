"""`/api/automation/executions`: what runs and what ran."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from autoflows.domain.permissions import Role
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import get_pool
from autoflows.models import ActionLog
from autoflows.models.database import open_session
from autoflows.providers.connections import close_clients
from autoflows.settings import get_settings
from tests.api.conftest import OWNER, People

WAIT = [{"action_order": 1, "action_type": "wait", "action_config": {"duration_minutes": 10}}]
Send = Callable[..., Any]


@pytest.fixture
async def drainer(environment: None) -> AsyncIterator[Drainer]:
    """A worker's work, on demand."""
    working = Drainer(get_settings())
    yield working
    await working.close(2)
    await close_clients()


async def make_flow(client: httpx.AsyncClient, name: str = "Wait", source: str = "IndiaMART") -> str:
    condition = {"condition_type": "lead_source", "condition_operator": "equals", "condition_value": source}
    body = {"name": name, "is_enabled": True, "conditions": [condition], "actions": WAIT}
    answer = await client.post("/api/automation/flows", json=body)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def send_lead(client: httpx.AsyncClient, number: int = 1, **changes: Any) -> dict[str, Any]:
    lead = {"name": f"Lead {number}", "phone": f"+9198765002{number:02d}", "email": f"lead{number}@example.com", "lead_source": "IndiaMART"}
    answer = await client.post("/api/contacts", json={**lead, **changes})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def listed(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/automation/executions", params=filters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


async def test_an_execution_waits_is_cancelled_and_stays_cancelled(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await make_flow(owner)
    lead = await send_lead(owner)
    await drainer.drain()
    event = (await owner.get(f"/api/lead-events/{lead['lead_event_id']}")).json()
    assert (event["disposition"], event["execution_status"]) == ("enrolled", "running")
    assert event["trace"][0]["matched"] is True
    [execution] = await listed(owner)
    assert (execution["flow_id"], execution["flow_name"], execution["flow_version"]) == (flow_id, "Wait", 1)
    assert (execution["status"], execution["action_count"], execution["contact"]["name"]) == ("running", 1, "Lead 1")
    assert execution["waiting"]["until"] is not None
    path = f"/api/automation/executions/{execution['id']}"
    assert (await owner.get(path)).json() == execution
    [log] = (await owner.get(f"{path}/logs")).json()["data"]
    assert (log["action_type"], log["status"], log["action_order"], log["attempt"]) == ("wait", "running", 1, 1)
    cancelled = await owner.post(f"{path}/cancel", json={"reason": "Sold already"})
    assert cancelled.status_code == 200
    after = cancelled.json()
    assert (after["status"], after["error_message"], after["waiting"]) == ("cancelled", "Sold already", None)
    assert (await owner.post(f"{path}/cancel")).status_code == 409
    await drainer.drain()
    assert (await owner.get(path)).json()["status"] == "cancelled"
    assert (await owner.get(f"{path}/logs")).json()["data"][0]["status"] == "cancelled"


async def test_lists_are_filtered_counted_and_paged(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    first, second = await make_flow(owner), await make_flow(owner, "Other", "Website")
    for number in range(1, 5):
        await send_lead(owner, number)
    web = await send_lead(owner, 9, lead_source="Website")
    await drainer.drain()
    assert len(await listed(owner)) == 5
    assert len(await listed(owner, flow_id=first)) == 4
    assert [e["contact_id"] for e in await listed(owner, flow_id=second)] == [web["contact_id"]]
    assert len(await listed(owner, search="98765 00203")) == 1
    assert len(await listed(owner, contact_id=web["contact_id"])) == 1
    assert len(await listed(owner, status="running", is_test_run=False)) == 5
    assert await listed(owner, is_test_run=True) == []
    assert await listed(owner, to="2020-01-01") == []
    assert (await owner.get("/api/automation/executions", params={"status": "sleeping"})).status_code == 422
    page = (await owner.get("/api/automation/executions", params={"limit": 3})).json()
    rest = (await owner.get("/api/automation/executions", params={"limit": 3, "cursor": page["next_cursor"]})).json()
    assert len({e["id"] for e in page["data"] + rest["data"]}) == 5
    counts = (await owner.get("/api/automation/executions/counts", params={"flow_id": first})).json()
    by_status = {"running": 4, "completed": 0, "failed": 0, "cancelled": 0, "skipped": 0}
    assert counts == {"total": 4, "by_status": by_status, "active": 0, "waiting": 4, "needs_person": 0, "capped": []}
    alias = (await owner.get(f"/api/auto-engagement/flows/{first}/executions")).json()
    assert len(alias["data"]) == 4
    assert (await owner.get(f"/api/auto-engagement/flows/{first}/statistics")).status_code == 200


async def test_a_flow_is_started_by_hand_once(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await make_flow(owner, source="Nowhere")
    contact = (await send_lead(owner))["contact_id"]
    enrol = f"/api/contacts/{contact}/enrol"
    started = await owner.post(enrol, json={"flow_id": flow_id})
    assert started.status_code == 202
    [execution] = await listed(owner)
    assert execution["id"] == started.json()["execution_id"]
    assert execution["metadata"]["trigger_source"] == "manual"
    assert (await owner.post(enrol, json={"flow_id": flow_id})).status_code == 409
    assert (await owner.post(enrol, json={"flow_id": str(uuid4())})).status_code == 404
    await owner.patch(f"/api/contacts/{contact}", json={"tags": ["dnc"]})
    assert (await owner.post(enrol, json={"flow_id": flow_id})).status_code == 422


async def test_the_dnc_tag_cuts_a_wait_short(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    await make_flow(owner)
    contact = (await send_lead(owner))["contact_id"]
    await drainer.drain()
    await owner.patch(f"/api/contacts/{contact}", json={"tags": ["DNC"]})
    async with asyncio.timeout(10):
        while (await listed(owner))[0]["status"] == "running":
            await drainer.drain()
            await asyncio.sleep(0.02)


async def test_erasing_cancels_first(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    await make_flow(owner)
    contact = (await send_lead(owner))["contact_id"]
    await drainer.drain()
    assert (await owner.post(f"/api/contacts/{contact}/erase")).status_code == 200
    [execution] = await listed(owner)
    assert (execution["status"], execution["contact"]["name"], execution["metadata"]) == ("cancelled", "", {"trigger_source": "IndiaMART"})
    pool = await get_pool()
    for table in ("contacts", "lead_events", "flow_executions", "flow_action_logs", "audit_log"):
        held = await pool.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t")
        assert "Lead 1" not in held, table
        assert "9876500201" not in held, table
    assert (await owner.get("/api/health")).json()["leads"]["unaccounted"] == 0


async def add_call(execution_id: str, contact_id: str) -> None:
    """A finished call's log, with all that a provider may tell."""
    async with open_session() as session:
        pool = await get_pool()
        account = await pool.fetchval("SELECT user_id FROM flow_executions WHERE id = $1", UUID(execution_id))
        session.add(
            ActionLog(
                flow_execution_id=UUID(execution_id), user_id=account, contact_id=UUID(contact_id), action_type="ai_call", action_order=1,
                attempt=2, status="success", outcome="answered", provider_ref="call-of-9876500201",
                error_message="+919876500201 was busy first",
                result_data={"outcome": "answered", "transcript": "I am Lead 1", "to": "+919876500201", "duration_seconds": 31,
                             "recording_url": "https://example.com/r.mp3", "summary": "wants a pump"},
                cost_amount=400, cost_currency="INR",
            )
        )  # fmt: skip


async def test_a_viewer_sees_what_happened_and_to_whom_not_how_to_reach_them(
    owner: httpx.AsyncClient, people: People, drainer: Drainer
) -> None:
    await make_flow(owner)
    lead = await send_lead(owner, custom_fields={"note": "or 98765 00201"})
    await drainer.drain()
    [execution] = await listed(owner)
    await add_call(execution["id"], lead["contact_id"])
    path = f"/api/automation/executions/{execution['id']}"
    full = (await owner.get(f"{path}/logs")).json()["data"][1]
    assert full["result_data"]["transcript"] == "I am Lead 1"
    assert full["cost"] == {"amount": 400, "currency": "INR"}
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    for where in (path, f"{path}/logs", "/api/automation/executions", "/api/automation/executions?search=lead"):
        answer = await viewer.get(where)
        assert answer.status_code == 200
        for secret in ("9876500201", "lead1@example.com", "I am Lead", "r.mp3", "wants a pump"):
            assert secret not in answer.text, (where, secret)
    assert (await viewer.get(path)).json()["contact"]["name"] == "Lead 1"
    seen = (await viewer.get(f"{path}/logs")).json()["data"][1]
    assert seen["result_data"] == {"outcome": "answered", "duration_seconds": 31}
    assert seen["error_message"] == "+91••••••••01 was busy first"
    assert (await viewer.post(f"{path}/cancel")).status_code == 403


async def test_another_accounts_execution_is_not_there(owner: httpx.AsyncClient, people: People, drainer: Drainer) -> None:
    flow_id = await make_flow(owner)
    await send_lead(owner)
    await drainer.drain()
    [execution] = await listed(owner)
    stranger = await people.add("stranger@example.com")
    path = f"/api/automation/executions/{execution['id']}"
    for method, where in (("GET", path), ("GET", f"{path}/logs"), ("POST", f"{path}/cancel")):
        assert (await stranger.request(method, where)).status_code == 404
    assert await listed(stranger) == []
    assert await listed(stranger, flow_id=flow_id) == []
    theirs = (await send_lead(stranger))["contact_id"]
    assert (await stranger.post(f"/api/contacts/{theirs}/enrol", json={"flow_id": flow_id})).status_code == 404
    assert (await owner.get(path)).json()["status"] == "running"
