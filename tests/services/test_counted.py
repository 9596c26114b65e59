"""The ledger's count when counting is slow: shared while it runs, given again, and nobody waits for the next one."""

from __future__ import annotations

import asyncio
import time

import httpx

from autoflows.engine.ledger import Ledger
from autoflows.engine.pool import get_pool
from autoflows.services import counted
from autoflows.settings import get_settings


async def _ask_while_locked(seconds: float) -> Ledger:
    """Ask while the table cannot be read for so long."""
    pool = await get_pool()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE lead_events IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.create_task(counted.ledger_of(None))
        await asyncio.wait([asking], timeout=seconds)
    return await asking


async def test_an_old_answer_is_handed_on_while_a_slow_count_is_made_anew(owner: httpx.AsyncClient) -> None:
    first = await _ask_while_locked(0.15)
    answer = counted._known[get_settings().database_url, None]
    assert answer.ledger == first
    await asyncio.sleep(answer.fresh_until - time.monotonic() + 0.05)
    pool = await get_pool()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE lead_events IN ACCESS EXCLUSIVE MODE")
        assert await asyncio.wait_for(counted.ledger_of(None), timeout=answer.good_until - time.monotonic()) is first
        task = counted._counting[get_settings().database_url, None]
    again = await task
    assert again is not first
    assert await counted.ledger_of(None) is again
