"""Runs of flows and every attempt they made. These rows are the queue: `due_at` says when one next needs attention."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.flow import ActionType
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key, one_of

WAITS = "status = 'running' AND (waiting_rule IS NOT NULL OR waiting_until IS NOT NULL)"
"""Held by a rule or a step. Those that wait for a provider's word have neither: they act."""
ACTS = "status = 'running' AND waiting_rule IS NULL AND waiting_until IS NULL"
LEAD_SOURCE = "metadata ->> 'trigger_source'::text"
# Of an attempt. A refused call carries no outcome: it failed. A message is as far as its provider said it got.
RESULT = """CASE WHEN {log}.action_type = 'ai_call' AND {log}.outcome IS NOT NULL THEN {log}.outcome
  WHEN {log}.status IN ('skipped', 'cancelled', 'failed', 'unknown') THEN {log}.status
  WHEN {log}.status IN ('pending', 'running') THEN 'in_progress'
  WHEN {log}.action_type = 'ai_call' THEN 'unknown' WHEN {log}.message_state IS NOT NULL THEN {log}.message_state
  WHEN {log}.action_type IN ('whatsapp_message', 'email', 'sms') THEN 'sent' ELSE 'done' END"""
"""How an attempt ended, as the figures of the analytics name it; `log` is what its row is called in the statement."""
REASON = """CASE {log}.status WHEN 'skipped' THEN COALESCE({log}.gates->-1->>'gate', '')
  WHEN 'failed' THEN COALESCE({log}.error_code, {log}.error_class, '') ELSE '' END"""
"""The rule that skipped an attempt, or the code it failed with."""
TO_DEAL = "status = 'failed' AND dismissed_at IS NULL AND NOT is_test_run"
"""Failed executions that nobody has dealt with."""


class Execution(SQLModel, table=True):
    """One run of one flow version for one contact. `fence` grows at every claim and cancel: an older holder is refused."""

    __tablename__ = "flow_executions"
    __table_args__ = (
        one_of("status", ExecutionStatus),
        one_of("last_outcome", CallOutcome, optional=True),
        sa.CheckConstraint("(status = 'running') = (due_at IS NOT NULL)", name="running_is_due"),
        sa.Index("idx_executions_flow", "flow_id", sa.text("triggered_at DESC")),
        sa.Index("idx_executions_contact", "contact_id", sa.text("triggered_at DESC")),
        # Real runs are counted from the index alone.
        sa.Index("idx_executions_user_status", "user_id", "status", sa.text("triggered_at DESC"), postgresql_include=["is_test_run"]),
        sa.Index("idx_executions_user_time", "user_id", sa.text("triggered_at DESC"), sa.text("id DESC")),
        sa.Index("idx_executions_source", "user_id", sa.text(f"lower({LEAD_SOURCE})"), "triggered_at"),
        sa.Index("idx_executions_test", "user_id", sa.text("triggered_at DESC"), postgresql_where=sa.text("is_test_run")),
        sa.Index(
            "idx_executions_outcome",
            "user_id",
            "last_outcome",
            sa.text("triggered_at DESC"),
            postgresql_where=sa.text("last_outcome IS NOT NULL"),
        ),
        # The orders of the list, each of what has such a time. `triggered_at` lets a range of days be told from the index alone.
        sa.Index(
            "idx_executions_user_completed",
            "user_id",
            "completed_at",
            "id",
            "triggered_at",
            postgresql_where=sa.text("completed_at IS NOT NULL"),
        ),
        sa.Index(
            "idx_executions_speed",
            "user_id",
            sa.text("(first_attempt_at - lead_at)"),
            "id",
            "triggered_at",
            postgresql_where=sa.text("first_attempt_at IS NOT NULL"),
        ),
        sa.Index(
            "idx_executions_untried",
            "user_id",
            sa.text("triggered_at DESC"),
            sa.text("id DESC"),
            postgresql_where=sa.text("first_attempt_at IS NULL"),
        ),
        sa.Index("idx_executions_wakes", "user_id", "waiting_until", "id", postgresql_where=sa.text("waiting_until IS NOT NULL")),
        # Of those that run: what holds them, and those that act.
        sa.Index("idx_executions_waiting", "user_id", "waiting_rule", "waiting_until", postgresql_where=sa.text(WAITS)),
        sa.Index("idx_executions_active", "user_id", sa.text("triggered_at DESC"), postgresql_where=sa.text(ACTS)),
        sa.Index("idx_executions_due", "bulk", "due_at", postgresql_where=sa.text("status = 'running'")),
        # Queues, first come first served, fresh leads before bulk ones: for a line, a rate, a channel, a flow, an account.
        sa.Index("idx_executions_parked", "parked_on", "bulk", "parked_at", postgresql_where=sa.text("parked_on IS NOT NULL")),
        # Executions that may still convert, when something about their contact changes.
        sa.Index(
            "idx_executions_goal",
            "contact_id",
            "goal_until",
            postgresql_where=sa.text("goal_until IS NOT NULL AND converted_at IS NULL"),
        ),
        # What failed and nobody has dealt with, by cause; and what somebody left as it is.
        sa.Index(
            "idx_executions_to_deal",
            "user_id",
            "cause",
            sa.text("completed_at DESC"),
            sa.text("id DESC"),
            postgresql_include=["flow_id"],
            postgresql_where=sa.text(TO_DEAL),
        ),
        sa.Index(
            "idx_executions_failed_time", "user_id", sa.text("completed_at DESC"), sa.text("id DESC"), postgresql_where=sa.text(TO_DEAL)
        ),
        sa.Index(
            "idx_executions_dismissed",
            "user_id",
            sa.text("dismissed_at DESC"),
            sa.text("id DESC"),
            postgresql_where=sa.text("dismissed_at IS NOT NULL"),
        ),
        sa.Index(
            "uq_executions_one_live",
            "flow_id",
            "contact_id",
            unique=True,
            postgresql_where=sa.text("status = 'running' AND NOT is_test_run"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    flow_id: UUID = Field(sa_column=foreign_key("auto_engagement_flows.id", nullable=False))
    flow_version_id: UUID = Field(sa_column=foreign_key("flow_versions.id", on_delete="RESTRICT", nullable=False))
    contact_id: UUID = Field(sa_column=foreign_key("contacts.id", nullable=False))
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    lead_event_id: UUID | None = Field(default=None)
    triggered_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    status: str = Field(default=ExecutionStatus.RUNNING, max_length=50)
    current_action_step: int = Field(default=1)
    completed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    error_message: str | None = Field(default=None, sa_type=sa.Text)
    metadata_: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column("metadata", Json, nullable=False, server_default="{}"))
    is_test_run: bool = Field(default=False)
    bulk: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    due_at: datetime | None = Field(default_factory=utc_now, sa_type=Timestamp)
    fence: int = Field(default=0, sa_type=sa.BigInteger)
    waiting_reason: str | None = Field(default=None, max_length=500)
    waiting_until: datetime | None = Field(default=None, sa_type=Timestamp)
    waiting_rule: str | None = Field(default=None, max_length=40, description="the gate that holds it, by its name")
    parked_on: str | None = Field(default=None, max_length=60, description="what it waits for in a queue: see engine/parking.py")
    parked_at: datetime | None = Field(default=None, sa_type=Timestamp, description="since when, which is its place in that queue")
    lead_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    first_attempt_at: datetime | None = Field(default=None, sa_type=Timestamp)
    first_conversation_at: datetime | None = Field(default=None, sa_type=Timestamp)
    goal_until: datetime | None = Field(default=None, sa_type=Timestamp, description="until when it can convert; null: it has no goal")
    converted_at: datetime | None = Field(default=None, sa_type=Timestamp, description="when its flow's goal was met")
    last_outcome: str | None = Field(default=None, max_length=20, description="how its last call ended, of those known to have ended")
    # Until the first attempt: what holds it now, and the microseconds it was held for already, by what held it.
    first_channel_id: UUID | None = Field(default=None, description="the channel of the first attempt")
    held_by: str | None = Field(default=None, max_length=10)
    held_since: datetime | None = Field(default=None, sa_type=Timestamp)
    held_hours: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    held_capacity: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    held_wait: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    cause: str | None = Field(default=None, max_length=200, description="what it failed by: see domain/causes.py")
    dismissed_at: datetime | None = Field(default=None, sa_type=Timestamp, description="when somebody left it as it is, though it failed")
    # No foreign key, as for attempts: it may outlive the member of the team.
    dismissed_by: UUID | None = Field(default=None)
    dismissed_note: str = Field(default="", max_length=500, sa_column_kwargs={"server_default": ""})


class ActionLog(SQLModel, table=True):
    """One attempt at one action, written before the provider is called. Its id is the attempt id that travels to the provider.

    `snapshot` keeps the action as it was, so a log outlives an edited or deleted action. Money is integer minor units.
    """

    __tablename__ = "flow_action_logs"
    __table_args__ = (
        one_of("status", LogStatus),
        one_of("action_type", ActionType),
        one_of("outcome", CallOutcome, optional=True),
        one_of("message_state", MessageState, optional=True),
        one_of("error_class", ErrorClass, optional=True),
        sa.UniqueConstraint("flow_execution_id", "action_order", "attempt"),
        # Only what may still change its mind: a finished attempt is found by its execution, contact or time.
        sa.Index("idx_action_logs_status", "status", "started_at", postgresql_where=sa.text("status IN ('pending', 'running', 'unknown')")),
        sa.Index("idx_action_logs_unknown", "user_id", "flow_execution_id", postgresql_where=sa.text("status = 'unknown'")),
        # Attempts nobody told about, newest first, with what they are grouped by.
        sa.Index(
            "idx_action_logs_doubted",
            "user_id",
            sa.text("started_at DESC"),
            sa.text("id DESC"),
            postgresql_include=["flow_execution_id", "action_type", "channel_id", "provider_ref"],
            postgresql_where=sa.text("status = 'unknown'"),
        ),
        sa.Index("idx_action_logs_contact", "contact_id", "started_at"),
        sa.Index("idx_action_logs_user_time", "user_id", "started_at"),
        # Calls in progress, for counting the lines an account or a channel has in use.
        sa.Index(
            "idx_action_logs_lines", "user_id", "channel_id", postgresql_where=sa.text("status = 'running' AND action_type = 'ai_call'")
        ),
        # The people of an experiment, by the split's id.
        sa.Index("idx_action_logs_split", "user_id", "action_id", "started_at", postgresql_where=sa.text("arm IS NOT NULL")),
        sa.Index("idx_action_logs_provider", "channel_id", "provider_ref", postgresql_where=sa.text("provider_ref IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    flow_execution_id: UUID = Field(sa_column=foreign_key("flow_executions.id", nullable=False))
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    contact_id: UUID = Field(sa_column=foreign_key("contacts.id", nullable=False))
    # Left out, the database takes the execution's.
    flow_version_id: UUID | None = Field(default=None, nullable=False, description="the version by which its step is numbered")
    # No foreign key: a log outlives its action, and an edited flow must not search a million logs for it.
    action_id: UUID | None = Field(default=None)
    action_type: str = Field(max_length=50)
    action_order: int
    attempt: int = Field(default=1)
    snapshot: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    started_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    answered_at: datetime | None = Field(default=None, sa_type=Timestamp, description="when the provider's answer to the request came")
    completed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    wait_until: datetime | None = Field(default=None, sa_type=Timestamp)
    status: str = Field(default=LogStatus.PENDING, max_length=50)
    channel_id: UUID | None = Field(default=None, sa_column=foreign_key("channels.id", on_delete="SET NULL", nullable=True))
    provider_ref: str | None = Field(default=None, max_length=255)
    outcome: str | None = Field(default=None, max_length=20)
    message_state: str | None = Field(default=None, max_length=20)
    error_class: str | None = Field(default=None, max_length=20)
    error_code: str | None = Field(default=None, max_length=60)
    error_message: str | None = Field(default=None, sa_type=sa.Text)
    skip_reason: str | None = Field(default=None, max_length=255)
    result_data: dict[str, Any] = Field(default_factory=dict, sa_type=Json, sa_column_kwargs={"server_default": "{}"}, nullable=False)
    gates: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json, sa_column_kwargs={"server_default": "[]"}, nullable=False)
    cost_amount: int | None = Field(default=None, sa_type=sa.BigInteger)
    cost_currency: str | None = Field(default=None, max_length=3)
    arm: str | None = Field(default=None, max_length=40, description="of a split: the arm that was chosen")


class ProviderEventRow(SQLModel, table=True):
    """A provider's webhook or looked-up state as it came, once per (channel, provider event id)."""

    __tablename__ = "provider_events"
    __table_args__ = (
        sa.UniqueConstraint("channel_id", "provider_event_id"),
        sa.Index("ix_provider_events_log", "action_log_id"),
        # Events that came before the attempt they belong to knew its name.
        sa.Index("ix_provider_events_unclaimed", "channel_id", "provider_ref", postgresql_where=sa.text("action_log_id IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    channel_id: UUID = Field(sa_column=foreign_key("channels.id", nullable=False))
    provider_event_id: str = Field(max_length=255)
    kind: str = Field(max_length=20)
    provider_ref: str | None = Field(default=None, max_length=255)
    action_log_id: UUID | None = Field(default=None)
    received_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    occurred_at: datetime | None = Field(default=None, sa_type=Timestamp)
    applied: bool = Field(default=False)
    note: str = Field(default="", max_length=255)
    event: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False, description="in our words")
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False, description="as the provider sent it")
