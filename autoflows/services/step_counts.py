"""How leads fare at each step of a flow: who is there now, and what became of those who came in the last days."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Execution, FlowVersion
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.flow_store import one_flow

COUNTED_DAYS = 30


class StepCounts(BaseModel):
    """One step: executions that are at it now, and the executions of the last days that it passed, failed and skipped."""

    here: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0


@requires(Permission.EXECUTIONS_READ)
async def count_steps(actor: Actor, session: AsyncSession, flow_id: UUID) -> dict[UUID, StepCounts]:
    """The counts by the step's id, over all versions; test runs left out. Raises NotFound.

    A step that was tried again counts once, as what it came to last.
    """
    flow = await one_flow(actor, session, flow_id)
    mine = (col(Execution.flow_id) == flow.id, ~col(Execution.is_test_run))
    last = (
        sa.select(col(ActionLog.action_id), col(ActionLog.status))
        .join(Execution, col(Execution.id) == col(ActionLog.flow_execution_id))
        .where(*mine, col(Execution.triggered_at) >= utc_now() - timedelta(days=COUNTED_DAYS), col(ActionLog.action_id).is_not(None))
        .ext(distinct_on(col(ActionLog.flow_execution_id), col(ActionLog.action_id)))
        .order_by(col(ActionLog.flow_execution_id), col(ActionLog.action_id), col(ActionLog.attempt).desc())
        .subquery()
    )
    became = sa.select(last.c.action_id, last.c.status, sa.func.count()).group_by(last.c.action_id, last.c.status)
    at = (col(Execution.flow_version_id), col(Execution.current_action_step))
    now_at = sa.select(*at, sa.func.count()).where(*mine, col(Execution.status) == ExecutionStatus.RUNNING).group_by(*at)
    counts: dict[UUID, StepCounts] = defaultdict(StepCounts)
    for step, status, count in (await session.exec(became)).all():  # type: ignore[call-overload]
        if name := _NAMES.get(status):
            setattr(counts[step], name, getattr(counts[step], name) + count)
    here = (await session.exec(now_at)).all()  # type: ignore[call-overload]
    steps = await _step_ids(session, {version for version, _, _ in here})
    for version, order, count in here:
        if step_id := steps.get((version, order)):
            counts[step_id].here += count
    return dict(counts)


_NAMES = {"success": "passed", "failed": "failed", "unknown": "failed", "skipped": "skipped"}


async def _step_ids(session: AsyncSession, version_ids: set[UUID]) -> dict[tuple[UUID, int], UUID]:
    """The id of the step at each place of each version."""
    statement = sa.select(col(FlowVersion.id), col(FlowVersion.definition)).where(col(FlowVersion.id).in_(version_ids))
    found = (await session.exec(statement)).all()  # type: ignore[call-overload]
    return {
        (version, action["action_order"]): UUID(action["id"])
        for version, definition in found
        for action in definition["actions"]
        if action.get("id")
    }
