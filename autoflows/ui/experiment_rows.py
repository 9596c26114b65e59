"""An experiment as its page shows it: its arms with what is behind each number, and its figures. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from autoflows.analytics.experiment_words import FOUND, apart_text, experiment_figures, goal_text, share_text, stopping, success_titles
from autoflows.analytics.experiments import ArmResult, ExperimentView
from autoflows.analytics.side_words import rate_text
from autoflows.domain.sequential import Finding
from autoflows.ui.analytics_links import behind_arm
from autoflows.ui.analytics_tiles import money_text
from autoflows.ui.compare_rows import Number

COLOURS = {Finding.BETTER: "green", Finding.WORSE: "red", Finding.SAME: "blue", Finding.OPEN: "gray"}


class ArmRow(BaseModel):
    """One arm. Numbers are people. `is_there`: whether the split still has it; `may_keep`: whether everybody could go its way."""

    name: str
    is_first: bool
    is_holdout: bool
    is_there: bool
    may_keep: bool
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
    metric, won_title = success_titles(view)
    may_stop, stop = stopping(view.arms)
    return ExperimentCard(
        id=str(view.split_id),
        flow_id=str(view.flow_id),
        flow_name=view.flow_name,
        name=view.split_name,
        is_running=view.is_running,
        since=view.since.isoformat(),
        metric=metric,
        won_title=won_title,
        goal=goal_text(view),
        summary=view.summary,
        stop=stop,
        may_stop=may_stop,
        warning=view.warning,
        is_capped=view.is_capped,
        people=f"{sum(arm.entered for arm in view.arms):,}",
        leaders=", ".join(arm.arm for arm in view.arms),
        arms=[_arm(view, place, arm) for place, arm in enumerate(view.arms)],
    )


def _arm(view: ExperimentView, place: int, arm: ArmResult) -> ArmRow:
    def number(count: int, reached: str = "") -> Number:
        href = behind_arm(view.flow_id, view.split_id, view.since, view.until, arm.arm, reached) if count else ""
        return Number(text=f"{count:,}", href=href)

    verdict = arm.verdict
    said, colour = (FOUND[verdict.finding], COLOURS[verdict.finding]) if verdict else ("Compared with", "gray")
    return ArmRow(
        name=arm.arm,
        is_first=place == 0,
        is_holdout=arm.is_holdout,
        is_there=arm.percent is not None,
        may_keep=arm.percent is not None and not arm.is_holdout,
        share=share_text(arm),
        entered=number(arm.entered),
        contacted=number(arm.contacted, "contacted"),
        converted=number(arm.converted if view.goal else arm.answered, "converted" if view.goal else "answered"),
        measured=number(arm.measured.total, "measured"),
        won=number(arm.measured.count, "won"),
        rate=rate_text(arm.measured),
        difference=apart_text(arm),
        verdict=said,
        colour=colour,
        cost=money_text({view.currency: arm.cost} if arm.cost else {}),
        cost_each=f"{money_text({view.currency: arm.cost_per_conversion})} each" if arm.cost_per_conversion else "",
    )


def figures_of(view: ExperimentView) -> dict[str, dict[str, Any]]:
    """Its figures as the page draws them."""
    return {name: figure.to_plotly_json() for name, figure in experiment_figures(view).items()}
