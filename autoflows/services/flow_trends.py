"""How each flow did, day by day: the small lines beside a flow in the list."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.models import Execution
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.views.flow_trends import TREND_DAYS, FlowTrend

WINDOW = sa.literal(TREND_DAYS - 1) * sa.text("interval '1 day'")


@requires(Permission.FLOWS_READ)
async def flow_trends(actor: Actor, session: AsyncSession) -> dict[UUID, FlowTrend]:
    """Per flow, how the last days went by the actor's calendar: speed to lead, success, and how many executions began and ended.

    Test runs are left out; so are flows in which nothing began or ended in these days.
    """
    trends: dict[UUID, FlowTrend] = defaultdict(_nothing)
    for flow_id, days_ago, median, began, completed, decided in (await session.exec(_begun(actor))).all():  # type: ignore[call-overload]
        trend = trends[flow_id]
        seconds = None if median is None else float(median)
        if days_ago is None:
            trend.median_seconds = seconds
        elif 0 <= days_ago < TREND_DAYS:
            day = TREND_DAYS - 1 - days_ago
            trend.medians[day], trend.began[day] = seconds, began
            trend.success[day] = 100 * completed / decided if decided else None
    for flow_id, days_ago, ended in (await session.exec(_ended(actor))).all():  # type: ignore[call-overload]
        if 0 <= days_ago < TREND_DAYS:
            trends[flow_id].ended[TREND_DAYS - 1 - days_ago] = ended
    return dict(trends)


def _nothing() -> FlowTrend:
    empty: list[float | None] = [None] * TREND_DAYS
    return FlowTrend(median_seconds=None, medians=[*empty], success=[*empty], began=[0] * TREND_DAYS, ended=[0] * TREND_DAYS)


def _days_of(actor: Actor, moment: Any) -> tuple[sa.ColumnElement[int], sa.ColumnElement[bool]]:
    """How many days ago a moment was by the actor's calendar, and whether it is one of the days shown."""
    today = sa.func.date_trunc("day", sa.func.timezone(actor.timezone, sa.func.now()))
    day = sa.func.date_trunc("day", sa.func.timezone(actor.timezone, moment))
    return sa.cast(sa.func.extract("day", today - day), sa.Integer), moment >= sa.func.timezone(actor.timezone, today - WINDOW)


def _begun(actor: Actor) -> sa.Select[*tuple[Any, ...]]:
    """Executions by the day they began, and by flow alone: the median seconds, how many, how many completed, completed or failed."""
    run = Execution
    ago, is_shown = _days_of(actor, col(run.triggered_at))
    seconds = sa.func.greatest(sa.func.extract("epoch", col(run.first_attempt_at) - col(run.lead_at)), 0)
    decided = col(run.status).in_([ExecutionStatus.COMPLETED, ExecutionStatus.FAILED])
    statement = sa.select(
        col(run.flow_id),
        ago,
        sa.func.percentile_cont(0.5).within_group(seconds).filter(col(run.first_attempt_at).is_not(None)),
        sa.func.count(),
        sa.func.count().filter(col(run.status) == ExecutionStatus.COMPLETED),
        sa.func.count().filter(decided),
    ).where(col(run.user_id) == actor.account_id, is_shown, sa.not_(col(run.is_test_run)))
    return statement.group_by(sa.func.grouping_sets(sa.tuple_(col(run.flow_id), ago), sa.tuple_(col(run.flow_id))))


def _ended(actor: Actor) -> sa.Select[*tuple[Any, ...]]:
    run = Execution
    ago, is_shown = _days_of(actor, col(run.completed_at))
    statement = sa.select(col(run.flow_id), ago, sa.func.count())
    return statement.where(col(run.user_id) == actor.account_id, is_shown, sa.not_(col(run.is_test_run))).group_by(col(run.flow_id), ago)
