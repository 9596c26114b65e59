"""News for watching browsers: ids only, after commit, over Redis pub/sub. A lost message costs a little freshness, nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from redis.asyncio.client import PubSub

from autoflows.engine.broker import BROKER_LOST, get_redis
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

CHANNEL = "autoflows:live"
PATIENCE_SECONDS = 5.0
"""How long Redis may be silent before it is asked whether it is there; and again so long until it counts as lost."""
AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class LiveChange:
    """Something of an account changed: an execution, a lead event, or (both None) something wider, named by `kind`."""

    account_id: UUID
    execution_id: UUID | None = None
    lead_event_id: UUID | None = None
    kind: str = "execution"


RESYNC = LiveChange(account_id=UUID(int=0), kind="resync")
"""News of anything may have been missed."""


def _ids(change: LiveChange) -> list[str | None]:
    return [
        str(change.account_id),
        str(change.execution_id) if change.execution_id else None,
        str(change.lead_event_id) if change.lead_event_id else None,
        change.kind,
    ]


class _Herald:
    """Sends what has gathered while the last message was on its way: nobody who has news waits for Redis."""

    def __init__(self) -> None:
        self.pending: set[LiveChange] = set()
        self.sending: asyncio.Task[None] | None = None

    def tell(self, changes: Iterable[LiveChange]) -> None:
        self.pending.update(changes)
        if self.pending and (self.sending is None or self.sending.done()):
            self.sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        lost = False
        while self.pending:
            changes, self.pending = self.pending, set()
            if RESYNC in changes:
                changes = {RESYNC}
            try:
                await get_redis().publish(CHANNEL, json.dumps([_ids(change) for change in changes]))
                lost = False
            except BROKER_LOST as error:
                if not lost:
                    log.warning("live news not published: %s", error)
                lost = True
                self.pending = {RESYNC}  # what is lost is told in one word, as soon as somebody hears it
                await asyncio.sleep(AGAIN_SECONDS)


_heralds: WeakKeyDictionary[asyncio.AbstractEventLoop, _Herald] = WeakKeyDictionary()


def publish(changes: Iterable[LiveChange]) -> None:
    """Tell whoever listens, soon. Returns at once and never raises: the rows are the truth."""
    if get_settings().redis_url:
        _heralds.setdefault(asyncio.get_running_loop(), _Herald()).tell(changes)


async def close_live() -> None:
    """Wait a moment for news on its way; for the end of a process."""
    herald = _heralds.pop(asyncio.get_running_loop(), None)
    if herald is not None and herald.sending is not None:
        _, late = await asyncio.wait([herald.sending], timeout=2)
        for task in late:
            task.cancel()


async def listen() -> AsyncIterator[list[LiveChange] | None]:
    """Batches of changes as they come, for ever; reconnects by itself.

    None says that Redis is lost: nothing is heard until the next batch. A batch of `kind="resync"` says that it is heard (again), and that
    news may have been missed; the first batch of all is one.
    """
    lost = False
    while True:
        try:
            async with get_redis().pubsub() as subscription:
                await subscription.subscribe(CHANNEL)
                async for message in _messages(subscription):
                    if message["type"] == "subscribe":  # also when the client itself has connected anew
                        lost = False
                        yield [RESYNC]
                    elif message["type"] == "message":
                        yield [_change(item) for item in json.loads(message["data"])]
        except BROKER_LOST as error:
            if not lost:
                log.warning("live news interrupted: %s", error)
                yield None
            lost = True
            await asyncio.sleep(AGAIN_SECONDS)


async def _messages(subscription: PubSub) -> AsyncIterator[dict[str, Any]]:
    """What Redis says, as it comes. Raises TimeoutError if it is silent even when asked whether it is there."""
    heard = time.monotonic()
    while True:
        message = await subscription.get_message(timeout=PATIENCE_SECONDS)
        if message is not None:
            heard = time.monotonic()
            yield message
        elif time.monotonic() - heard > 2 * PATIENCE_SECONDS:
            raise TimeoutError(f"Redis has said nothing for {2 * PATIENCE_SECONDS:g} s")
        else:
            await subscription.ping()


def _change(item: list[str | None]) -> LiveChange:
    account, execution, lead_event, kind = item
    return LiveChange(
        UUID(str(account)), UUID(execution) if execution else None, UUID(lead_event) if lead_event else None, kind or "execution"
    )
