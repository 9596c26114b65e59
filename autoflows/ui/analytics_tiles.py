"""The headline figures as tiles: what each says, how it moved against the period before, and the list behind it. Pure."""

from __future__ import annotations

from pydantic import BaseModel

from autoflows.analytics.headline import Figures, SpeedFigures
from autoflows.analytics.period import Period
from autoflows.analytics.service import SpanView
from autoflows.analytics.words import change_of, money_text, percent_text
from autoflows.ui.analytics_links import leads, runs
from autoflows.ui.components import duration_text
from autoflows.ui.states.analytics_wanted import Wanted

SPANS_IN_WORDS = {"today": "Today", "week": "This week", "month": "This month"}


class Part(BaseModel):
    """A part of a tile's note, and the list behind it."""

    text: str
    href: str = ""


class FigureTile(BaseModel):
    """One headline figure, and how it moved against the period before. `good` is whether that is welcome."""

    label: str
    value: str
    change: str = ""
    good: bool | None = None
    note: list[Part] = []
    href: str = ""
    about: str = ""
    """What is counted, in words."""


def _moved(new: float | None, old: float | None, *, more_is_good: bool | None = True) -> dict[str, str | bool | None]:
    said = change_of(new, old)
    good = None if not said or said == "unchanged" or more_is_good is None else (new or 0) > (old or 0)
    return {"change": said, "good": good if more_is_good in (True, None) or good is None else not good}


def seconds_text(seconds: float | None) -> str:
    """A time for people; a dash for none."""
    return "–" if seconds is None else duration_text(seconds * 1000)


def _about(model: type[BaseModel], name: str) -> str:
    said = model.model_fields[name].description or ""
    return said[:1].upper() + said[1:] + "."


def _said(note: str) -> list[Part]:
    return [Part(text=note)] if note else []


def span_tiles(spans: list[SpanView], wanted: Wanted, period: Period) -> list[FigureTile]:
    """Executions begun today, this week and this month; `period` says in which zone."""
    today = spans[0].first if spans else period.last
    return [
        FigureTile(
            label=f"{SPANS_IN_WORDS[span.name]}",
            value=f"{span.executions:,}",
            change=change_of(span.executions, span.before),
            note=_said("executions begun"),
            href=runs(wanted, Period(span.first, today, period.zone)) if span.executions else "",
        )
        for span in spans
    ]


def overview_tiles(now: Figures, before: Figures, wanted: Wanted, period: Period) -> list[FigureTile]:
    """The figures of a period; a change is shown only where there is something to compare with."""

    def tile(label: str, name: str, value: str, *note: Part, more_is_good: bool | None = True, href: str = "") -> FigureTile:
        moved = _moved(getattr(now, name), getattr(before, name), more_is_good=more_is_good)
        href = href if getattr(now, name) else ""
        return FigureTile(label=label, value=value, href=href, note=list(note), about=_about(Figures, name), **moved)  # type: ignore[arg-type]

    def part(number: int, words: str, href: str) -> Part:
        return Part(text=f"{number:,} {words}", href=href if number else "")

    listed = [
        tile("Executions", "executions", f"{now.executions:,}", href=runs(wanted, period)),
        tile(
            "Success rate",
            "success_rate",
            percent_text(now.success_rate),
            part(now.completed, "completed", runs(wanted, period, status="completed")),
        ),
        tile("Failed", "failed", f"{now.failed:,}", more_is_good=False, href=runs(wanted, period, status="failed")),
        tile("Skipped", "skipped", f"{now.skipped:,}", more_is_good=None, href=runs(wanted, period, status="skipped")),
        tile("Speed to lead, median", "speed_p50_seconds", seconds_text(now.speed_p50_seconds), more_is_good=False),
        tile(
            "Conversations",
            "conversations",
            f"{now.conversations:,}",
            Part(text="of"),
            part(now.contacted, "contacted", runs(wanted, period, reached="contacted")),
            href=runs(wanted, period, reached="answered"),
        ),
        tile(
            "Time per execution",
            "duration_mean_seconds",
            seconds_text(now.duration_mean_seconds),
            *_said(
                f"median {seconds_text(now.duration_p50_seconds)}, 95 of 100 within {seconds_text(now.duration_p95_seconds)}"
                if now.duration_p50_seconds is not None
                else ""
            ),
            more_is_good=None,
        ),
        FigureTile(
            label="Cost",
            value=money_text(now.cost),
            note=_said(
                f"{money_text(now.cost_per_contact)} per contact, {money_text(now.cost_per_conversation)} per conversation"
                if now.cost
                else ""
            ),
            about=_about(Figures, "cost"),
        ),
    ]
    if wanted.view == "overview":
        reached = part(now.leads_contacted, "contacted", leads(wanted, period, standing="contacted"))
        others = part(now.leads_not_contacted, "not", leads(wanted, period, standing="not_contacted"))
        received = f"{now.leads_received:,}"
        listed.insert(0, tile("Leads received", "leads_received", received, reached, Part(text="+"), others, href=leads(wanted, period)))
    return listed


def speed_tiles(now: SpeedFigures, before: SpeedFigures) -> list[FigureTile]:
    """Percentiles to the first attempt and the first conversation."""
    tiles = []
    for name, label in (("first_attempt", "First attempt"), ("first_conversation", "First conversation")):
        new, old = getattr(now, name), getattr(before, name)
        for rank in ("p50", "p90", "p95", "p99"):
            moved = _moved(getattr(new, rank), getattr(old, rank), more_is_good=False)
            value = seconds_text(getattr(new, rank))
            about = f"{_about(SpeedFigures, name)} {rank[1:]} of 100 took no longer."
            tiles.append(FigureTile(label=f"{label}, {rank}", value=value, about=about, **moved))  # type: ignore[arg-type]
    return tiles
