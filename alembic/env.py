"""How migrations meet the database: asynchronously, over the URL of the configuration or of the settings."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import autoflows.models  # noqa: F401  (registers the tables)
from alembic import context
from autoflows.settings import get_settings

# One migration at a time, whoever else starts: an advisory lock of our own.
MIGRATION_LOCK = 0x6175746F


def _url() -> str:
    return context.config.get_main_option("sqlalchemy.url") or get_settings().database_url


def _migrate(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    engine = create_async_engine(_url(), poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(url=_url(), target_metadata=SQLModel.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(_online())
