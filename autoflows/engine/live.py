"""News for watching browsers: ids only, after commit, over Redis pub/sub. A lost message costs a little freshness, nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from uuid import UUID

from autoflows.engine.broker import BROKER_LOST, get_redis

log = logging.getLogger(__name__)

CHANNEL = "autoflows:live"
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LiveChange:
    """Something of an account changed: an execution, a lead event, or (both None) something wider, named by `kind`."""

    account_id: UUID
    execution_id: UUID | None = None
    lead_event_id: UUID | None = None
    kind: str = "execution"


def _ids(change: LiveChange) -> list[str | None]:
    return [
        str(change.account_id),
        str(change.execution_id) if change.execution_id else None,
        str(change.lead_event_id) if change.lead_event_id else None,
        change.kind,
    ]


async def publish(changes: Iterable[LiveChange]) -> None:
    """Tell whoever listens. Never raises: the rows are the truth."""
    items = [_ids(change) for change in set(changes)]
    if not items:
        return
    try:
        await get_redis().publish(CHANNEL, json.dumps(items))
    except BROKER_LOST as error:
        log.warning("live news not published: %s", error)


async def listen() -> AsyncIterator[list[LiveChange]]:
    """Batches of changes as they come, for ever; reconnects by itself. After a reconnect one batch with `kind="resync"` is given,
    because news may have been missed."""
    resync = False
    while True:
        try:
            async with get_redis().pubsub(ignore_subscribe_messages=True) as subscription:
                await subscription.subscribe(CHANNEL)
                if resync:
                    yield [LiveChange(account_id=UUID(int=0), kind="resync")]
                while True:
                    message = await subscription.get_message(timeout=PATIENCE_SECONDS)
                    if message is not None:
                        yield [_change(item) for item in json.loads(message["data"])]
        except BROKER_LOST as error:
            log.warning("live news interrupted: %s", error)
            resync = True
            await asyncio.sleep(0.5)


def _change(item: list[str | None]) -> LiveChange:
    account, execution, lead_event, kind = item
    return LiveChange(
        UUID(str(account)), UUID(execution) if execution else None, UUID(lead_event) if lead_event else None, kind or "execution"
    )
