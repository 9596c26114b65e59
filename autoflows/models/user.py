"""People who sign in, and how they prove it. An owner is the account; team members have `owner_id` set."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from autoflows.domain.permissions import Role
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key, one_of


class User(SQLModel, table=True):
    """A person. `settings` of an owner is the account's `domain.account.AccountSettings`; members carry an empty one."""

    __tablename__ = "users"
    __table_args__ = (
        one_of("role", Role),
        sa.CheckConstraint("(role = 'owner') = (owner_id IS NULL)", name="owner_has_no_owner"),
        sa.Index("uq_users_email_lower", sa.text("lower(email)"), unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID | None = Field(default=None, sa_column=foreign_key("users.id", nullable=True, index=True))
    email: str = Field(max_length=320)
    name: str = Field(default="", max_length=255)
    password_hash: str
    role: str = Field(max_length=20)
    timezone: str = Field(default="Asia/Kolkata", max_length=100)
    default_business_hours: dict[str, Any] | None = Field(default=None, sa_type=Json)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=Json, sa_column_kwargs={"server_default": "{}"}, nullable=False)
    is_active: bool = Field(default=True)
    last_login_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)

    @property
    def account_id(self) -> UUID:
        """The tenant key of everything this person may see."""
        return self.owner_id or self.id


class Session(SQLModel, table=True):
    """A browser sign-in. The cookie's value is never stored, only its SHA-256."""

    __tablename__ = "sessions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp, index=True)
    last_seen_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    ip_address: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=400)


class ApiToken(SQLModel, table=True):
    """A key for the REST API, shown once, stored as SHA-256. It acts as the user who made it, within its scopes."""

    __tablename__ = "api_tokens"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    name: str = Field(max_length=100)
    prefix: str = Field(max_length=16)
    token_hash: str = Field(max_length=64, unique=True)
    scopes: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text()))
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    last_used_at: datetime | None = Field(default=None, sa_type=Timestamp)
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)


class AuditEntry(SQLModel, table=True):
    """Who did what to which thing, for ever. `user_id` is the account, `actor_id` the person (null: the system)."""

    __tablename__ = "audit_log"
    __table_args__ = (sa.Index("ix_audit_log_account_time", "user_id", sa.text("created_at DESC")),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    actor_id: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    action: str = Field(max_length=60)
    entity_type: str = Field(max_length=40)
    entity_id: UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
