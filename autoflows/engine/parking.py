"""Queues of executions that wait for something another event sets free: a line, a channel, a flow or an account that is held.

An execution stands in at most one queue, `parked_on`, since `parked_at`; fresh leads stand before bulk ones. Who sets the thing free
wakes the queue's head in the same transaction. `due_at` of a parked execution is only the safety net behind that.
"""

from __future__ import annotations

from autoflows.engine.pool import Connection

# Locked by id, as everywhere; a row that a worker holds just now is looked at by that worker.
WAKE = """
UPDATE flow_executions SET due_at = clock_timestamp() WHERE status = 'running' AND id IN (
  SELECT id FROM flow_executions WHERE id IN (
    SELECT id FROM flow_executions WHERE parked_on = $1 AND status = 'running' ORDER BY bulk, parked_at LIMIT $2)
  ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING id
"""


async def wake(connection: Connection, queue: str, limit: int = 1_000_000) -> int:
    """Make the first `limit` of a queue due now, in the caller's transaction; gives how many. Ring the doorbell after the commit."""
    return len(await connection.fetch(WAKE, queue, limit))
