"""Who met a flow's goal: of the executions that a page's figures are about, read from their rows, since no rollup keeps it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.chart import Row
from autoflows.analytics.query import Scope
from autoflows.domain.flow import Goal
from autoflows.domain.goals import goal_in_words

NEWEST = "SELECT flow_id, definition->'goal' AS goal FROM flow_versions WHERE id = ANY(:versions) ORDER BY version DESC LIMIT 1"
CONVERTED = """
SELECT count(*) FROM flow_executions e
WHERE e.flow_id = :flow AND e.user_id = :account AND e.triggered_at >= :start AND e.triggered_at < :end AND NOT e.is_test_run
  AND e.converted_at IS NOT NULL AND e.flow_version_id = ANY(:versions)
  AND (CAST(:source AS text) IS NULL OR e.metadata->>'trigger_source' = :source)
  AND (CAST(:channel AS uuid) IS NULL OR e.first_channel_id = :channel)
"""


async def goal_rows(session: AsyncSession, scope: Scope) -> Sequence[Row]:
    """A row with the goal of the flow's newest version, in words, and how many met it; none without one flow or without a goal."""
    if scope.filter.versions is None:
        return []
    connection = await session.connection()
    versions = list(scope.filter.versions)
    newest = (await connection.execute(sa.text(NEWEST), {"versions": versions})).one()
    if newest.goal is None:
        return []
    goal = Goal.model_validate(newest.goal)
    period, narrowed = scope.period, scope.filter
    asked = {
        "flow": newest.flow_id, "account": scope.account_id, "start": period.start, "end": period.end, "versions": versions,
        "source": narrowed.source, "channel": narrowed.channel_id,
    }  # fmt: skip
    number = (await connection.execute(sa.text(CONVERTED), asked)).scalar_one()
    within = "1 day" if goal.window_days == 1 else f"{goal.window_days} days"
    return [{"step": "goal", "action_type": f"{goal_in_words(goal)} within {within}", "try": "", "result": "", "number": number}]
