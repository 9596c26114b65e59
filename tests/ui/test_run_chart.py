"""What became of a run, over its flowchart: states in words, and the way it took."""

from __future__ import annotations

from typing import Any

from autoflows.domain.flow import FlowDefinition
from autoflows.services.views.executions import ActionLogView
from autoflows.ui.run_chart import run_chart
from autoflows.ui.timeline import timeline
from tests.ui.runs import log, run, story

IF = {"condition_type": "call_outcome"}
PLAN = FlowDefinition.model_validate(
    {
        "name": "Branches",
        "conditions": [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"}],
        "actions": [
            {"action_order": 1, "action_type": "ai_call", "action_config": {}},
            {"action_order": 2, "action_type": "whatsapp_message", "action_config": {}, **IF, "condition_value": "busy"},
            {"action_order": 3, "action_type": "email", "action_config": {}, **IF, "condition_value": "voicemail"},
            {"action_order": 4, "action_type": "email", "action_config": {}, "condition_type": "always"},
        ],
    }
)


def picture(status: str, logs: list[ActionLogView], step: int = 1, **run_values: Any) -> tuple[dict[str, Any], set[str], set[str]]:
    """Boxes by name, arrows on the way, and those among them that move."""
    steps = timeline(story(run(status, step, **run_values), logs, plan=PLAN), {})
    nodes, edges = run_chart(PLAN, steps, status)
    taken = {edge["id"] for edge in edges if edge["className"] == "af-rc-edge-taken"}
    return {node["id"]: node for node in nodes}, taken, {edge["id"] for edge in edges if edge.get("animated")}


def skipped(order: int, kind: str, gate: str = "condition") -> ActionLogView:
    return log(order, kind, "skipped", took=0, skip_reason="Call was answered", gates=[{"gate": gate, "passed": False, "detail": "x"}])


def test_the_way_by_is_taken_when_no_condition_was_met() -> None:
    logs = [
        log(1, "ai_call", "success", outcome="answered", took=30),
        skipped(2, "whatsapp_message"),
        skipped(3, "email"),
        log(4, "email", "success", took=1),
    ]
    boxes, taken, moving = picture("completed", logs, 4)
    assert taken == {"trigger>step-1", "step-1>otherwise-2", "otherwise-2>step-4", "step-4>end"}
    assert moving == set()
    assert boxes["step-1"]["data"]["label"] == "1. AI call\n✓ Done · answered · 30.0 s"
    assert boxes["step-2"]["data"]["label"] == "2. WhatsApp message\n⤼ Skipped: Call was answered"
    assert "af-rc-skipped" in boxes["step-2"]["className"]
    assert boxes["step-2"]["ariaLabel"] == "2. WhatsApp message: Skipped: Call was answered"
    assert "Skipped: Call was answered" in boxes["step-2"]["domAttributes"]["data-tip"]


def test_the_lane_whose_condition_was_met_is_taken_and_what_is_to_come_is_not() -> None:
    logs = [log(1, "ai_call", "success", outcome="busy", took=30), log(2, "whatsapp_message", "running", begin=31)]
    boxes, taken, moving = picture("running", logs, 2)
    assert taken == {"trigger>step-1", "step-1>step-2"}
    assert moving == {"step-1>step-2"}
    assert boxes["step-4"]["data"]["label"] == "4. E-mail\n○ To come"
    assert "af-rc-off" in boxes["end"]["className"]


def test_a_step_that_another_rule_stopped_was_on_the_way() -> None:
    logs = [log(1, "ai_call", "success", outcome="busy", took=30), skipped(2, "whatsapp_message", "dnc"), skipped(3, "email")]
    _, taken, _ = picture("skipped", logs, 4)
    assert "step-1>step-2" in taken
    assert "step-1>otherwise-2" not in taken


def test_a_hold_is_on_the_way_and_moves() -> None:
    boxes, taken, moving = picture("running", [], waiting="Flow hours: opens 09:00")
    assert taken == moving == {"trigger>step-1"}
    assert boxes["step-1"]["data"]["label"].endswith("❚❚ Flow hours: opens 09:00")


def test_a_cancelled_run_does_not_come_to_the_end() -> None:
    _, taken, _ = picture("cancelled", [log(1, "ai_call", "success", outcome="answered", took=30)])
    assert taken == {"trigger>step-1"}


def test_a_long_reason_is_cut_in_the_box_and_whole_on_hover() -> None:
    boxes, _, _ = picture("failed", [log(1, "ai_call", "failed", took=1, error_message="no " * 100)])
    assert len(boxes["step-1"]["data"]["label"]) < 130
    assert boxes["step-1"]["domAttributes"]["data-tip"].count("no ") == 100
