"""From a figure to the runs or leads behind it. Pure: an address, or nothing where a figure has no list of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from autoflows.analytics.charts.call_outcomes import OUTCOMES
from autoflows.analytics.charts.lead_standings import STANDINGS
from autoflows.analytics.period import Period
from autoflows.domain.outcomes import CallOutcome
from autoflows.ui.states.analytics_wanted import Wanted
from autoflows.ui.states.analytics_wanted import query as analytics_query

FLOWS = "/dashboard/auto-engagement"
_OUTCOMES = {title: str(outcome) for outcome, (title, _) in OUTCOMES.items() if outcome in tuple(CallOutcome)}
_DISPOSITIONS = {title: key[0] for key, title in STANDINGS.items()}


def runs(wanted: Wanted, period: Period, **more: str) -> str:
    """The executions of the period, narrowed as the figures are, and further by `more`."""
    told = {"flow": wanted.flow, "source": wanted.source, "from": period.first.isoformat(), "to": period.last.isoformat()} | more
    return f"{FLOWS}/executions?{urlencode({name: value for name, value in told.items() if value})}"


def _of_day(day: str, wanted: Wanted, period: Period, flows: Mapping[str, str]) -> str:
    return runs(wanted, period, **{"from": day, "to": day})


def _of_outcome(title: str, wanted: Wanted, period: Period, flows: Mapping[str, str]) -> str:
    return runs(wanted, period, outcome=_OUTCOMES[title]) if title in _OUTCOMES else ""


def _of_standing(title: str, wanted: Wanted, period: Period, flows: Mapping[str, str]) -> str:
    return f"/dashboard/leads?disposition={_DISPOSITIONS[title]}" if title in _DISPOSITIONS else ""


def _of_flow(name: str, wanted: Wanted, period: Period, flows: Mapping[str, str]) -> str:
    if name not in flows:
        return ""
    return f"{FLOWS}/analytics?{analytics_query(wanted.model_copy(update={'view': 'flow', 'flow': flows[name]}))}"


def _slowest(band: str, wanted: Wanted, period: Period, flows: Mapping[str, str]) -> str:
    return runs(wanted, period, sort="slowest")


LINKS: dict[str, Callable[[str, Wanted, Period, Mapping[str, str]], str]] = {
    "executions_per_day": _of_day,
    "success_trend": _of_day,
    "speed_by_day": _of_day,
    "call_outcomes": _of_outcome,
    "lead_standings": _of_standing,
    "active_flows": _of_flow,
    "speed_to_lead": _slowest,
}
"""By chart: from a row's first cell to what it counts."""


def link_of(chart: str, first_cell: str, wanted: Wanted, period: Period, flows: Mapping[str, str]) -> str:
    """What a row of a chart's numbers leads to; `flows` gives ids by names that only one flow has."""
    return LINKS[chart](first_cell, wanted, period, flows) if chart in LINKS else ""
