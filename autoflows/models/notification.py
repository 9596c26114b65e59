"""What the product tells the team: one row per fault that is open, however often it is seen, and who has read it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.domain.notices import Severity
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Timestamp, foreign_key, one_of


class Notification(SQLModel, table=True):
    """One fault or event. `kind` and `subject` (the channel, flow or lead it is about) name it: while it is open there is one row of it.

    `resolved_at` is set when its cause is gone; `count` says how often it was seen since `first_at`.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        one_of("severity", Severity),
        sa.Index("uq_notifications_open", "user_id", "kind", "subject", unique=True, postgresql_where=sa.text("resolved_at IS NULL")),
        sa.Index("ix_notifications_user_time", "user_id", sa.text("last_at DESC"), sa.text("id DESC")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    kind: str = Field(max_length=60)
    subject: str = Field(default="", max_length=255)
    severity: str = Field(default="warning", max_length=10)
    title: str = Field(max_length=255)
    detail: str = Field(default="", max_length=1000)
    href: str = Field(default="", max_length=500)
    count: int = Field(default=1)
    first_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    last_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    resolved_at: datetime | None = Field(default=None, sa_type=Timestamp)


class NotificationRead(SQLModel, table=True):
    """That a person has seen a notification, and when; one that is seen again afterwards is unread once more."""

    __tablename__ = "notification_reads"

    notification_id: UUID = Field(sa_column=foreign_key("notifications.id", primary_key=True))
    user_id: UUID = Field(sa_column=foreign_key("users.id", primary_key=True, index=True))
    read_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
