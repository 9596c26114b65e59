"""Keeping the rollups up to date: take images of what changed and add them, in one transaction, so that each counts exactly once.

An image is written in the transaction of its change and deleted in the one that adds it: whatever dies in between, it is either there
or counted. One process folds at a time, behind an advisory lock; nobody else ever waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

import asyncpg

from autoflows.analytics.rollups.merge import RAWS, Raw, statement
from autoflows.domain.errors import Unavailable
from autoflows.engine.pool import LOST, Connection, transact

log = logging.getLogger(__name__)

LOCK = 7_307_199_022
BATCH = 20_000
"""Images that are added in one transaction, of each table, at most."""
REST = 30
"""A fold that takes long is followed by a rest of so many times that: keeping up costs about a thirtieth of one core, at most."""
MOST_REST = 60.0


def _taken(raw: Raw) -> str:
    return f"SELECT * FROM taken_{raw.changes}"


def _fold_statement(raw: Raw) -> str:
    some = f"SELECT ctid FROM {raw.changes} LIMIT {BATCH}"
    taken = f"taken_{raw.changes} AS (DELETE FROM {raw.changes} WHERE ctid = ANY(ARRAY({some})) RETURNING *)"
    return statement(raw, _taken(raw)).replace("WITH ", f"WITH {taken}, ", 1)


FOLDS = {raw.changes: _fold_statement(raw) for raw in RAWS}
IS_THERE = "SELECT EXISTS (SELECT 1 FROM {})"


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
    done = 0
    for changes, one in FOLDS.items():
        if await connection.fetchval(IS_THERE.format(changes)):
            done += await connection.fetchval(one)
    return done


async def fold() -> int:
    """Add up to `BATCH` images of each table, unless another process does just now; gives how many. Raises Unavailable."""
    return await transact(partial(_fold))


async def keep_rollups(seconds: float) -> None:
    """Fold every `seconds`, and recount accounts that have to be, for ever, whatever the database does."""
    from autoflows.analytics.rollups.rebuild import recount_marked

    while True:
        began = time.monotonic()
        try:
            await fold()
            await recount_marked()
        except (Unavailable, asyncpg.CannotConnectNowError, *LOST) as error:
            log.warning("the rollups were not kept, the database does not answer: %s", error)
        except Exception:
            log.exception("keeping the rollups failed; it is tried again")
        await asyncio.sleep(min(max(seconds, REST * (time.monotonic() - began)), MOST_REST))
