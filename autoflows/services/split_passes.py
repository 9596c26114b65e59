"""The people of an experiment: each by their first pass through a split, and what came after it.

Experiments count from this and lists show from it, so that a number and what is behind it are the same people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import NotFound
from autoflows.domain.flow import FlowDefinition, Goal
from autoflows.domain.splits import splits_of
from autoflows.models import Flow, FlowVersion
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.views.execution_facts import Reached

MOST_PEOPLE = 200_000
"""Passes looked at for one experiment; with more, the first so many."""
WINDOW_DAYS = 7
"""How long people are given to answer where the flow has no goal with a window of its own."""
HAS_SPLIT = sa.text("""flow_versions.definition @> '{"actions": [{"action_type": "split"}]}'::jsonb""")
CONTACTING = ("ai_call", "whatsapp_message", "sms", "email")

# The split's index gives the passes; what followed is read by the key on (execution, order, attempt).
TOLD = """
WITH passes AS MATERIALIZED (
  SELECT l.flow_execution_id, l.contact_id, l.arm, l.action_order, l.started_at
  FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id AND NOT e.is_test_run
  WHERE l.user_id = :account AND l.action_id = :split AND l.arm IS NOT NULL AND l.started_at >= :start AND l.started_at < :end
  ORDER BY l.started_at LIMIT :most
), people AS (SELECT DISTINCT ON (contact_id) * FROM passes ORDER BY contact_id, started_at), told AS (
  SELECT p.flow_execution_id, p.arm, f.contacted, f.answered, f.cost, e.converted_at IS NOT NULL AS converted,
    CASE WHEN :has_goal THEN e.goal_until ELSE p.started_at + make_interval(days => :window) END <= :now AS is_over
  FROM people p JOIN flow_executions e ON e.id = p.flow_execution_id
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE l.status IN ('success', 'unknown', 'running') AND l.action_type = ANY(:contacting)) > 0 AS contacted,
      count(*) FILTER (WHERE (l.outcome = 'answered' OR l.message_state = 'replied')
                       AND l.started_at <= p.started_at + make_interval(days => :window)) > 0 AS answered,
      coalesce(sum(l.cost_amount), 0) AS cost
    FROM flow_action_logs l WHERE l.flow_execution_id = p.flow_execution_id AND l.action_order > p.action_order
  ) f
)
"""
_BEHIND = "SELECT flow_execution_id FROM told WHERE (CAST(:arm AS text) IS NULL OR arm = :arm) AND {test}"
_TESTS = {
    None: "true",
    Reached.CONTACTED: "contacted",
    Reached.NOT_CONTACTED: "NOT contacted",
    Reached.ANSWERED: "answered",
    Reached.CONVERTED: "converted",
    Reached.MEASURED: "is_over",
    Reached.WON: "is_over AND CASE WHEN :has_goal THEN converted ELSE answered END",
}


def told_of(account: UUID, split: UUID, goal: Goal | None, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    """What `TOLD` is asked with."""
    window = goal.window_days if goal else WINDOW_DAYS
    return {
        "account": account, "split": split, "start": start, "end": end, "now": now, "most": MOST_PEOPLE, "window": window,
        "has_goal": goal is not None, "contacting": list(CONTACTING),
    }  # fmt: skip


@open_to("services")
async def behind_split(
    actor: Actor,
    session: AsyncSession,
    split: UUID,
    arm: str | None,
    reached: Reached | None,
    start: datetime,
    end: datetime,
    now: datetime,
) -> sa.Select[tuple[UUID]]:
    """The ids of the executions in which people passed the split for the first time in this span. Raises NotFound."""
    values = {**told_of(actor.account_id, split, await _goal_of(actor, session, split), start, end, now), "arm": arm}
    statement = sa.text(TOLD + _BEHIND.format(test=_TESTS[reached]))
    named = statement.compile().params.keys()
    found = statement.bindparams(**{name: value for name, value in values.items() if name in named}).columns(
        sa.column("flow_execution_id", sa.Uuid())
    )
    return sa.select(found.subquery().c.flow_execution_id)


async def _goal_of(actor: Actor, session: AsyncSession, split: UUID) -> Goal | None:
    """The goal of the flow that has the split, as it is now."""
    statement = (
        sa.select(col(FlowVersion.definition))
        .join(Flow, col(Flow.id) == col(FlowVersion.flow_id))
        .where(col(Flow.user_id) == actor.account_id, HAS_SPLIT)
        .order_by(col(FlowVersion.version).desc())
    )
    for (kept,) in (await session.exec(statement)).all():  # type: ignore[call-overload]
        definition = FlowDefinition.model_validate(kept)
        if any(step.id == split for step in splits_of(definition)):
            return definition.goal
    raise NotFound(f"There is no split with the id {split}.")
