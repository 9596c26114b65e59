"""The proof that no lead is lost: every lead event has one disposition, and what should still move is in a place where it will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from autoflows.engine.pool import get_pool

BY_DISPOSITION = """
SELECT disposition, count(*) AS n FROM lead_events
WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::timestamptz IS NULL OR received_at >= $2) GROUP BY disposition
"""
# A lead event is accounted for if it waits to be matched where the workers look, is settled with a reason, or is enrolled in an
# execution that exists and is either over or due at some time. Anything else is a hole.
HOLES = """
lead_events l LEFT JOIN flow_executions e ON e.id = l.execution_id WHERE CASE l.disposition
  WHEN 'queued' THEN l.due_at IS NULL
  WHEN 'enrolled' THEN e.id IS NULL OR (e.status = 'running' AND e.due_at IS NULL)
  ELSE l.due_at IS NOT NULL END
"""
UNACCOUNTED = f"""
SELECT count(*) FROM {HOLES} AND ($1::uuid IS NULL OR l.user_id = $1) AND ($2::timestamptz IS NULL OR l.received_at >= $2)
"""  # noqa: S608
UNACCOUNTED_BY_ACCOUNT = f"SELECT l.user_id AS account_id, count(*) AS number FROM {HOLES} GROUP BY l.user_id"  # noqa: S608
# Bulk work yields to fresh leads, so that it may wait its turn for long; by these words the partial indexes on (bulk, due_at) are used.
LATE = "((bulk = false AND due_at < now() - interval '60 seconds') OR (bulk = true AND due_at < now() - interval '1 hour'))"
STUCK_LEADS = f"lead_events WHERE disposition = 'queued' AND {LATE}"
LATE_EXECUTIONS = f"flow_executions WHERE status = 'running' AND {LATE}"
QUEUE = f"""
SELECT (SELECT count(*) FROM flow_executions WHERE status = 'running' AND due_at <= now())
     + (SELECT count(*) FROM lead_events WHERE disposition = 'queued' AND due_at <= now()) AS due,
  (SELECT count(*) FROM {STUCK_LEADS}) AS stuck,
  COALESCE(extract(epoch FROM now() - least(
    (SELECT min(due_at) FROM flow_executions WHERE status = 'running' AND due_at <= now()),
    (SELECT min(due_at) FROM lead_events WHERE disposition = 'queued' AND due_at <= now()))), 0)::float8 AS oldest
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Ledger:
    """`received == accounted + unaccounted`, and `unaccounted` is 0 unless something is badly wrong."""

    received: int
    accounted: int
    unaccounted: int
    by_disposition: dict[str, int]


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that is due now, and for how long the oldest of it has been. `stuck_leads` have waited too long to be matched."""

    due: int
    oldest_due_seconds: float
    stuck_leads: int


async def counts(account_id: UUID | None = None, since: datetime | None = None) -> Ledger:
    """The ledger of one account, or of all; with `since`, of the leads received from then on."""
    pool = await get_pool()
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(BY_DISPOSITION, account_id, since)
        unaccounted = await connection.fetchval(UNACCOUNTED, account_id, since)
    received = sum(row["n"] for row in rows)
    return Ledger(received, received - unaccounted, unaccounted, {row["disposition"]: row["n"] for row in rows})


async def queue() -> Queue:
    """How much is due and how late it is, over all accounts."""
    pool = await get_pool()
    row = await pool.fetchrow(QUEUE)
    return Queue(row["due"], row["oldest"], row["stuck"])
