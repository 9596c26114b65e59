"""Flows over REST: making, publishing, ordering, and what is refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlmodel import col, select

from autoflows.domain.flow import FlowDefinition
from autoflows.ids import utc_now
from autoflows.models import AuditEntry, Contact, Execution, Flow, FlowAction, FlowVersion, WhatsAppTemplate
from autoflows.models.database import open_session
from tests.api.conftest import Catalogue, FlowBody, People

FLOWS = "/api/automation/flows"
DRAFT: dict[str, Any] = {"name": "Draft"}


async def made(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(FLOWS, json={**DRAFT, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def order(client: httpx.AsyncClient) -> list[tuple[str, int]]:
    return [(flow["name"], flow["priority"]) for flow in (await client.get(FLOWS)).json()["data"]]


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [e["pointer"] for e in answer.json()["errors"]]


@pytest.mark.parametrize("prefix", ["/api/automation", "/api/auto-engagement"])
async def test_a_flow_is_made_read_and_listed_under_both_prefixes(owner: httpx.AsyncClient, flow_body: FlowBody, prefix: str) -> None:
    answer = await owner.post(f"{prefix}/flows", json=flow_body(business_hours_start="09:00", business_hours_end="19:30"))
    assert answer.status_code == 201, answer.text
    flow = answer.json()
    assert (flow["priority"], flow["version"], flow["is_enabled"]) == (1, 1, True)
    assert flow["business_hours_end"] == "19:30"
    assert [a["action_type"] for a in flow["actions"]] == ["ai_call", "wait", "whatsapp_message", "email"]
    assert flow["actions"][0]["action_config"]["max_retries"] == 0, "configs are stored complete"
    assert flow["executions_30d"] == {"total": 0, "running": 0, "completed": 0, "failed": 0, "cancelled": 0, "skipped": 0}
    assert (await owner.get(f"{prefix}/flows/{flow['id']}")).json() == flow
    listed = (await owner.get(f"{prefix}/flows")).json()
    assert listed == {"data": [flow], "has_more": False, "next_cursor": None}


async def test_what_executions_run_is_the_version_that_was_published(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body())
    changed = await owner.put(f"{FLOWS}/{flow['id']}", json=flow_body(name="Second call", cooldown_minutes=5))
    assert (changed.json()["version"], changed.json()["name"]) == (2, "Second call")
    async with open_session() as session:
        rows = (await session.exec(select(FlowVersion).order_by(col(FlowVersion.version)))).all()
        actions = (await session.exec(select(FlowAction).order_by(col(FlowAction.action_order)))).all()
    definitions = [FlowDefinition.model_validate(row.definition) for row in rows]
    assert [(d.name, d.cooldown_minutes) for d in definitions] == [("First call", None), ("Second call", 5)]
    assert [a.id for a in definitions[1].actions] == [a.id for a in actions], "logs of executions name rows that exist"


async def test_a_put_that_changes_nothing_makes_no_version(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body())
    again = await owner.put(f"{FLOWS}/{flow['id']}", json=flow)
    assert again.status_code == 200, again.text
    assert again.json()["version"] == 1
    assert again.json()["actions"] == flow["actions"]


async def test_steps_keep_their_ids_when_they_are_moved(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body())
    call, wait, message, letter = flow["actions"]
    moved = [{**wait, "action_order": 1}, {**call, "action_order": 2}, {**message, "action_order": 3}]
    after = (await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "actions": moved})).json()
    assert [a["id"] for a in after["actions"]] == [wait["id"], call["id"], message["id"]]
    stranger = {**letter, "id": str(uuid4()), "action_order": 1}
    replaced = (await owner.put(f"{FLOWS}/{flow['id']}", json={**after, "actions": [stranger]})).json()
    assert replaced["actions"][0]["id"] not in {stranger["id"], wait["id"], call["id"]}, "an id that is not a step of the flow is not taken"


async def test_an_edit_of_an_older_version_is_a_conflict(owner: httpx.AsyncClient) -> None:
    flow = await made(owner)
    assert (await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "name": "Mine"})).json()["version"] == 2
    answer = await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "name": "Theirs"})
    assert answer.status_code == 409
    assert "version 1" in answer.json()["detail"]


async def test_a_taken_priority_moves_the_others_up_to_the_first_gap(owner: httpx.AsyncClient) -> None:
    for name, priority in (("a", None), ("b", None), ("c", 7), ("d", 1)):
        await made(owner, name=name, priority=priority)
    assert await order(owner) == [("d", 1), ("a", 2), ("b", 3), ("c", 7)]
    last = (await owner.get(FLOWS)).json()["data"][-1]
    await owner.put(f"{FLOWS}/{last['id']}", json={**last, "priority": 2})
    assert await order(owner) == [("d", 1), ("c", 2), ("a", 3), ("b", 4)]


async def test_reorder_takes_every_flow_once(owner: httpx.AsyncClient, people: People) -> None:
    a, b, c = [await made(owner, name=name, priority=place) for name, place in (("a", 1), ("b", 5), ("c", 9))]
    answer = await owner.put(f"{FLOWS}/reorder", json={"flow_ids": [c["id"], a["id"], b["id"]]})
    assert [f["priority"] for f in answer.json()["data"]] == [1, 2, 3]
    assert await order(owner) == [("c", 1), ("a", 2), ("b", 3)]

    other = await people.add("other@example.com")
    foreign = (await made(other, name="foreign"))["id"]
    wrong = await owner.put(f"{FLOWS}/reorder", json={"flow_ids": [a["id"], a["id"], foreign]})
    assert wrong.status_code == 422
    said = " ".join(e["detail"] for e in wrong.json()["errors"])
    assert "'a'" in said
    assert "lacks 'b'" in said
    assert "lacks 'c'" in said
    assert "/flow_ids/2" in pointers(wrong)
    assert await order(owner) == [("c", 1), ("a", 2), ("b", 3)]


async def test_two_admins_may_order_and_make_flows_at_once(owner: httpx.AsyncClient) -> None:
    ids = [(await made(owner, name=str(n)))["id"] for n in range(8)]
    orders = [ids[n:] + ids[:n] for n in range(8)]
    answers = await asyncio.gather(
        *(owner.put(f"{FLOWS}/reorder", json={"flow_ids": wanted}) for wanted in orders),
        *(owner.put(f"{FLOWS}/{i}", json={"name": "moved", "priority": 1}) for i in ids[:4]),
    )
    assert {a.status_code for a in answers} == {200}
    priorities = [f["priority"] for f in (await owner.get(FLOWS)).json()["data"]]
    assert len(set(priorities)) == 8
    news = await asyncio.gather(*(owner.post(FLOWS, json={"name": "new", "priority": p}) for p in (1, 1, None, None)))
    assert {a.status_code for a in news} == {201}
    assert len({f["priority"] for f in (await owner.get(FLOWS)).json()["data"]}) == 12


async def test_a_flow_that_cannot_work_is_kept_as_a_draft_and_not_enabled(
    owner: httpx.AsyncClient, flow_body: FlowBody, catalogue: Catalogue
) -> None:
    body = flow_body(conditions=[])
    body["actions"][0]["action_config"]["agent_id"] = str(uuid4())
    refused = await owner.post(FLOWS, json=body)
    assert refused.status_code == 422
    assert set(pointers(refused)) == {"/conditions", "/actions/0/action_config/agent_id"}
    draft = await made(owner, **{**body, "is_enabled": False})
    problems = (await owner.get(f"{FLOWS}/{draft['id']}/problems")).json()["problems"]
    assert {p["code"] for p in problems} == {"no_conditions", "item_missing"}
    toggled = await owner.patch(f"{FLOWS}/{draft['id']}/toggle", json={"is_enabled": True})
    assert toggled.status_code == 422
    assert (await owner.get(f"{FLOWS}/{draft['id']}")).json()["is_enabled"] is False
    mended = await owner.put(f"{FLOWS}/{draft['id']}", json=flow_body())
    assert mended.json()["is_enabled"] is True

    async with open_session() as session:
        template = (await session.exec(select(WhatsAppTemplate).where(col(WhatsAppTemplate.id) == catalogue.template))).one()
        template.status = "REJECTED"
    await owner.patch(f"{FLOWS}/{draft['id']}/toggle", json={"is_enabled": False})
    again = await owner.patch(f"{FLOWS}/{draft['id']}/toggle", json={"is_enabled": True})
    assert pointers(again) == ["/actions/2/action_config/template_id"]


async def test_wrong_values_are_named_by_pointer_in_plain_words(owner: httpx.AsyncClient) -> None:
    call = {"action_order": 1, "action_type": "ai_call", "action_config": {"max_retries": 9, "agents": 1}}
    answer = await owner.post(FLOWS, json={"name": "x", "actions": [call]})
    assert answer.status_code == 422
    told = {e["pointer"]: e["detail"] for e in answer.json()["errors"]}
    base = "/actions/0/action_config"
    assert told[f"{base}/agent_id"] == "is required"
    assert told[f"{base}/max_retries"] == "must be less than or equal to 5"
    assert told[f"{base}/agents"].startswith("is not a known field")

    sms = {"action_order": 1, "action_type": "sms", "action_config": {}}
    assert pointers(await owner.post(FLOWS, json={"name": "x", "actions": [sms]})) == ["/actions/0/action_type"]
    twice: list[dict[str, Any]] = [{"id": str(UUID(int=1)), "action_order": n, "action_type": "wait", "action_config": {}} for n in (1, 2)]
    assert pointers(await owner.post(FLOWS, json={"name": "x", "actions": twice})) == ["/actions/1/id"]
    gap = [{"action_order": 2, "action_type": "wait", "action_config": {}}]
    assert pointers(await owner.post(FLOWS, json={"name": "x", "actions": gap})) == ["/actions"]
    assert pointers(await owner.post(FLOWS, json={"name": " ", "prioritee": 1, "priority": 0})) == ["/name", "/priority", "/prioritee"]


async def test_deleting_keeps_history_and_frees_the_priority(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body())
    assert (await owner.delete(f"{FLOWS}/{flow['id']}")).status_code == 204
    assert (await owner.get(f"{FLOWS}/{flow['id']}")).status_code == 404
    assert (await owner.delete(f"{FLOWS}/{flow['id']}")).status_code == 404
    assert (await made(owner, name="next"))["priority"] == 1
    async with open_session() as session:
        row = (await session.exec(select(Flow).where(col(Flow.id) == UUID(flow["id"])))).one()
        assert row.deleted_at is not None
        assert len((await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id) == row.id))).all()) == 1
        acts = [e.action for e in (await session.exec(select(AuditEntry).where(col(AuditEntry.entity_id) == row.id))).all()]
    assert sorted(acts) == ["flow.created", "flow.deleted"]


async def test_duplicate_versions_and_restore(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    flow = await made(owner, **flow_body())
    copy = (await owner.post(f"{FLOWS}/{flow['id']}/duplicate")).json()
    assert (copy["name"], copy["is_enabled"], copy["priority"], copy["version"]) == ("First call (copy)", False, 2, 1)
    assert not {a["id"] for a in copy["actions"]} & {a["id"] for a in flow["actions"]}

    await owner.put(f"{FLOWS}/{flow['id']}", json={**DRAFT, "is_enabled": False})
    restored = (await owner.post(f"{FLOWS}/{flow['id']}/versions/1/restore")).json()
    assert (restored["name"], restored["version"], len(restored["actions"])) == ("First call", 3, 4)
    versions = (await owner.get(f"{FLOWS}/{flow['id']}/versions?limit=2")).json()
    assert [(v["version"], v["is_current"], v["note"]) for v in versions["data"]] == [(3, True, "Restored from version 1"), (2, False, "")]
    assert versions["data"][0]["created_by_name"] == "Owner"
    rest = (await owner.get(f"{FLOWS}/{flow['id']}/versions?limit=2&cursor={versions['next_cursor']}")).json()
    assert [v["version"] for v in rest["data"]] == [1]
    assert (await owner.post(f"{FLOWS}/{flow['id']}/versions/9/restore")).status_code == 404


async def test_the_list_pages_filters_and_counts(owner: httpx.AsyncClient) -> None:
    flows = [await made(owner, name=f"Flow {n}") for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await owner.get(f"{FLOWS}?limit=2{cursor}")).json()
        seen += [f["id"] for f in page["data"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f["id"] for f in flows]
    assert [f["name"] for f in (await owner.get(f"{FLOWS}?search=%20w%203")).json()["data"]] == ["Flow 3"]
    assert (await owner.get(f"{FLOWS}?search=%25")).json()["data"] == [], "a percent sign is a character"
    assert (await owner.get(f"{FLOWS}?is_enabled=true")).json()["data"] == []

    account = UUID((await owner.get("/api/me")).json()["account_id"])
    now = utc_now()
    async with open_session() as session:
        version = (await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id) == UUID(seen[0])))).one()
        person = Contact(user_id=account, name="Asha", phone="+919876500001")
        session.add(person)
        await session.flush()
        for status, ago, test in (("running", 0, False), ("completed", 1, False), ("failed", 40, False), ("completed", 0, True)):
            running = status == "running"
            session.add(
                Execution(
                    flow_id=version.flow_id, flow_version_id=version.id, contact_id=person.id, user_id=account, status=status,
                    triggered_at=now - timedelta(days=ago), is_test_run=test,
                    due_at=now if running else cast(Any, sa.null()),  # None would give the column's default
                )
            )  # fmt: skip
    flow = (await owner.get(f"{FLOWS}/{seen[0]}")).json()
    assert flow["running_executions"] == 1
    assert flow["executions_30d"] == {"total": 2, "running": 1, "completed": 1, "failed": 0, "cancelled": 0, "skipped": 0}
    assert flow["last_run_at"][:16] == now.isoformat()[:16]
    statistics = (await owner.get(f"/api/auto-engagement/flows/{seen[0]}/statistics")).json()
    assert statistics["executions_30d"]["total"] == 2
    runs = (await owner.get(f"/api/auto-engagement/flows/{seen[0]}/executions?limit=1")).json()
    assert (len(runs["data"]), runs["has_more"]) == (1, True)


async def test_the_other_spellings(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    base = "/api/auto-engagement/flows"
    flow = await made(owner, **flow_body())
    patched = (await owner.patch(f"{base}/{flow['id']}", json={"name": "Renamed", "exit_rules": {"on_reply": False}})).json()
    assert (patched["name"], patched["version"], patched["is_enabled"], len(patched["actions"])) == ("Renamed", 2, True, 4)
    tag = {"condition_type": "tag", "condition_operator": "equals", "condition_value": "pump"}
    conditions = (await owner.put(f"{base}/{flow['id']}/conditions", json={"conditions": [tag]})).json()["conditions"]
    assert [c["condition_type"] for c in conditions] == ["tag"]
    actions = (await owner.put(f"{base}/{flow['id']}/actions", json={"actions": flow["actions"][:1]})).json()["actions"]
    assert [a["id"] for a in actions] == [flow["actions"][0]["id"]]
    other = await made(owner, name="other")
    bulk = await owner.post(f"{base}/priorities/bulk-update", json={"priorities": [{"flow_id": other["id"], "priority": 1}]})
    assert [f["name"] for f in bulk.json()["data"]] == ["other", "Renamed"]
    whole = await owner.post(f"{base}/priorities/bulk-update", json={"flow_ids": [flow["id"], other["id"]]})
    assert [f["name"] for f in whole.json()["data"]] == ["Renamed", "other"]
    assert (await owner.patch(f"/api/automation/flows/{flow['id']}", json={"name": "x"})).status_code == 405
    assert pointers(await owner.patch(f"{base}/{flow['id']}", json={"nme": "x", "priority": "first"})) == ["/priority", "/nme"]


async def test_another_accounts_flow_does_not_exist(owner: httpx.AsyncClient, people: People, app: FastAPI) -> None:
    flow = await made(owner)
    other = await people.add("other@example.com")
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", DRAFT),
        ("DELETE", "", None),
        ("PATCH", "/toggle", {"is_enabled": False}),
        ("POST", "/duplicate", None),
        ("GET", "/versions", None),
        ("POST", "/versions/1/restore", None),
        ("GET", "/problems", None),
    ):
        assert (await other.request(method, f"{FLOWS}/{flow['id']}{path}", json=body)).status_code == 404, (method, path)
    assert (await owner.get(f"{FLOWS}/{flow['id']}")).json() == flow
