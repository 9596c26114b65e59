"""`/api/automation/analytics`: figures and charts, and as files. The same routes answer under `/api/auto-engagement`."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from autoflows.analytics import service as analytics
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.period import Period, period_of
from autoflows.api.deps import CurrentActor, Transaction
from autoflows.ids import utc_now

router = APIRouter(prefix="/analytics", tags=["Analytics"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

First = Annotated[date | None, Query(alias="from", description="first day; 30 days before the last one if left out")]
Last = Annotated[date | None, Query(alias="to", description="last day, included; today if left out")]
Zone = Annotated[str | None, Query(alias="tz", max_length=100, description="IANA zone of the days; the caller's own if left out")]
Figures = Annotated[bool, Query(description="with each chart drawn, as plotly JSON")]
ChartSlug = Annotated[str, Query(max_length=60, description=f"one of {', '.join(CHARTS)}")]


def _period(actor: CurrentActor, first: First = None, last: Last = None, tz: Zone = None) -> Period:
    return period_of(first, last, zone=tz or actor.timezone, now=utc_now())


def _narrowed(
    of_flow: Annotated[UUID | None, Query(alias="flow_id", description="this flow alone")] = None,
    version: Annotated[int | None, Query(ge=1, le=2_147_483_647, description="this version of the flow alone")] = None,
    source: Annotated[str | None, Query(max_length=100, description="this lead source alone; `manual` is by hand")] = None,
    channel_id: Annotated[UUID | None, Query(description="attempts by this channel, executions first contacted by it")] = None,
) -> analytics.Narrowed:
    return analytics.Narrowed(of_flow, version, source, channel_id)


InPeriod = Annotated[Period, Depends(_period)]
NarrowedTo = Annotated[analytics.Narrowed, Depends(_narrowed)]


@router.get("/overview", summary="Figures of a period")
async def overview(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, figures: Figures = False
) -> analytics.Overview:
    """Executions begun in the period, the leads that came in and what became of them; test runs are never counted. At most 366 days."""
    return await analytics.overview(actor, session, period, narrowed, figures=figures)


@router.get("/speed-to-lead", summary="How soon leads are contacted")
async def speed_to_lead(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, figures: Figures = False
) -> analytics.Speed:
    """To the first attempt and the first conversation, against the account's target, and what leads wait for."""
    return await analytics.speed_to_lead(actor, session, period, narrowed, figures=figures)


@router.get("/performance", summary="Response times, peak times, answer rates")
async def performance(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, figures: Figures = False
) -> analytics.Performance:
    """How fast and when contacts are made, when people answer, and what takes the most of the time to the first contact."""
    return await analytics.performance(actor, session, period, narrowed, figures=figures)


@router.get("/flows/{flow_id}", summary="One flow's figures")
async def flow(
    actor: CurrentActor, session: Transaction, period: InPeriod, flow_id: UUID, narrowed: NarrowedTo, figures: Figures = False
) -> analytics.FlowPage:
    """Its executions and success over time, funnel, results by step, reasons, cost, and the versions published meanwhile."""
    return await analytics.flow(actor, session, period, flow_id, narrowed, figures=figures)


@router.get("/definitions", summary="What every figure and chart counts")
async def definitions(actor: CurrentActor) -> list[analytics.Definition]:
    """In the words of the code that counts it."""
    return await analytics.definitions(actor)


def attachment(content: str | bytes, media_type: str, name: str) -> Response:
    """A file to keep, of figures that are one account's alone."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=media_type, headers=headers)


def _file(content: str | bytes, media_type: str, slug: str, period: Period, ending: str) -> Response:
    return attachment(content, media_type, f"{slug}_{period.first}_{period.last}.{ending}")


@router.get("/export.csv", summary="One chart's numbers as CSV", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export_csv(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, chart: ChartSlug = "executions_per_day"
) -> Response:
    """Percentiles are in seconds, rates 0 to 1."""
    text = await analytics.export_csv(actor, session, period, chart, narrowed)
    return _file(text, "text/csv; charset=utf-8", chart, period, "csv")


@router.get(
    "/export.xlsx", summary="One chart's numbers as an Excel file", response_class=Response, responses={200: {"content": {XLSX: {}}}}
)
async def export_xlsx(
    actor: CurrentActor, session: Transaction, period: InPeriod, narrowed: NarrowedTo, chart: ChartSlug = "executions_per_day"
) -> Response:
    """The same with a sheet that says what is counted."""
    return _file(await analytics.export_xlsx(actor, session, period, chart, narrowed), XLSX, chart, period, "xlsx")
