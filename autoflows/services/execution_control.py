"""What people do to executions: cancel them and try them again, one or many, and say what became of an attempt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.executions import LogStatus
from autoflows.domain.permissions import Permission
from autoflows.engine import amend, control, selection
from autoflows.models import ActionLog, Channel, Execution
from autoflows.models.database import open_session
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.contacts import clean
from autoflows.services.execution_filter import choose, for_audit
from autoflows.services.executions import action_log_view, get_execution
from autoflows.services.views.executions import (
    ActionLogView,
    Cancellations,
    CancelMany,
    ExecutionView,
    Resolution,
    Retries,
    RetryMany,
    Skipped,
)


def _name(actor: Actor) -> str:
    return actor.name or actor.email


@requires(Permission.EXECUTIONS_WRITE)
async def cancel_execution(actor: Actor, session: AsyncSession, execution_id: UUID, reason: str) -> ExecutionView:
    """Stop a running execution; what was sent stays sent. Raises NotFound, and Conflict when it is over already."""
    await control.cancel(actor.account_id, execution_id, clean(reason) or f"Cancelled by {_name(actor)}", actor.user_id)
    return await get_execution(actor, session, execution_id)


@requires(Permission.EXECUTIONS_WRITE)
async def cancel_many(actor: Actor, wanted: CancelMany) -> Cancellations:
    """Cancel all running executions that fit, or with `dry_run` only say how many they are.

    It goes on for some seconds at most: `left` says how many remain, and the same call again goes on with them.
    """
    more = [] if wanted.waiting_reason is None else [col(Execution.waiting_reason).icontains(clean(wanted.waiting_reason), autoescape=True)]
    ids = await _ids(actor, wanted, *more)
    if wanted.dry_run:
        return Cancellations(dry_run=True, cancelled=0, left=len(ids))
    done = await selection.cancel(actor.account_id, ids, for_audit(wanted), wanted.reason or f"Cancelled by {_name(actor)}", actor.user_id)
    return Cancellations(dry_run=False, cancelled=done.cancelled, left=done.left)


@requires(Permission.EXECUTIONS_WRITE)
async def retry_many(actor: Actor, wanted: RetryMany) -> Retries:
    """Try all failed executions that fit again, or with `dry_run` only say how many can be; nothing already sent is sent again.

    It goes on for some seconds at most: `left` says how many remain, and the same call again goes on with them.
    """
    ids = await _ids(actor, wanted)
    if wanted.dry_run:
        done = await selection.would_retry(actor.account_id, ids)
    else:
        done = await selection.retry(actor.account_id, ids, for_audit(wanted), actor.user_id)
    skipped = [Skipped(reason=reason, number=number) for reason, number in sorted(done.skipped.items())]
    return Retries(dry_run=wanted.dry_run, retried=done.retried, left=done.left, skipped=skipped)


async def _ids(actor: Actor, wanted: CancelMany | RetryMany, *more: Any) -> list[UUID]:
    """Those that fit and that can be acted on, in the order in which they are locked."""
    async with open_session() as session:  # over before the long work begins
        chosen = await choose(actor, session, wanted.model_copy(update={"status": wanted.acts_on}))
        statement = sa.select(col(Execution.id)).where(*chosen.tests, *more).order_by(col(Execution.id))
        return [row[0] for row in (await session.exec(statement)).all()]  # type: ignore[call-overload]


@requires(Permission.EXECUTIONS_WRITE)
async def retry_execution(actor: Actor, session: AsyncSession, execution_id: UUID) -> ExecutionView:
    """Run a failed execution again from what failed; nothing already sent is sent again. Raises NotFound and Conflict."""
    await amend.retry(actor.account_id, execution_id, actor.user_id)
    return await get_execution(actor, session, execution_id)


@requires(Permission.EXECUTIONS_WRITE)
async def resolve_attempt(actor: Actor, session: AsyncSession, log_id: UUID, said: Resolution) -> ActionLogView:
    """Say what became of an attempt that nobody told about. Raises NotFound, Conflict when it is known by now, and Invalid."""
    await amend.resolve(actor.account_id, log_id, LogStatus(said.status), said.outcome, said.note, actor.user_id, _name(actor))
    statement = (sa.select(ActionLog, col(Channel.name)).outerjoin(Channel, col(Channel.id) == col(ActionLog.channel_id))).where(
        col(ActionLog.id) == log_id, col(ActionLog.user_id) == actor.account_id
    )
    return action_log_view(actor, *(await session.exec(statement)).one())  # type: ignore[call-overload]
