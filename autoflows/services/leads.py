"""Lead events: every arrival of a lead, where it stands, and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.leads import Disposition
from autoflows.domain.permissions import Permission
from autoflows.models import Contact, Execution, FlowVersion, LeadEvent
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.contacts import clean
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.person_search import find_people
from autoflows.services.views.leads import DispositionCounts, LeadEventDetail, LeadEventView, LeadFilter, PersonView, Standing
from autoflows.services.views.masking import shown

ALL = LeadFilter()
RECENT = 5000
"""How many of the newest lead events are looked through for the names of their sources."""


@requires(Permission.CONTACTS_READ)
async def list_lead_events(
    actor: Actor, session: AsyncSession, wanted: LeadFilter = ALL, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[LeadEventView]:
    """Lead events that fit, newest first. Raises Invalid for an unknown disposition."""
    statement = _events(actor).options(defer(LeadEvent.payload), defer(LeadEvent.trace))  # type: ignore[arg-type]
    statement = statement.where(*_tests(wanted))
    if wanted.disposition:
        statement = statement.where(col(LeadEvent.disposition) == _disposition(wanted.disposition))
    if wanted.contact_id is not None:
        statement = statement.where(col(LeadEvent.contact_id) == wanted.contact_id)
    if search := clean(wanted.search):
        external = col(LeadEvent.external_id) == search
        statement = statement.where(sa.or_(external, (await find_people(actor, session, search)).own(col(LeadEvent.contact_id))))
    keys = [col(LeadEvent.received_at), col(LeadEvent.id)]
    return await paginate(session, statement, keys, lambda *row: _view(actor, *row), limit=limit, cursor=cursor)


@requires(Permission.CONTACTS_READ)
async def get_lead_event(actor: Actor, session: AsyncSession, lead_event_id: UUID) -> LeadEventDetail:
    """One lead event with its trace. Raises NotFound."""
    row = (await session.exec(_events(actor).where(col(LeadEvent.id) == lead_event_id))).first()  # type: ignore[call-overload]
    if row is None:
        raise NotFound(f"There is no lead event with the id {lead_event_id}.")
    return lead_event_detail(actor, *row)


@requires(Permission.CONTACTS_READ)
async def count_by_disposition(actor: Actor, session: AsyncSession, wanted: LeadFilter = ALL) -> DispositionCounts:
    """How many lead events have each disposition; one pass over an index, unless executions must be looked at.

    The filter's own disposition, contact and search are left out: these are the numbers to choose from.
    """
    counted: Any = sa.select(col(LeadEvent.disposition), sa.func.count())
    if _of_runs(wanted):
        counted = counted.outerjoin(Execution, col(Execution.id) == col(LeadEvent.execution_id))
    statement = counted.where(col(LeadEvent.user_id) == actor.account_id, *_tests(wanted)).group_by(col(LeadEvent.disposition))
    found = {row[0]: row[1] for row in (await session.exec(statement)).all()}
    return DispositionCounts(total=sum(found.values()), by_disposition={d.value: found.get(d.value, 0) for d in Disposition})


@requires(Permission.CONTACTS_READ)
async def lead_sources(actor: Actor, session: AsyncSession) -> list[str]:
    """The sources the account's recent leads came from, by name; for filters."""
    recent = (
        sa.select(col(LeadEvent.lead_source).label("name"))
        .where(col(LeadEvent.user_id) == actor.account_id)
        .order_by(col(LeadEvent.received_at).desc())
        .limit(RECENT)
        .subquery()
    )
    rows = (await session.exec(sa.select(recent.c.name).distinct().order_by(recent.c.name))).all()  # type: ignore[call-overload]
    return [row[0] for row in rows]


def lead_event_detail(actor: Actor, event: LeadEvent, contact: Contact | None, execution_status: str | None) -> LeadEventDetail:
    """A lead event with everything about it, as this actor may see it."""
    fields = _fields(event, contact, execution_status)
    view = LeadEventDetail(**fields, payload=event.payload, trace=event.trace)
    return shown(view, pii=actor.may(Permission.PII_READ))


def person_view(contact: Contact) -> PersonView:
    """A contact in few words; not masked yet, the view that holds it is."""
    return PersonView(id=contact.id, name=contact.name, phone=contact.phone, email=contact.email, company=contact.company)


def _events(actor: Actor) -> sa.Select[Any]:
    columns: Any = sa.select(LeadEvent, Contact, col(Execution.status))
    joined: sa.Select[Any] = (
        columns.outerjoin(Contact, col(Contact.id) == col(LeadEvent.contact_id))
        .outerjoin(Execution, col(Execution.id) == col(LeadEvent.execution_id))
        .where(col(LeadEvent.user_id) == actor.account_id)
    )
    return joined


def _of_runs(wanted: LeadFilter) -> bool:
    """Whether the leads' executions must be looked at."""
    return any(value is not None for value in (wanted.standing, wanted.flow_id, wanted.version, wanted.channel_id))


def _tests(wanted: LeadFilter) -> list[sa.ColumnElement[bool]]:
    """All that is asked for but the disposition and the person."""
    tests: list[sa.ColumnElement[bool]] = []
    if source := clean(wanted.lead_source):
        tests.append(sa.func.lower(col(LeadEvent.lead_source)) == source.lower())
    if wanted.since is not None:
        tests.append(col(LeadEvent.received_at) >= wanted.since)
    if wanted.until is not None:
        tests.append(col(LeadEvent.received_at) < wanted.until)
    if wanted.flow_id is not None:
        tests.append(col(Execution.flow_id) == wanted.flow_id)
    if wanted.version is not None:
        mine = (col(FlowVersion.version) == wanted.version, col(FlowVersion.flow_id) == col(Execution.flow_id))
        tests.append(col(Execution.flow_version_id).in_(sa.select(col(FlowVersion.id)).where(*mine).correlate(Execution)))
    if wanted.channel_id is not None:
        tests.append(col(Execution.first_channel_id) == wanted.channel_id)
    if wanted.standing is not None:
        tests.append(_standing(wanted.standing))
    return tests


def _standing(standing: Standing) -> sa.ColumnElement[bool]:
    enrolled = col(LeadEvent.disposition) == Disposition.ENROLLED
    contacted = sa.and_(enrolled, col(Execution.first_attempt_at).is_not(None))
    if standing is Standing.CONTACTED:
        return contacted
    if standing is Standing.NOT_CONTACTED:
        return sa.not_(contacted)
    return sa.and_(enrolled, col(Execution.first_attempt_at).is_(None), col(Execution.status) == standing.value)


def _disposition(word: str) -> str:
    if word not in tuple(Disposition):
        raise Invalid("There is no such disposition.", errors=[FieldError("/query/disposition", f"use one of {', '.join(Disposition)}")])
    return word


def _fields(event: LeadEvent, contact: Contact | None, execution_status: str | None) -> dict[str, Any]:
    own = {name: getattr(event, name) for name in LeadEventView.model_fields if name not in ("contact", "execution_status")}
    return own | {"contact": None if contact is None else person_view(contact), "execution_status": execution_status}


def _view(actor: Actor, event: LeadEvent, contact: Contact | None, execution_status: str | None) -> LeadEventView:
    return shown(LeadEventView(**_fields(event, contact, execution_status)), pii=actor.may(Permission.PII_READ))
