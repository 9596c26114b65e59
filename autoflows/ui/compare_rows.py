"""A comparison as rows of two tables: the sides with what is behind each number, and the differences. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from autoflows.analytics.differences import DifferenceView, title_of
from autoflows.analytics.experiments import RateView
from autoflows.analytics.sides import SideView
from autoflows.ui.analytics_links import runs_between
from autoflows.ui.analytics_tiles import money_text, seconds_text


class Number(BaseModel):
    """A number with what is told beside it, and the list behind it."""

    text: str
    beside: str = ""
    href: str = ""


class SideRow(BaseModel):
    """One figure of all sides."""

    name: str
    numbers: list[Number]


class DifferenceRow(BaseModel):
    """One difference. `is_clear`: whether it is more than chance would make."""

    key: str
    name: str
    side: str
    difference: str
    interval: str
    is_clear: bool


def rate_text(rate: RateView) -> str:
    """A rate with the interval it surely lies in; a dash where there is nobody."""
    return f"{100 * rate.rate:.1f}% ({100 * rate.low:.1f} to {100 * rate.high:.1f})" if rate.total else "–"


def _behind(side: SideView, count: int, **more: str) -> str:
    return "" if side.is_rest or not count else runs_between(side.since, side.until, side.flow_ids, **more)


def _rate(side: SideView, rate: RateView, reached: str) -> Number:
    return Number(text=f"{rate.count:,}", beside=rate_text(rate), href=_behind(side, rate.count, reached=reached))


FIGURES: dict[str, Callable[[SideView], Number]] = {
    "Executions begun": lambda side: Number(text=f"{side.entered:,}", href=_behind(side, side.entered)),
    "Contacted": lambda side: _rate(side, side.contacted, "contacted"),
    "Answered or replied": lambda side: _rate(side, side.answered, "answered"),
    "Time to meet the goal is over": lambda side: Number(
        text=f"{side.converted.total:,}", href=_behind(side, side.converted.total, reached="measured")
    ),
    "Of these, met it": lambda side: _rate(side, side.converted, "won"),
    "Median time to first attempt": lambda side: Number(text=seconds_text(side.speed_p50_seconds)),
    "Cost": lambda side: Number(text=money_text(side.cost)),
}


def side_rows(sides: Sequence[SideView]) -> list[SideRow]:
    """A row per figure, a number per side; goals only where there are any."""
    has_goal = any(side.converted.total for side in sides)
    hidden = () if has_goal else ("Time to meet the goal is over", "Of these, met it")
    return [SideRow(name=name, numbers=[figure(side) for side in sides]) for name, figure in FIGURES.items() if name not in hidden]


def difference_rows(differences: Sequence[DifferenceView]) -> list[DifferenceRow]:
    """A row per difference."""
    return [
        DifferenceRow(
            key=f"{one.metric} {one.label}",
            name=title_of(one.metric),
            side=one.label,
            difference=_amount(one, one.difference),
            interval=f"{_amount(one, one.low)} to {_amount(one, one.high)}",
            is_clear=one.is_clear,
        )
        for one in differences
    ]


def _amount(one: DifferenceView, value: float) -> str:
    if one.metric == "speed":
        return f"{value:.2g}×"
    return f"{100 * value:+.1f}".replace("-", "−")
