"""All charts, in the order they are shown. A module of this package that has `CHART` is one."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from autoflows.analytics.chart import Chart

_FIRST = ("executions_per_day", "speed_to_lead", "lead_standings", "call_outcomes", "success_trend", "funnel", "action_results", "drop_off")
"""Shown first, in this order; the others follow by name."""


def _found() -> dict[str, Chart]:
    names = {module.name for module in iter_modules(__path__)}
    ordered = [n for n in _FIRST if n in names] + sorted(names - set(_FIRST))
    charts = [import_module(f"{__name__}.{name}").CHART for name in ordered]
    return {chart.slug: chart for chart in charts}


CHARTS: dict[str, Chart] = _found()


def charts_of(page: str) -> list[Chart]:
    """The charts of one page, in order."""
    return [chart for chart in CHARTS.values() if page in chart.pages]
