"""A comparison as it is told: a figure for each side in words for people, and as numbers for files. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autoflows.analytics.chart import Cell, duration_in_words
from autoflows.analytics.differences import DifferenceView, title_of
from autoflows.analytics.experiments import RateView
from autoflows.analytics.sides import SideView
from autoflows.analytics.words import money_text

ALL = ""
SIDE_COLUMNS = (
    "side", "since", "until", "executions", "contacted", "contacted_rate", "contacted_low", "contacted_high", "answered", "answered_rate",
    "answered_low", "answered_high", "measured", "converted", "converted_rate", "converted_low",
    "converted_high", "speed_p50_seconds", "cost",
)  # fmt: skip
DIFFERENCE_COLUMNS = ("figure", "side", "difference", "low", "high", "p_value", "is_clear", "needed")


@dataclass(frozen=True, slots=True)
class Told:
    """One number in words, and what is told beside it. `behind`: what the executions reached that it counts, `ALL` for all of them; None:
    it counts nothing."""

    text: str
    beside: str = ""
    behind: str | None = None


def rate_text(rate: RateView) -> str:
    """A rate with the interval it surely lies in; a dash where there is nobody."""
    return f"{100 * rate.rate:.1f}% ({100 * rate.low:.1f} to {100 * rate.high:.1f})" if rate.total else "–"


def _rate(rate: RateView, behind: str) -> Told:
    return Told(f"{rate.count:,}", rate_text(rate), behind)


_FIGURES: dict[str, Callable[[SideView], Told]] = {
    "Executions begun": lambda side: Told(f"{side.entered:,}", behind=ALL),
    "Contacted": lambda side: _rate(side.contacted, "contacted"),
    "Answered or replied": lambda side: _rate(side.answered, "answered"),
    "Time to meet the goal is over": lambda side: Told(f"{side.converted.total:,}", behind="measured"),
    "Of these, met it": lambda side: _rate(side.converted, "won"),
    "Median time to first attempt": lambda side: Told(duration_in_words(side.speed_p50_seconds)),
    "Cost": lambda side: Told(money_text(side.cost)),
}
_OF_GOALS = ("Time to meet the goal is over", "Of these, met it")


def side_figures(sides: Sequence[SideView]) -> list[tuple[str, list[Told]]]:
    """A figure and what it is for each side; those of goals only where there are any."""
    has_goal = any(side.converted.total for side in sides)
    return [(name, [told(side) for side in sides]) for name, told in _FIGURES.items() if has_goal or name not in _OF_GOALS]


def difference_texts(one: DifferenceView) -> tuple[str, str]:
    """A difference and its interval: of rates in points, of times as a ratio."""
    return _amount(one, one.difference), f"{_amount(one, one.low)} to {_amount(one, one.high)}"


def _amount(one: DifferenceView, value: float) -> str:
    return f"{value:.2g}×" if one.metric == "speed" else f"{100 * value:+.1f}".replace("-", "−")


def side_rows(sides: Sequence[SideView]) -> list[list[Cell]]:
    """A row of `SIDE_COLUMNS` per side. Rates are 0 to 1."""

    def cells(rate: RateView) -> list[Cell]:
        return [rate.count, *([rate.rate, rate.low, rate.high] if rate.total else [None] * 3)]

    return [
        [
            side.label, side.since.isoformat(), side.until.isoformat(), side.entered, *cells(side.contacted), *cells(side.answered),
            side.converted.total, *cells(side.converted), side.speed_p50_seconds, money_text(side.cost) if side.cost else None,
        ]
        for side in sides
    ]  # fmt: skip


def difference_rows(differences: Sequence[DifferenceView]) -> list[list[Cell]]:
    """A row of `DIFFERENCE_COLUMNS` per difference: of rates 0 to 1, of times a ratio."""
    return [
        [title_of(one.metric), one.label, one.difference, one.low, one.high, one.p_value, "yes" if one.is_clear else "no", one.needed]
        for one in differences
    ]
