"""Who did what to one execution, told from the audit log.

Some acts name the execution: starting it by hand, a cancel, a retry, what was said of an attempt. Others were about many at once and have
one entry for all: cancelling by a filter, and a publish that moved or cancelled what ran. Those are found by their time, flow and words.
"""

from __future__ import annotations

from collections.abc import Mapping
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
"""The longest time between the entry of a cancel of many, which is dated by its beginning, and the last that it cancelled."""
SLACK = timedelta(seconds=5)
"""A publish is dated by the clock of the web process, an end by the database's."""
OF_ONE: dict[str, Act] = {"contact.enrolled": "enrolled", "execution.cancelled": "cancelled", "execution.retried": "retried"}


@dataclass(frozen=True, slots=True)
class _Run:
    """What is needed of the execution and the version it is on."""

    execution: Execution
    version: int
    published_at: datetime
    published_by: str


@requires(Permission.EXECUTIONS_READ)
async def list_acts(actor: Actor, session: AsyncSession, execution_id: UUID) -> list[ActView]:
    """What people did to an execution, oldest first. Raises NotFound."""
    execution = await one_of_mine(actor, session, Execution, execution_id, "execution")
    run = await _run(session, execution)
    attempts, resolved_at = await _attempts(session, execution_id)
    entries = await _entries(session, run, list(attempts), resolved_at)
    told = [act for row in entries if (act := _act(run, attempts, *row)) is not None]
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


async def _attempts(session: AsyncSession, execution_id: UUID) -> tuple[dict[UUID, int], datetime | None]:
    """The step of each attempt, and when a person last said what became of one."""
    said_at = sa.cast(col(ActionLog.result_data)["resolved"]["at"].astext, sa.DateTime(timezone=True))
    statement = sa.select(col(ActionLog.id), col(ActionLog.action_order), said_at).where(col(ActionLog.flow_execution_id) == execution_id)
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    return {row[0]: row[1] for row in rows}, max((row[2] for row in rows if row[2]), default=None)


async def _entries(session: AsyncSession, run: _Run, log_ids: list[UUID], resolved_at: datetime | None) -> list[tuple[AuditEntry, str]]:
    """What may be about it, by the index on the account and the time: that of its life, and until the last word on an attempt of it."""
    execution = run.execution
    begun, ended = execution.triggered_at - SLACK, (execution.completed_at or utc_now()) + SLACK
    in_life = col(AuditEntry.created_at) <= ended
    statement = (
        sa.select(AuditEntry, _person())
        .outerjoin(User, col(User.id) == col(AuditEntry.actor_id))
        .where(
            col(AuditEntry.user_id) == execution.user_id,
            col(AuditEntry.created_at).between(begun, max(ended, (resolved_at or ended) + SLACK)),
            sa.or_(
                sa.and_(in_life, col(AuditEntry.entity_id) == execution.id),
                sa.and_(col(AuditEntry.action) == "action_log.resolved", col(AuditEntry.entity_id).in_(log_ids)),
                sa.and_(in_life, col(AuditEntry.action) == "executions.cancelled"),
                sa.and_(in_life, col(AuditEntry.action) == "flow.published", col(AuditEntry.entity_id) == execution.flow_id),
            ),
        )
        .order_by(col(AuditEntry.created_at).desc())
        .limit(MOST)
    )
    return list((await session.exec(statement)).all())  # type: ignore[call-overload]


def _act(run: _Run, attempts: Mapping[UUID, int], entry: AuditEntry, person: str) -> ActView | None:
    """The entry as an act on this execution; None if it was about others."""
    data = entry.data
    by: dict[str, Any] = {"at": entry.created_at, "actor_name": person}
    if entry.entity_id == run.execution.id and entry.action in OF_ONE:
        return ActView(act=OF_ONE[entry.action], **by, reason=str(data.get("reason") or ""), steps=data.get("steps") or [])
    if entry.action == "action_log.resolved" and entry.entity_id in attempts:
        said: dict[str, Any] = {"status": data.get("status"), "outcome": data.get("outcome"), "note": data.get("note") or None}
        return ActView(act="resolved", **by, steps=[attempts[entry.entity_id]], **said)
    if run.execution.status != "cancelled" or run.execution.completed_at is None:
        return None
    after, why = run.execution.completed_at - entry.created_at, str(run.execution.error_message or "")
    together = data.get("cancelled")
    if entry.action == "executions.cancelled" and -SLACK <= after <= TOGETHER and data.get("reason") == why:
        chosen = data.get("filter") or {}
        if chosen.get("flow_id") in (None, str(run.execution.flow_id)):
            return ActView(act="cancelled_many", **by, reason=why, count=together)
    # What runs is ended first in a publish and the entry comes last, so only their words tie them together.
    published = entry.action == "flow.published" and together and abs(after) <= TOGETHER
    if published and why.startswith(f"Cancelled when version {data.get('version')} was published"):
        return ActView(act="cancelled_by_publish", **by, version=data.get("version"), count=together)
    return None
