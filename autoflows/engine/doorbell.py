"""Waking a worker: an ARQ job named `drain` and a push on a list that workers block on. The only module that knows ARQ's client.

A ring carries nothing and may be lost: each worker also looks by itself every second. The first ring goes out at once, those within a
few milliseconds after it are one more. Each is a job of its own: one with the name of a job that is just running would be dropped.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool

from autoflows.engine.broker import BROKER_LOST
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

WAKE_LIST = "autoflows:wake"
WAKE_LENGTH = 64  # more pending wakes than this tell a worker nothing new
QUEUE = "autoflows:jobs"
LONG_DUE = datetime.fromtimestamp(1, UTC)
"""ARQ compares the time of a job with the worker's clock: one of now would be in the future of a worker whose clock is slow."""
EXPIRES_SECONDS = 24 * 3600
PAUSE_SECONDS = 0.01
"""Between two rings of a process: a ring costs Redis and a worker about as much as a lead."""


def serialize(job: dict[str, Any]) -> bytes:
    """ARQ jobs as JSON: reading a pickle from a shared Redis would be running someone else's code."""
    return json.dumps(job, default=str).encode()


def deserialize(raw: bytes) -> dict[str, Any]:
    """The inverse of `serialize`."""
    return dict(json.loads(raw))


class _Doorbell:
    def __init__(self) -> None:
        pool: ConnectionPool = ConnectionPool.from_url(get_settings().redis_url, socket_connect_timeout=2, socket_timeout=5)
        self.redis = ArqRedis(pool, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=QUEUE)
        self.ringing: asyncio.Task[None] | None = None
        self.again = False

    def ring(self) -> None:
        self.again = True
        if self.ringing is None or self.ringing.done():
            self.ringing = asyncio.get_running_loop().create_task(self._ring())

    async def _ring(self) -> None:
        while self.again:
            self.again = False
            try:
                await self.redis.enqueue_job("drain", _defer_until=LONG_DUE, _expires=EXPIRES_SECONDS)
                async with self.redis.pipeline(transaction=False) as pipe:
                    pipe.lpush(WAKE_LIST, b"1")
                    pipe.ltrim(WAKE_LIST, 0, WAKE_LENGTH - 1)
                    await pipe.execute()
            except BROKER_LOST as error:
                log.warning("doorbell not rung, the sweep will find the work: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)


_doorbells: WeakKeyDictionary[asyncio.AbstractEventLoop, _Doorbell] = WeakKeyDictionary()


async def ring() -> None:
    """Wake a worker soon. Returns at once, never raises."""
    if not get_settings().redis_url:
        return
    loop = asyncio.get_running_loop()
    bell = _doorbells.get(loop)
    if bell is None:
        bell = _doorbells[loop] = _Doorbell()
    bell.ring()


async def close_doorbell() -> None:
    """Wait for a ring under way and close the connection; for the end of a process."""
    bell = _doorbells.pop(asyncio.get_running_loop(), None)
    if bell is not None:
        if bell.ringing is not None:
            await asyncio.wait([bell.ringing], timeout=2)
        await bell.redis.aclose(close_connection_pool=True)
