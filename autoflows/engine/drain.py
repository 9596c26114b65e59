"""A worker's loop body: take what is due, perform it, write what came of it, until nothing is due.

One `Drainer` per worker process. Any number of calls to `drain` at once are one drain; results that arrive together are written together.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial

from autoflows.domain.errors import Unavailable
from autoflows.engine import control, live
from autoflows.engine.advance import claim
from autoflows.engine.background import spawn
from autoflows.engine.batch import Attempt, Batch
from autoflows.engine.match import match_due
from autoflows.engine.perform import Result, perform, settle
from autoflows.engine.pool import LOST, RETRYABLE, Connection, transact
from autoflows.engine.runs import timing_of
from autoflows.settings import Settings

log = logging.getLogger(__name__)

BATCH = 50
"""Rows per claim: large enough to share a commit, small enough not to hold locks for long."""


BULK_BATCH = 10
"""Bulk rows per claim: a fresh lead that comes meanwhile waits until these are done."""
FRESH_SHARE = 4
"""One slot in so many is kept for fresh leads."""
SETTLERS = 2
"""Transactions that write results at the same time: while the database works on one batch, the answers of the other go out."""


class Drainer:
    """Owns a worker's slots: how many attempts it has out at the same time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.timing = timing_of(settings)
        self.lease = timedelta(seconds=settings.lease_seconds)
        self.performing: set[asyncio.Task[None]] = set()
        self.results: asyncio.Queue[Result] = asyncio.Queue()
        self.closing = False
        self._busy = False
        self._again = False
        self._starved = False
        self._settling = [asyncio.create_task(self._settle_for_ever()) for _ in range(SETTLERS)]

    @property
    def free(self) -> int:
        return max(self.settings.worker_slots - len(self.performing), 0)

    @property
    def free_for_bulk(self) -> int:
        """Slots that bulk leads may take now: a quarter is kept for fresh ones, which would else wait for a slow provider's answers."""
        return max(self.free - self.settings.worker_slots // FRESH_SHARE, 0)

    async def drain(self) -> None:
        """Take and start everything that is due and fits the slots. Returns when nothing more is due or no slot is free."""
        if self._busy:
            self._again = True
            return
        self._busy = True
        try:
            while not self.closing:
                self._again = False
                full = False
                for take in (self._match, self._claim):
                    limit = min(self.free, BATCH)
                    if limit == 0:
                        self._starved = True
                        return
                    bulk = min(self.free_for_bulk, limit, BULK_BATCH)
                    self._starved |= bulk < min(limit, BULK_BATCH)
                    full |= await take(limit, bulk) >= (bulk or limit)
                if not full and not self._again:
                    return
        finally:
            self._busy = False

    async def _match(self, limit: int, bulk: int) -> int:
        batch, settled = await match_due(limit, bulk, self.timing, self.lease)
        self._start(batch)
        live.publish(batch.changes)
        return settled

    async def _claim(self, limit: int, bulk: int) -> int:
        async def work(connection: Connection) -> Batch:
            return await claim(connection, limit, bulk, self.timing, self.lease)

        batch = await transact(work)
        self._start(batch)
        live.publish(batch.changes)
        return len(batch.moved)

    def _start(self, batch: Batch) -> None:
        for attempt in batch.attempts:
            task = asyncio.create_task(self._perform(attempt))
            self.performing.add(task)
            task.add_done_callback(self.performing.discard)

    async def _perform(self, attempt: Attempt) -> None:
        self.results.put_nowait(await perform(attempt))

    async def _settle_for_ever(self) -> None:
        """Write results as they come; those that came while the last ones were being written go together."""
        while True:
            results = [await self.results.get()]
            while not self.results.empty() and len(results) < BATCH:
                results.append(self.results.get_nowait())
            try:
                await self._settle(results)
            finally:
                for _ in results:
                    self.results.task_done()
            if self._starved and self.free:
                self._starved = False
                spawn(self.drain, self.performing)

    async def _settle(self, results: list[Result]) -> None:
        async def work(connection: Connection) -> Batch:
            return await settle(connection, results, self.timing, self.lease, start=not self.closing)

        while True:
            try:
                batch = await transact(work)
                break
            except (Unavailable, *LOST, *RETRYABLE) as error:
                # What was sent is known only here: keep it until the database is back.
                log.warning("%d results wait for the database: %s", len(results), error)
                await asyncio.sleep(0.5)
            except Exception:
                if len(results) > 1:
                    log.exception("results cannot be written together; writing them one by one")
                    for result in results:
                        await self._settle([result])
                    return
                log.exception("result of attempt %s cannot be written; it will be looked up", results[0].attempt.log_id)
                return
        self._start(batch)
        live.publish(batch.changes)
        for execution_id in batch.over:
            spawn(partial(control.stop_at_providers, execution_id), self.performing)

    async def close(self, patience: float) -> None:
        """Take nothing more; let what is out be answered and written for up to `patience` seconds."""
        self.closing = True
        try:
            async with asyncio.timeout(patience):
                while self.performing or not self.results.empty():
                    await asyncio.gather(*self.performing, return_exceptions=True)
                    await self.results.join()
        except TimeoutError:
            log.warning("%d attempts are still out; they will be looked up", len(self.performing))
        for settler in self._settling:
            settler.cancel()
