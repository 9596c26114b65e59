"""`/api/automation/analytics`: the figures of the analytics page, and as CSV. The same routes answer under `/api/auto-engagement`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from autoflows.analytics import service as analytics
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.period import period_of
from autoflows.api.deps import CurrentActor, Transaction
from autoflows.ids import utc_now

router = APIRouter(prefix="/analytics", tags=["Analytics"])

First = Annotated[date | None, Query(alias="from", description="first day; 30 days before the last one if left out")]
Last = Annotated[date | None, Query(alias="to", description="last day, included; today if left out")]
Zone = Annotated[str | None, Query(alias="tz", max_length=100, description="IANA zone of the days; the caller's own if left out")]


@router.get("/overview", summary="Figures of a period")
async def overview(
    actor: CurrentActor,
    session: Transaction,
    first: First = None,
    last: Last = None,
    tz: Zone = None,
    figures: Annotated[bool, Query(description="with each chart drawn, as plotly JSON")] = False,
) -> analytics.Overview:
    """Executions begun in the period and their calls; test runs are never counted. At most 366 days."""
    period = period_of(first, last, zone=tz or actor.timezone, now=utc_now())
    return await analytics.overview(actor, session, period, figures=figures)


@router.get("/export.csv", summary="One chart's numbers as CSV", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export(
    actor: CurrentActor,
    session: Transaction,
    chart: Annotated[str, Query(max_length=60, description=f"one of {', '.join(CHARTS)}")] = "executions_per_day",
    first: First = None,
    last: Last = None,
    tz: Zone = None,
) -> Response:
    """Percentiles are in seconds."""
    period = period_of(first, last, zone=tz or actor.timezone, now=utc_now())
    text = await analytics.export_csv(actor, session, period, chart)
    name = f"{chart}_{period.first}_{period.last}.csv"
    return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})
