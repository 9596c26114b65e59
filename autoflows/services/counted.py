"""The ledger, counted no oftener than it can bear.

Counting every lead takes a while once there are millions, and both the home pages and load balancers ask all the time: an answer is given
again for a second, or for ten times as long as the counting took, and for as long again while the next one is counted: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from autoflows.engine import ledger
from autoflows.engine.ledger import Ledger
from autoflows.settings import get_settings

FRESH_SECONDS = 1.0
PATIENCE = 10.0
"""An answer is fresh for this many times the time it took, and good for as long again while it is counted anew."""
MAX_REMEMBERED = 5_000

Key = tuple[str, UUID | None]


@dataclass(frozen=True, slots=True)
class _Answer:
    ledger: Ledger
    fresh_until: float
    good_until: float


_known: dict[Key, _Answer] = {}
_counting: dict[Key, asyncio.Task[Ledger]] = {}


async def ledger_of(account_id: UUID | None) -> Ledger:
    """The ledger of one account, or of all. Those who ask while it is being counted share the answer. Raises what the database raises."""
    key = (get_settings().database_url, account_id)
    known = _known.get(key)
    now = time.monotonic()
    if known is not None and now < known.fresh_until:
        return known.ledger
    task = _counting.get(key)
    if task is None or task.get_loop() is not asyncio.get_running_loop():
        task = _counting[key] = asyncio.create_task(_count(key, account_id))
        task.add_done_callback(lambda done: _counting.pop(key, None) if _counting.get(key) is done else None)
    if known is not None and now < known.good_until:
        return known.ledger
    return await asyncio.shield(task)


async def _count(key: Key, account_id: UUID | None) -> Ledger:
    began = time.monotonic()
    found = await ledger.counts(account_id)
    now = time.monotonic()
    took = now - began
    fresh_until = now + max(FRESH_SECONDS, PATIENCE * took)
    if len(_known) >= MAX_REMEMBERED:
        _known.clear()
    _known[key] = _Answer(found, fresh_until, fresh_until + PATIENCE * took)
    return found


ledger_of.__open_to__ = "services"  # type: ignore[attr-defined]
