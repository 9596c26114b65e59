"""What the analytics read instead of counting rows, and what has changed since those were last brought up to date.

Three tables take an image of a row before (`sign` -1) and after (+1) each change that a figure could see: triggers write them, in the
transaction of the change. `analytics/rollups` adds them up. Why so: docs/adr/0015.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from autoflows.models.base import Timestamp

NOBODY = UUID(int=0)
"""In the place of a flow version or a channel where there is none, so that it can be part of a key."""
GRAINS = {
    "each": ("flow_version_id", "source", "channel_id"), "version": ("flow_version_id",), "source": ("source",), "channel": ("channel_id",),
    "all": (),
}  # fmt: skip
"""What the rows of a grain tell apart; the other columns of their key are `NOBODY` and the empty source. Everything is counted once in each
grain, so that a page reads few rows whatever it is narrowed to."""


class RollupSum(SQLModel, table=True):
    """How much of a measure there was in one UTC day or month, and for a day in which of its 96 quarters of an hour.

    `sums` runs up over `slots` (quarters of an hour, 0 to 95, those without anything left out), so that any part of a day is a difference
    of two of them. A month has one slot.
    """

    __tablename__ = "rollup_sums"

    user_id: UUID = Field(primary_key=True)
    grain: str = Field(primary_key=True, max_length=7)
    measure: str = Field(primary_key=True, max_length=20)
    span: str = Field(primary_key=True, max_length=7)
    starts_on: date = Field(primary_key=True)
    flow_version_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True, sa_type=sa.Text)
    channel_id: UUID = Field(primary_key=True)
    labels: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text()), primary_key=True))
    total: int = Field(sa_type=sa.BigInteger)
    slots: list[int] = Field(sa_type=ARRAY(sa.Integer()))
    sums: list[int] = Field(sa_type=ARRAY(sa.BigInteger()))


class RollupSpread(SQLModel, table=True):
    """How the values of a measure were spread in one UTC day or month: a histogram that can be added to others.

    A place is `bin * 96`; `counts` says how many values are there. The bins are those of `domain.percentiles`. Rows of the span `quarter`
    are days once more, of the grain `each` alone, whose places tell the quarter of an hour as well (`bin * 96 + slot`).
    """

    __tablename__ = "rollup_spreads"

    user_id: UUID = Field(primary_key=True)
    grain: str = Field(primary_key=True, max_length=7)
    measure: str = Field(primary_key=True, max_length=20)
    span: str = Field(primary_key=True, max_length=7)
    starts_on: date = Field(primary_key=True)
    flow_version_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True, sa_type=sa.Text)
    channel_id: UUID = Field(primary_key=True)
    labels: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text()), primary_key=True))
    places: list[int] = Field(sa_type=ARRAY(sa.Integer()))
    counts: list[int] = Field(sa_type=ARRAY(sa.BigInteger()))


class RollupRecount(SQLModel, table=True):
    """An account whose figures have to be made anew from its rows, because some were deleted or none were counted yet."""

    __tablename__ = "rollup_recounts"

    user_id: UUID = Field(primary_key=True)


# No key, no index: they are only ever appended to and taken as they lie, and no two writers meet.
_SIGN = sa.SmallInteger
changed_executions = sa.Table(
    "changed_executions",
    SQLModel.metadata,
    sa.Column("sign", _SIGN, nullable=False),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("flow_version_id", sa.Uuid, nullable=False),
    sa.Column("lead_event_id", sa.Uuid),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("triggered_at", Timestamp, nullable=False),
    sa.Column("completed_at", Timestamp),
    sa.Column("lead_at", Timestamp, nullable=False),
    sa.Column("first_attempt_at", Timestamp),
    sa.Column("first_conversation_at", Timestamp),
    sa.Column("first_channel_id", sa.Uuid),
    sa.Column("held_hours", sa.BigInteger, nullable=False),
    sa.Column("held_capacity", sa.BigInteger, nullable=False),
    sa.Column("held_wait", sa.BigInteger, nullable=False),
)
changed_action_logs = sa.Table(
    "changed_action_logs",
    SQLModel.metadata,
    sa.Column("sign", _SIGN, nullable=False),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("flow_execution_id", sa.Uuid, nullable=False),
    sa.Column("flow_version_id", sa.Uuid, nullable=False),
    sa.Column("channel_id", sa.Uuid),
    sa.Column("action_type", sa.Text, nullable=False),
    sa.Column("action_order", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", Timestamp, nullable=False),
    sa.Column("answered_at", Timestamp),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("message_state", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("cost_amount", sa.BigInteger),
    sa.Column("cost_currency", sa.Text),
)
changed_lead_events = sa.Table(
    "changed_lead_events",
    SQLModel.metadata,
    sa.Column("sign", _SIGN, nullable=False),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("disposition", sa.Text, nullable=False),
    sa.Column("received_at", Timestamp, nullable=False),
)
