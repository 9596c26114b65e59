"""Many executions at once: cancelling those that run, and trying again those that failed.

It goes in batches, each its own short transaction, so that no row is locked for long and a crash loses nothing: what is done stays done,
and the same request again goes on with the rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from autoflows.engine import amend, audit, doorbell, live
from autoflows.engine.control import end, stop_at_providers
from autoflows.engine.pool import Connection, get_pool, transact
from autoflows.ids import new_id

BATCH = 500
RETRY_BATCH = 100
PATIENCE_SECONDS = 20.0
"""How long one request goes on; what is left then is told, and the request can be repeated."""

OF_FLOW = "SELECT id FROM flow_executions WHERE flow_id = $1 AND user_id = $2 AND status = 'running' ORDER BY id"
COUNT_OF_FLOW = "SELECT count(*) FROM flow_executions WHERE flow_id = $1 AND user_id = $2 AND status = 'running'"
# One entry per request, whose number grows with each batch.
ENTRY = f"{audit.ADD} ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data"
# Nothing goes out while the rest is still to be cancelled: the flow is off and held until none is left.
CLOSE_FLOW = "UPDATE auto_engagement_flows SET is_enabled = false, is_held = true, updated_at = now() WHERE id = $1 AND user_id = $2"
LIFT = """
UPDATE auto_engagement_flows f SET is_held = false WHERE id = $1
AND NOT EXISTS (SELECT 1 FROM flow_executions e WHERE e.flow_id = f.id AND e.status = 'running')
"""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What one request did, and how many it leaves to another."""

    cancelled: int
    left: int


@dataclass(frozen=True, slots=True)
class Retried:
    """What one request did, how many could not be tried again and why, and how many it leaves to another."""

    retried: int
    left: int
    skipped: Mapping[str, int] = field(default_factory=dict)


async def running_in(account_id: UUID, flow_id: UUID) -> int:
    """How many executions of a flow run now."""
    pool = await get_pool()
    found: int = await pool.fetchval(COUNT_OF_FLOW, flow_id, account_id)
    return found


async def cancel(
    account_id: UUID,
    ids: Sequence[UUID],
    told: Mapping[str, Any],
    reason: str,
    actor_id: UUID | None,
    patience: float = PATIENCE_SECONDS,
) -> Cancelled:
    """Cancel those of these executions of the account that still run, for up to `patience` seconds: nothing more is sent by them, what
    was sent stays sent.

    One entry in the audit log says how they were chosen, as `told`, and their number, truly at any moment. Calls that queue at a provider
    are stopped there.
    """
    loop = asyncio.get_running_loop()
    deadline, entry, done, seen = loop.time() + patience, new_id(), 0, 0
    data = {"reason": reason, "filter": dict(told), "chosen": len(ids)}
    stops: list[asyncio.Task[int]] = []
    for batch in (ids[n : n + BATCH] for n in range(0, len(ids), BATCH)):
        if seen and loop.time() > deadline:
            break

        async def work(connection: Connection, batch: Sequence[UUID] = batch, before: int = done) -> list[UUID]:
            ended = await end(connection, batch, reason)
            now = {**data, "cancelled": before + len(ended)}
            await connection.execute(ENTRY, entry, account_id, actor_id, "executions.cancelled", "execution", None, now)
            return ended

        ended = await transact(work)
        done, seen = done + len(ended), seen + len(batch)
        live.publish(live.LiveChange(account_id, execution_id=execution_id) for execution_id in ended)
        if ended:
            stops.append(asyncio.create_task(stop_at_providers(*ended)))
    if stops:  # workers ask again for what is not asked, or not answered, in time
        await asyncio.wait(stops, timeout=max(deadline - loop.time(), 1))
    return Cancelled(done, len(ids) - seen)


async def would_retry(account_id: UUID, ids: Sequence[UUID]) -> Retried:
    """What `retry` would leave and skip now; nothing is changed."""
    skipped: Counter[str] = Counter()
    for batch in (ids[n : n + BATCH] for n in range(0, len(ids), BATCH)):

        async def look(connection: Connection, batch: Sequence[UUID] = batch) -> dict[UUID, str]:
            return await amend.refusals(connection, account_id, batch)

        skipped.update((await transact(look)).values())
    return Retried(0, len(ids) - skipped.total(), skipped)


async def retry(
    account_id: UUID, ids: Sequence[UUID], told: Mapping[str, Any], actor_id: UUID | None, patience: float = PATIENCE_SECONDS
) -> Retried:
    """Try these failed executions of the account again, for up to `patience` seconds; nothing that may have reached anybody is sent again.

    Those that cannot be tried again are counted by the reason. They yield to fresh leads, as uploads do. One entry in the audit log says
    how they were chosen and their number, truly at any moment.
    """
    loop = asyncio.get_running_loop()
    deadline, entry, done, seen = loop.time() + patience, new_id(), 0, 0
    skipped: Counter[str] = Counter()
    data = {"filter": dict(told), "chosen": len(ids)}
    for batch in (ids[n : n + RETRY_BATCH] for n in range(0, len(ids), RETRY_BATCH)):
        if seen and loop.time() > deadline:
            break

        async def work(connection: Connection, batch: Sequence[UUID] = batch, before: int = done) -> amend.Again:
            again = await amend.restart(connection, account_id, batch)
            now = {**data, "retried": before + len(again.restarted)}
            await connection.execute(ENTRY, entry, account_id, actor_id, "executions.retried", "execution", None, now)
            return again

        again = await transact(work)
        done, seen = done + len(again.restarted), seen + len(batch)
        skipped.update(again.refused.values())
        await doorbell.ring()
        live.publish(live.LiveChange(account_id, execution_id=execution_id) for execution_id in again.restarted)
    return Retried(done, len(ids) - seen, skipped)


async def cancel_flow(account_id: UUID, flow_id: UUID, reason: str, actor_id: UUID | None, patience: float = PATIENCE_SECONDS) -> Cancelled:
    """Switch a flow off and cancel all that runs in it. It is held meanwhile, and stays so as long as any is left."""
    await transact(lambda connection: connection.execute(CLOSE_FLOW, flow_id, account_id))
    pool = await get_pool()
    ids = [row["id"] for row in await pool.fetch(OF_FLOW, flow_id, account_id)]
    found = await cancel(account_id, ids, {"flow_id": str(flow_id)}, reason, actor_id, patience)
    await transact(lambda connection: connection.execute(LIFT, flow_id))
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="account")])
    return Cancelled(found.cancelled, await running_in(account_id, flow_id))
