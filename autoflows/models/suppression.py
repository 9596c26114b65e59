"""Addresses that must not be contacted, whoever they belong to and whether or not a contact of them still exists."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.domain.suppressions import CHANNELS, SuppressionReason
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Timestamp, foreign_key, one_of


class Suppression(SQLModel, table=True):
    """No contact by `channel` (or by `all`) to one normalised address.

    `address_key` is a keyed hash of account and address: it outlives the erasure of the person, when `address` becomes null.
    `contact_id` is the person who said so themselves; null where only the address is meant.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        one_of("channel", CHANNELS),
        one_of("reason", SuppressionReason),
        sa.UniqueConstraint("user_id", "address_key", "channel"),
        sa.Index("ix_suppressions_user_created", "user_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index("ix_suppressions_key", "address_key"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    channel: str = Field(default="all", max_length=20)
    address_key: str = Field(max_length=64)
    address: str | None = Field(default=None, max_length=320)
    reason: str = Field(max_length=20)
    detail: str = Field(default="", max_length=500)
    contact_id: UUID | None = Field(default=None, sa_column=foreign_key("contacts.id", on_delete="SET NULL", nullable=True, index=True))
    created_by: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
