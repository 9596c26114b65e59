"""An experiment as it is shown: its arms with what is behind each number, whether one may stop, and its two figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from autoflows.analytics.experiments import ArmResult, ExperimentView, VerdictView
from autoflows.analytics.interval_figure import Line, interval_figure
from autoflows.domain.sequential import Finding
from autoflows.ui.analytics_links import behind_arm
from autoflows.ui.analytics_tiles import money_text
from autoflows.ui.compare_rows import Number, rate_text

FOUND = {
    Finding.BETTER: ("Better", "green"),
    Finding.WORSE: ("Worse", "red"),
    Finding.SAME: ("No difference that matters", "blue"),
    Finding.OPEN: ("Not clear yet", "gray"),
}


class ArmRow(BaseModel):
    """One arm. Numbers are people."""

    name: str
    is_first: bool
    is_holdout: bool
    share: str
    entered: Number
    contacted: Number
    converted: Number
    measured: Number
    won: Number
    rate: str
    difference: str
    verdict: str
    colour: str
    cost: str
    cost_each: str


class ExperimentCard(BaseModel):
    """One experiment."""

    id: str
    flow_id: str
    flow_name: str
    name: str
    is_running: bool
    since: str
    metric: str
    won_title: str
    goal: str
    summary: str
    stop: str
    may_stop: bool
    warning: str
    is_capped: bool
    people: str
    leaders: str
    arms: list[ArmRow]


def card_of(view: ExperimentView) -> ExperimentCard:
    """An experiment as the pages show it."""
    days = "1 day" if view.window_days == 1 else f"{view.window_days} days"
    may_stop, stop = stopping(view.arms)
    return ExperimentCard(
        id=str(view.split_id),
        flow_id=str(view.flow_id),
        flow_name=view.flow_name,
        name=view.split_name,
        is_running=view.is_running,
        since=view.since.isoformat(),
        metric="Converted" if view.goal else "Answered or replied",
        won_title="Met the goal" if view.goal else "Answered",
        goal=f"{_capital(view.goal)}, within {days}."
        if view.goal
        else f"The lead answers or replies, within {days}. The flow has no goal.",
        summary=view.summary,
        stop=stop,
        may_stop=may_stop,
        warning=view.warning,
        is_capped=view.is_capped,
        people=f"{sum(arm.entered for arm in view.arms):,}",
        leaders=", ".join(arm.arm for arm in view.arms),
        arms=[_arm(view, place, arm) for place, arm in enumerate(view.arms)],
    )


def _capital(text: str | None) -> str:
    return (text or "")[:1].upper() + (text or "")[1:]


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


def _arm(view: ExperimentView, place: int, arm: ArmResult) -> ArmRow:
    def number(count: int, reached: str = "") -> Number:
        href = behind_arm(view.flow_id, view.split_id, view.since, view.until, arm.arm, reached) if count else ""
        return Number(text=f"{count:,}", href=href)

    verdict = arm.verdict
    said, colour = FOUND[verdict.finding] if verdict else ("Compared with", "gray")
    return ArmRow(
        name=arm.arm,
        is_first=place == 0,
        is_holdout=arm.is_holdout,
        share="no longer there" if arm.percent is None else f"{arm.percent:g} %",
        entered=number(arm.entered),
        contacted=number(arm.contacted, "contacted"),
        converted=number(arm.converted if view.goal else arm.answered, "converted" if view.goal else "answered"),
        measured=number(arm.measured.total, "measured"),
        won=number(arm.measured.count, "won"),
        rate=rate_text(arm.measured),
        difference="–" if verdict is None else _points(verdict) if _says_anything(verdict) else "too few to say",
        verdict=said,
        colour=colour,
        cost=money_text({view.currency: arm.cost} if arm.cost else {}),
        cost_each=f"{money_text({view.currency: arm.cost_per_conversion})} each" if arm.cost_per_conversion else "",
    )


def _says_anything(verdict: VerdictView) -> bool:
    """With few people anything is possible, and an interval from end to end would only hide the others."""
    return verdict.high - verdict.low < 2


def _points(verdict: VerdictView) -> str:
    said = [f"{100 * value:+.1f}".replace("-", "−") for value in (verdict.difference, verdict.low, verdict.high)]
    return f"{said[0]} ({said[1]} to {said[2]})"


def figures_of(view: ExperimentView) -> dict[str, dict[str, Any]]:
    """The rate of each arm, and how far each is from the first; without anybody judged there is none."""
    measured = [arm for arm in view.arms if arm.measured.total]
    figures: dict[str, dict[str, Any]] = {}
    if measured:
        rates = [Line(arm.arm, *(100 * v for v in (arm.measured.rate, arm.measured.low, arm.measured.high))) for arm in measured]
        figures["rates"] = interval_figure(rates, unit="", suffix="%").to_plotly_json()
    apart = [arm for arm in view.arms[1:] if arm.verdict is not None and arm.measured.total and _says_anything(arm.verdict)]
    if apart and view.arms[0].measured.total:
        lines = [
            Line(
                f"{arm.arm} against {view.arms[0].arm}",
                100 * arm.verdict.difference,
                100 * arm.verdict.low,
                100 * arm.verdict.high,
                arm.verdict.finding is not Finding.OPEN,
            )
            for arm in apart
            if arm.verdict is not None
        ]
        figures["apart"] = interval_figure(lines, unit="percentage points", neutral=0).to_plotly_json()
    return figures
