"""Making an account's figures anew from its rows, and saying where those that were kept differ: nowhere, or it is a fault.

All of it sees one moment of the database: changes that were made until then are in the rows, those made later are images that stay for
the next fold. Nobody folds meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from autoflows.analytics.rollups.count import COUNTERS, connected, count_all
from autoflows.analytics.rollups.fold import LOCK, fold_all
from autoflows.analytics.rollups.merge import KEY, SPREADS, SUMS, Rollup
from autoflows.engine.pool import Connection, get_pool

log = logging.getLogger(__name__)

SHOWN = 20
LONGEST = 120
# Where each of two rows with one key lies, if they are not the same; a key that is on one side only has nothing on the other.
DIFFERENT = """
CREATE TEMP TABLE different ON COMMIT DROP AS
SELECT k.ctid AS kept_at, m.ctid AS made_at FROM (SELECT ctid, * FROM {table} WHERE user_id = '{account}') AS k
FULL JOIN (SELECT ctid, * FROM counted WHERE {which}) AS m ON {same}
WHERE ROW({kept}) IS DISTINCT FROM ROW({made})
"""
EXAMPLES = """
SELECT {key}, kept_at IS NOT NULL AS is_kept, made_at IS NOT NULL AS is_made, ROW({kept})::text AS kept, ROW({made})::text AS made
FROM different LEFT JOIN {table} k ON k.ctid = kept_at LEFT JOIN counted m ON m.ctid = made_at ORDER BY {names} LIMIT {limit}
"""
REPLACE = """
DELETE FROM {table} USING different WHERE {table}.ctid = kept_at;
INSERT INTO {table} ({names}, {columns}) SELECT {names}, {made} FROM counted m JOIN different ON m.ctid = made_at ORDER BY {names}
"""
ACCOUNTS = "SELECT user_id FROM flow_executions UNION SELECT user_id FROM lead_events UNION SELECT user_id FROM rollup_sums"
MARKED = "SELECT user_id FROM rollup_recounts LIMIT 1"


@dataclass(slots=True)
class Report:
    """What a rebuild or a check of one account found: how many logs it read in how long, and what was not as it should be."""

    account_id: UUID
    logs: int = 0
    seconds: float = 0.0
    differences: int = 0
    examples: list[str] = field(default_factory=list)


@asynccontextmanager
async def _alone() -> AsyncIterator[Connection]:
    """A connection under the lock of the fold."""
    async with connected() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        yield connection


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
                report = await _rebuild(connection, account_id, False, counters=1)  # the engine is at work beside
                log.info("figures of an account were made anew from %d logs in %.1f s", report.logs, report.seconds)


async def _rebuild(connection: Connection, account_id: UUID, check: bool, counters: int = COUNTERS) -> Report:
    report, began = Report(account_id), time.monotonic()
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("SET LOCAL synchronous_commit = on")
        await fold_all(connection)
        report.logs = await count_all(connection, account_id, counters)
        for rollup in (SUMS, SPREADS):
            await _compare(connection, account_id, rollup, report)
            if not check:
                await _replace(connection, rollup)
            await connection.execute("DROP TABLE different")
        if not check:
            await connection.execute("DELETE FROM rollup_recounts WHERE user_id = $1", account_id)
    report.seconds = time.monotonic() - began
    return report


def _kept(rollup: Rollup) -> str:
    return ", ".join(f"k.{name}" for name in rollup.columns.split(", "))


def _made(rollup: Rollup) -> str:
    return "m.total, m.places, m.amounts" if rollup.is_running else "m.places, m.amounts"


async def _compare(connection: Connection, account_id: UUID, rollup: Rollup, report: Report) -> None:
    same = " AND ".join(f"k.{name} = m.{name}" for name in KEY.split(", "))
    parts = {"table": rollup.table, "kept": _kept(rollup), "made": _made(rollup)}
    which = f"is_spread = {not rollup.is_running}"
    await connection.execute(DIFFERENT.format(**parts, which=which, same=same, account=account_id))
    report.differences += await connection.fetchval("SELECT count(*) FROM different")
    either = ", ".join(f"COALESCE(k.{name}, m.{name}) AS {name}" for name in KEY.split(", "))
    for row in await connection.fetch(EXAMPLES.format(**parts, key=either, names=KEY, limit=SHOWN)):
        report.examples.append(_sentence(rollup.table, row))


def _sentence(table: str, row: Any) -> str:
    where = f"{table}: {row['measure']} {list(row['labels'])} of the {row['span']} {row['starts_on']}"
    whose = f"flow version {row['flow_version_id']}, source '{row['source']}', channel {row['channel_id']}"
    kept, made = (row[name][:LONGEST] if row[f"is_{name}"] else "nothing" for name in ("kept", "made"))
    return f"{where} ({whose}): kept {kept}, counted {made}"


async def _replace(connection: Connection, rollup: Rollup) -> None:
    await connection.execute(REPLACE.format(table=rollup.table, names=KEY, columns=rollup.columns, made=_made(rollup)))
