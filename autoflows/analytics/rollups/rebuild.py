"""Making an account's figures anew from its rows, and saying where those that were kept differ: nowhere, or it is a fault.

All of it sees one moment of the database: changes that were made until then are in the rows, those made later are images that stay for
the next fold. Nobody folds meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from autoflows.analytics.rollups.fold import LOCK, fold_all
from autoflows.analytics.rollups.merge import KEY, RAWS, statement
from autoflows.engine.pool import Connection, get_pool
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

CHUNK = timedelta(days=32)
"""Rows of so long a time are added up at once."""
SHOWN = 20
LONGEST = 120
TABLES = {"rollup_sums": "total, slots, sums", "rollup_spreads": "places, counts"}
SPAN = "SELECT min({time}), max({time}) FROM {table} WHERE user_id = $1"
# A key that is on one side only has nothing on the other.
DIFFERENT = """
SELECT {key}, kept IS NOT NULL AS is_kept, made IS NOT NULL AS is_made, kept::text, made::text FROM
  (SELECT {key}, ROW({columns}) AS kept FROM {table} WHERE user_id = $1) AS k
  FULL JOIN (SELECT {key}, ROW({columns}) AS made FROM made_{table}) AS m USING ({key})
WHERE kept IS DISTINCT FROM made ORDER BY {key} LIMIT {limit}
"""
COUNT_DIFFERENT = "SELECT count(*) FROM ({}) AS d"
REPLACE = """
DELETE FROM {table} t WHERE user_id = $1 AND NOT EXISTS (
  SELECT 1 FROM made_{table} m WHERE ({m_key}) = ({t_key}) AND ROW({m_columns}) IS NOT DISTINCT FROM ROW({t_columns}));
"""
ADD = "INSERT INTO {table} ({key}, {columns}) SELECT {key}, {columns} FROM made_{table} ON CONFLICT DO NOTHING"
ACCOUNTS = "SELECT user_id FROM flow_executions UNION SELECT user_id FROM lead_events UNION SELECT user_id FROM rollup_sums"
MARKED = "SELECT user_id FROM rollup_recounts LIMIT 1"


@dataclass(slots=True)
class Report:
    """What a rebuild or a check of one account found: how many logs it read in how long, and what was not as it should be."""

    account_id: UUID
    logs: int = 0
    rows: int = 0
    seconds: float = 0.0
    differences: int = 0
    examples: list[str] = field(default_factory=list)


@asynccontextmanager
async def _alone() -> AsyncIterator[Connection]:
    """A connection without a limit to how long a statement takes, under the lock of the fold."""
    dsn = get_settings().database_url.replace("postgresql+asyncpg://", "postgresql://", 1)
    connection = await asyncpg.connect(dsn, command_timeout=None)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        yield connection
    finally:
        await connection.close()


async def accounts() -> list[UUID]:
    """Every account that has anything to count, or figures."""
    async with _alone() as connection:
        return [row["user_id"] for row in await connection.fetch(f"SELECT DISTINCT user_id FROM ({ACCOUNTS}) AS a ORDER BY 1")]


async def rebuild(account_id: UUID, *, check: bool = False) -> Report:
    """Make the figures of one account anew and put them in the place of those kept; with `check`, only compare.

    The report says what differed before. Raises what connecting raises.
    """
    async with _alone() as connection:
        return await _rebuild(connection, account_id, check)


async def recount_marked() -> None:
    """Make anew the figures of accounts some of whose rows were deleted, or that have none yet."""
    pool = await get_pool()
    while await pool.fetchval(MARKED) is not None:
        async with _alone() as connection:
            if (account_id := await connection.fetchval(MARKED)) is not None:
                report = await _rebuild(connection, account_id, False)
                log.info("figures of an account were made anew from %d logs in %.1f s", report.logs, report.seconds)


async def _rebuild(connection: Connection, account_id: UUID, check: bool) -> Report:
    report, began = Report(account_id), time.monotonic()
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("SET LOCAL work_mem = '128MB'; SET LOCAL synchronous_commit = on")
        await fold_all(connection)
        for table in TABLES:
            await connection.execute(f"CREATE TEMP TABLE made_{table} (LIKE {table} INCLUDING INDEXES) ON COMMIT DROP")
        await _make(connection, account_id, report)
        for table, columns in TABLES.items():
            await _compare(connection, account_id, table, columns, report)
            if not check:
                await _replace(connection, account_id, table, columns)
        if not check:
            await connection.execute("DELETE FROM rollup_recounts WHERE user_id = $1", account_id)
    report.seconds = time.monotonic() - began
    return report


async def _make(connection: Connection, account_id: UUID, report: Report) -> None:
    for raw in RAWS:
        first, last = await connection.fetchrow(SPAN.format(time=raw.time, table=raw.table), account_id)
        if first is None:
            continue
        start = datetime(first.year, first.month, 1, tzinfo=UTC)
        one = statement(raw, raw.rows, "made_rollup_sums", "made_rollup_spreads")
        while start <= last:
            end = (start + CHUNK).replace(day=1)
            taken = await connection.fetchval(one, account_id, start, end)
            report.rows += taken
            report.logs += taken if raw.table == "flow_action_logs" else 0
            start = end


async def _compare(connection: Connection, account_id: UUID, table: str, columns: str, report: Report) -> None:
    number: Callable[[str], str] = lambda limit: DIFFERENT.format(key=KEY, columns=columns, table=table, limit=limit)  # noqa: E731
    report.differences += await connection.fetchval(COUNT_DIFFERENT.format(number("ALL")), account_id)
    for row in await connection.fetch(number(str(SHOWN)), account_id):
        report.examples.append(_sentence(table, row))


def _sentence(table: str, row: Any) -> str:
    where = f"{table}: {row['measure']} {list(row['labels'])} of the {row['span']} {row['starts_on']}"
    whose = f"flow version {row['flow_version_id']}, source '{row['source']}', channel {row['channel_id']}"
    kept, made = (row[name][:LONGEST] if row[f"is_{name}"] else "nothing" for name in ("kept", "made"))
    return f"{where} ({whose}): kept {kept}, counted {made}"


async def _replace(connection: Connection, account_id: UUID, table: str, columns: str) -> None:
    def of(alias: str, names: str) -> str:
        return ", ".join(f"{alias}.{name.strip()}" for name in names.split(","))

    await connection.execute(
        REPLACE.format(table=table, m_key=of("m", KEY), t_key=of("t", KEY), m_columns=of("m", columns), t_columns=of("t", columns)).rstrip(
            "; \n"
        ),
        account_id,
    )
    await connection.execute(ADD.format(table=table, key=KEY, columns=columns))
