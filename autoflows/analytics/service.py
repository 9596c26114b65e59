"""The analytics' use cases, called by the REST API and the UI alike."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.chart import Cell, Chart, Table
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.headline import Headline, headline
from autoflows.analytics.period import Period
from autoflows.domain.errors import NotFound
from autoflows.domain.permissions import Permission
from autoflows.services.access import Actor, requires


class Figures(BaseModel):
    """Executions begun in a period, test runs left out."""

    executions: int
    running: int
    completed: int
    failed: int
    conversations: int = Field(description="executions in which a person was spoken with")
    success_rate: float | None = Field(description="completed of completed and failed, 0 to 1; null if none ended")
    speed_p50_seconds: float | None = Field(description="median time from lead to first attempt; null if none was attempted")

    @classmethod
    def of(cls, figures: Headline) -> Figures:
        """The same figures as a response."""
        return cls(
            executions=figures.executions,
            running=figures.running,
            completed=figures.completed,
            failed=figures.failed,
            conversations=figures.conversations,
            success_rate=figures.success_rate,
            speed_p50_seconds=figures.speed_p50,
        )


class ChartView(BaseModel):
    """One chart's numbers. `figure` is plotly JSON and left out of the API unless asked for."""

    slug: str
    title: str
    question: str
    summary: str
    total: int = Field(description="how many things were counted")
    columns: list[str]
    rows: list[list[Cell]]
    more: dict[str, Cell] = Field(description="further figures; percentiles are in seconds")
    figure: dict[str, Any] | None = None


class Overview(BaseModel):
    """Everything the analytics page shows. Days are `tz`'s, both ends included."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    tz: str
    now: Figures
    before: Figures = Field(description="the period of the same length before this one")
    charts: list[ChartView]


async def _numbers(session: AsyncSession, actor: Actor, chart: Chart, period: Period) -> Table:
    parameters = period.parameters() | {"account": actor.account_id}
    statement = sa.text(chart.sql)
    named = statement.compile().params.keys()
    connection = await session.connection()
    rows = (await connection.execute(statement, {name: parameters[name] for name in named})).mappings().all()
    return chart.table([dict(row) for row in rows], period)


def _view(chart: Chart, numbers: Table, *, figure: bool) -> ChartView:
    return ChartView(
        slug=chart.slug,
        title=chart.title,
        question=chart.question,
        summary=numbers.summary,
        total=numbers.total,
        columns=list(numbers.columns),
        rows=numbers.rows,
        more=dict(numbers.more),
        figure=chart.figure(numbers).to_plotly_json() if figure else None,
    )


@requires(Permission.ANALYTICS_READ)
async def overview(actor: Actor, session: AsyncSession, period: Period, *, figures: bool = False) -> Overview:
    """All charts and headline figures of a period; with `figures`, each chart comes drawn too."""
    views = [_view(chart, await _numbers(session, actor, chart, period), figure=figures) for chart in CHARTS.values()]
    return Overview(
        first=period.first,
        last=period.last,
        tz=period.zone,
        now=Figures.of(await headline(session, actor.account_id, period)),
        before=Figures.of(await headline(session, actor.account_id, period.before)),
        charts=views,
    )


@requires(Permission.EXPORT)
async def export_csv(actor: Actor, session: AsyncSession, period: Period, slug: str) -> str:
    """One chart's numbers as CSV (RFC 4180). Raises NotFound for a chart there is none of."""
    if slug not in CHARTS:
        raise NotFound(f"There is no chart '{slug}'; the charts are {', '.join(CHARTS)}")
    numbers = await _numbers(session, actor, CHARTS[slug], period)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(numbers.columns)
    writer.writerows(numbers.rows)
    writer.writerows([name, value] for name, value in numbers.more)
    return out.getvalue()
