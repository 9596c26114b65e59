"""Executions as CSV, streamed: some thousands at a time by keyset, so that memory stays flat, and no transaction stays open however slowly
the file is read."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.people import mask_email, mask_phone
from autoflows.domain.permissions import Permission
from autoflows.models import Contact, Execution, Flow, FlowVersion
from autoflows.models.database import open_session
from autoflows.services import audit
from autoflows.services.access import Actor, requires
from autoflows.services.execution_filter import LEAD_SOURCE, choose, for_audit
from autoflows.services.execution_pages import Place, read_on
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort
from autoflows.services.views.masking import scrub

CHUNK = 5_000
MILLISECONDS = sa.func.extract("epoch", sa.literal_column("first_attempt_at - lead_at")) * 1000


def _moment(column: Any) -> Any:
    """A time in UTC as text: RFC 3339."""
    return sa.func.to_char(sa.func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')


COLUMNS: dict[str, Any] = {
    "id": sa.cast(col(Execution.id), sa.Text),
    "flow": col(Flow.name),
    "flow_version": col(FlowVersion.version),
    "status": col(Execution.status),
    "contact_id": sa.cast(col(Execution.contact_id), sa.Text),
    "name": col(Contact.name),
    "phone": col(Contact.phone),
    "email": col(Contact.email),
    "company": col(Contact.company),
    "lead_source": LEAD_SOURCE,
    "last_call_outcome": col(Execution.last_outcome),
    "step": col(Execution.current_action_step),
    "triggered_at": _moment(col(Execution.triggered_at)),
    "first_attempt_at": _moment(col(Execution.first_attempt_at)),
    "completed_at": _moment(col(Execution.completed_at)),
    "speed_to_lead_ms": sa.cast(sa.func.greatest(MILLISECONDS, 0), sa.BigInteger),
    "waiting_for": col(Execution.waiting_reason),
    "waiting_until": _moment(col(Execution.waiting_until)),
    "error": col(Execution.error_message),
    "test_run": sa.case((col(Execution.is_test_run), "yes"), else_="no"),
}
"""The head of the file, and what stands below."""
_MASKS: dict[str, Callable[[str], str | None]] = {"phone": mask_phone, "email": mask_email}
_TEXTS = [
    (list(COLUMNS).index(name), _MASKS.get(name, scrub))
    for name in ("flow", "name", "phone", "email", "company", "lead_source", "waiting_for", "error")
]
"""Where texts stand that are not ours, and what hides the addresses in them."""
_FORMULA = frozenset("=+-@\t\r")
_NUMBER = re.compile(r"^[+-]?[\d•]+(\.\d+)?$")


@requires(Permission.EXPORT)
async def export_csv(actor: Actor, wanted: ExecutionFilter) -> AsyncIterator[bytes]:
    """The executions that fit as CSV (RFC 4180, UTF-8), newest first, in pieces. The first piece is made before this returns, so that what
    can go wrong has gone wrong by then.

    Texts that a spreadsheet would take for a formula begin with an apostrophe. Without `pii:read` addresses are masked.
    """
    pieces = _pieces(actor, wanted)
    first = await anext(pieces)
    async with open_session() as session:
        audit.record(session, actor, "executions.exported", "execution", filter=for_audit(wanted))
    return _chain(first, pieces)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _pieces(actor: Actor, wanted: ExecutionFilter) -> AsyncIterator[bytes]:
    pii = actor.may(Permission.PII_READ)
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(COLUMNS)
    reading: asyncio.Task[tuple[list[Any], Place | None]] | None = asyncio.create_task(_read(actor, wanted, Place()))
    try:
        while reading is not None:
            rows, place = await reading
            # PostgreSQL reads the next ones while these are written.
            reading = None if place is None else asyncio.create_task(_read(actor, wanted, place))
            csv.writer(out, lineterminator="\r\n").writerows([_cells(row, pii) for row in rows])
            yield out.getvalue().encode()
            out = io.StringIO()
    finally:  # the reader went away
        if reading is not None:
            reading.cancel()


async def _read(actor: Actor, wanted: ExecutionFilter, place: Place) -> tuple[list[Any], Place | None]:
    """The next rows, and where to go on; None after the last."""
    async with open_session() as session:
        told = (
            sa.select(*COLUMNS.values())
            .select_from(Execution)
            .join(Flow, col(Flow.id) == col(Execution.flow_id))
            .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
            .join(Contact, col(Contact.id) == col(Execution.contact_id))
        )
        found = await read_on(session, await choose(actor, session, wanted), ExecutionSort.NEWEST, CHUNK, place, told)
    return [row for _, row in found], found[-1][0] if len(found) == CHUNK else None


def _cells(row: Any, pii: bool) -> list[Any]:
    cells = list(row)
    for place, mask in _TEXTS:
        text = cells[place]
        if text:
            text = text if pii else mask(text) or ""
            # A number stays one, also a phone number with its plus.
            cells[place] = f"'{text}" if text[0] in _FORMULA and not _NUMBER.match(text) else text
    return cells
