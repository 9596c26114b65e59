"""What the team is told."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from autoflows.domain.notices import NoticeKind, Severity
from autoflows.services.views.masking import Mask, View, as_is


class NotificationView(View):
    """One fault or event. While it is open there is one of it per kind and subject, however often it is seen."""

    id: UUID
    kind: NoticeKind
    subject: str = Field(description="the id of the channel or flow it is about; empty for the account as a whole")
    severity: Severity
    title: str
    detail: str
    href: str = Field(description="the page where its cause is seen to")
    count: int = Field(description="how many leads, executions or attempts, for kinds that count them; else how often it was seen")
    first_at: datetime
    last_at: datetime
    resolved_at: datetime | None = Field(description="when its cause was gone; null while it is open")
    unread: bool = Field(description="open, and not read by you, or seen again an hour or more after you read it")

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": "01991c2e-7a00-7000-8000-000000000001",
                "kind": "channel_down",
                "subject": "01991c2e-7a00-7000-8000-000000000002",
                "severity": "error",
                "title": "Channel 'Voice' does not work",
                "detail": "5 requests in a row failed: the provider answers 503",
                "href": "/dashboard/channels",
                "count": 3,
                "first_at": "2026-11-22T10:14:28Z",
                "last_at": "2026-11-22T10:17:02Z",
                "resolved_at": None,
                "unread": True,
            }
        },
    )
    personal: ClassVar[dict[str, Mask]] = {"kind": as_is, "subject": as_is, "severity": as_is, "href": as_is}


class NotificationCounts(View):
    """How many notifications are open, how many of these you have not read, and how many are errors."""

    open: int
    unread: int
    errors: int


class MarkedRead(View):
    """How many notifications were unread until now."""

    marked: int
