"""What is compared: a side's executions, its figures, and the times of its first attempts. One statement each, over rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.experiments import RateView
from autoflows.domain.statistics import Proportion
from autoflows.services.access import Actor

MOST_RUNS = 200_000
"""Executions looked at on one side; with more, the newest so many."""
MOST_TIMES = 5_000
"""Durations compared on one side, the newest."""

RUNS = """
SELECT e.id, e.first_attempt_at, e.lead_at, e.first_conversation_at, e.goal_until, e.converted_at, e.triggered_at FROM flow_executions e
WHERE e.user_id = :account AND e.triggered_at >= :start AND e.triggered_at < :end AND NOT e.is_test_run
  AND {which}
ORDER BY e.triggered_at DESC LIMIT :most
"""
FIGURES = """
WITH runs AS MATERIALIZED ({runs})
SELECT count(*) AS entered, count(first_attempt_at) AS contacted, count(first_conversation_at) AS answered,
  count(*) FILTER (WHERE goal_until <= :now) AS measured,
  count(*) FILTER (WHERE goal_until <= :now AND converted_at IS NOT NULL) AS converted,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_attempt_at - lead_at)::double precision)
    FILTER (WHERE first_attempt_at IS NOT NULL) AS speed,
  (SELECT coalesce(jsonb_object_agg(c.currency, c.amount), '{{}}')::text FROM (
    SELECT coalesce(l.cost_currency, '') AS currency, sum(l.cost_amount)::bigint AS amount FROM flow_action_logs l
    WHERE l.flow_execution_id IN (SELECT id FROM runs) GROUP BY 1 HAVING sum(l.cost_amount) <> 0
  ) c) AS cost
FROM runs
"""
TIMES = """
SELECT greatest(extract(epoch FROM first_attempt_at - lead_at), 0)::double precision AS seconds FROM ({runs}) runs
WHERE first_attempt_at IS NOT NULL LIMIT :times
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """Which executions one side is about. `flow_ids` None: all flows; `others`: all flows but these."""

    label: str
    start: datetime
    end: datetime
    flow_ids: Sequence[UUID] | None = None
    others: bool = False

    def sql(self, statement: str) -> sa.TextClause:
        """The statement over its executions; where flows are named, by their index."""
        which = "true" if self.flow_ids is None else f"{'NOT ' if self.others else ''}e.flow_id = ANY(:flow_ids)"
        return sa.text(statement.format(runs=RUNS.format(which=which)))

    def parameters(self, actor: Actor) -> dict[str, object]:
        """What the statement is asked with."""
        named = {"flow_ids": list(self.flow_ids)} if self.flow_ids is not None else {}
        return {"account": actor.account_id, "start": self.start, "end": self.end, "most": MOST_RUNS, **named}


class SideView(BaseModel):
    """What is compared. Counts are executions begun in the time; `converted` is of those whose time to convert is over."""

    label: str
    since: datetime
    until: datetime
    entered: int
    contacted: RateView
    answered: RateView
    converted: RateView
    speed_p50_seconds: float | None = Field(description="median time from lead to first attempt")
    cost: dict[str, int] = Field(description="of all their attempts, in minor units by currency")
    flow_ids: list[UUID] | None = Field(description="the flows it is about; null: all")
    is_rest: bool = Field(default=False, description="whether it is about all flows but `flow_ids`")
    is_capped: bool = Field(description="whether there were more, and these are the newest")

    def of(self, metric: str) -> Proportion:
        """One of its rates as counts."""
        rates: Mapping[str, RateView] = {"contacted": self.contacted, "answered": self.answered, "converted": self.converted}
        return Proportion(rates[metric].count, rates[metric].total)


async def measure(actor: Actor, session: AsyncSession, cut: Cut, now: datetime) -> SideView:
    """The figures of one side."""
    connection = await session.connection()
    row = (await connection.execute(cut.sql(FIGURES), {**cut.parameters(actor), "now": now})).mappings().one()
    return SideView(
        label=cut.label,
        since=cut.start,
        until=cut.end,
        entered=row["entered"],
        contacted=RateView.of(Proportion(row["contacted"], row["entered"])),
        answered=RateView.of(Proportion(row["answered"], row["entered"])),
        converted=RateView.of(Proportion(row["converted"], row["measured"])),
        speed_p50_seconds=None if row["speed"] is None else max(row["speed"], 0.0),
        cost=json.loads(row["cost"]),
        flow_ids=None if cut.flow_ids is None else list(cut.flow_ids),
        is_rest=cut.others,
        is_capped=row["entered"] >= MOST_RUNS,
    )


async def times_of(actor: Actor, session: AsyncSession, cut: Cut) -> list[float]:
    """Seconds from lead to first attempt, the newest."""
    connection = await session.connection()
    rows = await connection.execute(cut.sql(TIMES), {**cut.parameters(actor), "times": MOST_TIMES})
    return [row.seconds for row in rows]
