"""Running executions chosen by a filter: how many they are, and cancelling them all.

Cancelling goes in batches, each its own short transaction, so that no row is locked for long and a crash loses nothing: what is cancelled
stays cancelled, and the same request again goes on with the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from autoflows.engine import audit, doorbell, live
from autoflows.engine.control import end, stop_at_providers
from autoflows.engine.pool import Connection, get_pool, transact
from autoflows.ids import new_id

BATCH = 500
PATIENCE_SECONDS = 20.0
"""How long one request goes on; what is left then is told, and the request can be repeated."""

WHERE = """
e.user_id = $1 AND e.status = 'running' AND ($2::uuid IS NULL OR e.flow_id = $2) AND ($3::text IS NULL OR e.waiting_rule = $3)
AND ($4::text IS NULL OR strpos(lower(e.waiting_reason), lower($4)) > 0)
AND ($5::text IS NULL OR lower(e.metadata->>'trigger_source') = lower($5))
AND ($6::timestamptz IS NULL OR e.triggered_at >= $6) AND ($7::timestamptz IS NULL OR e.triggered_at < $7)
"""
COUNT = f"SELECT count(*) FROM flow_executions e WHERE {WHERE}"  # noqa: S608
CHOOSE = f"SELECT e.id FROM flow_executions e WHERE {WHERE} ORDER BY e.id"  # noqa: S608
# One entry per request, whose number grows with each batch.
ENTRY = f"{audit.ADD} ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data"
# Nothing goes out while the rest is still to be cancelled: the flow is off and held until none is left.
CLOSE_FLOW = "UPDATE auto_engagement_flows SET is_enabled = false, is_held = true, updated_at = now() WHERE id = $1 AND user_id = $2"
LIFT = """
UPDATE auto_engagement_flows f SET is_held = false WHERE id = $1
AND NOT EXISTS (SELECT 1 FROM flow_executions e WHERE e.flow_id = f.id AND e.status = 'running')
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of an account's running executions; what is None does not narrow. `until` is not included."""

    flow_id: UUID | None = None
    waiting_rule: str | None = None
    waiting_reason: str | None = None
    lead_source: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """What narrows it, for the audit log."""
        return {name: str(value) for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What one request did, and how many it leaves to another."""

    cancelled: int
    left: int


async def count(account_id: UUID, selection: Selection) -> int:
    """How many running executions are chosen now."""
    pool = await get_pool()
    found: int = await pool.fetchval(COUNT, account_id, *astuple(selection))
    return found


async def cancel(
    account_id: UUID, selection: Selection, reason: str, actor_id: UUID | None, patience: float = PATIENCE_SECONDS
) -> Cancelled:
    """Cancel the chosen executions for up to `patience` seconds: nothing more is sent by them, what was sent stays sent.

    One entry in the audit log says the number, and says it truly at any moment. Calls that queue at a provider are stopped there.
    """
    loop = asyncio.get_running_loop()
    deadline, entry, done = loop.time() + patience, new_id(), 0
    pool = await get_pool()
    ids = [row["id"] for row in await pool.fetch(CHOOSE, account_id, *astuple(selection))]
    data = {"reason": reason, "filter": selection.as_dict(), "chosen": len(ids)}
    stops: list[asyncio.Task[int]] = []
    for batch in (ids[n : n + BATCH] for n in range(0, len(ids), BATCH)):
        if done and loop.time() > deadline:
            break

        async def work(connection: Connection, batch: list[UUID] = batch, before: int = done) -> list[UUID]:
            ended = await end(connection, batch, reason)
            told = {**data, "cancelled": before + len(ended)}
            await connection.execute(ENTRY, entry, account_id, actor_id, "executions.cancelled", "execution", None, told)
            return ended

        ended = await transact(work)
        done += len(ended)
        live.publish(live.LiveChange(account_id, execution_id=execution_id) for execution_id in ended)
        if ended:
            stops.append(asyncio.create_task(stop_at_providers(*ended)))
    if stops:  # workers ask again for what is not asked, or not answered, in time
        await asyncio.wait(stops, timeout=max(deadline - loop.time(), 1))
    return Cancelled(done, await count(account_id, selection) if done < len(ids) else 0)


async def cancel_flow(account_id: UUID, flow_id: UUID, reason: str, actor_id: UUID | None, patience: float = PATIENCE_SECONDS) -> Cancelled:
    """Switch a flow off and cancel all that runs in it. It is held meanwhile, and stays so as long as any is left."""
    await transact(lambda connection: connection.execute(CLOSE_FLOW, flow_id, account_id))
    found = await cancel(account_id, Selection(flow_id=flow_id), reason, actor_id, patience)
    await transact(lambda connection: connection.execute(LIFT, flow_id))
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="account")])
    return Cancelled(found.cancelled, await count(account_id, Selection(flow_id=flow_id)))
