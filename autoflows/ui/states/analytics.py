"""The analytics page: one period, all charts."""

from __future__ import annotations

from datetime import date
from typing import Any

import reflex as rx
from pydantic import BaseModel

from autoflows.analytics import service as analytics
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.headline import Figures
from autoflows.analytics.period import Period, between, last_days
from autoflows.domain.errors import FieldError, Invalid
from autoflows.ids import utc_now
from autoflows.ui.components import duration_text
from autoflows.ui.states.base import Base, PageState, choice_of, text_of

SPANS = ("7", "30", "90", "own")


class FigureTile(BaseModel):
    """One headline figure, and how it moved against the period before. `good` is whether that is welcome."""

    label: str
    value: str
    change: str = ""
    good: bool | None = None


class ChartCard(BaseModel):
    """One chart with the table of its numbers."""

    slug: str
    title: str
    question: str
    summary: str
    total: int
    columns: list[str]
    rows: list[list[str]]
    more: list[list[str]]


class AnalyticsState(PageState, Base):
    """What the page shows for the chosen days. Days are those of `zone`."""

    span: str = "30"
    first_day: str = ""
    last_day: str = ""
    zone: str = ""
    tiles: list[FigureTile] = []
    charts: list[ChartCard] = []
    figures: dict[str, dict[str, Any]] = {}
    days_text: str = ""

    async def _load(self) -> None:
        self.problems = {}
        self.zone = self.zone or self.me.timezone
        try:
            period = self._period()
        except Invalid as error:
            self.problems = {e.pointer.removeprefix("/query/"): e.detail for e in error.errors}
            return
        shown = await self._service(analytics.overview, period, figures=True)
        self.first_day, self.last_day = period.first.isoformat(), period.last.isoformat()
        self.days_text = f"{period.first:%d %b %Y} – {period.last:%d %b %Y}, {period.zone}"
        self.tiles = tiles_of(shown.now, shown.before)
        self.charts = [_card(chart) for chart in shown.charts]
        self.figures = {chart.slug: chart.figure or {} for chart in shown.charts}

    def _period(self) -> Period:
        if self.span == "own":
            return between(_day(self.first_day, "from"), _day(self.last_day, "to"), zone=self.zone)
        return last_days(int(self.span), zone=self.zone, now=utc_now())

    @rx.event
    async def set_span(self, value: str | list[str]) -> Any:
        """The last 7, 30 or 90 days, or days of one's own."""
        self.span = choice_of(value, SPANS, default="30")
        return await self._enter()

    @rx.event
    async def set_day(self, which: str, value: str) -> Any:
        """The first or last day of one's own."""
        day = text_of(value, 10)
        if choice_of(which, ["first", "last"]) == "first":
            self.first_day = day
        else:
            self.last_day = day
        self.span = "own"
        return await self._enter()

    @rx.event
    async def set_zone(self, value: str) -> Any:
        """Whose days are counted."""
        self.zone = text_of(value, 100) or self.me.timezone
        return await self._enter()

    @rx.event
    async def export(self, slug: str) -> Any:
        """A chart's numbers as a CSV file."""
        slug, period = choice_of(slug, CHARTS), self._period()
        text = await self._service(analytics.export_csv, period, slug)
        return rx.download(data=text, filename=f"{slug}_{period.first}_{period.last}.csv")


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("This is not a day.", errors=[FieldError(f"/query/{name}", "choose a day")]) from None


def _card(chart: analytics.ChartView) -> ChartCard:
    def said(name: str, value: Any) -> str:
        if name.startswith("p"):
            return duration_text(None if value is None else float(value) * 1000)
        return "–" if value is None else f"{value:,}"

    return ChartCard(
        slug=chart.slug,
        title=chart.title,
        question=chart.question,
        summary=chart.summary,
        total=chart.total,
        columns=chart.columns,
        rows=[["–" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in chart.rows],
        more=[[name, said(name, value)] for name, value in chart.more.items()],
    )


def tiles_of(now: Figures, before: Figures) -> list[FigureTile]:
    """The headline figures; a change is shown only where there is something to compare with."""

    def change(new: float | None, old: float | None, *, more_is_good: bool) -> tuple[str, bool | None]:
        if new is None or not old:
            return "", None
        percent = round(100 * (new - old) / old)
        if percent == 0:
            return "unchanged", None
        return f"{'▲' if percent > 0 else '▼'} {abs(percent)}%", (percent > 0) == more_is_good

    def tile(label: str, value: str, new: float | None, old: float | None, *, more_is_good: bool = True) -> FigureTile:
        said, good = change(new, old, more_is_good=more_is_good)
        return FigureTile(label=label, value=value, change=said, good=good)

    rate = "–" if now.success_rate is None else f"{100 * now.success_rate:.0f}%"
    speed = None if now.speed_p50_seconds is None else now.speed_p50_seconds * 1000
    return [
        tile("Executions", f"{now.executions:,}", now.executions, before.executions),
        tile("Success rate", rate, now.success_rate, before.success_rate),
        tile("Speed to lead, median", duration_text(speed), now.speed_p50_seconds, before.speed_p50_seconds, more_is_good=False),
        tile("Conversations", f"{now.conversations:,}", now.conversations, before.conversations),
        FigureTile(label="Running now", value=f"{now.running:,}"),
    ]
