"""What became of an execution, drawn over the flowchart of its plan: a state in each box, and the way it took. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from autoflows.domain.flow import FlowDefinition
from autoflows.ui import words
from autoflows.ui.flow_cards import Card
from autoflows.ui.flow_chart import chart_of
from autoflows.ui.flow_draft import step_of
from autoflows.ui.flow_rows import Draft
from autoflows.ui.timeline import StepView

OVER = ("completed", "failed", "skipped")
MOVING = ("running", "pending", "waiting")
LONGEST = 70
"""Letters of a state that a box has room for; the whole of it is told on hover and on focus."""


def run_chart(
    plan: FlowDefinition, steps: Sequence[StepView], status: str, chosen: int = 0
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Boxes and arrows as React Flow takes them. Each box says its state in a sign and in words, so that nothing rests on colour."""
    told = {step.order: step for step in steps}
    rows = [step_of(action.model_dump(mode="json")).model_copy(update={"id": box_of(action.action_order)}) for action in plan.actions]
    cards = [
        Card(
            id=box_of(s.order), order=s.order, title=s.title, icon=s.icon, text="", when=s.when.replace("the last call was", "the call was")
        )
        for s in (told[action.action_order] for action in plan.actions)
    ]
    trigger = words.trigger_in_words(condition.model_dump(mode="json") for condition in plan.conditions)
    nodes, edges = chart_of(Draft(steps=tuple(rows)), cards, trigger, box_of(chosen))
    by_box = {box_of(order): step for order, step in told.items()}
    lanes = {row.id for row in rows if row.when not in ("", "always")}
    reached = _reached(nodes, edges, by_box, lanes, is_over=status in OVER)
    return [_node(node, by_box.get(node["id"]), node["id"] in reached) for node in nodes], [_edge(edge, by_box, reached) for edge in edges]


def box_of(order: int) -> str:
    """The name of a step's box."""
    return f"step-{order}"


def _node(node: dict[str, Any], step: StepView | None, is_reached: bool) -> dict[str, Any]:
    if step is None:
        return {**node, "focusable": False} | ({} if is_reached else {"className": f"{node['className']} af-rc-off"})
    whole = f"{step.order}. {step.title}: {step.said}"
    said = step.said if len(step.said) <= LONGEST else f"{step.said[: LONGEST - 1]}…"
    return {
        **node,
        "data": {"label": f"{step.order}. {step.title}\n{step.mark} {said}"},
        "className": f"{node['className']} af-rc af-rc-{step.status}",
        "ariaLabel": whole,
        "domAttributes": {"data-tip": f"{step.text}. {step.said}"},
    }


def _edge(edge: dict[str, Any], steps: Mapping[str, StepView], reached: set[str]) -> dict[str, Any]:
    if edge["source"] not in reached or edge["target"] not in reached:
        return {**edge, "className": "af-rc-edge-off"}
    target = steps.get(edge["target"])
    return {**edge, "className": "af-rc-edge-taken", "animated": target is not None and target.status in MOVING}


def _reached(
    nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]], steps: Mapping[str, StepView], lanes: set[str], *, is_over: bool
) -> set[str]:
    """The boxes on the way it took. A step of a lane whose condition was not met is not on it; one that a rule stopped is."""
    reached = {"trigger"} | ({"end"} if is_over else set())
    for box, step in steps.items():
        if step.status not in ("upcoming", "not_reached") and not (box in lanes and step.passed_by):
            reached.add(box)
    before, after = defaultdict(set), defaultdict(set)
    for edge in edges:
        before[edge["target"]].add(edge["source"])
        after[edge["source"]].add(edge["target"])
    for box in (node["id"] for node in nodes if node["id"].startswith("otherwise")):
        others = {other for source in before[box] for other in after[source]} - {box}
        if before[box] & reached and after[box] & reached and not others & reached:
            reached.add(box)
    return reached
