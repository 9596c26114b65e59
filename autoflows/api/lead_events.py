"""`/api/lead-events`: the ledger."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Transaction
from autoflows.services import leads
from autoflows.services.pages import MAX_LIMIT, Page
from autoflows.services.views.leads import DispositionCounts, LeadEventDetail, LeadEventView, LeadFilter

router = APIRouter(prefix="/lead-events", tags=["Lead events"])


class FilterQuery(LeadFilter):
    """The filter as a query: what is empty is left out."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value != ""} if isinstance(values, dict) else values


class ListQuery(FilterQuery):
    """The filter and the page."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="rows per page")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before")


@router.get("", summary="List lead events")
async def list_lead_events(actor: CurrentActor, session: Transaction, query: Annotated[ListQuery, Query()]) -> Page[LeadEventView]:
    """Newest first."""
    return await leads.list_lead_events(actor, session, query, limit=query.limit, cursor=query.cursor)


@router.get("/counts", summary="Count lead events by disposition")
async def count_lead_events(actor: CurrentActor, session: Transaction, query: Annotated[FilterQuery, Query()]) -> DispositionCounts:
    """Every disposition is named, also those without any. The filter's disposition, contact and search are left out, so that these are
    the numbers to choose from."""
    return await leads.count_by_disposition(actor, session, query)


@router.get("/{lead_event_id}", summary="Get a lead event with its trace")
async def get_lead_event(actor: CurrentActor, session: Transaction, lead_event_id: UUID) -> LeadEventDetail:
    """What was sent, where it stands, and why: a line per flow."""
    return await leads.get_lead_event(actor, session, lead_event_id)
