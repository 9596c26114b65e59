"""Reports that are sent by e-mail, as they are arranged and shown."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, field_validator

from autoflows.domain.flow import check_timezone
from autoflows.domain.reports import Every, MailingStatus, Report, ReportForm
from autoflows.services.views.bodies import Trimmed

MOST_RECIPIENTS = 50


def _minutes(at: time) -> time:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError("say hours and minutes, such as 09:00; the zone is a field of its own")
    return at


Name = Annotated[str, Field(min_length=1, max_length=60, examples=["Monday figures"])]
At = Annotated[time, AfterValidator(_minutes), Field(description="hours and minutes by the clock of the zone", examples=["09:00"])]
Day = Annotated[int, Field(ge=1, le=31, description="of a week 1 (Monday) to 7, of a month 1 to 31 (its last day if it has not so many)")]
Days = Annotated[int, Field(ge=1, le=366, description="so many days up to the day before; null: the day, week or month before")]
Zone = Annotated[str, Field(max_length=100, description="IANA time zone", examples=["Asia/Kolkata"]), AfterValidator(check_timezone)]
Recipients = Annotated[list[UUID], Field(min_length=1, max_length=MOST_RECIPIENTS, description="people of the account who may export")]


class ReportFilter(Trimmed):
    """What the figures of a report are narrowed to; null is everything."""

    flow_id: UUID | None = None
    version: int | None = Field(default=None, ge=1, le=2_147_483_647)
    source: str | None = Field(default=None, min_length=1, max_length=100)
    channel_id: UUID | None = None


class _Checked(Trimmed):
    @field_validator("recipients", check_fields=False)
    @classmethod
    def _once(cls, people: list[UUID] | None) -> list[UUID] | None:
        return None if people is None else list(dict.fromkeys(people))


class ScheduleCreate(_Checked):
    """A report to be sent again and again."""

    name: Name
    report: Report = Report.OVERVIEW
    narrowed: ReportFilter = Field(default_factory=ReportFilter)
    days: Days | None = None
    form: ReportForm = ReportForm.PDF
    every: Every = Every.WEEK
    at: At = time(9)
    day: Day = 1
    zone: Zone
    recipients: Recipients


class ScheduleChange(_Checked):
    """What is sent is changed; the filter as a whole. `days` may be set to null."""

    name: Name | None = None
    report: Report | None = None
    narrowed: ReportFilter | None = None
    days: Days | None = None
    form: ReportForm | None = None
    every: Every | None = None
    at: At | None = None
    day: Day | None = None
    zone: Zone | None = None
    recipients: Recipients | None = None
    is_paused: bool | None = Field(default=None, description="paused: nothing is due; what waited to be sent is not sent")


class RecipientView(BaseModel):
    """A person who gets a report. `gets_it`: not while they are deactivated, or may not export."""

    id: UUID
    name: str
    email: str
    gets_it: bool


class ScheduleView(BaseModel):
    """A report that is sent by itself, when it is due next, and how it went last."""

    id: UUID
    name: str
    report: Report
    narrowed: ReportFilter
    days: int | None
    form: ReportForm
    every: Every
    at: time
    day: int
    zone: str
    recipients: list[RecipientView]
    is_paused: bool
    next_at: datetime | None = Field(description="null while it is paused")
    last_sent_at: datetime | None
    last_problem: str = Field(description="why the latest mails did not go out, or that it is not known; empty if they did")
    created_at: datetime
    updated_at: datetime


class MailingView(BaseModel):
    """One mail of a report. `unknown`: it may have been sent; it is not sent again unless a person says so."""

    id: UUID
    due_at: datetime
    recipient: str = Field(description="their name, else their address")
    status: MailingStatus
    problem: str
    ended_at: datetime | None


class MailChannelView(BaseModel):
    """By which channel reports go out; null if the account has no e-mail channel that is on."""

    channel_id: UUID | None
    name: str
    problem: str = Field(description="what is wrong with it; empty if nothing is known to be")


class PossibleRecipient(BaseModel):
    """A person of the account who may be sent reports."""

    id: UUID
    name: str
    email: str
