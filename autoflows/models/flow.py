"""Flows as an admin edits them, and the immutable versions that executions are pinned to."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from autoflows.domain.flow import ActionCondition, ActionType, ConditionOperator, OnUnknown, OutsideHours, TriggerType
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key, one_of


class Flow(SQLModel, table=True):
    """A flow's present configuration. `priority` is unique per account (lower wins) and null once deleted.

    Deleting sets `deleted_at`: executions and logs keep pointing at it.
    """

    __tablename__ = "auto_engagement_flows"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "priority", name="uq_flows_user_priority", deferrable=True, initially="IMMEDIATE"),
        sa.CheckConstraint("deleted_at IS NOT NULL OR priority IS NOT NULL", name="live_has_priority"),
        sa.CheckConstraint("deleted_at IS NULL OR NOT is_enabled", name="deleted_is_disabled"),
        sa.CheckConstraint("archived_at IS NULL OR NOT is_enabled", name="archived_is_disabled"),
        one_of("outside_hours", OutsideHours),
        one_of("on_unknown", OnUnknown),
        sa.Index("idx_flows_user_enabled", "user_id", "is_enabled"),
        sa.Index("idx_flows_priority", "user_id", "priority", postgresql_where=sa.text("is_enabled")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    name: str = Field(max_length=255)
    description: str = Field(default="", sa_type=sa.Text)
    is_enabled: bool = Field(default=False)
    is_held: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()}, description="every contact of its runs is held")
    priority: int | None = Field(default=None)
    use_custom_business_hours: bool = Field(default=False)
    business_hours_start: time | None = None
    business_hours_end: time | None = None
    business_hours_timezone: str | None = Field(default=None, max_length=100)
    business_days: list[int] = Field(default_factory=lambda: [1, 2, 3, 4, 5, 6, 7], sa_type=ARRAY(sa.SmallInteger()))
    outside_hours: str = Field(default=OutsideHours.WAIT, max_length=10)
    exit_rules: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    cooldown_minutes: int | None = Field(default=None, ge=0)
    on_unknown: str = Field(default=OnUnknown.CONTINUE, max_length=10)
    max_contacts_per_hour: int | None = Field(default=None, ge=1)
    goal: dict[str, Any] | None = Field(default=None, sa_type=Json)
    version: int = Field(default=1, description="the published version that new executions are pinned to")
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    created_by: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    tags: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text()), sa_column_kwargs={"server_default": "{}"})
    archived_at: datetime | None = Field(default=None, sa_type=Timestamp, description="out of the list, with its place and history kept")
    deleted_at: datetime | None = Field(default=None, sa_type=Timestamp)


class FlowTriggerCondition(SQLModel, table=True):
    """One condition; all of a flow's conditions must hold."""

    __tablename__ = "flow_trigger_conditions"
    __table_args__ = (
        one_of("condition_type", TriggerType),
        one_of("condition_operator", ConditionOperator),
        sa.Index("idx_conditions_flow", "flow_id", "position"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    flow_id: UUID = Field(sa_column=foreign_key("auto_engagement_flows.id", nullable=False))
    position: int = Field(default=0)
    condition_type: str = Field(max_length=50)
    condition_operator: str = Field(default=ConditionOperator.EQUALS, max_length=20)
    condition_value: str | None = Field(default=None, max_length=255)
    condition_field: str | None = Field(default=None, max_length=100)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)


class FlowAction(SQLModel, table=True):
    """One step of the sequence."""

    __tablename__ = "flow_actions"
    __table_args__ = (
        sa.UniqueConstraint("flow_id", "action_order", name="uq_flow_actions_flow_order", deferrable=True, initially="IMMEDIATE"),
        sa.CheckConstraint("action_order >= 1", name="action_order_positive"),
        one_of("action_type", ActionType),
        one_of("condition_type", ActionCondition, optional=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    flow_id: UUID = Field(sa_column=foreign_key("auto_engagement_flows.id", nullable=False))
    action_order: int
    action_type: str = Field(max_length=50)
    action_config: dict[str, Any] = Field(default_factory=dict, sa_type=Json, sa_column_kwargs={"server_default": "{}"}, nullable=False)
    condition_type: str | None = Field(default=None, max_length=50)
    condition_value: str | None = Field(default=None, max_length=255)
    condition_field: str | None = Field(default=None, max_length=100)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)


class FlowVersion(SQLModel, table=True):
    """What a flow was at one publish: `definition` is a `domain.flow.FlowDefinition`. Never changed, never deleted."""

    __tablename__ = "flow_versions"
    __table_args__ = (sa.UniqueConstraint("flow_id", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    flow_id: UUID = Field(sa_column=foreign_key("auto_engagement_flows.id", nullable=False))
    version: int
    definition: dict[str, Any] = Field(sa_type=Json)
    name: str = Field(default="", max_length=100)
    note: str = Field(default="", max_length=500)
    created_by: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
