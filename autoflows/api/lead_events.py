"""`/api/lead-events`: the ledger."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.api.filters import Search, Since, Until
from autoflows.services import leads
from autoflows.services.pages import Page
from autoflows.services.views.leads import DispositionCounts, LeadEventDetail, LeadEventView

router = APIRouter(prefix="/lead-events", tags=["Lead events"])

Source = Annotated[str, Query(max_length=100)]


@router.get("", summary="List lead events")
async def list_lead_events(
    actor: CurrentActor,
    session: Transaction,
    disposition: Annotated[str, Query(max_length=40)] = "",
    lead_source: Source = "",
    contact_id: UUID | None = None,
    since: Since = None,
    until: Until = None,
    search: Search = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[LeadEventView]:
    """Newest first."""
    return await leads.list_lead_events(
        actor,
        session,
        disposition=disposition,
        lead_source=lead_source,
        contact_id=contact_id,
        since=since,
        until=until,
        search=search,
        limit=limit,
        cursor=cursor,
    )


@router.get("/counts", summary="Count lead events by disposition")
async def count_lead_events(
    actor: CurrentActor, session: Transaction, lead_source: Source = "", since: Since = None, until: Until = None
) -> DispositionCounts:
    """Every disposition is named, also those without any."""
    return await leads.count_by_disposition(actor, session, lead_source=lead_source, since=since, until=until)


@router.get("/{lead_event_id}", summary="Get a lead event with its trace")
async def get_lead_event(actor: CurrentActor, session: Transaction, lead_event_id: UUID) -> LeadEventDetail:
    """What was sent, where it stands, and why: a line per flow."""
    return await leads.get_lead_event(actor, session, lead_event_id)
