"""Executions as lines of a list: what each says, and which have changed since they were last shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from autoflows.domain.executions import ExecutionStatus
from autoflows.services.views.executions import A_STEP, MOST_AHEAD, ExecutionView, Stage, StatusCounts, WaitingView
from autoflows.ui import words
from autoflows.ui.components import duration_text
from autoflows.ui.states.executions_wanted import NEEDS_PERSON, TABS
from autoflows.ui.theme import word

MOVED_SECONDS = 3
"""How long a row that many tabs share is said to have moved: a little longer than it is lit up."""
MOST_LIT = 8
"""Where more rows than so many move at once, none stands out: nothing is lit up, which would cost a browser more than all the rest."""


class ExecutionRow(BaseModel):
    """One line. Times are ISO; `revision` grows when it changes before the reader's eyes; `moved_at` is by the process's clock."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    address: str
    flow_name: str
    flow_version: int
    source: str
    is_test_run: bool
    state: str
    status: str
    step: str
    outcome: str
    why: str
    until: str
    triggered_at: str
    ended_at: str
    speed: str
    revision: int = 0
    moved_at: int = 0


class Tab(BaseModel):
    """One choice of what is shown, with how many there are."""

    model_config = ConfigDict(frozen=True)

    value: str
    label: str
    count: str


def row_of(execution: ExecutionView) -> ExecutionRow:
    """An execution as the list shows it."""
    person, waiting = execution.contact, execution.waiting
    over = execution.status != ExecutionStatus.RUNNING
    step = f"Step {min(execution.current_action_step, max(execution.action_count, 1))} of {execution.action_count}"
    return ExecutionRow(
        id=str(execution.id),
        name=person.name or person.phone or person.email or "Unnamed",
        address=person.phone or person.email or "",
        flow_name=execution.flow_name,
        flow_version=execution.flow_version,
        source=word(execution.lead_source) if execution.lead_source == "manual" else execution.lead_source,
        is_test_run=execution.is_test_run,
        state=Stage.WAITING.value if waiting and waiting.rule else execution.status,
        status=execution.status,
        step="" if over else step,
        outcome=execution.outcome or "",
        why=(execution.error_message or "") if over else _why(waiting),
        until=waiting.until.isoformat() if waiting and waiting.until else "",
        triggered_at=execution.triggered_at.isoformat(),
        ended_at=execution.completed_at.isoformat() if execution.completed_at else "",
        speed=duration_text(execution.speed_to_lead_ms),
    )


def _why(waiting: WaitingView | None) -> str:
    """What it waits for; its place in the queue is counted anew, so the words of the day it began to wait are not repeated."""
    if waiting is None:
        return ""
    if waiting.ahead is None:
        return waiting.reason
    reason = re.sub(r", \d+ ahead$", "", waiting.reason)
    place = f"{MOST_AHEAD:,} or more" if waiting.ahead >= MOST_AHEAD else str(waiting.ahead)
    return f"{reason}, {place} ahead" if waiting.ahead else f"{reason}, next in line"


def merged(before: Sequence[ExecutionRow], now: Sequence[ExecutionRow]) -> list[ExecutionRow]:
    """The rows of now; those that are new or have moved on since say so by their revision."""
    known = {row.id: row for row in before}
    return [row.model_copy(update={"revision": _revision(known.get(row.id), row)}) for row in now]


def renewed(before: Sequence[ExecutionRow] | None, now: Sequence[ExecutionRow], at: int) -> list[ExecutionRow]:
    """The same for rows that many tabs share, at this second: one that moved is plain again after some, or it would light up for who opens
    the page later. At the first reading nothing has moved, and where nearly all move nothing is said of it."""
    if before is None:
        return list(now)
    known = {row.id: row for row in before}
    rows = [_renewed(known.get(row.id), row, at) for row in now]
    return rows if sum(row.moved_at == at for row in rows) <= MOST_LIT else list(now)


def _renewed(before: ExecutionRow | None, now: ExecutionRow, at: int) -> ExecutionRow:
    revision = _revision(before, now)
    if before is None or revision != before.revision:
        return now.model_copy(update={"revision": revision, "moved_at": at})
    if at - before.moved_at > MOVED_SECONDS:
        return now
    return now.model_copy(update={"revision": revision, "moved_at": before.moved_at})


def _revision(before: ExecutionRow | None, now: ExecutionRow) -> int:
    if before is None:
        return 1
    moved = any(getattr(before, name) != getattr(now, name) for name in ("state", "step", "outcome", "until"))
    return before.revision + moved


def tabs_of(counts: StatusCounts, chosen: str) -> list[Tab]:
    """The tabs with their numbers. All that run have one only while a link asks for them."""
    numbers = {"": counts.total, Stage.ACTIVE: counts.active, Stage.WAITING: counts.waiting, NEEDS_PERSON: counts.needs_person}
    numbers |= counts.by_status
    shown = TABS | ({chosen: words.EXECUTION_STATUSES[chosen]} if chosen == ExecutionStatus.RUNNING else {})
    return [
        Tab(value=value, label=said, count=f"{numbers[value]:,}{'+' if (value or 'total') in counts.capped else ''}")
        for value, said in shown.items()
    ]


def rule_in_words(rule: str) -> str:
    """What holds executions, as a filter or a forecast names it."""
    return "A wait step" if rule == A_STEP else words.GATES.get(rule, rule.replace("_", " ").capitalize())
