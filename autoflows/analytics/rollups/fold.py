"""Keeping the rollups up to date: take images of what changed and add them, in one transaction, so that each counts exactly once.

An image is written in the transaction of its change and deleted in the one that adds it: whatever dies in between, it is either there
or counted. One process folds at a time, behind an advisory lock; nobody else ever waits for it.
"""

from __future__ import annotations

from autoflows.analytics.rollups.facts import RAWS, Raw
from autoflows.analytics.rollups.merge import statement
from autoflows.engine.pool import Connection, transact

LOCK = 7_307_199_022
BATCH = 50_000
"""Images that are added in one transaction, of each table, at most."""


def _taken(raw: Raw) -> str:
    return f"SELECT * FROM taken_{raw.changes}"


def _fold_statement(raw: Raw) -> str:
    some = f"SELECT ctid FROM {raw.changes} LIMIT {BATCH}"
    taken = f"taken_{raw.changes} AS (DELETE FROM {raw.changes} WHERE ctid = ANY(ARRAY({some})) RETURNING *)"
    return statement(raw, _taken(raw)).replace("WITH ", f"WITH {taken}, ", 1)


FOLDS = {raw.changes: _fold_statement(raw) for raw in RAWS}


async def fold_all(connection: Connection) -> int:
    """Add everything that this transaction sees, in the caller's transaction, which holds the lock; gives how many images."""
    done = 0
    for one in FOLDS.values():
        while taken := await connection.fetchval(one):
            done += taken
    return done


async def _fold(connection: Connection) -> int:
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
        return 0
    return sum([await connection.fetchval(one) for one in FOLDS.values()])


async def fold() -> int:
    """Add up to `BATCH` images of each table, unless another process does just now; gives how many. Raises Unavailable."""
    return await transact(_fold)
