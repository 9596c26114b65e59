"""The analytics' use cases, called by the REST API and the UI alike. All figures are read from the rollups, a few seconds old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics import export
from autoflows.analytics.chart import OKABE_ITO, Cell, Chart, Plot, Table
from autoflows.analytics.charts import CHARTS, charts_of
from autoflows.analytics.charts.speed_split import SQL as SPLIT
from autoflows.analytics.charts.speed_split import bottleneck, parts_of
from autoflows.analytics.headline import Figures, Percentiles, SpeedFigures, Target, headline, speed
from autoflows.analytics.period import By, Period, present_spans
from autoflows.analytics.query import Scope, filter_of, plan_well, read, read_each
from autoflows.domain.errors import NotFound
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.services.access import Actor, requires
from autoflows.services.settings import account_settings

BEGUN = "SELECT label, sum(amount)::bigint AS executions FROM counted WHERE measure = 'executions' GROUP BY 1"
MARKERS = """
SELECT f.id AS flow_id, f.name AS flow_name, v.version, v.name, v.created_at FROM flow_versions v
JOIN auto_engagement_flows f ON f.id = v.flow_id
WHERE f.user_id = :account AND v.created_at >= :start AND v.created_at < :end AND (CAST(:flow AS uuid) IS NULL OR f.id = :flow)
ORDER BY v.created_at DESC LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a request narrows the figures to; None is everything. A version is one of its flow."""

    flow_id: UUID | None = None
    version: int | None = None
    source: str | None = None
    channel_id: UUID | None = None


EVERYTHING = Narrowed()


class ChartView(BaseModel):
    """One chart's numbers. `figure` is plotly JSON and left out of the API unless asked for."""

    slug: str
    title: str
    question: str
    definition: str = Field(description="what exactly is counted")
    summary: str
    total: int = Field(description="how many things were counted")
    columns: list[str]
    rows: list[list[Cell]]
    more: dict[str, Cell] = Field(description="further figures; percentiles are in seconds")
    figure: Plot | None = None


class SpanView(BaseModel):
    """Executions that began today, this week or this month so far, and in as many days before."""

    name: str = Field(description="today, week (from Monday) or month")
    first: date = Field(serialization_alias="from")
    executions: int
    before: int
    change: float | None = Field(description="against the days before: 0.25 is a quarter more; null if there were none")


class MarkerView(BaseModel):
    """A version of a flow that was published in the period: figures over time may have changed with it."""

    flow_id: UUID
    flow_name: str
    version: int
    name: str
    at: datetime


class Page(BaseModel):
    """What every page of figures says of itself. Days are `tz`'s, both ends included."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    tz: str
    charts: list[ChartView]


class Overview(Page):
    """The account at a glance."""

    now: Figures
    before: Figures = Field(description="the period of the same length before this one")
    spans: list[SpanView]
    markers: list[MarkerView]


class Speed(Page):
    """How soon leads are contacted."""

    now: SpeedFigures
    before: SpeedFigures = Field(description="the period of the same length before this one")
    markers: list[MarkerView]


class Performance(Page):
    """How fast and when contacts are made, and what holds them up."""

    bottleneck: str = Field(description="what takes the most of the time to the first contact; empty if no lead was attempted")


class FlowPage(Page):
    """One flow."""

    flow_id: UUID
    now: Figures
    before: Figures = Field(description="the period of the same length before this one")
    markers: list[MarkerView]


class Definition(BaseModel):
    """What a figure or a chart counts."""

    name: str
    kind: str = Field(description="figure or chart")
    title: str
    definition: str


Known = dict[tuple[str, By], Sequence[Any]]


async def _scope(actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed) -> Scope:
    n = narrowed
    await plan_well(session)
    return Scope(actor.account_id, period, await filter_of(session, actor.account_id, n.flow_id, n.version, n.source, n.channel_id))


async def _numbers(session: AsyncSession, scope: Scope, chart: Chart, known: Known | None = None) -> Table:
    known = {} if known is None else known
    if (chart.sql, chart.by) not in known:
        known[chart.sql, chart.by] = await read(session, scope, chart.sql, chart.by)
    rows = known[chart.sql, chart.by]
    further = await chart.also(session, scope) if chart.also else ()
    return chart.table([*rows, *further], scope.period)


async def _charts(session: AsyncSession, scope: Scope, page: str, *, figures: bool, markers: Sequence[MarkerView] = ()) -> list[ChartView]:
    known: Known = {}  # charts that ask for the same share its answer
    return [_view(chart, await _numbers(session, scope, chart, known), scope.period, markers, figure=figures) for chart in charts_of(page)]


def _view(chart: Chart, numbers: Table, period: Period, markers: Sequence[MarkerView], *, figure: bool) -> ChartView:
    drawn = chart.draw(numbers) if figure else None
    if drawn is not None and chart.is_over_time and markers:
        drawn["layout"] |= _marked(markers, ZoneInfo(period.zone))
    return ChartView(
        slug=chart.slug,
        title=chart.title,
        question=chart.question,
        definition=chart.definition,
        summary=numbers.summary,
        total=numbers.total,
        columns=list(numbers.columns),
        rows=numbers.rows,
        more=dict(numbers.more),
        figure=drawn,
    )


def _marked(markers: Sequence[MarkerView], zone: ZoneInfo) -> Plot:
    """A line in a layout on the day of each version, with its number over it."""
    days = [marker.at.astimezone(zone).date().isoformat() for marker in markers]
    line = {"color": OKABE_ITO["grey"], "dash": "dot", "width": 1}
    number = {"y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 10}}
    return {
        "shapes": [{"type": "line", "x0": day, "x1": day, "y0": 0, "y1": 1, "yref": "paper", "line": line} for day in days],
        "annotations": [{"x": day, "text": f"v{marker.version}", **number} for day, marker in zip(days, markers, strict=True)],
    }


async def _markers(session: AsyncSession, scope: Scope, flow_id: UUID | None) -> list[MarkerView]:
    connection = await session.connection()
    values = {"account": scope.account_id, "start": scope.period.start, "end": scope.period.end, "flow": flow_id}
    rows = (await connection.execute(sa.text(MARKERS), values)).all()
    return [MarkerView(flow_id=r.flow_id, flow_name=r.flow_name, version=r.version, name=r.name, at=r.created_at) for r in rows]


async def _spans(session: AsyncSession, scope: Scope) -> list[SpanView]:
    spans, views = present_spans(zone=scope.period.zone, now=utc_now()), []
    periods = {label: p for name, period in spans for label, p in ((name, period), (f"before {name}", period.before))}
    found = {row["label"]: row["executions"] for row in await read_each(session, scope, BEGUN, periods)}
    for name, period in spans:
        now, before = found.get(name, 0), found.get(f"before {name}", 0)
        change = round((now - before) / before, 6) if before else None
        views.append(SpanView(name=name, first=period.first, executions=now, before=before, change=change))
    return views


def _days(scope: Scope) -> dict[str, Any]:
    return {"first": scope.period.first, "last": scope.period.last, "tz": scope.period.zone}


@requires(Permission.ANALYTICS_READ)
async def overview(
    actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed = EVERYTHING, *, figures: bool = False
) -> Overview:
    """The account's figures and charts of a period; with `figures`, each chart comes drawn too. Raises NotFound for a filter's flow."""
    scope = await _scope(actor, session, period, narrowed)
    markers = await _markers(session, scope, narrowed.flow_id)
    return Overview(
        **_days(scope),
        **await headline(session, scope),
        spans=await _spans(session, scope),
        markers=markers,
        charts=await _charts(session, scope, "overview", figures=figures, markers=markers if narrowed.flow_id else ()),
    )


@requires(Permission.ANALYTICS_READ)
async def speed_to_lead(
    actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed = EVERYTHING, *, figures: bool = False
) -> Speed:
    """How soon leads were contacted, against the account's target, and what they waited for. Raises NotFound for a filter's flow."""
    scope = await _scope(actor, session, period, narrowed)
    settings = await account_settings(session, actor.account_id)
    target = (settings.speed_target_seconds, settings.speed_target_percent)
    markers = await _markers(session, scope, narrowed.flow_id)
    return Speed(
        **_days(scope),
        **await speed(session, scope, *target),
        markers=markers,
        charts=await _charts(session, scope, "speed", figures=figures, markers=markers if narrowed.flow_id else ()),
    )


@requires(Permission.ANALYTICS_READ)
async def performance(
    actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed = EVERYTHING, *, figures: bool = False
) -> Performance:
    """Response times, peak times, answer rates and the bottleneck of a period. Raises NotFound for a filter's flow."""
    scope = await _scope(actor, session, period, narrowed)
    said = bottleneck(parts_of(await read(session, scope, SPLIT)))
    return Performance(**_days(scope), bottleneck=said, charts=await _charts(session, scope, "performance", figures=figures))


@requires(Permission.ANALYTICS_READ)
async def flow(
    actor: Actor, session: AsyncSession, period: Period, flow_id: UUID, narrowed: Narrowed = EVERYTHING, *, figures: bool = False
) -> FlowPage:
    """One flow's figures, funnel and results, with the versions published meanwhile. Raises NotFound."""
    chosen = Narrowed(flow_id, narrowed.version, narrowed.source, narrowed.channel_id)
    scope = await _scope(actor, session, period, chosen)
    markers = await _markers(session, scope, flow_id)
    return FlowPage(
        **_days(scope),
        flow_id=flow_id,
        **await headline(session, scope),
        markers=markers,
        charts=await _charts(session, scope, "flow", figures=figures, markers=markers),
    )


@requires(Permission.EXPORT)
async def export_csv(actor: Actor, session: AsyncSession, period: Period, slug: str, narrowed: Narrowed = EVERYTHING) -> str:
    """One chart's numbers as CSV (RFC 4180). Raises NotFound for a chart or flow there is none of."""
    return export.as_csv(await _numbers(session, await _scope(actor, session, period, narrowed), _chart(slug)))


@requires(Permission.EXPORT)
async def export_xlsx(actor: Actor, session: AsyncSession, period: Period, slug: str, narrowed: Narrowed = EVERYTHING) -> bytes:
    """One chart's numbers as an Excel workbook, with what they count. Raises NotFound for a chart or flow there is none of."""
    chart = _chart(slug)
    return export.as_xlsx(chart, await _numbers(session, await _scope(actor, session, period, narrowed), chart), period)


@requires(Permission.ANALYTICS_READ)
async def definitions(actor: Actor) -> list[Definition]:
    """What every figure and chart counts, in the words of the code that counts it."""
    figures = [
        Definition(name=name, kind="figure", title=name.replace("_", " ").capitalize(), definition=field.description)
        for model in (Figures, SpeedFigures, Target, Percentiles)
        for name, field in model.model_fields.items()
        if field.description
    ]
    charts = [Definition(name=c.slug, kind="chart", title=c.title, definition=c.definition) for c in CHARTS.values()]
    return figures + charts


def _chart(slug: str) -> Chart:
    if slug not in CHARTS:
        raise NotFound(f"There is no chart '{slug}'; the charts are {', '.join(CHARTS)}")
    return CHARTS[slug]
