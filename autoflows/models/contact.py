"""People we may engage, and each arrival of a lead."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from autoflows.domain.leads import Disposition, EntryType
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key, one_of


class Contact(SQLModel, table=True):
    """A person, unique per account by normalised phone (E.164) and by e-mail (lower case).

    `phone_raw` keeps what was sent when it cannot be a phone number; `phone` is then null.
    `other_phones` and `other_emails` keep earlier addresses of the same person. Deleting erases all of it and sets `deleted_at`: the
    nameless row stays for the ledger and the executions to point at.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        sa.Index("uq_contacts_user_phone", "user_id", "phone", unique=True, postgresql_where=sa.text("phone IS NOT NULL")),
        sa.Index("uq_contacts_user_email", "user_id", "email", unique=True, postgresql_where=sa.text("email IS NOT NULL")),
        sa.Index("ix_contacts_user_created", "user_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index("ix_contacts_tags", "tags", postgresql_using="gin"),
        # What people are found by: see services/person_search.py. Its list of what is not sorted in yet is kept short, for even answers.
        sa.Index(
            "ix_contacts_words",
            sa.text("person_words(user_id, name, company, email, phone, phone_raw)"),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
        # Few contacts have earlier addresses; the others cost these indexes nothing.
        sa.Index(
            "ix_contacts_other_phones", "other_phones", postgresql_using="gin", postgresql_where=sa.text("other_phones <> '{}'::text[]")
        ),
        sa.Index(
            "ix_contacts_other_emails", "other_emails", postgresql_using="gin", postgresql_where=sa.text("other_emails <> '{}'::text[]")
        ),
        one_of("entry_type", EntryType),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    name: str = Field(default="", max_length=255)
    phone: str | None = Field(default=None, max_length=20)
    phone_raw: str | None = Field(default=None, max_length=100)
    email: str | None = Field(default=None, max_length=320)
    company: str = Field(default="", max_length=255)
    tags: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text()), sa_column_kwargs={"server_default": "{}"})
    custom_fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json, sa_column_kwargs={"server_default": "{}"}, nullable=False)
    other_phones: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text()), sa_column_kwargs={"server_default": "{}"})
    other_emails: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text()), sa_column_kwargs={"server_default": "{}"})
    timezone: str | None = Field(default=None, max_length=100)
    consent: dict[str, Any] | None = Field(default=None, sa_type=Json)
    lead_source: str = Field(default="", max_length=100)
    entry_type: str = Field(default=EntryType.API, max_length=20)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    deleted_at: datetime | None = Field(default=None, sa_type=Timestamp)


class LeadEvent(SQLModel, table=True):
    """One arrival of a lead: the ledger's row. It has exactly one current disposition, for ever.

    `due_at` is set while the event waits for a match and null once it is settled. `bulk` leads yield to fresh ones.
    """

    __tablename__ = "lead_events"
    __table_args__ = (
        one_of("disposition", Disposition),
        one_of("entry_type", EntryType),
        sa.Index(
            "uq_lead_events_source_id",
            "user_id",
            "lead_source",
            "external_id",
            unique=True,
            postgresql_where=sa.text("external_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_lead_events_idempotency_key",
            "user_id",
            "idempotency_key",
            unique=True,
            postgresql_where=sa.text("idempotency_key IS NOT NULL"),
        ),
        sa.Index("ix_lead_events_due", "bulk", "due_at", postgresql_where=sa.text("disposition = 'queued'")),
        sa.Index("ix_lead_events_user_received", "user_id", sa.text("received_at DESC"), sa.text("id DESC")),
        sa.Index("ix_lead_events_user_disposition", "user_id", "disposition", sa.text("received_at DESC")),
        sa.Index("ix_lead_events_contact", "contact_id", sa.text("received_at DESC")),
        sa.CheckConstraint("(disposition = 'queued') = (due_at IS NOT NULL)", name="queued_is_due"),
        sa.CheckConstraint("(disposition = 'enrolled') = (execution_id IS NOT NULL)", name="enrolled_has_execution"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    contact_id: UUID | None = Field(default=None, sa_column=foreign_key("contacts.id", on_delete="SET NULL", nullable=True))
    lead_source: str = Field(max_length=100)
    entry_type: str = Field(max_length=20)
    external_id: str | None = Field(default=None, max_length=255)
    idempotency_key: str | None = Field(default=None, max_length=255)
    request_hash: str = Field(default="", max_length=64)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    received_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    source_created_at: datetime | None = Field(default=None, sa_type=Timestamp)
    disposition: str = Field(default=Disposition.QUEUED, max_length=30)
    reason: str = Field(default="", max_length=500)
    trace: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json, nullable=False)
    execution_id: UUID | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    due_at: datetime | None = Field(default_factory=utc_now, sa_type=Timestamp)
    bulk: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
