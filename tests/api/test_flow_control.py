"""Stopping flows: the kill switch of one, switching it off and deleting it, and what becomes of what runs in it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from autoflows.domain.permissions import Role
from autoflows.engine import selection
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import get_pool
from tests.api.conftest import OWNER, FlowBody, People
from tests.api.test_executions import drainer, listed, make_flow, send_lead

__all__ = ["drainer"]

FLOWS = "/api/automation/flows"


async def running(owner: httpx.AsyncClient, drainer: Drainer, number: int = 3) -> str:
    """A flow with some leads that wait in it."""
    flow_id = await make_flow(owner)
    for n in range(1, number + 1):
        await send_lead(owner, n)
    await drainer.drain()
    assert len(await listed(owner, status="running")) == number
    return flow_id


async def state(owner: httpx.AsyncClient, flow_id: str) -> tuple[bool, bool, int]:
    flow = (await owner.get(f"{FLOWS}/{flow_id}")).json()
    return flow["is_enabled"], flow["is_held"], flow["running_executions"]


async def actions_logged() -> list[tuple[str, dict[str, Any]]]:
    pool = await get_pool()
    return [(row["action"], row["data"]) for row in await pool.fetch("SELECT action, data FROM audit_log ORDER BY created_at, id")]


async def test_a_flow_is_held_and_let_go(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await running(owner, drainer)
    held = await owner.patch(f"{FLOWS}/{flow_id}/hold", json={"is_held": True})
    assert held.status_code == 200, held.text
    assert (held.json()["is_held"], held.json()["is_enabled"], held.json()["running_executions"]) == (True, True, 3)
    assert (await owner.patch(f"/api/auto-engagement/flows/{flow_id}/hold", json={"is_held": True})).status_code == 200
    assert await state(owner, flow_id) == (True, True, 3)
    assert (await owner.patch(f"{FLOWS}/{flow_id}/hold", json={"is_held": False})).json()["is_held"] is False
    assert [a for a, _ in await actions_logged() if a in ("flow.held", "flow.resumed")] == ["flow.held", "flow.resumed"]
    for body in ({}, {"is_held": "maybe"}, {"is_held": True, "why": "x"}):
        assert (await owner.patch(f"{FLOWS}/{flow_id}/hold", json=body)).status_code == 422
    assert (await owner.patch(f"{FLOWS}/{uuid4()}/hold", json={"is_held": True})).status_code == 404


async def test_saving_a_flow_as_it_was_read_keeps_it_held(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    rules = {"on_field": "custom_fields.stage", "on_field_value": "won"}
    made = (await owner.post(FLOWS, json=flow_body(max_contacts_per_hour=30, exit_rules=rules))).json()
    await owner.patch(f"{FLOWS}/{made['id']}/hold", json={"is_held": True})
    read = (await owner.get(f"{FLOWS}/{made['id']}")).json()
    assert (read["is_held"], read["max_contacts_per_hour"]) == (True, 30)
    assert read["exit_rules"] == {"on_answered": True, "on_reply": True, "on_tag": None, **rules}
    saved = await owner.put(f"{FLOWS}/{made['id']}", json={**read, "name": "Renamed"})
    assert saved.status_code == 200, saved.text
    assert {k: saved.json()[k] for k in ("is_held", "max_contacts_per_hour", "exit_rules")} == {
        k: read[k] for k in ("is_held", "max_contacts_per_hour", "exit_rules")
    }
    read.pop("version")
    wrong = await owner.put(f"{FLOWS}/{made['id']}", json={**read, "exit_rules": {"on_field": "stage"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/exit_rules/on_field"
    assert (await owner.put(f"{FLOWS}/{made['id']}", json={**read, "max_contacts_per_hour": 0})).status_code == 422


async def test_switched_off_what_runs_finishes_unless_asked(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await running(owner, drainer)
    off = (await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": False})).json()
    assert (off["is_enabled"], off["is_held"], off["running_executions"], off["cancelled"]) == (False, False, 3, 0)
    assert (await actions_logged())[-1] == ("flow.disabled", {"name": "Wait", "running": "finish"})


async def test_switched_off_and_held_it_goes_on_when_switched_on(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await running(owner, drainer)
    pool = await get_pool()
    off = await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": False, "running": "hold"})
    assert off.status_code == 200, off.text
    assert await state(owner, flow_id) == (False, True, 3)
    await pool.execute("UPDATE flow_executions SET parked_on = $1, parked_at = now()", f"flow:{flow_id}")
    # A flow of waits alone draws a warning, which does not keep it off.
    assert (await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": True})).json()["is_held"] is False
    for _ in range(200):
        if await pool.fetchval("SELECT count(*) FROM flow_executions WHERE due_at <= clock_timestamp()") == 3:
            break
        await pool.fetchval("SELECT pg_sleep(0.02)")
    else:
        raise AssertionError("what was held was not woken")
    refused = await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": True, "running": "hold"})
    assert refused.status_code == 422
    assert (await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": False, "running": "stop"})).status_code == 422


async def test_a_flow_that_only_holds_can_be_held_and_resumed_while_it_is_off(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await running(owner, drainer, 1)
    await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": False, "running": "hold"})
    assert (await owner.patch(f"{FLOWS}/{flow_id}/hold", json={"is_held": False})).status_code == 200
    assert await state(owner, flow_id) == (False, False, 1)


async def test_switched_off_and_cancelled(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await running(owner, drainer)
    off = await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": False, "running": "cancel"})
    assert off.status_code == 200, off.text
    told = off.json()
    assert (told["is_enabled"], told["is_held"], told["running_executions"], told["cancelled"]) == (False, False, 0, 3)
    assert {e["status"] for e in await listed(owner)} == {"cancelled"}
    assert [e["error_message"] for e in await listed(owner)] == ["The flow was switched off by Owner"] * 3
    audit = await actions_logged()
    assert [(a, d.get("cancelled"), d.get("running")) for a, d in audit if a.startswith(("flow.dis", "executions"))] == [
        ("executions.cancelled", 3, None),
        ("flow.disabled", None, "cancel"),
    ]
    again = (await owner.patch(f"{FLOWS}/{flow_id}/toggle", json={"is_enabled": False, "running": "cancel"})).json()
    assert again["cancelled"] == 0


async def test_what_one_request_leaves_is_held_and_the_next_goes_on(
    owner: httpx.AsyncClient, drainer: Drainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow_id = await running(owner, drainer)
    monkeypatch.setattr(selection, "BATCH", 2)
    monkeypatch.setattr(selection.cancel_flow, "__defaults__", (-1.0,))
    toggle = {"is_enabled": False, "running": "cancel"}
    first = (await owner.patch(f"{FLOWS}/{flow_id}/toggle", json=toggle)).json()
    assert (first["cancelled"], first["running_executions"], first["is_held"], first["is_enabled"]) == (2, 1, True, False)
    refused = await owner.delete(f"{FLOWS}/{flow_id}?running=cancel")
    assert refused.status_code == 204, "one batch was enough for the rest"
    assert (await owner.get(f"{FLOWS}/{flow_id}")).status_code == 404


async def test_deleting_offers_to_finish_or_to_cancel(owner: httpx.AsyncClient, drainer: Drainer, monkeypatch: pytest.MonkeyPatch) -> None:
    flow_id = await running(owner, drainer)
    held = await owner.delete(f"{FLOWS}/{flow_id}?running=hold")
    assert held.status_code == 422
    assert held.json()["errors"][0]["pointer"] == "/running"
    monkeypatch.setattr(selection, "BATCH", 2)
    monkeypatch.setattr(selection.cancel_flow, "__defaults__", (-1.0,))
    busy = await owner.delete(f"{FLOWS}/{flow_id}?running=cancel")
    assert busy.status_code == 409
    assert "2 executions were cancelled, and 1 are left" in busy.json()["detail"]
    assert await state(owner, flow_id) == (False, True, 1)
    assert (await owner.delete(f"{FLOWS}/{flow_id}?running=cancel")).status_code == 204
    assert len(await listed(owner, status="cancelled")) == 3


async def test_deleting_a_held_flow_lets_what_runs_finish(owner: httpx.AsyncClient, drainer: Drainer) -> None:
    flow_id = await running(owner, drainer, 1)
    await owner.patch(f"{FLOWS}/{flow_id}/hold", json={"is_held": True})
    assert (await owner.delete(f"{FLOWS}/{flow_id}")).status_code == 204
    pool = await get_pool()
    assert await pool.fetchval("SELECT is_held FROM auto_engagement_flows") is False
    assert len(await listed(owner, status="running")) == 1


async def test_who_may_stop_flows(owner: httpx.AsyncClient, drainer: Drainer, people: People) -> None:
    flow_id = await running(owner, drainer, 1)
    manager = await people.add("manager@example.com", Role.MANAGER, OWNER)
    flows_only = await people.token(OWNER, ("flows:write", "flows:read"))
    stranger = await people.add("stranger@example.com")
    cancel, hold = {"is_enabled": False, "running": "cancel"}, {"is_held": True}
    assert (await manager.patch(f"{FLOWS}/{flow_id}/hold", json=hold)).status_code == 403
    assert (await flows_only.patch(f"{FLOWS}/{flow_id}/toggle", json=cancel)).status_code == 403
    assert (await flows_only.delete(f"{FLOWS}/{flow_id}?running=cancel")).status_code == 403
    for answer in (
        await stranger.patch(f"{FLOWS}/{flow_id}/hold", json=hold),
        await stranger.patch(f"{FLOWS}/{flow_id}/toggle", json=cancel),
        await stranger.delete(f"{FLOWS}/{flow_id}?running=cancel"),
    ):
        assert answer.status_code == 404
    assert await state(owner, flow_id) == (True, False, 1)
    assert (await flows_only.patch(f"{FLOWS}/{flow_id}/hold", json=hold)).status_code == 200
