"""A worker's task: fold what has changed every few seconds, and recount the accounts that have to be."""

from __future__ import annotations

import asyncio
import logging
import time

from autoflows.analytics.rollups.facts import RAWS
from autoflows.analytics.rollups.fold import BATCH, fold
from autoflows.analytics.rollups.rebuild import recount_marked
from autoflows.domain.errors import Unavailable
from autoflows.engine.pool import LOST, get_pool

log = logging.getLogger(__name__)

REST = 30
"""A fold is followed by a rest of so many times what it took: the more images are added at once, the less each costs."""
MOST_REST = 10.0
SEEN = f"""
SELECT {" OR ".join(f"EXISTS (SELECT 1 FROM {raw.changes})" for raw in RAWS)} AS is_changed,
  EXISTS (SELECT 1 FROM rollup_recounts) AS is_marked
"""


async def keep_rollups(seconds: float) -> None:
    """Fold every `seconds` or so, for ever, whatever the database does."""
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
    pool = await get_pool()
    seen = await pool.fetchrow(SEEN)
    if seen["is_marked"]:
        await recount_marked()
    began = time.monotonic()
    done = await fold() if seen["is_changed"] else 0
    return 0.0 if done >= BATCH else min(REST * (time.monotonic() - began), MOST_REST)
