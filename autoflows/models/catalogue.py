"""What a channel offers to actions. Items are synced from the vendor or typed in by hand; an action's config names their `id`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key


class CatalogueItem(SQLModel):
    """Columns every catalogue table shares. `is_active` is false once the vendor no longer lists a synced item."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    is_active: bool = Field(default=True)
    synced_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)


class VoiceAgent(CatalogueItem, table=True):
    """An AI voice agent at the call provider."""

    __tablename__ = "agents"
    __table_args__ = (sa.UniqueConstraint("channel_id", "provider_agent_id"),)

    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    channel_id: UUID = Field(sa_column=foreign_key("channels.id", nullable=False))
    name: str = Field(max_length=255)
    provider_agent_id: str = Field(max_length=100)


class PhoneNumber(CatalogueItem, table=True):
    """A caller id, E.164."""

    __tablename__ = "phone_numbers"
    __table_args__ = (sa.UniqueConstraint("channel_id", "phone_number"),)

    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    channel_id: UUID = Field(sa_column=foreign_key("channels.id", nullable=False))
    phone_number: str = Field(max_length=20)
    label: str = Field(default="", max_length=100)


class WhatsAppNumber(CatalogueItem, table=True):
    """A WhatsApp sender: Meta's phone number id and how it is shown."""

    __tablename__ = "whatsapp_numbers"
    __table_args__ = (sa.UniqueConstraint("channel_id", "provider_number_id"),)

    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    channel_id: UUID = Field(sa_column=foreign_key("channels.id", nullable=False))
    provider_number_id: str = Field(max_length=100)
    display_number: str = Field(default="", max_length=40)
    verified_name: str = Field(default="", max_length=255)


class WhatsAppTemplate(CatalogueItem, table=True):
    """A message template. Only `APPROVED` can be sent; one typed in by hand counts as approved until a sync says otherwise."""

    __tablename__ = "whatsapp_templates"
    __table_args__ = (sa.UniqueConstraint("channel_id", "name", "language"),)

    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    channel_id: UUID = Field(sa_column=foreign_key("channels.id", nullable=False))
    name: str = Field(max_length=512)
    language: str = Field(default="en", max_length=20)
    status: str = Field(default="APPROVED", max_length=40)
    category: str = Field(default="", max_length=40)
    body: str = Field(default="", sa_type=sa.Text)
    variables: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text()))
    named_parameters: bool = Field(default=False)
    components: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json, nullable=False)
    provider_template_id: str | None = Field(default=None, max_length=100)


class EmailTemplate(CatalogueItem, table=True):
    """Subject, HTML and text, in Liquid, sent through `channel_id`. One of `html` and `text` may be empty."""

    __tablename__ = "email_templates"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    channel_id: UUID = Field(sa_column=foreign_key("channels.id", nullable=False))
    name: str = Field(max_length=255)
    subject: str = Field(max_length=998)
    html: str = Field(default="", sa_type=sa.Text)
    text: str = Field(default="", sa_type=sa.Text)
