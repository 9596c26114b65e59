"""Counting an account's figures anew, from its rows: a month of a table at a time, on several connections that see one moment.

What tells rows apart is a number from the first step on, so that millions of rows are added up by small keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from autoflows.analytics.rollups.facts import RAWS, SLOTS, Raw, grains
from autoflows.analytics.rollups.merge import EPOCH, KEY, SPREADS, SUMS, Rollup
from autoflows.engine.pool import Connection
from autoflows.settings import get_settings

CHUNK = timedelta(days=32)
"""Rows of so long a time are added up at once."""
COUNTERS = 2
"""Connections that count at the same time."""
# PostgreSQL has no idea how many rows are left after a step, and takes them for one.
PLANS = "SET LOCAL work_mem = '256MB'; SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
COUNTED = "counted"
"""The temporary table of what was counted: rows of `rollup_sums` and, with `is_spread`, of `rollup_spreads`."""
COLUMNS = f"{KEY}, is_spread, total, places, amounts"
CREATE = f"""
CREATE TEMP TABLE {COUNTED} (user_id uuid, grain text, measure text, span text, starts_on date, flow_version_id uuid, source text,
  channel_id uuid, labels text[], is_spread boolean, total bigint, places int[], amounts bigint[]) ON COMMIT DROP
"""
# Of a key that rows of several chunks contribute to, such as an execution at the end of a month, whose last attempt is in the next.
DOUBLES = (
    f"CREATE TEMP TABLE doubles ON COMMIT DROP AS SELECT {KEY}, is_spread FROM {COUNTED} GROUP BY {KEY}, is_spread HAVING count(*) > 1"
)
SPAN = "SELECT min({time}), max({time}) FROM {table} WHERE user_id = $1"


@asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    """A connection without a limit to how long a statement takes."""
    dsn = get_settings().database_url.replace("postgresql+asyncpg://", "postgresql://", 1)
    connection = await asyncpg.connect(dsn, command_timeout=None)
    try:
        yield connection
    finally:
        await connection.close()


async def count_all(connection: Connection, account_id: UUID, counters: int = COUNTERS) -> int:
    """Put into the table `counted` what the account's rows contribute, as the caller's transaction sees them; gives how many logs there
    are. The caller's transaction must be a repeatable read."""
    await connection.execute(f"{CREATE}; {PLANS}")
    snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
    chunks = [(raw, *span) for raw in RAWS for span in await _spans(connection, raw, account_id)]
    writing = asyncio.Lock()
    async with AsyncExitStack() as connections, asyncio.TaskGroup() as tasks:
        for _ in range(min(counters, len(chunks))):
            counter = await connections.enter_async_context(connected())
            tasks.create_task(_count(counter, snapshot, account_id, chunks, connection, writing))
    await _join_doubles(connection)
    logs: int = await connection.fetchval("SELECT count(*) FROM flow_action_logs WHERE user_id = $1", account_id)
    return logs


async def _spans(connection: Connection, raw: Raw, account_id: UUID) -> list[tuple[datetime, datetime]]:
    """The months of a table's rows."""
    first, last = await connection.fetchrow(SPAN.format(time=raw.time, table=raw.table), account_id)
    spans: list[tuple[datetime, datetime]] = []
    start = None if first is None else datetime(first.year, first.month, 1, tzinfo=UTC)
    while start is not None and start <= last:
        end = (start + CHUNK).replace(day=1)
        spans.append((start, end))
        start = end
    return spans


async def _count(
    counter: Connection,
    snapshot: str,
    account_id: UUID,
    chunks: list[tuple[Raw, datetime, datetime]],
    connection: Connection,
    writing: asyncio.Lock,
) -> None:
    """Count chunks until there are none left, and write each into the caller's table as it comes."""
    async with counter.transaction(isolation="repeatable_read"):
        await counter.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'; {PLANS}")
        while chunks:
            raw, start, end = chunks.pop()
            pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
            counting = asyncio.create_task(_stream(counter, raw, account_id, start, end, pieces))
            first = await pieces.get()
            async with writing:
                if first is not None:
                    await connection.copy_to_table(COUNTED, source=_all(first, pieces), columns=COLUMNS.split(", "), format="binary")
            await counting


async def _stream(
    counter: Connection, raw: Raw, account_id: UUID, start: datetime, end: datetime, pieces: asyncio.Queue[bytes | None]
) -> None:
    try:
        await counter.copy_from_query(COUNTS[raw.table], account_id, start, end, output=pieces.put, format="binary")
    finally:
        await pieces.put(None)


async def _all(first: bytes, pieces: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
    yield first
    while (piece := await pieces.get()) is not None:
        yield piece


async def _join_doubles(connection: Connection) -> None:
    """Make one row of those that have the same key."""
    await connection.execute(DOUBLES)
    same = " AND ".join(f"c.{name} = d.{name}" for name in (*KEY.split(", "), "is_spread"))
    for rollup in (SUMS, SPREADS):
        counted = Rollup(COUNTED, "places", "amounts", rollup.is_running)
        is_spread, total = not rollup.is_running, "total" if rollup.is_running else "NULL"
        await connection.execute(
            f"WITH taken AS (DELETE FROM {COUNTED} c USING doubles d WHERE {same} AND c.is_spread = {is_spread} RETURNING c.*) "
            f"INSERT INTO {COUNTED} ({COLUMNS}) SELECT {KEY}, {is_spread}, {total}, added_places, added_amounts "
            f"FROM ({counted.put_together(counted.taken_apart('taken'))}) AS joined"
        )


OWN = ("flow_version_id", "source", "channel_id", "labels")
"""The part of a key that a fact makes of a kind."""


def _month(day: str) -> str:
    return f"date_trunc('month', ({day})::timestamp)::date"


def _kinds(raw: Raw) -> str:
    """CTEs: what is told of each row, by a number for its kind; which key of the grain `each` (`one`) a kind contributes to by which fact
    (`uses`); and of which keys of all grains that one is a part (`parts`)."""
    facts = (*raw.sums, *raw.spreads)
    own = ", ".join(dict.fromkeys([*(fact.at for fact in facts), *(fact.amount for fact in facts), "number"]))
    key = f"is_spread, user_id, measure, {', '.join(OWN)}"
    named = "\n  UNION ALL ".join(
        f"SELECT kind, {number} AS fact, {fact in raw.spreads} AS is_spread, k.user_id, '{fact.measure}' AS measure, "
        f"{', '.join(f'{value} AS {name}' for value, name in zip(fact.key(), OWN, strict=True))} FROM kinds k WHERE {fact.where}"
        for number, fact in enumerate(facts)
    )
    return f"""
images AS MATERIALIZED ({raw.rows}), told AS MATERIALIZED ({raw.told}),
kinds AS MATERIALIZED (SELECT row_number() OVER ()::int AS kind, d.* FROM (SELECT DISTINCT {", ".join(raw.kind)} FROM told) AS d),
numbered AS MATERIALIZED (SELECT kind, {own} FROM told JOIN kinds USING ({", ".join(raw.kind)})),
named AS MATERIALIZED ({named}),
each_key AS MATERIALIZED (SELECT row_number() OVER ()::int AS one, d.* FROM (SELECT DISTINCT {key} FROM named) AS d),
uses AS MATERIALIZED (SELECT kind, fact, one FROM named JOIN each_key USING ({key})),
grained AS MATERIALIZED (
  SELECT one, is_spread, user_id, measure, labels, g.* FROM each_key AS k CROSS JOIN LATERAL ({grains("k")}) AS g
),
keys AS MATERIALIZED (SELECT row_number() OVER ()::int AS key, d.* FROM (SELECT DISTINCT grain, {key} FROM grained) AS d),
parts AS MATERIALIZED (SELECT one, key, grain FROM grained JOIN keys USING (grain, {key}))"""


def _sums(raw: Raw) -> str:
    """CTEs; the last one, `sum_rows`, has the rows of `rollup_sums`."""
    by_time = ""
    for at in dict.fromkeys(fact.at for fact in raw.sums):
        amounts = ", ".join(f"add_up({name}) AS {name}" for name in dict.fromkeys(fact.amount for fact in raw.sums if fact.at == at))
        by_time += (
            f"at_{at} AS MATERIALIZED (SELECT kind, {at} AS quarter, {amounts} FROM numbered WHERE {at} IS NOT NULL GROUP BY 1, 2),\n"
        )
    each = "\n  UNION ALL ".join(
        f"SELECT one, quarter, {fact.amount} AS amount FROM at_{fact.at} JOIN uses USING (kind) WHERE fact = {number}"
        for number, fact in enumerate(raw.sums)
    )
    return f"""
{by_time}each_sum AS MATERIALIZED (SELECT one, quarter, add_up(amount) AS amount FROM ({each}) AS e GROUP BY 1, 2),
sums AS (
  SELECT key, quarter, amount FROM each_sum JOIN parts USING (one) WHERE grain = 'each' AND amount <> 0
  UNION ALL
  SELECT key, quarter, add_up(amount) FROM each_sum JOIN parts USING (one) WHERE grain <> 'each' GROUP BY 1, 2 HAVING add_up(amount) <> 0
),sum_days AS MATERIALIZED (
  SELECT key, {EPOCH} + day AS day, add_up(amount) AS total, array_agg(quarter % {SLOTS} ORDER BY quarter) AS places,
    array_agg(shown ORDER BY quarter) AS amounts
  FROM (
    SELECT key, day, quarter, amount, add_up(amount) OVER (PARTITION BY key, day ORDER BY quarter) AS shown
    FROM (SELECT *, quarter / {SLOTS} AS day FROM sums) AS s
  ) AS run GROUP BY key, day
), sum_rows AS (
  SELECT key, 'day' AS span, day AS starts_on, total, places, amounts FROM sum_days
  UNION ALL
  SELECT key, 'month', {_month("day")}, add_up(total), '{{0}}', ARRAY[add_up(total)] FROM sum_days GROUP BY 1, 3 HAVING add_up(total) <> 0
)"""


def _spreads(raw: Raw) -> str:
    """CTEs; the last one, `spread_rows`, has the rows of `rollup_spreads`."""
    each = "\n  UNION ALL ".join(
        f"SELECT one, {fact.at} AS quarter, {fact.amount} AS bin, number FROM numbered JOIN uses USING (kind) "
        f"WHERE fact = {number} AND {fact.amount} IS NOT NULL"
        for number, fact in enumerate(raw.spreads, len(raw.sums))
    )
    return f"""
each_spread AS MATERIALIZED (
  SELECT one, quarter / {SLOTS} AS day, bin * {SLOTS} + quarter % {SLOTS} AS place, add_up(number) AS amount FROM ({each}) AS e
  GROUP BY 1, 2, 3 HAVING add_up(number) <> 0
), spread_days AS MATERIALIZED (
  SELECT key, day, bin, add_up(amount) AS amount
  FROM (SELECT one, day, place / {SLOTS} AS bin, add_up(amount) AS amount FROM each_spread GROUP BY 1, 2, 3) AS d JOIN parts USING (one)
  GROUP BY 1, 2, 3 HAVING add_up(amount) <> 0
), spread_rows AS (
  SELECT key, 'quarter' AS span, {EPOCH} + day AS starts_on, NULL::bigint AS total, array_agg(place ORDER BY place) AS places,
    array_agg(amount ORDER BY place) AS amounts
  FROM each_spread JOIN parts USING (one) WHERE grain = 'each' GROUP BY key, day
  UNION ALL
  SELECT key, 'day', {EPOCH} + day, NULL, array_agg(bin * {SLOTS} ORDER BY bin), array_agg(amount ORDER BY bin)
  FROM spread_days GROUP BY key, day
  UNION ALL
  SELECT key, 'month', month, NULL, array_agg(bin * {SLOTS} ORDER BY bin), array_agg(amount ORDER BY bin)
  FROM (
    SELECT key, {_month(f"{EPOCH} + day")} AS month, bin, add_up(amount) AS amount FROM spread_days GROUP BY 1, 2, 3
  ) AS m GROUP BY key, month
)"""


def _statement(raw: Raw) -> str:
    """The query of all rollup rows that a chunk of a table's rows contributes to."""
    parts, rows = [_kinds(raw), _sums(raw)], "SELECT * FROM sum_rows"
    if raw.spreads:
        parts.append(_spreads(raw))
        rows += " UNION ALL SELECT * FROM spread_rows"
    return f"WITH {','.join(parts)}\nSELECT {COLUMNS} FROM ({rows}) AS made JOIN keys USING (key)"


COUNTS = {raw.table: _statement(raw) for raw in RAWS}
