"""The few figures over the charts, each with what it was in the period before."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.period import Period

EXECUTIONS = """
SELECT count(*) AS executions,
       count(*) FILTER (WHERE status = 'running') AS running,
       count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(extract(epoch FROM first_attempt_at - lead_at), 0)::double precision)
         FILTER (WHERE first_attempt_at IS NOT NULL) AS speed_p50,
       count(first_conversation_at) AS conversations
FROM flow_executions
WHERE user_id = :account AND triggered_at >= :start AND triggered_at < :end AND NOT is_test_run
"""


@dataclass(frozen=True, slots=True)
class Headline:
    """Executions begun in a period. `speed_p50` is in seconds; `success_rate` is completed of completed and failed, 0 to 1."""

    executions: int
    running: int
    completed: int
    failed: int
    conversations: int
    speed_p50: float | None

    @property
    def success_rate(self) -> float | None:
        """None while nothing has completed or failed."""
        ended = self.completed + self.failed
        return self.completed / ended if ended else None


async def headline(session: AsyncSession, account_id: UUID, period: Period) -> Headline:
    """The figures of one account and period, test runs left out."""
    connection = await session.connection()
    result = await connection.execute(sa.text(EXECUTIONS), {"account": account_id, "start": period.start, "end": period.end})
    return Headline(**result.mappings().one())
