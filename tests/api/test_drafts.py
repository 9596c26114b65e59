"""Drafts over REST: what is edited stays apart from what runs, nobody overwrites anybody unseen, and publishing says what it did."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.permissions import Role
from autoflows.ids import new_id, utc_now
from autoflows.models import ActionLog, AuditEntry, Contact, Execution, FlowDraft, FlowVersion
from autoflows.models.database import open_session
from tests.api.conftest import OWNER, Catalogue, FlowBody, People
from tests.api.test_flows import FLOWS, made

DRAFTS = "/api/automation/drafts"
Json = dict[str, Any]


async def opened(client: httpx.AsyncClient, flow: Json) -> Json:
    answer = await client.post(f"{FLOWS}/{flow['id']}/draft")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def saved(client: httpx.AsyncClient, draft: Json, **changes: Any) -> httpx.Response:
    body = {"revision": draft["revision"], "definition": {**draft["definition"], **changes}}
    return await client.put(f"{DRAFTS}/{draft['id']}", json=body)


async def published(client: httpx.AsyncClient, draft: Json, **order: Any) -> httpx.Response:
    return await client.post(f"{DRAFTS}/{draft['id']}/publish", json={"revision": draft["revision"], **order})


@pytest.fixture
async def flow(owner: httpx.AsyncClient, flow_body: FlowBody) -> Json:
    return await made(owner, **flow_body())


@pytest.fixture
async def admin(people: People, owner: httpx.AsyncClient) -> httpx.AsyncClient:
    return await people.add("ravi@example.com", Role.ADMIN, OWNER)


async def test_a_draft_is_saved_without_going_live_and_lives_when_it_is_published(owner: httpx.AsyncClient, flow: Json) -> None:
    draft = await opened(owner, flow)
    assert (draft["revision"], draft["base_version"], draft["is_changed"], draft["changes"], draft["problems"]) == (1, 1, False, [], [])
    assert (await owner.get(f"{FLOWS}/{flow['id']}")).json()["draft"] is None, "opening alone changes nothing"
    steps = draft["definition"]["actions"]
    steps[1]["action_config"]["duration_minutes"] = 5
    after = (await saved(owner, draft, actions=steps)).json()
    assert (after["revision"], after["is_changed"]) == (2, True)
    assert [c["message"] for c in after["changes"]] == ["Step 2 'Wait': wait 10 minutes → wait 5 minutes"]
    present = (await owner.get(f"{FLOWS}/{flow['id']}")).json()
    assert present["version"] == 1
    assert present["actions"] == flow["actions"]
    assert present["draft"]["id"] == draft["id"]
    assert [d["name"] for d in (await owner.get(DRAFTS)).json()["data"]] == ["First call"]
    done = (await published(owner, after, name="Shorter wait", note="as asked")).json()
    assert (done["flow"]["version"], done["is_new_version"], done["message"]) == (2, True, "Version 2 is live.")
    assert done["flow"]["actions"][1]["action_config"]["duration_minutes"] == 5
    assert [a["id"] for a in done["flow"]["actions"]] == [a["id"] for a in flow["actions"]]
    versions = (await owner.get(f"{FLOWS}/{flow['id']}/versions")).json()["data"]
    assert [(v["name"], v["note"], v["created_by_name"]) for v in versions] == [
        ("Shorter wait", "as asked", "Owner"),
        ("First call", "", "Owner"),
    ]
    assert (await owner.get(f"{DRAFTS}/{draft['id']}")).status_code == 404
    compared = (await owner.get(f"{FLOWS}/{flow['id']}/versions/2/diff")).json()
    assert [c["message"] for c in compared["changes"]] == [c["message"] for c in after["changes"]]


async def test_a_flow_begun_may_be_wrong_until_it_is_published(owner: httpx.AsyncClient, catalogue: Catalogue, flow_body: FlowBody) -> None:
    begun = await owner.post(DRAFTS, json={"definition": {"name": "", "actions": [{"action_type": "ai_call"}], "nonsense": [1]}})
    assert begun.status_code == 201, begun.text
    draft = begun.json()
    assert {p["code"] for p in draft["problems"]} == {"invalid"}
    assert {p["pointer"] for p in draft["problems"]} >= {"/name", "/nonsense"}
    refused = await published(owner, draft)
    assert refused.status_code == 422
    assert "/nonsense" in [e["pointer"] for e in refused.json()["errors"]]
    definition = {"name": "Begun", "conditions": flow_body()["conditions"], "actions": [{"action_type": "ai_call"}]}
    draft = (await owner.put(f"{DRAFTS}/{draft['id']}", json={"revision": 1, "definition": definition})).json()
    assert {"/actions/0/action_config/agent_id"} <= {p["pointer"] for p in draft["problems"] if p["code"] == "invalid"}
    wait, call = {"duration_minutes": 1}, {"agent_id": str(catalogue.agent)}
    definition["actions"] = [
        {"action_type": "wait", "action_order": 7, "action_config": wait},
        {"action_type": "ai_call", "action_order": 7, "action_config": call},
    ]
    draft = (await owner.put(f"{DRAFTS}/{draft['id']}", json={"revision": 2, "definition": definition})).json()
    assert [a["action_order"] for a in draft["definition"]["actions"]] == [1, 2], "the list is the order"
    assert draft["problems"] == []
    done = await published(owner, draft, is_enabled=True)
    assert done.status_code == 200, done.text
    assert (done.json()["flow"]["version"], done.json()["flow"]["is_enabled"], done.json()["flow"]["priority"]) == (1, True, 1)


async def test_an_enabled_flow_is_not_published_with_errors(owner: httpx.AsyncClient, flow: Json) -> None:
    draft = (await saved(owner, await opened(owner, flow), conditions=[])).json()
    refused = await published(owner, draft)
    assert (refused.status_code, [e["pointer"] for e in refused.json()["errors"]]) == (422, ["/conditions"])
    assert (await owner.get(f"{DRAFTS}/{draft['id']}")).json()["revision"] == 2, "the draft is still there"
    assert (await published(owner, draft, is_enabled=False)).status_code == 200


async def test_a_save_of_an_older_state_overwrites_nothing(owner: httpx.AsyncClient, flow: Json) -> None:
    draft = await opened(owner, flow)
    first = await saved(owner, draft, name="One")
    assert first.status_code == 200
    again = await saved(owner, draft, name="One")
    assert (again.status_code, again.json()["revision"]) == (200, 2), "its answer was lost, so it was sent again"
    stale = await saved(owner, draft, name="Two")
    assert stale.status_code == 409
    assert "Owner saved revision 2" in stale.json()["detail"]
    assert (await owner.get(f"{DRAFTS}/{draft['id']}")).json()["definition"]["name"] == "One"
    answers = await asyncio.gather(*(saved(owner, first.json(), name=f"At once {n}") for n in range(4)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]
    assert (await owner.delete(f"{DRAFTS}/{draft['id']}", params={"revision": 2})).status_code == 409
    assert (await owner.delete(f"{DRAFTS}/{draft['id']}", params={"revision": 3})).status_code == 204
    assert (await opened(owner, flow))["revision"] == 1


async def test_one_holds_the_pen_and_another_may_take_it(owner: httpx.AsyncClient, admin: httpx.AsyncClient, flow: Json) -> None:
    mine = await opened(owner, flow)
    assert mine["lock"]["is_mine"] is True
    seen = await opened(admin, flow)
    assert (seen["id"], seen["lock"]["name"], seen["lock"]["is_mine"]) == (mine["id"], "Owner", False)
    refused = await saved(admin, seen, name="Mine now")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "Owner is editing this flow; take over first, or wait until they are done.",
    )
    assert (await published(admin, seen)).status_code == 409
    kept = await admin.put(f"{DRAFTS}/{mine['id']}/lock")
    assert kept.json()["lock"]["name"] == "Owner", "a sign of life takes nothing away"
    theirs = (await saved(owner, mine, name="Typed meanwhile")).json()
    assert (await admin.post(f"{DRAFTS}/{mine['id']}/lock/take-over", json={"revision": 1})).status_code == 409, "they have not seen that"
    taken = await admin.post(f"{DRAFTS}/{mine['id']}/lock/take-over", json={"revision": theirs["revision"]})
    assert taken.json()["lock"]["is_mine"] is True
    assert taken.json()["definition"]["name"] == "Typed meanwhile"
    assert "Ravi is editing" in (await saved(owner, theirs, name="Too late")).json()["detail"]
    assert (await owner.delete(f"{DRAFTS}/{mine['id']}/lock")).status_code == 204, "what is not held is put down without harm"
    assert (await saved(admin, taken.json(), name="Theirs")).status_code == 200
    async with open_session() as session:
        await session.exec(sa.update(FlowDraft).values(locked_until=utc_now() - timedelta(seconds=1)))
        actions = [e.action for e in (await session.exec(select(AuditEntry))).all()]
    assert "flow_draft.taken_over" in actions
    later = await opened(owner, flow)
    assert (later["lock"]["is_mine"], later["definition"]["name"]) == (True, "Theirs")


async def test_two_who_open_at_once_get_one_draft(owner: httpx.AsyncClient, admin: httpx.AsyncClient, flow: Json) -> None:
    drafts = await asyncio.gather(opened(owner, flow), opened(admin, flow), opened(owner, flow))
    assert len({d["id"] for d in drafts}) == 1
    assert len({d["lock"]["user_id"] for d in drafts}) == 1


async def test_a_draft_in_which_nothing_was_changed_goes_and_follows(owner: httpx.AsyncClient, flow: Json) -> None:
    draft = await opened(owner, flow)
    await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "name": "Published past it"})
    followed = await opened(owner, flow)
    assert (followed["id"], followed["base_version"], followed["definition"]["name"]) == (draft["id"], 2, "Published past it")
    assert not followed["is_changed"]
    assert not followed["is_stale"]
    assert (await owner.delete(f"{DRAFTS}/{draft['id']}/lock")).status_code == 204
    assert (await owner.get(f"{DRAFTS}/{draft['id']}")).status_code == 404


async def test_a_stale_draft_publishes_only_over_what_was_seen(owner: httpx.AsyncClient, admin: httpx.AsyncClient, flow: Json) -> None:
    draft = (await saved(owner, await opened(owner, flow), cooldown_minutes=7)).json()
    await admin.put(f"{FLOWS}/{flow['id']}", json={**flow, "name": "By Ravi"})
    seen = (await owner.get(f"{DRAFTS}/{draft['id']}")).json()
    assert (seen["is_stale"], seen["base_version"], seen["current_version"]) == (True, 1, 2)
    assert "Name: 'By Ravi' → 'First call'" in [c["message"] for c in seen["changes"]], "it says what it would undo"
    refused = await published(owner, draft)
    assert refused.status_code == 409
    assert "Version 2 was published by Ravi" in refused.json()["detail"]
    assert (await published(owner, draft, replaces_version=1)).status_code == 409
    assert (await published(owner, draft, replaces_version=2)).json()["flow"]["version"] == 3


async def test_publishing_what_changes_nothing_makes_no_version(owner: httpx.AsyncClient, flow: Json) -> None:
    done = (await published(owner, await opened(owner, flow))).json()
    assert (done["is_new_version"], done["flow"]["version"], done["message"]) == (False, 1, "Nothing was different: version 1 stays.")


async def test_an_earlier_version_becomes_the_draft_not_live(owner: httpx.AsyncClient, flow: Json) -> None:
    await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "name": "Second"})
    path = f"{FLOWS}/{flow['id']}/versions/1"
    assert (await owner.get(path)).json()["definition"]["name"] == "First call"
    draft = (await owner.post(f"{path}/draft")).json()
    assert (draft["definition"]["name"], draft["is_changed"], draft["is_stale"]) == ("First call", True, False)
    assert (await owner.get(f"{FLOWS}/{flow['id']}")).json()["name"] == "Second"
    await saved(owner, draft, name="Typed since")
    refused = await owner.post(f"{path}/draft")
    assert (refused.status_code, "unpublished changes" in refused.json()["detail"]) == (409, True)
    assert (await owner.post(f"{path}/draft", params={"revision": draft["revision"]})).status_code == 409
    assert (await owner.post(f"{path}/draft", params={"revision": draft["revision"] + 1})).json()["definition"]["name"] == "First call"
    assert (await owner.post(f"{FLOWS}/{flow['id']}/versions/9/draft")).status_code == 404
    everyone = (await owner.get(f"{FLOWS}/{flow['id']}/versions", params={"created_by": str(new_id())})).json()["data"]
    assert everyone == []


async def running(flow: Json, *begun: int) -> UUID:
    """An execution on the flow's first version that began these steps and stands at the last of them."""
    async with open_session() as session:
        version = (
            await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id) == UUID(flow["id"]), col(FlowVersion.version) == 1))
        ).one()
        account = (await session.exec(select(Contact.user_id))).first() or flow["created_by"]
        contact = Contact(user_id=UUID(str(account)), name="Asha", email=f"{new_id()}@example.com")
        run = Execution(flow_id=UUID(flow["id"]), flow_version_id=version.id, contact_id=contact.id, user_id=contact.user_id,
                        current_action_step=max(begun, default=1), due_at=utc_now() + timedelta(hours=1))  # fmt: skip
        session.add(contact)
        await session.flush()
        session.add(run)
        await session.flush()
        for order in begun:
            action, status = flow["actions"][order - 1], "success" if order < max(begun) else "running"
            log = ActionLog(
                flow_execution_id=run.id,
                user_id=contact.user_id,
                contact_id=contact.id,
                action_id=UUID(action["id"]),
                action_type=action["action_type"],
                action_order=order,
                status=status,
            )
            session.add(log)
        return run.id


async def stands(run: UUID) -> tuple[int, str, int, list[int]]:
    """Its version, status, present step, and the orders of what it began."""
    async with open_session() as session:
        execution = (await session.exec(select(Execution).where(col(Execution.id) == run))).one()
        version = (await session.exec(select(FlowVersion.version).where(col(FlowVersion.id) == execution.flow_version_id))).one()
        logs = select(ActionLog.action_order).where(col(ActionLog.flow_execution_id) == run).order_by(col(ActionLog.action_order))
        return version, execution.status, execution.current_action_step, list((await session.exec(logs)).all())


async def with_a_step_before(owner: httpx.AsyncClient, flow: Json) -> Json:
    """The draft with a new wait before the second step, and without the last step."""
    draft = await opened(owner, flow)
    call, wait, message, _ = draft["definition"]["actions"]
    return dict(
        (
            await saved(owner, draft, actions=[call, {**wait, "id": None, "condition_type": None, "condition_value": None}, wait, message])
        ).json()
    )


async def test_running_executions_move_where_they_can(owner: httpx.AsyncClient, flow: Json) -> None:
    fresh, waiting, done = await running(flow), await running(flow, 1, 2), await running(flow, 1, 2, 3, 4)
    draft = await with_a_step_before(owner, flow)
    impact = (await owner.get(f"{DRAFTS}/{draft['id']}/impact")).json()
    assert (impact["running"], impact["movable"]) == (3, 2)
    answer = (await published(owner, draft, running="move")).json()
    assert (answer["moved"], answer["stayed"]) == (2, 1)
    assert answer["message"] == "Version 2 is live. 2 executions go on in it, 1 finish on their earlier version."
    assert await stands(fresh) == (2, "running", 1, [])
    assert await stands(waiting) == (2, "running", 3, [1, 3]), "what it began keeps its place among the steps"
    assert await stands(done) == (1, "running", 4, [1, 2, 3, 4]), "the step it is at is gone"
    async with open_session() as session:
        due = dict((await session.exec(select(Execution.id, Execution.due_at))).all())
        entry = (await session.exec(select(AuditEntry).where(col(AuditEntry.action) == "flow.published"))).one()
    now = utc_now()
    assert (due[waiting] or now) <= now < (due[done] or now), "what moved is decided again at once"
    assert (entry.data["moved"], entry.data["stayed"]) == (2, 1)


async def test_running_executions_finish_unless_told_otherwise(owner: httpx.AsyncClient, flow: Json) -> None:
    run = await running(flow, 1, 2)
    assert (await published(owner, await with_a_step_before(owner, flow))).json()["moved"] == 0
    assert await stands(run) == (1, "running", 2, [1, 2])


async def test_running_executions_are_cancelled_when_told(owner: httpx.AsyncClient, people: People, flow: Json) -> None:
    run = await running(flow, 1, 2)
    draft = await with_a_step_before(owner, flow)
    narrow = await people.token(OWNER, ("flows:read", "flows:write"))
    assert (await published(narrow, draft, running="cancel")).status_code == 403, "that is a right of its own"
    answer = (await published(owner, draft, running="cancel")).json()
    assert (answer["cancelled"], answer["message"]) == (1, "Version 2 is live. 1 execution was cancelled.")
    assert (await stands(run))[1] == "cancelled"
    async with open_session() as session:
        logs = (
            await session.exec(
                select(ActionLog.status).where(col(ActionLog.flow_execution_id) == run).order_by(col(ActionLog.action_order))
            )
        ).all()
        reason = (await session.exec(select(Execution.error_message))).one()
    assert list(logs) == ["success", "cancelled"], "its wait ends too"
    assert reason == "Cancelled when version 2 was published by Owner"


async def test_nobody_elses_drafts(people: People, owner: httpx.AsyncClient, flow: Json) -> None:
    draft = await opened(owner, flow)
    stranger = await people.add("stranger@example.com")
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    body: Json = {"revision": 1, "definition": {}}
    mine, other = f"{DRAFTS}/{draft['id']}", f"{FLOWS}/{flow['id']}"
    for method, path, sent in [
        ("GET", mine, None), ("PUT", mine, body), ("DELETE", f"{mine}?revision=1", None),
        ("POST", f"{mine}/publish", {"revision": 1}), ("GET", f"{mine}/impact", None),
        ("PUT", f"{mine}/lock", None), ("POST", f"{mine}/lock/take-over", {"revision": 1}),
        ("POST", f"{other}/draft", None), ("GET", f"{other}/versions/1", None),
        ("POST", f"{other}/versions/1/draft", None), ("GET", f"{other}/versions/1/diff", None),
    ]:  # fmt: skip
        assert (await stranger.request(method, path, json=sent)).status_code == 404, (method, path)
        reads = method == "GET"
        assert (await viewer.request(method, path, json=sent)).status_code == (200 if reads else 403), (method, path)
    assert (await stranger.get(DRAFTS)).json() == {"data": []}


async def test_a_deleted_flow_takes_its_draft_along(owner: httpx.AsyncClient, flow: Json) -> None:
    draft = await opened(owner, flow)
    assert (await owner.delete(f"{FLOWS}/{flow['id']}")).status_code == 204
    assert (await saved(owner, draft)).status_code == 404
    assert (await owner.post(f"{FLOWS}/{flow['id']}/draft")).status_code == 404
    assert (await owner.get(f"{FLOWS}/{flow['id']}/versions/1")).status_code == 404


async def test_a_draft_of_any_shape_is_stored_or_refused_by_name(owner: httpx.AsyncClient) -> None:
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    refused = await owner.post(DRAFTS, json={"definition": {"name": deep}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/definition")
    shapes: list[Json] = [{}, {"actions": 5}, {"actions": [1, None, {}]}, {"conditions": {"a": 1}}, {"name": "<script>alert(1)</script>"},
                       {"actions": [{"action_type": "email", "action_config": {"subject_override": 5}}], "name": "x"}]  # fmt: skip
    for definition in shapes:
        answer = await owner.post(DRAFTS, json={"definition": definition})
        assert answer.status_code == 201, answer.text
        assert (await owner.get(f"{DRAFTS}/{answer.json()['id']}")).status_code == 200
