"""Reports that are sent by e-mail, in words: what, when, to whom, and how it went. Pure."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Mapping

from pydantic import BaseModel

from autoflows.domain.flow_words import joined
from autoflows.domain.reports import Every, MailingStatus, Report, ReportForm
from autoflows.services.views.reports import MailingView, ReportFilter, ScheduleView

REPORTS = {Report.OVERVIEW: "Overview", Report.SPEED: "Speed to lead", Report.PERFORMANCE: "Performance", Report.FLOW: "Per flow"}
EVERY = {Every.DAY: "Each day", Every.WEEK: "Each week", Every.MONTH: "Each month"}
FORMS = {ReportForm.PDF: "PDF", ReportForm.XLSX: "Excel"}
BEFORE = {Every.DAY: "the day before", Every.WEEK: "the seven days before", Every.MONTH: "the month before"}
SPANS = {"": "The day, week or month before", "7": "The 7 days before", "30": "The 30 days before", "90": "The 90 days before"}
STATES = {
    MailingStatus.QUEUED: "Waits to be sent",
    MailingStatus.SENDING: "Is being sent",
    MailingStatus.SENT: "Sent",
    MailingStatus.FAILED: "Not sent",
    MailingStatus.SKIPPED: "Left out",
    MailingStatus.UNKNOWN: "In doubt",
}
AGAIN = (MailingStatus.FAILED, MailingStatus.SKIPPED, MailingStatus.UNKNOWN)


class ReportRow(BaseModel):
    """A report in the list. Times are ISO; empty where there is none."""

    id: str
    name: str
    what: str
    when: str
    people: str
    is_paused: bool
    next_at: str
    sent_at: str
    problem: str


class MailRow(BaseModel):
    """One mail of a report. `again`: a person may have it sent once more."""

    id: str
    due_at: str
    recipient: str
    state: str
    status: str
    problem: str
    again: bool


class ReportPerson(BaseModel):
    """Somebody whom a report may be sent to."""

    id: str
    name: str
    email: str
    chosen: bool


class ReportDraft(BaseModel):
    """What the form shows. `report` and `narrowed` say what is sent, `what` says it in words; `id` is empty for a new one."""

    id: str = ""
    name: str = ""
    report: str = "overview"
    narrowed: ReportFilter = ReportFilter()
    what: str = ""
    every: str = "week"
    weekday: str = "1"
    monthday: str = "1"
    at: str = "09:00"
    zone: str = ""
    days: str = ""
    form: str = "pdf"


def what_in_words(report: Report, narrowed: ReportFilter, names: Mapping[str, str]) -> str:
    """`Overview, source IndiaMART`; `names` gives flows and channels by id."""
    said = [REPORTS[report]]
    if narrowed.flow_id:
        version = f" v{narrowed.version}" if narrowed.version else ""
        said.append(f"flow {names.get(str(narrowed.flow_id), 'that is gone')}{version}")
    if narrowed.source:
        said.append("started by hand" if narrowed.source == "manual" else f"source {narrowed.source}")
    if narrowed.channel_id:
        said.append(f"channel {names.get(str(narrowed.channel_id), 'that is gone')}")
    return ", ".join(said)


def when_in_words(view: ScheduleView) -> str:
    """`Each Monday at 09:00 (Asia/Kolkata), about the seven days before, as PDF`."""
    day = {
        Every.DAY: "Each day",
        Every.WEEK: f"Each {day_name[view.day - 1]}" if view.day <= 7 else "",
        Every.MONTH: f"On day {view.day} of each month" if view.day < 29 else f"On day {view.day} (or the last) of each month",
    }[view.every]
    about = BEFORE[view.every] if view.days is None else f"the {view.days} days before" if view.days > 1 else "the day before"
    return f"{day} at {view.at:%H:%M} ({view.zone}), about {about}, as {FORMS[view.form]}"


def row_of(view: ScheduleView, names: Mapping[str, str]) -> ReportRow:
    """A report as the list shows it."""
    people = [one.name + ("" if one.gets_it else " (gets nothing)") for one in view.recipients]
    return ReportRow(
        id=str(view.id),
        name=view.name,
        what=what_in_words(view.report, view.narrowed, names),
        when=when_in_words(view),
        people=joined(people[:4] + ([f"{len(people) - 4} more"] if len(people) > 4 else [])) or "nobody any more",
        is_paused=view.is_paused,
        next_at=view.next_at.isoformat() if view.next_at else "",
        sent_at=view.last_sent_at.isoformat() if view.last_sent_at else "",
        problem=view.last_problem,
    )


def mail_row(view: MailingView) -> MailRow:
    """A mail as the list shows it."""
    return MailRow(
        id=str(view.id),
        due_at=view.due_at.isoformat(),
        recipient=view.recipient,
        state=STATES[view.status],
        status=view.status.value,
        problem=view.problem,
        again=view.status in AGAIN,
    )


def draft_of(view: ScheduleView, names: Mapping[str, str]) -> ReportDraft:
    """A report as the form shows it."""
    return ReportDraft(
        id=str(view.id),
        name=view.name,
        report=view.report.value,
        narrowed=view.narrowed,
        what=what_in_words(view.report, view.narrowed, names),
        every=view.every.value,
        weekday=str(view.day) if view.every is Every.WEEK else "1",
        monthday=str(view.day) if view.every is Every.MONTH else "1",
        at=f"{view.at:%H:%M}",
        zone=view.zone,
        days=str(view.days or ""),
        form=view.form.value,
    )
