"""How many executions there are, what is due next, and what there is to choose from: the figures around the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import Execution
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.execution_filter import LEAD_SOURCE, RUNNING, WAITS, conditions
from autoflows.services.views.executions import (
    A_STEP,
    WAITING_RULES,
    DueBucket,
    ExecutionChoices,
    ExecutionFilter,
    Forecast,
    Stage,
    StatusCounts,
)

COUNTED_TO = 10_000
"""Counting stops here; more is said as 'so many or more'."""
MOST_NEW = 100
AHEAD, STEP = timedelta(hours=1), timedelta(minutes=10)
COUNTED_DUE = 2_000
"""Of one rule in one bucket."""
MOST_SOURCES = 200


@requires(Permission.EXECUTIONS_READ)
async def count_by_status(actor: Actor, session: AsyncSession, wanted: ExecutionFilter) -> StatusCounts:
    """How many of those that fit have each status, act, wait, and need a person; up to `COUNTED_TO` of each.

    The filter's own status, stage and `needs_person` are left out, so that the numbers beside the choices do not change with the choice.
    """
    rest = wanted.model_copy(update={"status": None, "stage": None, "needs_person": None})
    tests = await conditions(actor, rest)
    doubted = (await conditions(actor, ExecutionFilter(needs_person=True)))[-1]
    wants: dict[str, Any] = {status.value: col(Execution.status) == status for status in ExecutionStatus}
    wants |= {Stage.WAITING.value: WAITS, Stage.ACTIVE.value: sa.and_(RUNNING, ~WAITS), "needs_person": doubted}
    columns = [_up_to(COUNTED_TO + 1, *tests, want).label(name) for name, want in wants.items()]
    row = (await session.exec(sa.select(*columns))).one()  # type: ignore[call-overload]
    found: dict[str, int] = dict(zip(wants, row, strict=True))
    capped = [name for name, number in found.items() if number > COUNTED_TO]
    by_status = {status.value: min(found[status], COUNTED_TO) for status in ExecutionStatus}
    return StatusCounts(
        total=sum(by_status.values()),
        by_status=by_status,
        active=min(found[Stage.ACTIVE], COUNTED_TO),
        waiting=min(found[Stage.WAITING], COUNTED_TO),
        needs_person=min(found["needs_person"], COUNTED_TO),
        capped=[*capped, *(["total"] if any(status in capped for status in by_status) else [])],
    )


@requires(Permission.EXECUTIONS_READ)
async def count_newer(actor: Actor, session: AsyncSession, wanted: ExecutionFilter, seen: tuple[datetime, UUID]) -> int:
    """How many that fit were triggered after the one with this `triggered_at` and id; `MOST_NEW` means so many or more."""
    newer = sa.tuple_(col(Execution.triggered_at), col(Execution.id)) > sa.tuple_(
        *(sa.literal(value, column.type) for value, column in zip(seen, _KEYS, strict=True))
    )
    found = (await session.exec(sa.select(_up_to(MOST_NEW, *await conditions(actor, wanted), newer)))).one()  # type: ignore[call-overload]
    return int(found[0])


@requires(Permission.EXECUTIONS_READ)
async def forecast(actor: Actor, session: AsyncSession) -> Forecast:
    """What goes on in the next hour, in steps of ten minutes and by the rule that holds it."""
    since = utc_now()
    rules = [None, *WAITING_RULES[1:]]
    starts = [since + number * STEP for number in range(AHEAD // STEP)]
    mine = col(Execution.user_id) == actor.account_id
    cells = [(start, rule) for start in starts for rule in rules]
    until = col(Execution.waiting_until)
    columns = [
        _up_to(COUNTED_DUE + 1, mine, WAITS, _holds(rule), until >= start, until < start + STEP).label(f"n{number}")
        for number, (start, rule) in enumerate(cells)
    ]
    row = (await session.exec(sa.select(*columns))).one()  # type: ignore[call-overload]
    buckets: dict[datetime, dict[str, int]] = {start: {} for start in starts}
    for (start, rule), number in zip(cells, row, strict=True):
        if number:
            buckets[start][rule or A_STEP] = min(number, COUNTED_DUE)
    by_rule = {rule: total for rule in WAITING_RULES if (total := sum(found.get(rule, 0) for found in buckets.values()))}
    return Forecast(
        since=since,
        until=since + AHEAD,
        total=sum(by_rule.values()),
        by_rule=by_rule,
        buckets=[DueBucket(at=start, due=sum(found.values()), by_rule=found) for start, found in buckets.items()],
        capped=any(number > COUNTED_DUE for number in row),
    )


@requires(Permission.EXECUTIONS_READ)
async def choices(actor: Actor, session: AsyncSession) -> ExecutionChoices:
    """The sources of the account's leads, and the rules that hold executions now."""
    mine = col(Execution.user_id) == actor.account_id
    sources = sa.select(LEAD_SOURCE).where(mine, LEAD_SOURCE.is_not(None)).distinct().order_by(LEAD_SOURCE).limit(MOST_SOURCES)
    rules = [sa.exists(sa.select(sa.literal(1)).where(mine, WAITS, _holds(None if rule == A_STEP else rule))) for rule in WAITING_RULES]
    held = (await session.exec(sa.select(*(rule.label(f"r{number}") for number, rule in enumerate(rules))))).one()  # type: ignore[call-overload]
    return ExecutionChoices(
        lead_sources=[row[0] for row in (await session.exec(sources)).all()],  # type: ignore[call-overload]
        waiting_rules=[rule for rule, holds in zip(WAITING_RULES, held, strict=True) if holds],
    )


_KEYS = (col(Execution.triggered_at), col(Execution.id))


def _up_to(limit: int, *tests: Any) -> sa.ScalarSelect[int]:
    """The number of executions that meet these, at most `limit`."""
    some = sa.select(sa.literal(1)).select_from(Execution).where(*tests).limit(limit).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery()


def _holds(rule: str | None) -> sa.ColumnElement[bool]:
    return col(Execution.waiting_rule).is_(None) if rule is None else col(Execution.waiting_rule) == rule
