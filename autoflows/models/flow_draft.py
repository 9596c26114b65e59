"""What an admin is editing: at most one draft per flow, saved as it is typed, and who holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key


class FlowDraft(SQLModel, table=True):
    """An unpublished state of a flow, or with `flow_id` null a flow that was never published.

    `definition` may be incomplete and wrong. `revision` grows by one with each save, so that a save of an older state is noticed.
    `base_version` is the published version that the draft began from.
    """

    __tablename__ = "flow_drafts"
    __table_args__ = (sa.CheckConstraint("(flow_id IS NULL) = (base_version IS NULL)", name="of_a_flow_has_base"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False, index=True))
    flow_id: UUID | None = Field(default=None, sa_column=foreign_key("auto_engagement_flows.id", nullable=True, unique=True))
    definition: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    base_version: int | None = Field(default=None)
    revision: int = Field(default=1)
    is_changed: bool = Field(default=False, description="whether it differs from the version it began from")
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    edited_by: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    edited_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    locked_by: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    locked_until: datetime | None = Field(default=None, sa_type=Timestamp)
