"""A lead comes in: one transaction that upserts the contact and writes the ledger row, then the doorbell. Nothing else is on this path.

Leads that arrive together are written together, so that under load a commit is shared by many. Nobody is answered before the commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from uuid import UUID
from weakref import WeakKeyDictionary

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import AutoflowsError, Unavailable
from autoflows.engine import doorbell, live
from autoflows.engine.arrival import Arrival, Ingested, add_new
from autoflows.engine.lead_draft import MAX_CUSTOM_FIELDS, Consent, LeadDraft, Tag
from autoflows.engine.pool import LOST, RETRYABLE, Connection, transact

__all__ = ["MAX_CUSTOM_FIELDS", "Consent", "Ingested", "LeadDraft", "Tag", "ingest", "ingest_many"]

log = logging.getLogger(__name__)

CHUNK = 50
"""Leads that share a commit, at most."""
WRITERS = 2
"""Commits under way at the same time: while one is waiting for the disk, the next is being written."""


async def ingest(
    account_id: UUID, settings: AccountSettings, draft: LeadDraft, *, idempotency_key: str | None = None, bulk: bool = False
) -> Ingested:
    """Take one lead in, durably.

    Raises Invalid (neither phone nor e-mail; the Idempotency-Key was used with another body) and Unavailable (no database).
    Repeating a call with the same Idempotency-Key, or the same (lead_source, external_id), gives the first answer.
    """
    arrival = Arrival(account_id, settings, draft, idempotency_key, bulk)
    answer = await _intakes.setdefault(asyncio.get_running_loop(), _Intake()).take(arrival)
    if answer is None:  # someone known, or a race: in a transaction of its own, whose locks hold up nobody else
        answer = await transact(arrival.write)
    if answer.created:
        await doorbell.ring()
        live.publish([live.LiveChange(account_id, lead_event_id=answer.lead_event_id, kind="lead")])
    return answer


class _Intake:
    """The leads of this process that wait to be written, and the few tasks that write them."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Arrival, asyncio.Future[Ingested | None]]] = []
        self.writers: set[asyncio.Task[None]] = set()

    async def take(self, arrival: Arrival) -> Ingested | None:
        """The committed answer, or None if the lead is not a new one and has to be written by itself. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Ingested | None] = loop.create_future()
        self.waiting.append((arrival, answer))
        if len(self.writers) < WRITERS:
            self.writers.add(loop.create_task(self._write()))
        return await answer

    async def _write(self) -> None:
        try:
            while self.waiting:
                await self._write_some()
        finally:  # at once, not by a callback: whoever comes next has to know that nobody writes any more
            self.writers.discard(asyncio.current_task())

    async def _write_some(self) -> None:
        taken, self.waiting = self.waiting[:CHUNK], self.waiting[CHUNK:]
        written: dict[UUID, Ingested] = {}
        failure: Unavailable | None = None
        try:
            written = await transact(partial(add_new, arrivals=_in_order([arrival for arrival, _ in taken])))
        except Unavailable as error:
            failure = error
        except Exception as error:  # one of them is to blame; written one by one, each meets its own fate
            log.info("%d leads cannot be written together: %s", len(taken), type(error).__name__)
        for arrival, answer in taken:
            if answer.done():  # whoever asked has gone; the lead is stored all the same
                continue
            if failure is not None:
                answer.set_exception(failure)
            else:
                answer.set_result(written.get(arrival.event_id))


_intakes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Intake] = WeakKeyDictionary()


def _in_order(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """In the order of their addresses, so that two transactions over the same people lock them in the same order."""
    return sorted(arrivals, key=lambda arrival: arrival.addresses)


async def ingest_many(
    account_id: UUID, settings: AccountSettings, drafts: Sequence[LeadDraft], *, bulk: bool
) -> list[Ingested | AutoflowsError]:
    """Take many leads in, each by itself: one bad item spoils no other. The answers are in the order of the drafts."""
    answers: list[Ingested | AutoflowsError | None] = [None] * len(drafts)
    numbers: dict[UUID, int] = {}
    arrivals: list[Arrival] = []
    for number, draft in enumerate(drafts):
        try:
            arrival = Arrival(account_id, settings, draft, None, bulk)
        except AutoflowsError as error:
            answers[number] = error
        else:
            arrivals.append(arrival)
            numbers[arrival.event_id] = number
    ordered = _in_order(arrivals)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        try:
            written = await transact(partial(_write_chunk, chunk))
        except AutoflowsError as error:  # what was committed before stays: only these are to be sent again
            written = [error for _ in chunk]
        for arrival, answer in zip(chunk, written, strict=True):
            answers[numbers[arrival.event_id]] = answer
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="lead")])
    return [answer for answer in answers if answer is not None]


async def _write_chunk(arrivals: Sequence[Arrival], connection: Connection) -> list[Ingested | AutoflowsError]:
    """Several leads in one transaction; what is not simply new has a savepoint of its own, so a bad one takes only itself back."""
    added: dict[UUID, Ingested] = {}
    try:
        async with connection.transaction():
            added = await add_new(connection, arrivals)
    except (*LOST, *RETRYABLE):
        raise
    except Exception as error:
        log.info("%d leads cannot be written together: %s", len(arrivals), type(error).__name__)
    answers: list[Ingested | AutoflowsError] = []
    for arrival in arrivals:
        try:
            answers.append(added.get(arrival.event_id) or await arrival.write(connection))
        except AutoflowsError as error:
            answers.append(error)
    return answers
