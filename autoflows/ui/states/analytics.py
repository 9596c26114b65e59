"""The analytics pages: what is asked for, and the figures that answer it."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.analytics import choices, service
from autoflows.analytics.headline import Target
from autoflows.analytics.period import Period
from autoflows.analytics.service import ChartView, MarkerView
from autoflows.analytics.words import with_amounts
from autoflows.domain.errors import Invalid
from autoflows.ids import utc_now
from autoflows.ui import live
from autoflows.ui.address import write_address
from autoflows.ui.analytics_links import Here, links_of, more_link
from autoflows.ui.analytics_tiles import FigureTile, overview_tiles, seconds_text, span_tiles, speed_tiles
from autoflows.ui.flow_rows import Option
from autoflows.ui.states.analytics_wanted import (
    Wanted,
    cleared,
    export_href,
    narrowed_of,
    period_of,
    query,
    read,
    report_links,
    with_choice,
)
from autoflows.ui.states.base import Base, PageState


class NumberCell(BaseModel):
    """One number, and the list of what it counts, if there is one."""

    text: str
    href: str = ""


class NumbersRow(BaseModel):
    """One row of a chart's numbers."""

    cells: list[NumberCell]


class FurtherFigure(BaseModel):
    """A figure beside a chart."""

    name: str
    value: str
    href: str = ""


class ChartCard(BaseModel):
    """One chart with the table of its numbers."""

    slug: str
    title: str
    question: str
    definition: str
    summary: str
    total: int
    columns: list[str]
    rows: list[NumbersRow]
    more: list[FurtherFigure]
    csv: str
    xlsx: str


class Promise(BaseModel):
    """The account's target for speed to lead and how it is kept."""

    sentence: str
    detail: str
    is_met: bool | None
    share: float


class Published(BaseModel):
    """A version published in the period."""

    title: str
    at: str
    href: str


class AnalyticsState(PageState, Base):
    """What the page shows for what its address asks for. Days are those of the chosen zone."""

    live_gap_seconds: ClassVar[float] = 10.0

    wanted: Wanted = Wanted()
    unknown: str = ""
    faults: dict[str, str] = {}
    """What of the address makes no period; no form's problems, which an arrival clears."""
    spans: list[FigureTile] = []
    tiles: list[FigureTile] = []
    charts: list[ChartCard] = []
    figures: dict[str, dict[str, Any]] = {}
    promise: Promise | None = None
    bottleneck: str = ""
    published: list[Published] = []
    days_text: str = ""
    report_links: dict[str, str] = {}
    """Where what is shown is had as a report, by form."""
    first_day: str = ""
    last_day: str = ""
    zone: str = ""
    flow_options: list[Option] = []
    version_options: list[list[str]] = []
    source_options: list[list[str]] = []
    channel_options: list[list[str]] = []
    _flow_ids: dict[str, str] = {}

    @rx.var
    def narrowed(self) -> bool:
        """Whether anything besides the days is asked for."""
        return bool(self.wanted.flow or self.wanted.source or self.wanted.channel)

    @rx.var
    def needs_flow(self) -> bool:
        """Whether the page is about one flow and none is chosen."""
        return self.wanted.view == "flow" and not self.wanted.flow

    async def _load(self) -> None:
        self.wanted, unknown = read({name: value[:200] for name, value in self.router.url.query_parameters.items()})
        self.unknown = ", ".join(unknown)
        await self._load_choices()
        live.subscribe(self, live.account_topic((await self._actor()).account_id))
        await self._show()

    async def _refresh(self) -> None:
        await self._show()

    async def _load_choices(self) -> None:
        found = await self._service(choices.choices)
        self.flow_options = [Option(value=str(f.id), label=f.name, note="archived" if f.is_archived else "") for f in found.flows]
        names = [flow.name for flow in found.flows]
        self._flow_ids = {flow.name: str(flow.id) for flow in found.flows if names.count(flow.name) == 1}
        newest = next((flow.versions for flow in found.flows if str(flow.id) == self.wanted.flow), 0)
        self.version_options = [[str(number), f"v{number}"] for number in range(newest, 0, -1)]
        sources = dict.fromkeys([*found.sources, *filter(None, [self.wanted.source])])
        self.source_options = [[source, "By hand" if source == "manual" else source] for source in sources]
        self.channel_options = [[str(channel.id), channel.name] for channel in found.channels]
        if self.wanted.view == "flow" and not self.wanted.flow and found.flows:
            self.wanted = with_choice(self.wanted, "flow", str(found.flows[0].id))
            await self._load_choices()

    # ------------------------------------------------------------------ showing

    async def _show(self) -> None:
        self.faults = {}
        self.spans, self.tiles, self.promise, self.bottleneck, self.published = [], [], None, "", []
        try:
            period = period_of(self.wanted, self.me.timezone, utc_now())
        except Invalid as error:
            self.faults = {item.pointer.removeprefix("/query/"): item.detail for item in error.errors}
            self.first_day, self.last_day, self.days_text = self.wanted.first, self.wanted.last, ""
            self.charts, self.figures, self.report_links = [], {}, {}
            return
        self.first_day, self.last_day, self.zone = period.first.isoformat(), period.last.isoformat(), period.zone
        self.days_text = f"{period.first:%d %b %Y} – {period.last:%d %b %Y}, {period.zone}"
        self.report_links = {} if self.needs_flow else report_links(self.wanted, period)
        if self.needs_flow:
            self.charts, self.figures = [], {}
            return
        await getattr(self, f"_show_{self.wanted.view}")(period)

    async def _show_overview(self, period: Period) -> None:
        shown = await self._service(service.overview, period, narrowed_of(self.wanted), figures=True)
        self.spans = span_tiles(shown.spans, self.wanted, period)
        self.tiles = overview_tiles(shown.now, shown.before, self.wanted, period)
        self._show_charts(shown.charts, period)
        self._show_published(shown.markers)

    async def _show_flow(self, period: Period) -> None:
        shown = await self._service(service.flow, period, UUID(self.wanted.flow), narrowed_of(self.wanted), figures=True)
        self.tiles = overview_tiles(shown.now, shown.before, self.wanted, period)
        self._show_charts(shown.charts, period)
        self._show_published(shown.markers)

    async def _show_speed(self, period: Period) -> None:
        shown = await self._service(service.speed_to_lead, period, narrowed_of(self.wanted), figures=True)
        self.tiles = speed_tiles(shown.now, shown.before)
        self.promise, self.bottleneck = promise_of(shown.now.target), shown.now.bottleneck
        self._show_charts(shown.charts, period)
        self._show_published(shown.markers)

    async def _show_performance(self, period: Period) -> None:
        shown = await self._service(service.performance, period, narrowed_of(self.wanted), figures=True)
        self.bottleneck = shown.bottleneck
        self._show_charts(shown.charts, period)

    def _show_charts(self, charts: list[ChartView], period: Period) -> None:
        self.charts = [_card(chart, Here(self.wanted, period, self._flow_ids)) for chart in charts]
        self.figures = {chart.slug: chart.figure or {} for chart in charts}

    def _show_published(self, markers: list[MarkerView]) -> None:
        self.published = [
            Published(
                title=f"{marker.flow_name} v{marker.version}" + (f": {marker.name}" if marker.name not in ("", marker.flow_name) else ""),
                at=marker.at.isoformat(),
                href=f"/dashboard/auto-engagement/{marker.flow_id}/edit",
            )
            for marker in markers[:8]
        ]

    # ------------------------------------------------------------------ choosing

    async def _go(self, wanted: Wanted) -> Any:
        self.wanted, self.unknown, self.error = wanted, "", ""
        await self._load_choices()
        await self._show()
        return write_address(query(self.wanted))

    @rx.event
    async def choose(self, name: str, value: Any) -> Any:
        """The page, the days, the zone, or a filter."""
        self.problems = {}
        with self._problems_of("query/"):
            wanted = with_choice(self.wanted, name, value)
            if name == "span" and wanted.span == "own":
                wanted = wanted.model_copy(update={"first": self.first_day, "last": self.last_day})
            elif name == "first" and not wanted.last:
                wanted = wanted.model_copy(update={"last": self.last_day})
            elif name == "last" and not wanted.first:
                wanted = wanted.model_copy(update={"first": self.first_day})
            return None if wanted == self.wanted else await self._go(wanted)
        return None

    @rx.event
    async def clear_filters(self) -> Any:
        """Back to everything in these days."""
        return await self._go(cleared(self.wanted))


def _cell(cell: Any) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.3f}".rstrip("0").rstrip(".")
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _card(chart: ChartView, here: Here) -> ChartCard:
    wanted, period = here.wanted, here.period

    def said(name: str, value: Any) -> str:
        return seconds_text(value) if name in ("p50", "p90", "p95", "p99") else _cell(value)

    columns, rows, more = with_amounts(chart.columns, chart.rows, chart.more)
    return ChartCard(
        slug=chart.slug,
        title=chart.title,
        question=chart.question,
        definition=chart.definition,
        summary=chart.summary,
        total=chart.total,
        columns=columns,
        rows=[
            NumbersRow(
                cells=[NumberCell(text=_cell(cell), href=href) for cell, href in zip(shown, links_of(chart.slug, row, here), strict=True)]
            )
            for shown, row in zip(rows, chart.rows, strict=True)
        ],
        more=[
            FurtherFigure(name=name, value=said(name, more[name]), href=more_link(chart.slug, name, value, here))
            for name, value in chart.more.items()
        ],
        csv=export_href(wanted, period, chart.slug, "csv"),
        xlsx=export_href(wanted, period, chart.slug, "xlsx"),
    )


def promise_of(target: Target) -> Promise:
    """The target in words."""
    wish = f"Target: {target.percent} % of leads within {seconds_text(float(target.seconds))}"
    if target.share is None:
        return Promise(sentence=wish, detail="No lead has been attempted in these days.", is_met=None, share=0.0)
    burnt = "" if target.burn is None else f" Late leads are {target.burn:,.1f} times those the target allows."
    return Promise(
        sentence=f"{100 * target.share:.1f} % in time. {wish}",
        detail=f"{target.within:,} of {target.counted:,} leads that no hours and no wait step held.{burnt}",
        is_met=target.is_met,
        share=target.share,
    )
