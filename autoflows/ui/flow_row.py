"""A flow as its list shows it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.flow import ActionType
from autoflows.domain.problems import Problem, Severity
from autoflows.services.views.flow_trends import TREND_DAYS, FlowTrend
from autoflows.services.views.flows import FlowView
from autoflows.ui import words
from autoflows.ui.sparkline import sparkline

COUNTED = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.ADVICE: ("piece of advice", "pieces of advice"),
}


class StepIcon(BaseModel):
    """One step of a flow at a glance."""

    icon: str
    title: str


class Finding(BaseModel):
    """One problem of a flow."""

    severity: str
    message: str


class Tally(BaseModel):
    """How many problems of one severity."""

    severity: str
    text: str


class Line(BaseModel):
    """A sparkline: the path of its drawing, and the same in words. Empty if there is too little to draw."""

    path: str = ""
    text: str = ""


class FlowRow(BaseModel):
    """A flow in the list. `revision` grows when the switch must spring back; `refusal` is why it did."""

    id: str
    name: str
    description: str
    priority: int
    is_enabled: bool
    is_held: bool
    is_archived: bool
    has_draft: bool
    draft_text: str
    trigger: str
    steps: list[StepIcon]
    steps_text: str
    tags: list[str]
    last_run_at: str
    running: int
    total: int
    success: str
    speed: str = "–"
    speed_line: Line = Line()
    success_line: Line = Line()
    running_line: Line = Line()
    findings: list[Finding] = []
    tallies: list[Tally] = []
    revision: int = 0
    refusal: list[str] = []


def row_of(flow: FlowView, trend: FlowTrend | None = None, problems: Sequence[Problem] = ()) -> FlowRow:
    """Dress a flow. Success is completed of completed and failed, over 30 days."""
    counts = flow.executions_30d
    ended = counts.completed + counts.failed
    steps = [_step(a.action_type) for a in flow.actions]
    severities = Counter(p.severity for p in problems)
    return FlowRow(
        id=str(flow.id),
        name=flow.name,
        description=flow.description,
        priority=flow.priority,
        is_enabled=flow.is_enabled,
        is_held=flow.is_held,
        is_archived=flow.archived_at is not None,
        has_draft=flow.draft is not None,
        draft_text=f"Edited by {flow.draft.edited_by_name or 'somebody'} and not live yet" if flow.draft else "",
        trigger=words.trigger_in_words(c.model_dump(mode="json") for c in flow.conditions),
        steps=steps,
        steps_text=", then ".join(step.title for step in steps) or "No step yet",
        tags=flow.tags,
        last_run_at=flow.last_run_at.isoformat() if flow.last_run_at else "",
        running=flow.running_executions,
        total=counts.total,
        success=f"{100 * counts.completed / ended:.0f}%" if ended else "–",
        speed=short(trend.median_seconds) if trend and trend.median_seconds is not None else "–",
        speed_line=_line(trend.medians, "Median of each day", short) if trend else Line(),
        success_line=_line(trend.success, "Success of each day", _percent) if trend else Line(),
        running_line=_line(running_by_day(trend, flow.running_executions), "Running at the end of each day", _count) if trend else Line(),
        findings=[Finding(severity=p.severity.value, message=p.message) for p in problems],
        tallies=[
            Tally(severity=s.value, text=f"{severities[s]} {said[severities[s] != 1]}") for s, said in COUNTED.items() if severities[s]
        ],
    )


def _step(kind: ActionType) -> StepIcon:
    spec = ACTIONS.get(kind)
    return StepIcon(icon=spec.icon, title=spec.title) if spec else StepIcon(icon="circle", title=str(kind))


def _line(days: Sequence[float | None], what: str, said: Callable[[float], str]) -> Line:
    """The course of a figure, and in words for who does not see it."""
    known = [value for value in days if value is not None]
    path = sparkline(days)
    return Line(path=path, text=f"{what} of the last {TREND_DAYS}, between {said(min(known))} and {said(max(known))}") if path else Line()


def running_by_day(trend: FlowTrend, now: int) -> list[float | None]:
    """How many executions ran at the end of each day, today's being those that run now: counted back by what began and ended since."""
    counts: list[float | None] = []
    running = now
    for began, ended in zip(reversed(trend.began), reversed(trend.ended), strict=True):
        counts.append(max(running, 0))  # what began and ended may have been counted a moment apart
        running += ended - began
    return counts[::-1]


def _percent(value: float) -> str:
    return f"{value:.0f}%"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def short(seconds: float) -> str:
    """`4 s`, `2 min`, `3 h`, `2 d`: never longer than a column."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
