"""The one way to the database for everything off the hot path: an SQLAlchemy engine per process and `open_session`.

The engine's hot path uses the same URL through a raw asyncpg pool, see `engine/pool.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.settings import get_settings


@lru_cache(maxsize=1)
def get_engine() -> AsyncEngine:
    """This process's engine. Connections are checked before use, so a restart of PostgreSQL costs one failed statement at most.

    What a statement carried is not in the text of its error: errors are logged, and people's data is not.
    """
    return create_async_engine(
        get_settings().database_url, pool_size=10, max_overflow=20, pool_pre_ping=True, pool_recycle=1800, hide_parameters=True
    )


@asynccontextmanager
async def open_session() -> AsyncIterator[AsyncSession]:
    """One session, one transaction: committed when the block ends well, rolled back when it raises."""
    async with AsyncSession(get_engine(), expire_on_commit=False) as session, session.begin():
        yield session


async def dispose_engine() -> None:
    """Close the pool if there is one; for the end of a process and between tests."""
    if get_engine.cache_info().currsize:
        await get_engine().dispose()
        get_engine.cache_clear()
