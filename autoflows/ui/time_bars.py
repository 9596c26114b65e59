"""Where the time of an execution went: a bar for each contact, each wait and each hold, on one axis. Pure.

A two-second call beside a ten-minute wait, or a night, is seen because the axis is not to scale: what happens between two moments gets as
much room as the logarithm of its length. Each bar says its true length in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel

from autoflows.domain.flow import ActionType
from autoflows.services.views.executions import ActionLogView, ExecutionView
from autoflows.ui import words
from autoflows.ui.attempts import is_contact
from autoflows.ui.components import duration_text
from autoflows.ui.timeline import StepView

NOTICED = timedelta(seconds=1)
"""A gap between two attempts that is shorter is the engine's own work and is not drawn."""
BLINK = timedelta(milliseconds=50)
APART = 13.0
"""The least distance of two labels on the axis, in per cent of its width."""
Kind = Literal["contact", "wait", "held", "mark"]


class Bar(BaseModel):
    """A stretch of time, in per cent of the axis. `is_open`: it has not ended yet."""

    kind: Kind
    left: float
    width: float
    tone: str
    text: str
    is_open: bool


class BarRow(BaseModel):
    """One attempt, with the hold before it. `text` is all of it as a sentence."""

    key: str
    order: int
    label: str
    bars: list[Bar]
    lasted: str
    text: str


class Tick(BaseModel):
    """A moment on the axis, since the start."""

    left: float
    label: str


class TimeBars(BaseModel):
    """The picture, and how long was worked and waited in all, in words."""

    rows: list[BarRow] = []
    ticks: list[Tick] = []
    worked: str = ""
    waited: str = ""


class _Span(BaseModel):
    row: int
    kind: Kind
    start: datetime
    end: datetime
    tone: str
    is_open: bool = False
    what: str = ""


def time_bars(execution: ExecutionView, steps: Sequence[StepView], logs: Sequence[ActionLogView], now: datetime) -> TimeBars:
    """All that took time so far, and what is known to come: a wait is drawn to its end."""
    titles = {step.order: step.title for step in steps}
    spans: list[_Span] = []
    rows: list[tuple[int, str, str]] = []
    before = execution.triggered_at
    for row, log in enumerate(sorted(logs, key=lambda log: (log.started_at, log.action_order, log.attempt))):
        start, end = max(log.started_at, execution.triggered_at), _end(log, now)
        if start - before >= NOTICED:
            spans.append(_Span(row=row, kind="held", start=before, end=start, tone="held", what=_pause(log)))
        kind: Kind = "contact" if is_contact(log) else "wait" if log.action_type == ActionType.WAIT and log.status != "skipped" else "mark"
        spans.append(_Span(row=row, kind=kind, start=start, end=end, tone=log.status, is_open=log.completed_at is None))
        number = f", attempt {log.attempt}" if any(o.action_order == log.action_order and o.id != log.id for o in logs) else ""
        title = titles.get(log.action_order, "")
        rows.append((log.action_order, f"{log.action_order}. {title}{number}", _came_to(log)))
        before = max(before, end)
    held = next((step for step in steps if step.status == "waiting"), None)
    if held is not None and execution.waiting is not None:
        end = max(execution.waiting.until or now, before + NOTICED)
        spans.append(_Span(row=len(rows), kind="held", start=before, end=end, tone="held", is_open=True, what=execution.waiting.reason))
        rows.append((held.order, f"{held.order}. {held.title}", held.said))
    worked, total = _worked(spans, now), (execution.completed_at or now) - execution.triggered_at
    return TimeBars(
        rows=_rows(rows, spans, execution.triggered_at),
        ticks=_ticks(spans, execution.triggered_at),
        worked=_length(worked) if worked else "—",
        waited=_length(max(total - worked, timedelta())),
    )


def _end(log: ActionLogView, now: datetime) -> datetime:
    """When it ended, or will; a call that is out has no known end, so it is drawn up to now."""
    if log.status == "skipped" or not (is_contact(log) or log.action_type == ActionType.WAIT):
        return log.started_at
    end = log.completed_at or (log.wait_until if log.status == "running" else None) or max(now, log.started_at + NOTICED)
    return max(end, log.started_at)


def _pause(log: ActionLogView) -> str:
    return "Pause before trying again" if log.attempt > 1 else "Held or queued"


def _came_to(log: ActionLogView) -> str:
    if log.status == "skipped":
        return f"skipped: {log.skip_reason}" if log.skip_reason else "skipped"
    if log.arm:
        return f"arm {log.arm}"
    state = words.CALL_OUTCOMES.get(log.outcome or "") or words.MESSAGE_STATES.get(log.message_state or "")
    return state or words.LOG_STATUSES.get(log.status, log.status).lower()


def _worked(spans: Sequence[_Span], now: datetime) -> timedelta:
    """How long somebody was being contacted, overlaps counted once; what is still to come is not counted."""
    total, last = timedelta(), datetime.min.replace(tzinfo=now.tzinfo)
    for span in sorted((s for s in spans if s.kind == "contact"), key=lambda s: s.start):
        begin, end = max(span.start, last), min(span.end, now)
        if end > begin:
            total, last = total + (end - begin), end
    return total


class _Axis:
    """From a moment to its place: between each two moments that matter, room by the logarithm of their distance."""

    def __init__(self, spans: Sequence[_Span], origin: datetime) -> None:
        self.moments = sorted({origin, *(m for span in spans for m in (span.start, span.end))})
        rooms = [math.log1p((b - a).total_seconds()) for a, b in pairwise(self.moments)]
        whole, so_far = sum(rooms) or 1.0, 0.0
        self.place = {self.moments[0]: 0.0}
        for moment, room in zip(self.moments[1:], rooms, strict=True):
            so_far += room
            self.place[moment] = 100.0 * so_far / whole


def _rows(rows: Sequence[tuple[int, str, str]], spans: Sequence[_Span], origin: datetime) -> list[BarRow]:
    axis, drawn = _Axis(spans, origin), []
    for number, (order, label, came_to) in enumerate(rows):
        own = [span for span in spans if span.row == number]
        main = own[-1]
        is_out = main.is_open and main.kind == "contact"
        lasted = "" if main.kind == "mark" else "running" if is_out else _length(main.end - main.start)
        drawn.append(
            BarRow(
                key=f"{order}-{number}",
                order=order,
                label=label,
                bars=[_bar(span, axis) for span in own],
                lasted=lasted,
                text=_sentence(label, own, came_to, origin),
            )
        )
    return drawn


def _bar(span: _Span, axis: _Axis) -> Bar:
    left, right = axis.place[span.start], axis.place[span.end]
    what = f"{span.what}: " if span.what else ""
    return Bar(
        kind=span.kind,
        left=round(left, 3),
        width=round(right - left, 3),
        tone=span.tone,
        text=f"{what}{_length(span.end - span.start)}" if span.kind != "mark" else words.LOG_STATUSES.get(span.tone, span.tone),
        is_open=span.is_open,
    )


def _sentence(label: str, own: Sequence[_Span], came_to: str, origin: datetime) -> str:
    """A row for those who do not see it: `1. AI call: began 2.0 s after the start, took 34.0 s, answered.`"""
    main = own[-1]
    parts = [f"{span.what[:1].lower()}{span.what[1:]} for {_length(span.end - span.start)}" for span in own[:-1]]
    when = f"{_length(main.start - origin)} after the start" if main.start - origin >= BLINK else "at the start"
    began = f"{'held, beginning' if main.kind == 'held' else 'began'} {when}"
    took = f"{'to take' if main.is_open and main.kind in ('wait', 'held') else 'took'} {_length(main.end - main.start)}"
    if main.kind == "mark":
        parts.append(when)
    else:
        parts += [began, "not over yet" if main.is_open and main.kind == "contact" else took]
    return f"{label}: {', '.join([*parts, came_to])}."


def _ticks(spans: Sequence[_Span], origin: datetime) -> list[Tick]:
    """The start, the end, and of the moments between as many as have room for a label."""
    axis = _Axis(spans, origin)
    last = axis.moments[-1]
    chosen = [origin]
    for moment in axis.moments[1:-1]:
        if axis.place[moment] - axis.place[chosen[-1]] >= APART and 100.0 - axis.place[moment] >= APART:
            chosen.append(moment)
    if last > origin:
        chosen.append(last)
    ticks = [Tick(left=round(axis.place[m], 3), label="start" if m == origin else f"+{_length(m - origin)}") for m in chosen]
    return [tick for n, tick in enumerate(ticks) if n == 0 or tick.label != ticks[n - 1].label]


def _length(span: timedelta) -> str:
    return duration_text(span.total_seconds() * 1000)
