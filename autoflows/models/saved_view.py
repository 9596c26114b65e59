"""What people keep of the list of executions: a filter and an order under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key


class SavedView(SQLModel, table=True):
    """One person's view, perhaps shared with the team. `user_id` is the account, `owner_id` whose it is; it goes with them."""

    __tablename__ = "saved_views"
    __table_args__ = (
        sa.Index("uq_saved_views_owner_name", "owner_id", sa.text("lower(name)"), unique=True),
        sa.Index("ix_saved_views_shared", "user_id", postgresql_where=sa.text("is_shared")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    owner_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    name: str = Field(max_length=60)
    is_shared: bool = Field(default=False)
    filter: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    sort: str = Field(default="newest", max_length=20)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
