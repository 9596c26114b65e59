"""Executions as CSV, streamed: some thousands at a time by keyset, so that memory stays flat, and no transaction stays open however slowly
the file is read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime
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
COLUMNS: dict[str, Any] = {
    "id": col(Execution.id),
    "flow": col(Flow.name),
    "flow_version": col(FlowVersion.version),
    "status": col(Execution.status),
    "contact_id": col(Execution.contact_id),
    "name": col(Contact.name),
    "phone": col(Contact.phone),
    "email": col(Contact.email),
    "company": col(Contact.company),
    "lead_source": LEAD_SOURCE,
    "last_call_outcome": col(Execution.last_outcome),
    "step": col(Execution.current_action_step),
    "triggered_at": col(Execution.triggered_at),
    "first_attempt_at": col(Execution.first_attempt_at),
    "completed_at": col(Execution.completed_at),
    "speed_to_lead_ms": sa.cast(sa.func.greatest(MILLISECONDS, 0), sa.BigInteger),
    "waiting_for": col(Execution.waiting_reason),
    "waiting_until": col(Execution.waiting_until),
    "error": col(Execution.error_message),
    "test_run": col(Execution.is_test_run),
}
"""The head of the file, and what stands below."""
_OURS = {"id", "flow_version", "status", "contact_id", "last_call_outcome", "step", "speed_to_lead_ms"}
_FORMULA = re.compile(r"^[=+\-@\t\r]")
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
    place: Place | None = Place()
    head = True
    while place is not None:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        if head:
            writer.writerow(COLUMNS)
            head = False
        rows, place = await _read(actor, wanted, place)
        writer.writerows([_cells(row, pii) for row in rows])
        yield out.getvalue().encode()


async def _read(actor: Actor, wanted: ExecutionFilter, place: Place) -> tuple[list[Any], Place | None]:
    """The next rows, and where to go on; None after the last."""
    async with open_session() as session:
        places = await read_on(session, await choose(actor, session, wanted), ExecutionSort.NEWEST, CHUNK, place)
        ids = [last.after[1] for last in places if last.after is not None]
        statement = (
            sa.select(*COLUMNS.values())
            .select_from(Execution)
            .join(Flow, col(Flow.id) == col(Execution.flow_id))
            .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
            .join(Contact, col(Contact.id) == col(Execution.contact_id))
            .where(col(Execution.id).in_(ids))
            .order_by(col(Execution.triggered_at).desc(), col(Execution.id).desc())
        )
        rows = list((await session.exec(statement)).all())  # type: ignore[call-overload]
    return rows, places[-1] if len(places) == CHUNK else None


def _cells(row: Any, pii: bool) -> list[Any]:
    if pii:
        return [_cell(value) for value in row]
    masks = {"phone": mask_phone, "email": mask_email}
    return [
        _cell(value if name in _OURS or not isinstance(value, str) else masks.get(name, scrub)(value))
        for name, value in zip(COLUMNS, row, strict=True)
    ]


def _cell(value: Any) -> Any:
    """A value as it stands in the file. A number stays one, also a phone number with its plus."""
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) and not _NUMBER.match(value) else value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
