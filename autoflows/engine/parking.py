"""Queues of executions that wait for something another event sets free: a line, a channel, a flow or an account that is held.

An execution stands in at most one queue, `parked_on`, and waits since `parked_at`, also if it came from another queue. Fresh leads stand
before bulk ones, and ids, which grow with time, settle a tie. Who sets the thing free wakes the queue's head in the same transaction.
`due_at` of a parked execution is only the safety net behind that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from autoflows.domain.queues import line_queue
from autoflows.engine.pool import Connection

# One account's limits are taken from by one transaction at a time, or two workers would both take the last line.
ACCOUNT_LOCKS = "SELECT pg_advisory_xact_lock(hashtextextended(name, 7)) FROM unnest($1::text[]) AS name"

# Those that are due already will take a turn each by themselves, so the next ones are woken. Rows that others hold are passed over, since
# nobody may wait here: a worker that holds one decides under the account's lock, after us. Many that are due are not all looked through.
WAKE = """
UPDATE flow_executions SET due_at = clock_timestamp() WHERE id IN (
  SELECT id FROM flow_executions WHERE due_at > clock_timestamp() AND id IN (
    SELECT id FROM flow_executions WHERE parked_on = $1 AND status = 'running' ORDER BY bulk, parked_at, id LIMIT $2 + 200)
  ORDER BY bulk, parked_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


async def wake(connection: Connection, queue: str, limit: int) -> None:
    """Let the first `limit` of a queue who are not due yet have their turn now, in the caller's transaction.

    Ring the doorbell after the commit.
    """
    await connection.execute(WAKE, queue, limit)


async def let_pass(connection: Connection, account_id: UUID) -> None:
    """Wait for those who decide by this account's limits as they were until now; in a transaction of its own, before waking others."""
    await connection.execute(ACCOUNT_LOCKS, [str(account_id)])


async def free_lines(connection: Connection, ended: Sequence[tuple[UUID, UUID | None]]) -> None:
    """Calls have ended, each of an account and by a channel: the first who wait for their lines are due now.

    At the end of the transaction that ended them, and under the account's lock: whoever finds the lines busy has joined the queue by then.
    """
    if not ended:
        return
    await connection.execute(ACCOUNT_LOCKS, sorted({str(account_id) for account_id, _ in ended}))
    lines = Counter(key for pair in ended for key in pair if key is not None)
    for key, number in sorted(lines.items()):
        await wake(connection, line_queue(key), number)


async def pass_turns(connection: Connection, turns: Sequence[tuple[UUID, str]]) -> None:
    """Executions of these accounts did not take their turn in these queues, or ended before they could: the next in each are due now.

    At the end of the transaction in which they left, for the same reason.
    """
    if turns:
        await connection.execute(ACCOUNT_LOCKS, sorted({str(account_id) for account_id, _ in turns}))
        for queue, number in sorted(Counter(queue for _, queue in turns).items()):
            await wake(connection, queue, number)
