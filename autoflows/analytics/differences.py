"""How far sides of a comparison are apart, how surely, and what can be said of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from pydantic import BaseModel, Field

from autoflows.analytics.interval_figure import Line, interval_figure
from autoflows.analytics.sides import SideView
from autoflows.domain.sequential import SMALLEST_EFFECT, interval_in_words, points, rounded
from autoflows.domain.statistics import (
    Difference,
    Proportion,
    compare_durations,
    compare_proportions,
    difference_in_differences,
    rank_test,
    sample_size,
)

METRICS = {"contacted": "are contacted", "answered": "answer", "converted": "convert"}
TITLES = {"contacted": "Contacted", "answered": "Answered or replied", "converted": "Converted", "speed": "Time to first attempt"}
BEYOND = "_beyond_control"
SURE = 0.05


class DifferenceView(BaseModel):
    """One side against the first in one figure."""

    metric: str = Field(description="contacted, answered, converted; or speed, a ratio of typical times to the first attempt")
    label: str
    difference: float
    low: float
    high: float
    p_value: float
    is_clear: bool = Field(description="whether chance alone makes so much in fewer than 5 of 100 cases; for one look")
    needed: int = Field(default=0, description="about so many more leads would show a difference of 5 points; 0: none, or it is clear")
    sentence: str


def rate_differences(first: SideView, side: SideView) -> list[DifferenceView]:
    """In each rate that both sides have."""
    return [_rates(metric, first, side) for metric in METRICS if first.of(metric).total and side.of(metric).total]


def _rates(metric: str, first: SideView, side: SideView) -> DifferenceView:
    a, b = first.of(metric), side.of(metric)
    found = compare_proportions(a, b)
    said = f"{_more(found)} {METRICS[metric]}: {side.label} against {first.label} ({interval_in_words(found.interval)})."
    return _view(metric, side.label, found, said, _needed((a, b)))


def differences_beyond(sides: Sequence[SideView], control: Sequence[SideView]) -> list[DifferenceView]:
    """What the second side brought against the first beyond what changed for the control in the same times."""
    views = []
    for metric in METRICS:
        groups = [side.of(metric) for side in (*sides, *control)]
        if all(group.total for group in groups):
            found = difference_in_differences(groups[0], groups[1], groups[2], groups[3])
            said = f"Beyond the control, {_more(found)} {METRICS[metric]} since ({interval_in_words(found.interval)})."
            # Four groups' luck instead of two's: twice as many in each.
            views.append(_view(metric + BEYOND, sides[1].label, found, said, _needed(groups, times=2)))
    return views


def speed_difference(first: str, label: str, before: Sequence[float], after: Sequence[float]) -> list[DifferenceView]:
    """How many times as long the first attempt takes. The p-value is the rank test's, which assumes nothing about the times."""
    ratio, ranks = compare_durations(before, after), rank_test(before, after)
    if ratio is None or ranks is None:
        return []
    found = Difference(ratio.estimate, ratio.interval, ranks.p_value)
    low, high = (f"{side:.2g}" for side in (found.interval.low, found.interval.high))
    said = f"The first attempt takes {found.estimate:.2g} times as long: {label} against {first} (95 %: {low} to {high})."
    return [_view("speed", label, found, said, 0)]


def verdict(sides: Sequence[SideView], differences: Sequence[DifferenceView]) -> str:
    """What can be said by now, in a few plain sentences. Where there is a control, what is said is what goes beyond it."""
    if empty := [side.label for side in sides if not side.entered]:
        return f"There is nothing to compare yet: no execution began for {' and '.join(empty)}."
    beyond = [one for one in differences if one.metric.endswith(BEYOND)]
    told = [one for one in differences if one in beyond or one.metric == "speed"] if beyond else list(differences)
    if clear := [one.sentence for one in told if one.is_clear]:
        return " ".join(clear)
    rates = [one for one in told if one.metric != "speed"]
    needed = max((one.needed for one in rates), default=0)
    effect = points(SMALLEST_EFFECT)
    if needed:
        return f"No clear difference yet; about {needed:,} more leads would show one of {effect} points."
    return f"No clear difference; one of {effect} points would most likely have shown by now." if rates else "No clear difference."


def _more(found: Difference) -> str:
    return f"{points(found.estimate)} points {'more' if found.estimate >= 0 else 'fewer'}"


def _needed(groups: Sequence[Proportion], *, times: int = 1) -> int:
    """How many more leads a look at the end would need to find the smallest effect worth finding."""
    rate = groups[0].rate
    effect = SMALLEST_EFFECT if rate + SMALLEST_EFFECT <= 1 else -SMALLEST_EFFECT
    each = times * sample_size(rate, effect)
    return rounded(sum(max(each - group.total, 0) for group in groups))


def _view(metric: str, label: str, found: Difference, sentence: str, needed: int) -> DifferenceView:
    is_clear = found.p_value < SURE
    hint = f" yet; about {needed:,} more leads would show one of {points(SMALLEST_EFFECT)} points" if needed else ""
    return DifferenceView(
        metric=metric,
        label=label,
        difference=found.estimate,
        low=found.interval.low,
        high=found.interval.high,
        p_value=found.p_value,
        is_clear=is_clear,
        needed=0 if is_clear else needed,
        sentence=sentence if is_clear else f"No clear difference{hint}. {sentence}",
    )


def title_of(metric: str) -> str:
    """What a figure is called: `Answered or replied, beyond the control`."""
    return TITLES[metric.removesuffix(BEYOND)] + (", beyond the control" if metric.endswith(BEYOND) else "")


def rates_figure(differences: Sequence[DifferenceView], *, named: bool) -> go.Figure:
    """The differences of rates in points, with the line of no difference. `named`: each with its side."""
    lines = [
        Line(_label(one, named=named), 100 * one.difference, 100 * one.low, 100 * one.high, one.is_clear)
        for one in differences
        if one.metric != "speed"
    ]
    return interval_figure(lines, unit="percentage points", neutral=0)


def speeds_figure(differences: Sequence[DifferenceView], *, named: bool) -> go.Figure:
    """How many times as long the first attempt takes; at 1 there is no difference."""
    lines = [
        Line(_label(one, named=named), one.difference, one.low, one.high, one.is_clear) for one in differences if one.metric == "speed"
    ]
    return interval_figure(lines, unit="times as long", neutral=1)


def _label(one: DifferenceView, *, named: bool) -> str:
    return f"{title_of(one.metric)}: {one.label}" if named else title_of(one.metric)
