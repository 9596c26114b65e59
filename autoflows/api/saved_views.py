"""`/api/automation/saved-views`: filters of the list of executions, kept under a name."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.services import saved_views
from autoflows.services.pages import Page
from autoflows.services.views.saved_views import SavedViewChange, SavedViewCreate, SavedViewView

router = APIRouter(prefix="/saved-views", tags=["Executions"])

_EXAMPLES: Any = {
    "held": {"summary": "What business hours hold", "value": {"name": "Held by hours", "filter": {"waiting_rule": "flow_hours"}}},
    "slow": {
        "summary": "Answered calls, the slowest first, for all of the team",
        "value": {"name": "Slow answers", "is_shared": True, "filter": {"outcome": "answered"}, "sort": "slowest"},
    },
}


@router.get("", summary="List saved views")
async def list_saved_views(actor: CurrentActor, session: Transaction) -> Page[SavedViewView]:
    """Your own, then those the team shares; all on one page."""
    return Page(data=await saved_views.list_saved_views(actor, session), has_more=False)


@router.post("", status_code=201, summary="Save a view")
async def save_view(
    actor: CurrentActor, session: Transaction, body: Annotated[SavedViewCreate, Body(openapi_examples=_EXAMPLES)]
) -> SavedViewView:
    """409 if you have a view of this name already."""
    return await saved_views.save_view(actor, session, body)


@router.patch("/{view_id}", summary="Change a saved view")
async def change_saved_view(actor: CurrentActor, session: Transaction, view_id: UUID, body: SavedViewChange) -> SavedViewView:
    """Whose it is may change it; a shared one also an admin."""
    return await saved_views.change_saved_view(actor, session, view_id, body)


@router.delete("/{view_id}", status_code=204, summary="Delete a saved view")
async def drop_saved_view(actor: CurrentActor, session: Transaction, view_id: UUID) -> None:
    """For all who see it."""
    await saved_views.drop_saved_view(actor, session, view_id)
