"""An ARQ worker that is woken in milliseconds, and that neither Redis nor PostgreSQL can kill by going away.

ARQ polls; a worker that blocks on the doorbell's list instead starts a job about 3 ms after the ring and idles at next to no CPU.
Beside it a sweep drains every second, so that with no Redis at all the work goes on a second later.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool

from autoflows.domain.errors import Unavailable
from autoflows.engine import control
from autoflows.engine.broker import BROKER_LOST
from autoflows.engine.doorbell import QUEUE, WAKE_LIST, deserialize, serialize
from autoflows.engine.drain import Drainer
from autoflows.engine.pool import LOST
from autoflows.engine.reconcile import close_lost_attempts
from autoflows.settings import Settings

log = logging.getLogger(__name__)

HEARTBEAT_PREFIX = "autoflows:worker:"
HEARTBEAT_SECONDS = 5
IDLE_BLOCK_SECONDS = 1.0
RECONCILE_SECONDS = 60.0
STOP_SECONDS = 5.0


async def drain(context: dict[str, Any]) -> None:
    """The ARQ job: the doorbell rang."""
    await safely_drain(context["drainer"])


async def safely_drain(drainer: Drainer) -> None:
    """Drain; a database that is away is news for the log, and the next sweep tries again."""
    try:
        await drainer.drain()
    except (Unavailable, *LOST) as error:
        log.warning("nothing drained, the database does not answer: %s", error)
    except Exception:
        log.exception("draining failed; the next sweep tries again")


class DoorbellWorker(Worker):
    """ARQ's worker with its polling replaced by a blocking wait, and its connection re-made after a loss."""

    def __init__(self, settings: Settings, drainer: Drainer) -> None:
        super().__init__(
            functions=[func(cast(WorkerCoroutine, drain), name="drain")],
            queue_name=QUEUE,
            redis_pool=_arq_pool(settings),
            handle_signals=False,
            keep_result=0,
            max_jobs=4,
            max_tries=1,
            job_timeout=60,
            poll_delay=IDLE_BLOCK_SECONDS,
            health_check_interval=60,
            ctx={"drainer": drainer},
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        self.ctx["redis"] = self.pool

    async def main(self) -> None:
        """Wait for a ring, run the jobs it announces; for ever, whatever Redis does."""
        while True:
            try:
                await self._poll_iteration()
                await cast(Awaitable[Any], self.pool.blpop([WAKE_LIST], timeout=IDLE_BLOCK_SECONDS))
            except BROKER_LOST as error:
                log.warning("Redis does not answer, the sweep goes on without it: %s", error)
                for task in self.tasks.values():
                    task.add_done_callback(_let_go)
                self.tasks.clear()
                await asyncio.sleep(1)


def _let_go(task: asyncio.Task[Any]) -> None:
    """The job was a ring, and Redis was lost around it: what it raised is no news."""
    if not task.cancelled():
        task.exception()


def _arq_pool(settings: Settings) -> ArqRedis:
    pool: ConnectionPool = ConnectionPool.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=10)
    return ArqRedis(pool, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=QUEUE)


async def sweep(drainer: Drainer, seconds: float) -> None:
    """Drain what is due every `seconds`, with Redis up or down."""
    while not drainer.closing:
        await safely_drain(drainer)
        await asyncio.sleep(seconds)


async def reconcile(drainer: Drainer) -> None:
    """Now and then, close what the end of an execution left open."""
    await _every(RECONCILE_SECONDS, drainer, partial(close_lost_attempts, drainer.timing))


async def stop_calls(drainer: Drainer) -> None:
    """Stop calls of cancelled executions that still queue at their provider, where the cancel itself could not."""
    await _every(STOP_SECONDS, drainer, control.stop_at_providers)


async def _every(seconds: float, drainer: Drainer, work: Callable[[], Awaitable[object]]) -> None:
    while not drainer.closing:
        try:
            await work()
        except (Unavailable, *LOST) as error:
            log.warning("nothing reconciled, the database does not answer: %s", error)
        except Exception:
            log.exception("reconciling failed; it is tried again")
        await asyncio.sleep(seconds)


async def heartbeat(redis: ArqRedis) -> None:
    """Say that this worker lives, for `/api/health`."""
    key = f"{HEARTBEAT_PREFIX}{socket.gethostname()}:{os.getpid()}"
    while True:
        try:
            await redis.set(key, b"1", ex=HEARTBEAT_SECONDS * 3)
        except BROKER_LOST as error:
            log.debug("no heartbeat: %s", error)
        await asyncio.sleep(HEARTBEAT_SECONDS)
