"""The hot path's connections: one asyncpg pool per event loop, with JSONB read and written as Python values."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg

from autoflows.domain.errors import Unavailable
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

LOST = (
    *(OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError),
    asyncpg.InternalClientError,  # the driver was in the middle of several statements, and has no word for the loss
)
"""What a restart of PostgreSQL looks like from here."""
RETRYABLE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

Connection = Any  # asyncpg ships no types; a pool hands out proxies of its connection

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncpg.Pool] = WeakKeyDictionary()
_opening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

T = TypeVar("T")


def encode(value: Any) -> str:
    """JSON text for a JSONB column; what JSON has no word for (ids, times) becomes text."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=encode, decoder=json.loads, schema="pg_catalog")


async def _leave(connection: Connection) -> None:
    """Nothing to undo when a connection comes back: no statement of ours changes its session, and asyncpg ends an open transaction.

    Its own way, a statement that resets everything, would be one more round trip per transaction.
    """


async def get_pool() -> Any:
    """This loop's pool, opened at first use. Raises what connecting raises."""
    loop = asyncio.get_running_loop()
    if (pool := _pools.get(loop)) is not None:
        return pool
    async with _opening.setdefault(loop, asyncio.Lock()):
        if (pool := _pools.get(loop)) is None:
            dsn = get_settings().database_url.replace("postgresql+asyncpg://", "postgresql://", 1)
            pool = await asyncpg.create_pool(
                dsn, min_size=2, max_size=20, init=_prepare, reset=_leave, command_timeout=30, max_inactive_connection_lifetime=300
            )
            _pools[loop] = pool
        return pool


async def close_pool() -> None:
    """Close this loop's pool, if it was opened."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.close()


async def _give_back(pool: Any, connection: Connection) -> None:
    """Release a connection. What was committed stays committed, also if the connection is lost only now."""
    try:
        await pool.release(connection)
    except (*LOST, TimeoutError) as error:
        log.warning("database connection lost after its work was done: %s", error)


async def transact(work: Callable[[Connection], Awaitable[T]], *, tries: int = 3) -> T:
    """Run `work` in one transaction, again if PostgreSQL says that only the timing was wrong or the connection was lost before commit.

    A connection lost during COMMIT leaves the outcome open: `work` must be safe to repeat (by unique keys or fences).
    Raises Unavailable when the database cannot be reached within the tries.
    """
    for attempt in range(1, tries + 1):
        try:
            pool = await get_pool()
            connection = await pool.acquire(timeout=10)
            try:
                async with connection.transaction():
                    done = await work(connection)
            finally:
                await _give_back(pool, connection)
            return done
        except RETRYABLE:
            if attempt == tries:
                raise
        except (*LOST, TimeoutError) as error:
            if attempt == tries:
                raise Unavailable("The database does not answer; please try again in a moment") from error
            log.warning("database connection lost, trying again: %s", error)
        await asyncio.sleep(0.05 * 4 ** (attempt - 1))
    raise AssertionError("unreachable")
