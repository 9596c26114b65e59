"""What is set for the account, and its audit log."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.services import audit, settings
from autoflows.services.pages import Page
from autoflows.services.views.audit import AuditView
from autoflows.services.views.settings import SettingsView

router = APIRouter(tags=["Settings"])

SettingsChanges = Annotated[
    dict[str, Any],
    Body(
        description="some fields of the settings; what is left out stays",
        openapi_examples={
            "hours": {"summary": "Business hours", "value": {"default_business_hours": {"start": "09:00", "end": "19:00"}}},
            "always open": {"summary": "No business hours", "value": {"default_business_hours": None}},
            "public holidays": {
                "summary": "Closed on public holidays, but for one",
                "value": {"holiday_country": "IN", "holiday_subdivision": "MH", "working_holidays": ["2027-01-26"]},
            },
            "kill switch": {"summary": "Hold every contact", "value": {"kill_switch": True}},
        },
    ),
]


@router.get("/settings", summary="Read the settings")
async def get_settings(actor: CurrentActor, session: Transaction) -> SettingsView:
    """All that is set for the account."""
    return await settings.get_settings(actor, session)


@router.patch("/settings", summary="Change settings")
async def update_settings(actor: CurrentActor, session: Transaction, body: SettingsChanges) -> SettingsView:
    """Merges the given fields; inside an object (hours, prices) a null takes a key away. What waits is looked at again under the new
    rules at once, so lifting the kill switch lets held contacts go on."""
    return await settings.update_settings(actor, session, body)


@router.get("/audit-log", summary="Read the audit log")
async def list_entries(
    actor: CurrentActor,
    session: Transaction,
    action: Annotated[str | None, Query(max_length=60, examples=["flow.updated"])] = None,
    entity_type: Annotated[str | None, Query(max_length=40, examples=["flow"])] = None,
    entity_id: UUID | None = None,
    actor_id: UUID | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="inclusive")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="exclusive")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AuditView]:
    """Who did what to which thing, newest first."""
    return await audit.list_entries(
        actor,
        session,
        action=action,
        entity_type=entity_type,
        entity_id=entity_id,
        actor_id=actor_id,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )
