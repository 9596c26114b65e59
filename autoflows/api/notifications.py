"""`/api/notifications`: what the team is told, and what you have read of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.services import notifications
from autoflows.services.pages import Page
from autoflows.services.views.notifications import MarkedRead, NotificationCounts, NotificationView

router = APIRouter(prefix="/notifications", tags=["Notifications"])

Unread = Annotated[bool | None, Query(description="true: only what you have not read; false: only the others", examples=[True])]
IsOpen = Annotated[bool | None, Query(alias="open", description="true: only what goes on; false: only what is resolved", examples=[True])]


@router.get("", summary="List notifications")
async def list_notifications(
    actor: CurrentActor,
    session: Transaction,
    unread: Unread = None,
    is_open: IsOpen = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[NotificationView]:
    """What was seen last comes first. Needs `notifications:read`; each role sees the kinds that it could look into."""
    return await notifications.list_notifications(actor, session, unread=unread, is_open=is_open, limit=limit, cursor=cursor)


@router.get("/counts", summary="Count open and unread notifications")
async def count_notifications(actor: CurrentActor, session: Transaction) -> NotificationCounts:
    """For a bell."""
    return await notifications.count_notifications(actor, session)


@router.post("/read-all", summary="Mark all notifications as read")
async def mark_all_read(actor: CurrentActor, session: Transaction) -> MarkedRead:
    """For you alone; what comes meanwhile stays unread."""
    return await notifications.mark_all_read(actor, session)


@router.post("/{notification_id}/read", summary="Mark a notification as read")
async def mark_read(actor: CurrentActor, session: Transaction, notification_id: UUID) -> NotificationView:
    """For you alone. It stays open until its cause is gone."""
    return await notifications.mark_read(actor, session, notification_id)
