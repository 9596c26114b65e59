"""An account's connections to providers, and what lives there: agents, numbers, templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.domain.capacity import BreakerState
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key, one_of

CHANNEL_STATUSES = ("unchecked", "active", "error", "disabled")
PROVIDER_NAMES = ("bolna", "whatsapp_cloud", "smtp", "twilio_sms", "webhook")


class Channel(SQLModel, table=True):
    """A provider account. `credentials` is encrypted and never returned; `webhook_secret` is the unguessable part of its webhook URL.

    The circuit breaker: while `open`, contacts by this channel are held until `breaker_until`, then one is let through (`probing`).
    """

    __tablename__ = "channels"
    __table_args__ = (
        one_of("status", CHANNEL_STATUSES),
        one_of("breaker_state", BreakerState),
        sa.Index("ix_channels_breaker", "breaker_until", postgresql_where=sa.text("breaker_state <> 'closed'")),
        one_of("provider", PROVIDER_NAMES),
        sa.UniqueConstraint("user_id", "name"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    provider: str = Field(max_length=40)
    name: str = Field(max_length=100)
    credentials: str = Field(sa_type=sa.Text)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    status: str = Field(default="unchecked", max_length=20)
    status_detail: str = Field(default="", max_length=500)
    checked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    synced_at: datetime | None = Field(default=None, sa_type=Timestamp)
    webhook_secret: str = Field(max_length=64, unique=True)
    breaker_state: str = Field(default="closed", max_length=10, sa_column_kwargs={"server_default": "closed"})
    breaker_reason: str = Field(default="", max_length=500, sa_column_kwargs={"server_default": ""})
    breaker_opened_at: datetime | None = Field(default=None, sa_type=Timestamp)
    breaker_until: datetime | None = Field(default=None, sa_type=Timestamp)
    breaker_trips: int = Field(default=0, sa_column_kwargs={"server_default": "0"}, description="in a row without a success between")
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
