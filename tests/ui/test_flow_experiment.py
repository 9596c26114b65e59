"""Splits and goals in the builder and back: nothing is lost, and the arm a step is for is found again."""

from __future__ import annotations

from typing import Any

import pytest

from autoflows.domain.flow import FlowDefinition
from autoflows.ui.flow_cards import cards_of, inspected
from autoflows.ui.flow_draft import definition_of, draft_of, new_step
from autoflows.ui.flow_experiment import arm_options, goal_body, goal_settings
from autoflows.ui.flow_rows import ArmRow, Draft, Settings, StepRow
from autoflows.ui.states.flow_experiment import evenly

ARMS = [
    {"name": "A", "percent": 45, "is_holdout": False},
    {"name": "B", "percent": 45, "is_holdout": False},
    {"name": "Nobody", "percent": 10, "is_holdout": True},
]


def flow(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "x", "actions": [{"action_order": n, **step} for n, step in enumerate(steps, 1)], **more}


def split(name: str = "Opening", arms: Any = ARMS) -> dict[str, Any]:
    return {"action_type": "split", "action_config": {"name": name, "arms": arms}}


def mail(arm: str, of: str | None = None) -> dict[str, Any]:
    return {"action_type": "email", "action_config": {}, "condition_type": "split", "condition_value": arm, "condition_field": of}


@pytest.mark.parametrize(
    "goal",
    [
        None,
        {"kind": "reply_received", "window_days": 7, "stops": False},
        {"kind": "tag_added", "tag": "won", "window_days": 30, "stops": True},
        {"kind": "field_equals", "field": "custom_fields.stage", "value": "won", "window_days": 1, "stops": False},
        {"kind": "call_answered", "min_seconds": 30, "window_days": 7, "stops": False},
    ],
)
def test_what_was_stored_comes_back_the_same(goal: dict[str, Any] | None) -> None:
    stored = flow(split(), mail("A"), mail("B", "Opening"), goal=goal)
    back = definition_of(draft_of(stored))
    assert back["goal"] == goal
    assert [a["action_config"] for a in back["actions"]][:1] == [split()["action_config"]]
    assert [(a["condition_type"], a["condition_value"], a["condition_field"]) for a in back["actions"][1:]] == [
        ("split", "A", None),
        ("split", "B", "Opening"),
    ]
    FlowDefinition.model_validate(back)


def test_a_new_split_works_as_it_is() -> None:
    back = definition_of(Draft(Settings(name="x"), (), (new_step("split"),)))
    assert back["actions"][0]["action_config"] == {"name": "Split", "arms": [{"name": n, "percent": 50, "is_holdout": False} for n in "AB"]}
    assert cards_of(Draft(steps=(new_step("split"),)), {}, {})[0].text == "Divide the leads: A 50 % and B 50 %"


def chosen(draft: Draft, place: int) -> StepRow:
    return inspected(draft, draft.steps[place].id, {}, {})


def test_the_arm_of_a_step() -> None:
    one = draft_of(flow(split(), mail("b"), mail("C"), mail("")))
    options = arm_options(one, one.steps[1].id)
    assert [o.label for o in options] == ["A", "B"], "the hold-out gets no step"
    assert chosen(one, 1).arm_chosen == options[1].value
    assert chosen(one, 2).arm_chosen == "C", "an arm that is gone is shown as it stands"
    assert chosen(one, 3).arm_chosen == ""
    assert chosen(one, 0).arm_options == []
    two = draft_of(flow(split("Opening"), split("Hour"), mail("A"), mail("A", "opening")))
    options = arm_options(two, two.steps[2].id)
    assert [o.label for o in options] == ["Opening: A", "Opening: B", "Hour: A", "Hour: B"]
    assert [chosen(two, place).arm_chosen for place in (2, 3)] == ["A\nHour", "A\nOpening"]


def test_what_is_wrong_with_the_arms_is_told_at_them() -> None:
    draft = draft_of(flow(split(arms=[{"name": "A", "percent": 50}, {"name": "B", "percent": "x"}])))
    errors = {"/action_config/arms/1/percent": "must be a number", "/action_config": "arms: make 100", "/condition_type": "other"}
    step = inspected(draft, draft.steps[0].id, {}, errors)
    assert step.arms_error == "must be a number arms: make 100"
    assert (step.error, step.arms_total) == ("other", "50 % in all")
    assert definition_of(draft)["actions"][0]["action_config"]["arms"][1]["percent"] == "x", "it goes back as typed"


def test_shares_of_a_hundred() -> None:
    assert [arm.percent for arm in evenly([ArmRow(name=n) for n in "ABC"])] == ["34", "33", "33"]
    assert [arm.percent for arm in evenly([ArmRow(name=n) for n in "ABCD"])] == ["25"] * 4


def test_only_what_a_goal_needs_is_kept() -> None:
    typed = Settings(**{**goal_settings({}), "goal_kind": "reply_received", "goal_tag": "won", "goal_days": " 3 "})
    assert goal_body(typed) == {"kind": "reply_received", "window_days": 3, "stops": False}
    assert goal_body(Settings()) is None
