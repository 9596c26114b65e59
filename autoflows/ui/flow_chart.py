"""A flow as a flowchart: steps from top to bottom, and after a call a lane for each outcome. Pure; nobody moves a box by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil
from typing import Any

from autoflows.ui.flow_cards import Card
from autoflows.ui.flow_experiment import name_of, splits_before
from autoflows.ui.flow_rows import Draft, StepRow

WIDTH, LOW, LEAST, MOST = 230, 40, 57, 127
"""Of a box, in pixels; what is between the last two follows its words."""
LETTERS, LINE, FRAME = 31, 17.5, 22
"""Letters in a line of a box, about; its height; and what is around the lines."""
LANE, ROW = 260, 160
END, BYPASS = "af-fb-box af-fb-box-end", "af-fb-box af-fb-box-by"
COVERED = {"answered", "not_answered"}
"""Outcomes that leave no other."""


def chart_of(draft: Draft, cards: Sequence[Card], trigger: str, selected: str = "") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Boxes and arrows as React Flow takes them. Each step is one box; its condition is the label of the arrow into its lane."""
    chart = _Chart(draft, {card.id: card for card in cards}, selected)
    chart.box("trigger", "When a lead arrives\n" + trigger, 0.0, "af-fb-box af-fb-box-pinned")
    chart.row += 1
    for is_lane, group in groupby(draft.steps, key=_is_lane):
        steps = list(group)
        if is_lane:
            chart.fork(steps)
        else:
            for step in steps:
                chart.main(step)
    chart.box("end", "End", 0.0, END)
    chart.join("end")
    return chart.nodes, chart.edges


def _is_lane(step: StepRow) -> bool:
    return step.when not in ("", "always")


def _height(label: str) -> float:
    lines = sum(max(ceil(len(line) / LETTERS), 1) for line in label.split("\n"))
    return min(max(FRAME + LINE * lines, LEAST), MOST)


class _Chart:
    """What has been drawn so far: `open` are the boxes that the next one on the main line follows, each with its arrow's label."""

    def __init__(self, draft: Draft, cards: dict[str, Card], selected: str) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.open: list[tuple[str, str]] = [("trigger", "")]
        self.row = 0
        self._draft, self._cards, self._selected = draft, cards, selected

    def box(self, box_id: str, label: str, lane: float, look: str) -> None:
        chosen = " af-fb-box-selected" if box_id == self._selected else ""
        self.nodes.append(
            {
                "id": box_id,
                "position": {"x": lane * LANE - WIDTH / 2, "y": self.row * ROW},
                "data": {"label": label},
                "className": look + chosen,
                "sourcePosition": "bottom",
                "targetPosition": "top",
                "width": WIDTH,
                "height": LOW if look in (END, BYPASS) else _height(label),
            }
        )

    def arrow(self, source: str, target: str, label: str = "") -> None:
        self.edges.append({"id": f"{source}>{target}", "source": source, "target": target, "label": label, "type": "smoothstep"})

    def step(self, step: StepRow, lane: float) -> None:
        card = self._cards[step.id]
        always = "\nalways, even after an exit rule" if step.when == "always" else ""
        counts = f"{always}\n{card.counts}" if card.counts else always
        mark = {"error": "af-fb-wrong", "warning": "af-fb-doubtful"}.get(card.severity, "")
        self.box(step.id, f"{card.order}. {card.title}\n{card.text}{counts}", lane, f"af-fb-box {mark}".rstrip())

    def join(self, target: str) -> None:
        for source, label in self.open:
            self.arrow(source, target, label)
        self.open = [(target, "")]

    def main(self, step: StepRow) -> None:
        """A step that every lead comes to, or one that runs even after an exit rule."""
        self.step(step, 0.0)
        self.join(step.id)
        self.row += 1

    def fork(self, steps: Sequence[StepRow]) -> None:
        """Steps with a condition: those with the same one are a lane; who meets none goes by."""
        lanes: dict[str, list[StepRow]] = {}
        for step in steps:
            lanes.setdefault(self._cards[step.id].when, []).append(step)
        width = len(lanes) + (not self._leave_nobody(steps))
        before, top, ends = self.open, self.row, []
        for place, (label, lane) in enumerate(lanes.items()):
            self.row, self.open = top, [(source, label) for source, _ in before]
            for step in lane:
                self.step(step, place - (width - 1) / 2)
                self.join(step.id)
                self.row += 1
            ends += self.open
        self.row = top + max(len(lane) for lane in lanes.values())
        if width > len(lanes):
            ends.append((self._way_by(before, top, (width - 1) / 2), ""))
        self.open = ends

    def _leave_nobody(self, steps: Sequence[StepRow]) -> bool:
        """Whether each lead meets one of the steps' conditions: all ends of a call, or all arms of a split."""
        if {step.when_value for step in steps if step.when == "call_outcome"} >= COVERED:
            return True
        asked = {step.when_value.strip().casefold() for step in steps if step.when == "split"}
        before = splits_before(self._draft, steps[0].id)
        named = {step.when_field.strip().casefold() for step in steps if step.when == "split"} - {""}
        split = next((s for s in reversed(before) if not named or {name_of(s).casefold()} == named), None)
        return split is not None and asked >= {arm.name.strip().casefold() for arm in split.arms}

    def _way_by(self, before: Sequence[tuple[str, str]], top: int, lane: float) -> str:
        """A lane of its own for who meets no condition, so that the arrow runs beside the boxes and not behind them."""
        end, self.row, self.open = self.row, top, [(source, "") for source, _ in before]
        name = f"otherwise-{top}"
        self.box(name, "otherwise", lane, BYPASS)
        self.join(name)
        self.row = end
        return name
