"""The ledger, counted no oftener than it can bear.

Counting every lead takes a while once there are millions, and both the home pages and load balancers ask all the time: an answer is given
again for a second, or for ten times as long as the counting took.
"""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

from autoflows.engine import ledger
from autoflows.engine.ledger import Ledger
from autoflows.settings import get_settings

FRESH_SECONDS = 1.0
PATIENCE = 10.0
"""An answer is good for this many times the time it took."""
MAX_REMEMBERED = 5_000

Key = tuple[str, UUID | None]

_known: dict[Key, tuple[float, Ledger]] = {}
_counting: dict[Key, asyncio.Task[Ledger]] = {}


async def ledger_of(account_id: UUID | None) -> Ledger:
    """The ledger of one account, or of all. Those who ask while it is being counted share the answer. Raises what the database raises."""
    key = (get_settings().database_url, account_id)
    known = _known.get(key)
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    task = _counting.get(key)
    if task is None or task.get_loop() is not asyncio.get_running_loop():
        task = _counting[key] = asyncio.create_task(_count(key, account_id))
        task.add_done_callback(lambda done: _counting.pop(key, None) if _counting.get(key) is done else None)
    return await asyncio.shield(task)


async def _count(key: Key, account_id: UUID | None) -> Ledger:
    began = time.monotonic()
    found = await ledger.counts(account_id)
    now = time.monotonic()
    if len(_known) >= MAX_REMEMBERED:
        _known.clear()
    _known[key] = (now + max(FRESH_SECONDS, PATIENCE * (now - began)), found)
    return found


ledger_of.__open_to__ = "services"  # type: ignore[attr-defined]
