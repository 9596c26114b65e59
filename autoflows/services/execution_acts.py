"""Who did what to one execution, told from the audit log.

Some acts name the execution: starting it by hand, a cancel, a retry, what was said of an attempt. Others were about many at once and have
one entry for all: cancelling or retrying by a filter, and a publish that moved or cancelled what ran. Those are found by their time, flow
and words, and by what they left at the attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import ActionLog, AuditEntry, Execution, FlowVersion, User
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires
from autoflows.services.views.masking import shown
from autoflows.services.views.story import Act, ActView

MOST = 200
"""Acts told of one execution."""
TOGETHER = timedelta(seconds=60)
"""The longest time between the entry of an act on many, which is dated by its beginning, and the last that it was about."""
SLACK = timedelta(seconds=5)
"""A publish is dated by the clock of the web process, an end by the database's."""
OF_MANY = ("executions.cancelled", "executions.retried")
OF_ONE: dict[str, Act] = {"contact.enrolled": "enrolled", "execution.cancelled": "cancelled", "execution.retried": "retried"}


@dataclass(frozen=True, slots=True)
class _Run:
    """What is needed of the execution and the version it is on."""

    execution: Execution
    version: int
    published_at: datetime
    published_by: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What people left at an attempt: when they had it tried again, and when they said what became of it."""

    id: UUID
    step: int
    retried_at: datetime | None
    resolved_at: datetime | None


@requires(Permission.EXECUTIONS_READ)
async def list_acts(actor: Actor, session: AsyncSession, execution_id: UUID) -> list[ActView]:
    """What people did to an execution, oldest first. Raises NotFound."""
    execution = await one_of_mine(actor, session, Execution, execution_id, "execution")
    run = await _run(session, execution)
    attempts = await _attempts(session, execution_id)
    entries = await _entries(session, run, attempts)
    alone = {entry.created_at for entry, _ in entries if entry.action == "execution.retried"}
    together = [attempt for attempt in attempts if attempt.retried_at not in alone]
    told = [act for row in entries if (act := _act(run, attempts, *row) or _retry_of_many(run, together, *row)) is not None]
    if run.published_at > execution.triggered_at:
        told.append(ActView(act="moved", at=run.published_at, actor_name=run.published_by, version=run.version))
    pii = actor.may(Permission.PII_READ)
    return [shown(act, pii=pii) for act in sorted(told, key=lambda act: act.at)]


def _person() -> Any:
    return sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "System")


async def _run(session: AsyncSession, execution: Execution) -> _Run:
    statement = (
        sa.select(col(FlowVersion.version), col(FlowVersion.created_at), _person())
        .outerjoin(User, col(User.id) == col(FlowVersion.created_by))
        .where(col(FlowVersion.id) == execution.flow_version_id)
    )
    return _Run(execution, *(await session.exec(statement)).one())  # type: ignore[call-overload]


async def _attempts(session: AsyncSession, execution_id: UUID) -> list[_Attempt]:
    data, moment = col(ActionLog.result_data), sa.DateTime(timezone=True)
    statement = sa.select(
        col(ActionLog.id),
        col(ActionLog.action_order),
        sa.cast(data["retried_at"].astext, moment),
        sa.cast(data["resolved"]["at"].astext, moment),
    ).where(col(ActionLog.flow_execution_id) == execution_id)
    return [_Attempt(*row) for row in (await session.exec(statement)).all()]  # type: ignore[call-overload]


async def _entries(session: AsyncSession, run: _Run, attempts: Sequence[_Attempt]) -> list[tuple[AuditEntry, str]]:
    """What may be about it, by the index on the account and the time: that of its life, and until the last word on an attempt of it."""
    execution = run.execution
    begun, ended = execution.triggered_at - SLACK, (execution.completed_at or utc_now()) + SLACK
    in_life = col(AuditEntry.created_at) <= ended
    statement = (
        sa.select(AuditEntry, _person())
        .outerjoin(User, col(User.id) == col(AuditEntry.actor_id))
        .where(
            col(AuditEntry.user_id) == execution.user_id,
            col(AuditEntry.created_at).between(begun, max([ended, *(a.resolved_at + SLACK for a in attempts if a.resolved_at)])),
            sa.or_(
                sa.and_(in_life, col(AuditEntry.entity_id) == execution.id),
                sa.and_(col(AuditEntry.action) == "action_log.resolved", col(AuditEntry.entity_id).in_([a.id for a in attempts])),
                sa.and_(in_life, col(AuditEntry.action).in_(OF_MANY)),
                sa.and_(in_life, col(AuditEntry.action) == "flow.published", col(AuditEntry.entity_id) == execution.flow_id),
            ),
        )
        .order_by(col(AuditEntry.created_at).desc())
        .limit(MOST)
    )
    return list((await session.exec(statement)).all())  # type: ignore[call-overload]


def _act(run: _Run, attempts: Sequence[_Attempt], entry: AuditEntry, person: str) -> ActView | None:
    """The entry as an act on this execution; None if it was about others."""
    data = entry.data
    by: dict[str, Any] = {"at": entry.created_at, "actor_name": person}
    if entry.entity_id == run.execution.id and entry.action in OF_ONE:
        return ActView(act=OF_ONE[entry.action], **by, reason=str(data.get("reason") or ""), steps=data.get("steps") or [])
    if entry.action == "action_log.resolved":
        said: dict[str, Any] = {"status": data.get("status"), "outcome": data.get("outcome"), "note": data.get("note") or None}
        return ActView(act="resolved", **by, steps=[a.step for a in attempts if a.id == entry.entity_id], **said)
    if run.execution.status != "cancelled" or run.execution.completed_at is None:
        return None
    after, why = run.execution.completed_at - entry.created_at, str(run.execution.error_message or "")
    together = data.get("cancelled")
    if entry.action == "executions.cancelled" and -SLACK <= after <= TOGETHER and data.get("reason") == why and _is_chosen(run, entry):
        return ActView(act="cancelled_many", **by, reason=why, count=together)
    # What runs is ended first in a publish and the entry comes last, so only their words tie them together.
    published = entry.action == "flow.published" and together and abs(after) <= TOGETHER
    if published and why.startswith(f"Cancelled when version {data.get('version')} was published"):
        return ActView(act="cancelled_by_publish", **by, version=data.get("version"), count=together)
    return None


def _retry_of_many(run: _Run, attempts: Sequence[_Attempt], entry: AuditEntry, person: str) -> ActView | None:
    """A retry of many, if it marked an attempt of this one."""
    if entry.action != "executions.retried" or not _is_chosen(run, entry):
        return None
    steps = sorted({a.step for a in attempts if a.retried_at and timedelta() <= a.retried_at - entry.created_at <= TOGETHER})
    if not steps:
        return None
    return ActView(act="retried_many", at=entry.created_at, actor_name=person, steps=steps, count=entry.data.get("retried"))


def _is_chosen(run: _Run, entry: AuditEntry) -> bool:
    """Whether an act on many by a filter can have been about this execution."""
    return (entry.data.get("filter") or {}).get("flow_id") in (None, str(run.execution.flow_id))
