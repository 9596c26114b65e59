"""An experiment as it is told: whether one may stop, each arm in words for people and as numbers for files, and its two figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from autoflows.analytics.chart import Cell
from autoflows.analytics.experiments import ArmResult, ExperimentView, VerdictView
from autoflows.analytics.interval_figure import Line, interval_figure
from autoflows.domain.sequential import Finding

FOUND = {
    Finding.BETTER: "Better",
    Finding.WORSE: "Worse",
    Finding.SAME: "No difference that matters",
    Finding.OPEN: "Not clear yet",
}
ARM_COLUMNS = (
    "flow", "test", "arm", "percent", "is_holdout", "leads", "contacted", "answered", "converted", "measured", "won", "rate", "rate_low",
    "rate_high", "difference", "difference_low", "difference_high", "p_value", "finding", "leads_needed", "cost", "currency",
)  # fmt: skip


def goal_text(view: ExperimentView) -> str:
    """What counts as success, in a sentence or two."""
    days = "1 day" if view.window_days == 1 else f"{view.window_days} days"
    if view.goal is None:
        return f"The lead answers or replies, within {days}. The flow has no goal."
    return f"{view.goal[:1].upper()}{view.goal[1:]}, within {days}."


def success_titles(view: ExperimentView) -> tuple[str, str]:
    """What the count of all successes is called, and that of those whose time is over."""
    return ("Converted", "Met the goal") if view.goal else ("Answered or replied", "Answered")


def stopping(arms: Sequence[ArmResult]) -> tuple[bool, str]:
    """Whether the experiment may be ended by what is known, and why (not)."""
    verdicts = [arm.verdict for arm in arms if arm.verdict is not None]
    if not verdicts or not any(arm.measured.total for arm in arms):
        return False, "It has to go on: there is nothing to judge by yet."
    needed = max(verdict.needed for verdict in verdicts)
    is_open = any(verdict.finding is Finding.OPEN for verdict in verdicts)
    if is_open and needed:
        return False, f"It should go on: about {needed:,} more leads are needed. Looking as often as you like does no harm."
    if is_open:
        return True, "You may stop: a difference that matters would most likely have shown by now."
    return True, "You may stop: what is said here is safe to act on, however often you looked."


def share_text(arm: ArmResult) -> str:
    """How many of a hundred people come into an arm."""
    return "no longer there" if arm.percent is None else f"{arm.percent:g} %"


def apart_text(arm: ArmResult) -> str:
    """How far an arm is from the first, in points; a dash for the first itself."""
    verdict = arm.verdict
    if verdict is None:
        return "–"
    if not _says_anything(verdict):
        return "too few to say"
    said = [f"{100 * value:+.1f}".replace("-", "−") for value in (verdict.difference, verdict.low, verdict.high)]
    return f"{said[0]} ({said[1]} to {said[2]})"


def _says_anything(verdict: VerdictView) -> bool:
    """With few people anything is possible, and an interval from end to end would only hide the others."""
    return verdict.high - verdict.low < 2


def experiment_figures(view: ExperimentView) -> dict[str, go.Figure]:
    """The rate of each arm, and how far each is from the first; without anybody judged there is none."""
    measured = [arm for arm in view.arms if arm.measured.total]
    figures: dict[str, go.Figure] = {}
    if measured:
        rates = [Line(arm.arm, 100 * arm.measured.rate, 100 * arm.measured.low, 100 * arm.measured.high) for arm in measured]
        figures["rates"] = interval_figure(rates, unit="", suffix="%")
    first = view.arms[0].arm if view.arms else ""
    lines = [
        Line(
            f"{arm.arm} against {first}",
            100 * arm.verdict.difference,
            100 * arm.verdict.low,
            100 * arm.verdict.high,
            arm.verdict.finding is not Finding.OPEN,
        )
        for arm in view.arms[1:]
        if arm.verdict is not None and arm.measured.total and _says_anything(arm.verdict)
    ]
    if lines and view.arms[0].measured.total:
        figures["apart"] = interval_figure(lines, unit="percentage points", neutral=0)
    return figures


def arm_rows(view: ExperimentView) -> list[list[Cell]]:
    """A row of `ARM_COLUMNS` per arm. Rates and differences are 0 to 1, cost is in minor units."""
    return [
        [
            view.flow_name, view.split_name, arm.arm, arm.percent, "yes" if arm.is_holdout else "no", arm.entered, arm.contacted,
            arm.answered, arm.converted, arm.measured.total, arm.measured.count,
            *([arm.measured.rate, arm.measured.low, arm.measured.high] if arm.measured.total else [None] * 3),
            *([v.difference, v.low, v.high, v.p_value, v.finding.value, v.needed] if (v := arm.verdict) else [None] * 6),
            arm.cost, view.currency,
        ]
        for arm in view.arms
    ]  # fmt: skip
