"""How fast each flow reached its leads, day by day: the small line beside a flow in the list."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.permissions import Permission
from autoflows.models import Execution
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.views.flow_trends import TREND_DAYS, FlowTrend

WINDOW = sa.literal(TREND_DAYS - 1) * sa.text("interval '1 day'")


@requires(Permission.FLOWS_READ)
async def flow_trends(actor: Actor, session: AsyncSession) -> dict[UUID, FlowTrend]:
    """Per flow, the median seconds from lead to first attempt of each of the last days and of all of them, by the actor's calendar.

    Test runs are left out; so are flows that attempted nothing in these days.
    """
    run = Execution
    today = sa.func.date_trunc("day", sa.func.timezone(actor.timezone, sa.func.now()))
    first_day = today - WINDOW
    day = sa.func.date_trunc("day", sa.func.timezone(actor.timezone, col(run.triggered_at)))
    ago = sa.cast(sa.func.extract("day", today - day), sa.Integer)
    median = sa.func.percentile_cont(0.5).within_group(
        sa.func.greatest(sa.func.extract("epoch", col(run.first_attempt_at) - col(run.lead_at)), 0)
    )
    statement = sa.select(col(run.flow_id), ago, median).where(
        col(run.user_id) == actor.account_id,
        col(run.triggered_at) >= sa.func.timezone(actor.timezone, first_day),
        col(run.first_attempt_at).is_not(None),
        sa.not_(col(run.is_test_run)),
    )
    grouped = statement.group_by(sa.func.grouping_sets(sa.tuple_(col(run.flow_id), ago), sa.tuple_(col(run.flow_id))))
    days: dict[UUID, list[float | None]] = defaultdict(lambda: [None] * TREND_DAYS)
    medians: dict[UUID, float] = {}
    for flow_id, days_ago, seconds in (await session.exec(grouped)).all():  # type: ignore[call-overload]
        if days_ago is None:
            medians[flow_id] = float(seconds)
        elif 0 <= days_ago < TREND_DAYS:
            days[flow_id][TREND_DAYS - 1 - days_ago] = float(seconds)
    return {flow_id: FlowTrend(median_seconds=seconds, days=days[flow_id]) for flow_id, seconds in medians.items()}
