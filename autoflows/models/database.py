"""The one way to the database for everything off the hot path: an SQLAlchemy engine per process and `open_session`.

The engine's hot path uses the same URL through a raw asyncpg pool, see `engine/pool.py`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.settings import get_settings

RESTED_SECONDS = 1.0
"""A connection that was in use so lately is taken to be alive: asking it takes three round trips, more than most of what it is for."""


@lru_cache(maxsize=1)
def get_engine() -> AsyncEngine:
    """This process's engine. Connections that have rested are checked before use, so a restart of PostgreSQL costs the statements that run
    just then at most.

    What a statement carried is not in the text of its error: errors are logged, and people's data is not.
    """
    engine = create_async_engine(get_settings().database_url, pool_size=10, max_overflow=20, pool_recycle=1800, hide_parameters=True)
    sa.event.listen(engine.sync_engine, "connect", _plan_by_values)
    sa.event.listen(engine.sync_engine, "checkin", _note_use)
    sa.event.listen(engine.sync_engine, "checkout", _check)
    return engine


def _plan_by_values(connection: Any, record: Any) -> None:
    """Statements are planned with their values in sight, since the same one may be about ten rows or a million."""
    connection.run_async(lambda driver: driver.execute("SET plan_cache_mode = force_custom_plan"))


def _note_use(connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check(connection: Any, record: Any, proxy: Any) -> None:
    rested = time.monotonic() - record.info.get("used", time.monotonic()) > RESTED_SECONDS
    try:
        is_dead = connection.driver_connection.is_closed() or (rested and connection.ping())
    except Exception as error:
        raise sa.exc.InvalidatePoolError from error  # the others that are as old are as dead
    if is_dead:
        raise sa.exc.InvalidatePoolError


@asynccontextmanager
async def open_session() -> AsyncIterator[AsyncSession]:
    """One session, one transaction: committed when the block ends well, rolled back when it raises."""
    async with AsyncSession(get_engine(), expire_on_commit=False) as session, session.begin():
        yield session


@asynccontextmanager
async def open_reading() -> AsyncIterator[AsyncSession]:
    """A session that only reads: each statement for itself, without the round trips of a transaction around them."""
    async with AsyncSession(get_engine().execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False) as session:
        yield session


async def dispose_engine() -> None:
    """Close the pool if there is one; for the end of a process and between tests."""
    if get_engine.cache_info().currsize:
        await get_engine().dispose()
        get_engine.cache_clear()
