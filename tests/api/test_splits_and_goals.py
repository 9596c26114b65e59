"""Splits and goals over REST: stored, told of, refused with a sentence, and back from a file."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Catalogue
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
