"""What limits remember between decisions. Rows exist only where an account has set a limit."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from autoflows.models.base import Timestamp


class Pace(SQLModel, table=True):
    """The next free slot of something that may be done only so often: a channel's rate, a flow's throttle. `key` is that thing's id."""

    __tablename__ = "paces"

    key: UUID = Field(primary_key=True)
    next_at: datetime = Field(sa_type=Timestamp)


class Usage(SQLModel, table=True):
    """How much of a daily allowance was used on a local date: attempts of a channel, or minor units of an account's budget."""

    __tablename__ = "usage_counters"

    key: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    used: int = Field(default=0, sa_type=sa.BigInteger)
