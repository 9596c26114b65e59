"""Charts as they are drawn, and who may see them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest

from autoflows.analytics import service
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.period import Period, last_days
from autoflows.analytics.service import Narrowed
from autoflows.domain.errors import Forbidden, NotFound
from autoflows.domain.permissions import Role, permissions_of
from autoflows.models.database import open_session
from autoflows.services.access import Actor
from tests.analytics.conftest import Accounts
from tests.analytics.test_charts import recount_of, shown
from tests.analytics.world import NOW


@pytest.mark.parametrize("slug", CHARTS)
async def test_every_chart_draws_what_it_counts(accounts: Accounts, slug: str) -> None:
    period = last_days(30, zone="Asia/Kolkata", now=NOW)
    chart = (await shown((accounts.actor, period, Narrowed(), recount_of(accounts.actor, period, Narrowed()))))[slug]
    assert chart.figure is not None
    figure = go.Figure(chart.figure)  # plotly itself accepts it
    assert {trace.type for trace in figure.data} <= {"bar", "scatter", "pie"}, "the page ships plotly's basic bundle"
    assert chart.total > 0
    assert all(len(row) == len(chart.columns) for row in chart.rows)
    assert chart.definition.endswith(".")
    drawn = sum(len(trace.x) for trace in figure.data)
    assert drawn > 0
    nothing = (await shown((accounts.empty, period, Narrowed(), recount_of(accounts.empty, period, Narrowed()))))[slug]
    assert nothing.total == 0
    assert nothing.summary


async def test_counts_are_drawn_as_they_are(accounts: Accounts) -> None:
    period = last_days(30, zone="Asia/Kolkata", now=NOW)
    charts = await shown((accounts.actor, period, Narrowed(), recount_of(accounts.actor, period, Narrowed())))
    for slug in (
        "executions_per_day",
        "speed_to_lead",
        "speed_by_day",
        "call_outcomes",
        "lead_standings",
        "active_flows",
    ):
        figure = charts[slug].figure
        assert figure is not None
        assert sum(sum(trace["y"]) for trace in figure["data"]) == charts[slug].total, slug
    cost = charts["cost_by_action"].figure
    assert cost is not None
    assert round(100 * sum(cost["data"][0]["y"])) == charts["cost_by_action"].total, "amounts, not minor units"
    heat = charts["peak_times"].figure
    assert heat is not None
    assert sum(heat["data"][0]["customdata"]) == charts["peak_times"].total


async def test_versions_are_marked_on_every_axis_of_time(accounts: Accounts) -> None:
    period, flow = last_days(90, zone="Asia/Kolkata", now=NOW), accounts.world.flows[0].id
    async with open_session() as session:
        page = await service.flow(accounts.actor, session, period, flow, figures=True)
    assert len(page.markers) == 2
    for chart in page.charts:
        assert chart.figure is not None
        assert len(chart.figure["layout"].get("shapes", ())) == (2 if CHARTS[chart.slug].is_over_time else 0)


async def test_a_day_of_the_clock_change_is_one_day() -> None:
    period = Period(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert period.end - period.start == timedelta(hours=23)


@pytest.mark.parametrize("slug", ["active_flows", "funnel"])
async def test_a_flow_of_another_account_is_not_found(accounts: Accounts, slug: str) -> None:
    period = last_days(7, zone="UTC", now=NOW)
    async with open_session() as session:
        with pytest.raises(NotFound, match="no flow"):
            await service.flow(accounts.empty, session, period, accounts.world.flows[0].id)
        with pytest.raises(NotFound, match="version 9"):
            await service.export_csv(accounts.actor, session, period, slug, Narrowed(accounts.world.flows[0].id, 9))


async def test_viewer_sees_no_analytics_and_unknown_charts_are_named(accounts: Accounts) -> None:
    actor = accounts.actor
    viewer = Actor(**{**vars_of(actor), "role": Role.VIEWER, "permissions": permissions_of(Role.VIEWER)})
    period = last_days(7, zone="UTC", now=NOW)
    async with open_session() as session:
        with pytest.raises(Forbidden):
            await service.overview(viewer, session, period)
        with pytest.raises(Forbidden):
            await service.export_csv(viewer, session, period, "call_outcomes")
        with pytest.raises(Forbidden):
            await service.definitions(viewer)
        with pytest.raises(NotFound, match="call_outcomes"):
            await service.export_csv(actor, session, period, "nonsense")


def vars_of(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in actor.__dataclass_fields__}
