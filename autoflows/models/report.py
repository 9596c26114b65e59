"""Reports that are sent by e-mail: what was arranged, and each mail of it."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from autoflows.domain.reports import Every, MailingStatus, Report, ReportForm
from autoflows.ids import new_id, utc_now
from autoflows.models.base import Json, Timestamp, foreign_key, one_of


class ReportSchedule(SQLModel, table=True):
    """A report that is sent to people of the account, again and again. `next_at` is when it is due next; null while it is paused.

    `days` is how many days it is about; null stands for the day, week or month before. `narrowed` is what its figures are narrowed to.
    """

    __tablename__ = "report_schedules"
    __table_args__ = (
        one_of("report", Report),
        one_of("form", ReportForm),
        one_of("every", Every),
        sa.Index("uq_report_schedules_name", "user_id", sa.text("lower(name)"), unique=True),
        sa.Index("ix_report_schedules_due", "next_at", postgresql_where=sa.text("next_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    name: str = Field(max_length=60)
    report: str = Field(max_length=20)
    narrowed: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    days: int | None = None
    form: str = Field(max_length=10)
    every: str = Field(max_length=10)
    at: time
    day: int
    zone: str = Field(max_length=100)
    recipients: list[UUID] = Field(sa_type=ARRAY(sa.Uuid()))
    next_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_by: UUID | None = Field(default=None, sa_column=foreign_key("users.id", on_delete="SET NULL", nullable=True))
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)


class ReportMailing(SQLModel, table=True):
    """One mail of a report to one person. The row is there before the mail, and there is one per due time and person, for ever.

    Its id is the attempt's, and in the mail's Message-ID. `free_at`: when a worker may take it, and from then on a lease. `fence` counts
    who took it, so that one who stood still meanwhile writes nothing.
    """

    __tablename__ = "report_mailings"
    __table_args__ = (
        one_of("status", MailingStatus),
        sa.UniqueConstraint("schedule_id", "due_at", "recipient_id"),
        sa.Index("ix_report_mailings_free", "free_at", postgresql_where=sa.text("status IN ('queued', 'sending')")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    schedule_id: UUID = Field(sa_column=foreign_key("report_schedules.id", nullable=False))
    user_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    recipient_id: UUID = Field(sa_column=foreign_key("users.id", nullable=False))
    due_at: datetime = Field(sa_type=Timestamp)
    status: str = Field(default="queued", max_length=10)
    free_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    fence: int = Field(default=0)
    tries: int = Field(default=0)
    error: str = Field(default="", max_length=500)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
