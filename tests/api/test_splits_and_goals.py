"""Splits and goals over REST: stored, told of, refused with a sentence, and back from a file."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from autoflows.domain.permissions import Role
from tests.api.conftest import OWNER, Catalogue, People
from tests.api.test_drafts import DRAFTS, opened, published, saved
from tests.api.test_flows import FLOWS, made, pointers

ARMS = [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}]
GOAL = {"kind": "tag_added", "tag": "won", "window_days": 14, "stops": True}


def body(catalogue: Catalogue, **changes: Any) -> dict[str, Any]:
    mail = {"action_type": "email", "action_config": {"email_template_id": str(catalogue.email_template)}}
    return {
        "name": "Opening",
        "is_enabled": True,
        "conditions": [{"condition_type": "lead_source", "condition_operator": "any"}],
        "actions": [
            {"action_order": 1, "action_type": "split", "action_config": {"name": "Opening", "arms": ARMS}},
            {"action_order": 2, **mail, "condition_type": "split", "condition_value": "A"},
            {"action_order": 3, **mail, "condition_type": "split", "condition_value": "B", "condition_field": "Opening"},
        ],
        "goal": GOAL,
        **changes,
    }


async def test_a_flow_with_a_split_and_a_goal_comes_back_as_it_was_sent(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = await made(owner, **body(catalogue))
    assert flow["goal"] == {**GOAL, "field": None, "value": None, "min_seconds": 0}
    assert flow["actions"][0]["action_config"]["arms"] == [{**arm, "is_holdout": False} for arm in ARMS]
    again = await owner.put(f"{FLOWS}/{flow['id']}", json=flow)
    assert again.json()["version"] == 1, "what was read can be sent back and changes nothing"
    problems = (await owner.get(f"{FLOWS}/{flow['id']}/problems")).json()["problems"]
    assert problems == []
    cleared = await owner.put(f"{FLOWS}/{flow['id']}", json={**flow, "goal": None})
    assert (cleared.json()["version"], cleared.json()["goal"]) == (2, None)
    changes = (await owner.get(f"{FLOWS}/{flow['id']}/versions/2/diff")).json()["changes"]
    assert [c["message"] for c in changes] == ["Goal: the contact gets the tag won within 14 days, which stops the flow → none"]
    advice = (await owner.get(f"{FLOWS}/{flow['id']}/problems")).json()["problems"]
    assert [(p["severity"], p["code"], p["pointer"]) for p in advice] == [("advice", "split_without_goal", "/actions/0")]


@pytest.mark.parametrize(
    ("goal", "pointer"),
    [
        ({"kind": "tag_added"}, "/goal"),
        ({"kind": "field_equals"}, "/goal"),
        ({"kind": "sale"}, "/goal/kind"),
        ({"kind": "reply_received", "window_days": 0}, "/goal/window_days"),
        ({"kind": "reply_received", "windows": 1}, "/goal/windows"),
    ],
)
async def test_goals_that_cannot_be(owner: httpx.AsyncClient, goal: dict[str, Any], pointer: str) -> None:
    answer = await owner.post(FLOWS, json={"name": "x", "goal": goal})
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]


async def test_an_arm_that_there_is_not_keeps_the_flow_from_being_enabled(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    wrong = body(catalogue)
    wrong["actions"][2]["condition_value"] = "C"
    answer = await owner.post(FLOWS, json=wrong)
    assert answer.status_code == 422
    assert pointers(answer) == ["/actions/2/condition_value"]
    assert answer.json()["errors"][0]["detail"] == "Step 3: it never runs: 'Opening' has no arm C; its arms are A, B."
    wrong["actions"][0]["action_config"]["arms"] = [{"name": "A", "percent": 50}, {"name": "C", "percent": 40}]
    uneven = await owner.post(FLOWS, json=wrong)
    assert uneven.status_code == 422
    assert pointers(uneven) == ["/actions/0/action_config"]
    assert "add up to 90" in uneven.json()["errors"][0]["detail"]


async def test_a_file_keeps_splits_and_goals(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = await made(owner, **body(catalogue))
    text = (await owner.get(f"{FLOWS}/{flow['id']}/export")).text
    assert "goal:" in text
    again = (await owner.post(f"{FLOWS}/import", json={"yaml": text, "flow_id": flow["id"], "dry_run": True})).json()
    assert again["changes"] == []
    schema = (await owner.get("/api/automation/flow-schema.json")).json()
    split = next(s for s in schema["properties"]["actions"]["items"]["oneOf"] if s["properties"]["action_type"]["const"] == "split")
    assert "arms" in split["properties"]["action_config"]["properties"]
    assert "goal" in schema["properties"]


async def test_an_arm_is_kept_as_a_draft_and_lives_when_it_is_published(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = await made(owner, **body(catalogue))
    path = f"{FLOWS}/{flow['id']}/splits/{flow['actions'][0]['id']}/draft"
    draft = (await owner.post(path, json={"arm": "b"})).json()
    assert [(a["id"], a["action_order"], a["condition_type"]) for a in draft["definition"]["actions"]] == [
        (flow["actions"][2]["id"], 1, None)
    ]
    assert (draft["is_changed"], draft["revision"], draft["lock"]["is_mine"]) == (True, 2, True)
    told = " ".join(change["message"] for change in draft["changes"])
    assert "Step 1 'Split' is removed" in told
    assert "Step 2 'E-mail' is removed" in told
    assert (await owner.get(f"{FLOWS}/{flow['id']}")).json()["version"] == 1, "nothing is live yet"
    done = (await published(owner, draft)).json()
    assert [a["id"] for a in done["flow"]["actions"]] == [flow["actions"][2]["id"]]
    assert (await owner.post(path, json={"arm": "B"})).status_code == 404


async def test_an_arm_is_kept_beside_unpublished_changes_that_were_seen(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = await made(owner, **body(catalogue))
    path = f"{FLOWS}/{flow['id']}/splits/{flow['actions'][0]['id']}/draft"
    draft = (await saved(owner, await opened(owner, flow), name="Opening, by mail")).json()
    refused = await owner.post(path, json={"arm": "B"})
    assert (refused.status_code, "send their revision (2)" in refused.json()["detail"]) == (409, True)
    assert (await owner.post(path, json={"arm": "B", "revision": 1})).status_code == 409
    assert (await owner.get(f"{DRAFTS}/{draft['id']}")).json()["definition"] == draft["definition"], "a refusal changes nothing"
    kept = (await owner.post(path, json={"arm": "B", "revision": 2})).json()
    assert (kept["id"], kept["definition"]["name"], len(kept["definition"]["actions"])) == (draft["id"], "Opening, by mail", 1)
    gone = await owner.post(path, json={"arm": "A", "revision": kept["revision"]})
    assert (gone.status_code, "not in the unpublished changes" in gone.json()["detail"]) == (404, True)
    broken = (await saved(owner, kept, actions=[{"action_type": "nonsense"}])).json()
    assert "not complete" in (await owner.post(path, json={"arm": "A", "revision": broken["revision"]})).json()["detail"]


async def test_who_may_not_edit_keeps_no_arm(owner: httpx.AsyncClient, people: People, catalogue: Catalogue) -> None:
    arms = [*ARMS[:1], {"name": "Nobody", "percent": 50, "is_holdout": True}]
    sent = body(catalogue)
    sent["actions"][0]["action_config"]["arms"] = arms
    del sent["actions"][2]
    flow = await made(owner, **sent)
    path = f"{FLOWS}/{flow['id']}/splits/{flow['actions'][0]['id']}/draft"
    for arm in ("Nobody", "C"):
        answer = await owner.post(path, json={"arm": arm})
        assert (answer.status_code, pointers(answer)) == (422, ["/arm"])
    manager = await people.add("manager@example.com", Role.MANAGER, OWNER)
    stranger = await people.add("stranger@example.com")
    assert (await manager.post(path, json={"arm": "A"})).status_code == 403
    assert (await stranger.post(path, json={"arm": "A"})).status_code == 404
    admin = await people.add("ravi@example.com", Role.ADMIN, OWNER)
    assert (await admin.post(path, json={"arm": "A"})).status_code == 200
    refused = await owner.post(path, json={"arm": "A", "revision": 2})
    assert (refused.status_code, "is editing this flow" in refused.json()["detail"]) == (409, True)
