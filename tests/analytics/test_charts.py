"""Every figure against one counted in Python from the same rows."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from autoflows.analytics import service
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.charts.call_outcomes import OUTCOMES
from autoflows.analytics.charts.executions_per_day import STATUSES
from autoflows.analytics.charts.speed_to_lead import BANDS
from autoflows.analytics.period import Period, last_days
from autoflows.domain.errors import Forbidden, NotFound
from autoflows.domain.permissions import Role, permissions_of
from autoflows.models.database import open_session
from autoflows.models.execution import Execution
from autoflows.services.access import Actor
from tests.analytics.conftest import NOW, History

Accounts = tuple[Actor, History, Actor]
ZONES = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles"]
SPANS = [7, 30, 90]


def inside(period: Period, at: datetime) -> bool:
    return period.first <= at.astimezone(ZoneInfo(period.zone)).date() <= period.last


def counted(history: History, period: Period) -> list[Execution]:
    return [e for e in history.executions if not e.is_test_run and inside(period, e.triggered_at)]


async def chart_of(actor: Actor, slug: str, period: Period) -> service.ChartView:
    async with open_session() as session:
        shown = await service.overview(actor, session, period, figures=True)
    return next(chart for chart in shown.charts if chart.slug == slug)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("days", SPANS)
async def test_executions_per_day_by_status(accounts: Accounts, days: int, zone: str) -> None:
    actor, history, _ = accounts
    period = last_days(days, zone=zone, now=NOW)
    expected = Counter((e.triggered_at.astimezone(ZoneInfo(zone)).date().isoformat(), e.status) for e in counted(history, period))
    chart = await chart_of(actor, "executions_per_day", period)
    assert chart.total == sum(expected.values()) > 20
    assert len(chart.rows) == days
    for row in chart.rows:
        assert row[1:] == [expected[str(row[0]), status.value] for status in STATUSES]


def outcome_by_hand(status: str, outcome: str | None) -> str | None:
    if outcome:
        return outcome
    return {"pending": "in_progress", "running": "in_progress", "failed": "failed", "success": "unknown", "unknown": "unknown"}.get(status)


@pytest.mark.parametrize("zone", ZONES)
async def test_call_outcomes(accounts: Accounts, zone: str) -> None:
    actor, history, _ = accounts
    period = last_days(30, zone=zone, now=NOW)
    tests = {e.id for e in history.executions if e.is_test_run}
    calls = [log for log in history.logs if log.action_type == "ai_call" and log.flow_execution_id not in tests]
    expected = Counter(outcome_by_hand(log.status, log.outcome) for log in calls if inside(period, log.started_at))
    expected.pop(None)
    chart = await chart_of(actor, "call_outcomes", period)
    assert [row[1] for row in chart.rows] == [expected[str(outcome)] for outcome in OUTCOMES]
    assert chart.total == sum(expected.values()) > 20


def percentile(values: list[float], fraction: float) -> float:
    """Linear interpolation between the closest ranks, as the SQL standard's percentile_cont."""
    place = fraction * (len(values) - 1)
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


@pytest.mark.parametrize("days", SPANS)
async def test_speed_to_lead(accounts: Accounts, days: int) -> None:
    actor, history, _ = accounts
    period = last_days(days, zone="Asia/Kolkata", now=NOW)
    runs = counted(history, period)
    speeds = sorted(max((e.first_attempt_at - e.lead_at).total_seconds(), 0.0) for e in runs if e.first_attempt_at)
    edges = [0, 60, 300, 900, 3600, float("inf")]
    bands = [sum(low <= s < high for s in speeds) for low, high in itertools.pairwise(edges)]
    chart = await chart_of(actor, "speed_to_lead", period)
    assert [(row[0], row[1]) for row in chart.rows] == list(zip(BANDS, bands, strict=True))
    assert all(count > 0 for count in bands)
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        assert chart.more[name] == pytest.approx(percentile(speeds, fraction), abs=1e-5)
    assert chart.more["no attempt"] == len(runs) - len(speeds)


@pytest.mark.parametrize("days", SPANS)
async def test_headline_and_the_period_before(accounts: Accounts, days: int) -> None:
    actor, history, _ = accounts
    period = last_days(days, zone="Asia/Kolkata", now=NOW)
    async with open_session() as session:
        shown = await service.overview(actor, session, period)
    for figures, span in ((shown.now, period), (shown.before, period.before)):
        runs = counted(history, span)
        by_status = Counter(e.status for e in runs)
        assert (figures.executions, figures.running) == (len(runs), by_status["running"])
        assert (figures.completed, figures.failed) == (by_status["completed"], by_status["failed"])
        assert figures.conversations == sum(e.first_conversation_at is not None for e in runs)
        ended = by_status["completed"] + by_status["failed"]
        assert figures.success_rate == (by_status["completed"] / ended if ended else None)
        speeds = sorted(max((e.first_attempt_at - e.lead_at).total_seconds(), 0.0) for e in runs if e.first_attempt_at)
        assert figures.speed_p50_seconds == (pytest.approx(percentile(speeds, 0.5), abs=1e-5) if speeds else None)


@pytest.mark.parametrize("slug", CHARTS)
async def test_every_chart_draws_what_it_counts(accounts: Accounts, slug: str) -> None:
    actor, _, empty = accounts
    period = last_days(30, zone="Asia/Kolkata", now=NOW)
    chart = await chart_of(actor, slug, period)
    assert chart.figure is not None
    figure = go.Figure(chart.figure)  # plotly itself accepts it
    assert {trace.type for trace in figure.data} <= {"bar", "scatter", "pie"}, "the page ships plotly's basic bundle"
    assert sum(sum(trace.y) for trace in figure.data) == chart.total
    assert all(len(row) == len(chart.columns) for row in chart.rows)
    nothing = await chart_of(empty, slug, period)
    assert nothing.total == 0
    assert nothing.summary


async def test_a_day_of_the_clock_change_is_one_day() -> None:
    period = Period(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert period.end - period.start == timedelta(hours=23)


@pytest.mark.parametrize("slug", CHARTS)
async def test_csv_holds_the_same_numbers(accounts: Accounts, slug: str) -> None:
    actor, _, _ = accounts
    period = last_days(30, zone="Asia/Kolkata", now=NOW)
    chart = await chart_of(actor, slug, period)
    async with open_session() as session:
        text = await service.export_csv(actor, session, period, slug)
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == chart.columns
    assert lines[1 : len(chart.rows) + 1] == [[str(cell) for cell in row] for row in chart.rows]


async def test_viewer_sees_no_analytics_and_unknown_charts_are_named(accounts: Accounts) -> None:
    actor, _, _ = accounts
    viewer = Actor(**{**vars_of(actor), "role": Role.VIEWER, "permissions": permissions_of(Role.VIEWER)})
    period = last_days(7, zone="UTC", now=NOW)
    async with open_session() as session:
        with pytest.raises(Forbidden):
            await service.overview(viewer, session, period)
        with pytest.raises(NotFound, match="call_outcomes"):
            await service.export_csv(actor, session, period, "nonsense")


def vars_of(actor: Actor) -> dict[str, Any]:
    names = ("user_id", "account_id", "role", "permissions", "name", "email", "timezone", "kind")
    return {name: getattr(actor, name) for name in names}
