"""Attempts that nobody comes back to: their execution was over while they were out, and no webhook has named them since."""

from __future__ import annotations

import logging

from autoflows.domain.decisions import Timing
from autoflows.engine import live, parking
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection, transact

log = logging.getLogger(__name__)

BATCH = 500
CLOSE = """
WITH lost AS (
  SELECT l.id, l.flow_execution_id FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id
  WHERE l.status = 'running' AND l.action_type <> 'wait' AND l.started_at < now() - $1::interval AND e.status <> 'running'
  ORDER BY l.started_at LIMIT $2 FOR UPDATE OF l SKIP LOCKED
)
UPDATE flow_action_logs l SET status = 'unknown', completed_at = now(), error_message = COALESCE(l.error_message, $3),
  outcome = CASE WHEN l.action_type = 'ai_call' THEN COALESCE(l.outcome, 'unknown') ELSE l.outcome END
FROM lost WHERE l.id = lost.id RETURNING l.user_id, l.flow_execution_id, l.channel_id, l.action_type
"""
WHY = "The execution was over before the provider told what became of this attempt"


async def close_lost_attempts(timing: Timing) -> int:
    """Call attempts `unknown` whose execution is over and whose outcome is overdue; gives how many. A late webhook may still name them.

    Left `running` they would hold a line of the account's for a day. Raises Unavailable.
    """

    async def work(connection: Connection) -> list[LiveChange]:
        rows = await connection.fetch(CLOSE, timing.provider_timeout + timing.call_deadline, BATCH, WHY)
        await parking.free_lines(connection, [(row["user_id"], row["channel_id"]) for row in rows if row["action_type"] == "ai_call"])
        return [LiveChange(row["user_id"], execution_id=row["flow_execution_id"]) for row in rows]

    changes = await transact(work)
    if changes:
        log.info("%d attempts of executions that are over are unknown from now on", len(changes))
        live.publish(changes)
    return len(changes)
