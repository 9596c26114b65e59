"""Keeping the rollups up to date: take images of what changed and add them, in one transaction, so that each counts exactly once.

An image is written in the transaction of its change and deleted in the one that adds it: whatever dies in between, it is either there
or counted. One process folds at a time, behind an advisory lock; nobody else ever waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time

from autoflows.analytics.rollups.merge import RAWS, Raw, statement
from autoflows.domain.errors import Unavailable
from autoflows.engine.pool import LOST, Connection, get_pool, transact

log = logging.getLogger(__name__)

LOCK = 7_307_199_022
BATCH = 50_000
"""Images that are added in one transaction, of each table, at most."""
REST = 30
"""A fold is followed by a rest of so many times what it took: the more images are added at once, the less each costs."""
MOST_REST = 10.0


def _taken(raw: Raw) -> str:
    return f"SELECT * FROM taken_{raw.changes}"


def _fold_statement(raw: Raw) -> str:
    some = f"SELECT ctid FROM {raw.changes} LIMIT {BATCH}"
    taken = f"taken_{raw.changes} AS (DELETE FROM {raw.changes} WHERE ctid = ANY(ARRAY({some})) RETURNING *)"
    return statement(raw, _taken(raw)).replace("WITH ", f"WITH {taken}, ", 1)


FOLDS = {raw.changes: _fold_statement(raw) for raw in RAWS}
SEEN = f"""
SELECT {" OR ".join(f"EXISTS (SELECT 1 FROM {raw.changes})" for raw in RAWS)} AS is_changed,
  EXISTS (SELECT 1 FROM rollup_recounts) AS is_marked
"""


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


async def keep_rollups(seconds: float) -> None:
    """Fold every `seconds`, and recount accounts that have to be, for ever, whatever the database does."""
    while True:
        rest = seconds
        try:
            rest = max(seconds, await _keep())
        except (Unavailable, *LOST) as error:
            log.warning("the rollups were not kept, the database does not answer: %s", error)
        except Exception:
            log.exception("keeping the rollups failed; it is tried again")
        await asyncio.sleep(rest)


async def _keep() -> float:
    """What is to be done now; gives the rest to take after it, none if there is more than could be taken at once."""
    from autoflows.analytics.rollups.rebuild import recount_marked

    pool = await get_pool()
    seen = await pool.fetchrow(SEEN)
    if seen["is_marked"]:
        await recount_marked()
    began = time.monotonic()
    done = await fold() if seen["is_changed"] else 0
    return 0.0 if done >= BATCH else min(REST * (time.monotonic() - began), MOST_REST)
