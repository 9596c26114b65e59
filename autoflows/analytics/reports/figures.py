"""What a report of figures says: the same as the page of the analytics it stands for, by the same use cases, behind the same gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics import service
from autoflows.analytics.chart import Table, duration_in_words
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.headline import Figures as Headline
from autoflows.analytics.headline import SpeedFigures
from autoflows.analytics.period import Period
from autoflows.analytics.reports.document import Block, Document, Figure, Figures, Grid, Heading, Paragraph, Picture, cell_text
from autoflows.analytics.reports.drawing import drawing_of
from autoflows.analytics.reports.head import account_name, made_text
from autoflows.analytics.service import ChartView, MarkerView, Narrowed
from autoflows.analytics.words import change_of, money_text, percent_text, with_amounts
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.permissions import Permission
from autoflows.domain.reports import Report
from autoflows.models import Channel, Flow
from autoflows.services.access import Actor, one_of_mine, requires

PAGE = "/dashboard/auto-engagement/analytics"
MOST_ROWS = 62
"""So many rows of a table are set on paper; the workbook has all."""
ARROWS = {"▲": "up", "▼": "down"}


TITLES = {
    Report.OVERVIEW: "Overview",
    Report.SPEED: "Speed to lead",
    Report.PERFORMANCE: "Performance",
    Report.FLOW: "Flow report",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the account, the reader and the filters are called."""

    account: str
    flow: str = ""
    channel: str = ""


@requires(Permission.EXPORT)
async def figures_report(
    actor: Actor, session: AsyncSession, report: Report, period: Period, narrowed: Narrowed, *, whole: bool = False
) -> Document:
    """The report of a period; `whole`: with every row of its tables.

    Raises Forbidden without `analytics:read`, NotFound for a flow, version or channel there is none of, Invalid for a flow report of none.
    """
    blocks: list[Block] = await _BLOCKS[report](actor, session, period, narrowed, whole)
    names = await _names(actor, session, narrowed)
    title = f"{TITLES[report]}: {names.flow}" if report is Report.FLOW else TITLES[report]
    facts = [
        ("Account", names.account),
        ("Days", days_text(period)),
        ("Time zone", period.zone),
        ("Filters", filters_text(narrowed, names, report)),
        ("Made", made_text(actor, period.zone)),
    ]
    slug = f"{report}_{period.first}_{period.last}"
    return Document(title, facts, blocks, page_of(report, period, narrowed), slug)


def days_text(period: Period) -> str:
    """`01 Mar 2026 – 31 Mar 2026 (31 days)`, or the one day."""
    if period.first == period.last:
        return f"{period.first:%d %b %Y}"
    return f"{period.first:%d %b %Y} – {period.last:%d %b %Y} ({len(period.days)} days)"


def filters_text(narrowed: Narrowed, names: Names, report: Report) -> str:
    """What the figures are narrowed to, in words."""
    version = f"version {narrowed.version}" if narrowed.version else ""
    said = [f"flow {names.flow}{f', {version}' if version else ''}"] if narrowed.flow_id and report is not Report.FLOW else []
    if version and report is Report.FLOW:
        said.append(version)
    if narrowed.source:
        said.append("started by hand" if narrowed.source == "manual" else f"source {narrowed.source}")
    if narrowed.channel_id:
        said.append(f"channel {names.channel}")
    text = "; ".join(said) or "none"
    return f"{text[:1].upper()}{text[1:]}. Test runs are never counted."


def page_of(report: Report, period: Period, narrowed: Narrowed) -> str:
    """The page that shows the same."""
    told: dict[str, Any] = {"view": report.value} if report is not Report.OVERVIEW else {}
    told |= {"span": "own", "from": period.first, "to": period.last, "tz": period.zone}
    told |= {"flow": narrowed.flow_id, "version": narrowed.version, "source": narrowed.source, "channel": narrowed.channel_id}
    return f"{PAGE}?{urlencode({name: value for name, value in told.items() if value})}"


async def _names(actor: Actor, session: AsyncSession, narrowed: Narrowed) -> Names:
    flow = await one_of_mine(actor, session, Flow, narrowed.flow_id, "flow") if narrowed.flow_id else None
    channel = await one_of_mine(actor, session, Channel, narrowed.channel_id, "channel") if narrowed.channel_id else None
    return Names(await account_name(actor, session), flow.name if flow else "", channel.name if channel else "")


Blocks = Callable[[Actor, AsyncSession, Period, Narrowed, bool], Awaitable[list[Block]]]


async def _overview(actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed, whole: bool) -> list[Block]:
    shown = await service.overview(actor, session, period, narrowed)
    return [_tiles(shown.now, shown.before, leads=True), *_published(shown.markers, period), *_charts(shown.charts, whole)]


async def _flow(actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed, whole: bool) -> list[Block]:
    if narrowed.flow_id is None:
        raise Invalid("A flow report is of one flow.", errors=[FieldError("/query/flow_id", "name the flow")])
    shown = await service.flow(actor, session, period, narrowed.flow_id, narrowed)
    return [_tiles(shown.now, shown.before, leads=False), *_published(shown.markers, period), *_charts(shown.charts, whole)]


async def _speed(actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed, whole: bool) -> list[Block]:
    shown = await service.speed_to_lead(actor, session, period, narrowed)
    target = shown.now.target
    promise = f"Target: {target.percent} % of leads within {duration_in_words(target.seconds)}. "
    promise += f"{100 * target.share:.1f} % were in time." if target.share is not None else "No lead has been attempted in these days."
    said = [Paragraph(text) for text in (promise, shown.now.bottleneck) if text]
    return [*said, _speed_tiles(shown.now, shown.before), *_published(shown.markers, period), *_charts(shown.charts, whole)]


async def _performance(actor: Actor, session: AsyncSession, period: Period, narrowed: Narrowed, whole: bool) -> list[Block]:
    shown = await service.performance(actor, session, period, narrowed)
    return [*([Paragraph(shown.bottleneck)] if shown.bottleneck else []), *_charts(shown.charts, whole)]


_BLOCKS: dict[Report, Blocks] = {
    Report.OVERVIEW: _overview,
    Report.FLOW: _flow,
    Report.SPEED: _speed,
    Report.PERFORMANCE: _performance,
}


def _against(new: float | None, old: float | None, more: str = "") -> str:
    moved = change_of(new, old)
    for sign, word in ARROWS.items():
        moved = moved.replace(sign, word)
    return "; ".join(filter(None, [f"{moved} against before" if moved else "", more]))


def _tiles(now: Headline, before: Headline, *, leads: bool) -> Figures:
    def tile(label: str, name: str, value: str, more: str = "") -> Figure:
        return Figure(label, value, _against(getattr(now, name), getattr(before, name), more))

    split = f"{now.leads_contacted:,} contacted + {now.leads_not_contacted:,} not"
    spread = f"median {duration_in_words(now.duration_p50_seconds)}, 95 of 100 within {duration_in_words(now.duration_p95_seconds)}"
    told = [
        tile("Executions", "executions", f"{now.executions:,}"),
        tile("Success rate", "success_rate", percent_text(now.success_rate), f"{now.completed:,} completed"),
        tile("Failed", "failed", f"{now.failed:,}"),
        tile("Skipped", "skipped", f"{now.skipped:,}"),
        tile("Speed to lead, median", "speed_p50_seconds", duration_in_words(now.speed_p50_seconds)),
        tile("Conversations", "conversations", f"{now.conversations:,}", f"of {now.contacted:,} contacted"),
        tile("Time per execution", "duration_mean_seconds", duration_in_words(now.duration_mean_seconds), spread),
        Figure("Cost", money_text(now.cost), f"{money_text(now.cost_per_contact)} per contact"),
    ]
    return Figures([tile("Leads received", "leads_received", f"{now.leads_received:,}", split), *told] if leads else told)


def _speed_tiles(now: SpeedFigures, before: SpeedFigures) -> Figures:
    return Figures(
        [
            Figure(f"{label}, {rank}", duration_in_words(getattr(new, rank)), _against(getattr(new, rank), getattr(old, rank)))
            for label, new, old in (
                ("First attempt", now.first_attempt, before.first_attempt),
                ("First conversation", now.first_conversation, before.first_conversation),
            )
            for rank in ("p50", "p90", "p95", "p99")
        ]
    )


def _charts(charts: Sequence[ChartView], whole: bool) -> list[Block]:
    return [block for chart in charts for block in _chart(chart, whole)]


def _chart(chart: ChartView, whole: bool) -> list[Block]:
    head: list[Block] = [Heading(chart.title)]
    if not chart.total:
        return [*head, Paragraph("Nothing in these days."), Paragraph(chart.definition, quiet=True)]
    table = Table(tuple(chart.columns), chart.rows, chart.total, chart.summary, tuple(chart.more.items()))
    columns, rows, more = with_amounts(chart.columns, chart.rows, chart.more)
    if whole:
        columns, rows = chart.columns, chart.rows
    further = "   ".join(f"{name}: {_further(name, value)}" for name, value in more.items())
    latest = CHARTS[chart.slug].is_over_time
    shown = rows if whole else rows[-MOST_ROWS:] if latest else rows[:MOST_ROWS]
    left = (
        f"The {'last' if latest else 'first'} {len(shown)} of {len(chart.rows)} rows; the Excel file has all of them."
        if len(shown) < len(chart.rows)
        else ""
    )
    texts: list[Block] = [Paragraph(text) for text in (chart.summary, further) if text]
    return [
        *head,
        *texts,
        Picture(drawing_of(CHARTS[chart.slug].figure(table)), chart.summary),
        *([Paragraph(left, quiet=True)] if left else []),
        Grid(columns, shown),
        Paragraph(chart.definition, quiet=True),
    ]


def _further(name: str, value: Any) -> str:
    return duration_in_words(value) if name in ("p50", "p90", "p95", "p99") else cell_text(value)


def _published(markers: Sequence[MarkerView], period: Period) -> list[Block]:
    if not markers:
        return []
    zone = ZoneInfo(period.zone)
    said = [f"{marker.flow_name} v{marker.version} ({marker.at.astimezone(zone):%d %b %H:%M})" for marker in markers[:12]]
    more = f" and {len(markers) - len(said)} more" if len(markers) > len(said) else ""
    return [Paragraph(f"Published in these days: {', '.join(said)}{more}.", quiet=True)]


def narrowed_by(flow_id: str | None, version: int | None, source: str | None, channel_id: str | None) -> Narrowed:
    """Filters as they are stored."""
    return Narrowed(UUID(flow_id) if flow_id else None, version, source, UUID(channel_id) if channel_id else None)
