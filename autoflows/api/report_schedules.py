"""`/api/automation/analytics/reports`: reports that are sent by e-mail to people of the account."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.services import report_schedules
from autoflows.services.pages import Page
from autoflows.services.views.reports import MailChannelView, MailingView, PossibleRecipient, ScheduleChange, ScheduleCreate, ScheduleView

router = APIRouter(prefix="/analytics/reports", tags=["Analytics"])

_ID = "01991c2e-7a00-7000-8000-000000000001"
_EXAMPLES: Any = {
    "week": {
        "summary": "The overview of the week before, each Monday at nine",
        "value": {"name": "Monday figures", "every": "week", "day": 1, "at": "09:00", "zone": "Asia/Kolkata", "recipients": [_ID]},
    },
    "month": {
        "summary": "One flow's month as an Excel file",
        "value": {
            "name": "First call, monthly",
            "report": "flow",
            "narrowed": {"flow_id": _ID},
            "form": "xlsx",
            "every": "month",
            "day": 1,
            "at": "08:30",
            "zone": "Asia/Kolkata",
            "recipients": [_ID],
        },
    },
}


@router.get("", summary="List reports that are sent")
async def list_schedules(actor: CurrentActor, session: Transaction) -> Page[ScheduleView]:
    """By name, all on one page, with when each is due next and how it went last."""
    return Page(data=await report_schedules.list_schedules(actor, session), has_more=False)


@router.post("", status_code=201, summary="Have a report sent")
async def arrange_schedule(
    actor: CurrentActor, session: Transaction, body: Annotated[ScheduleCreate, Body(openapi_examples=_EXAMPLES)]
) -> ScheduleView:
    """To people of the account who may export, by the account's e-mail channel. 409 for a name that is taken."""
    return await report_schedules.arrange_schedule(actor, session, body)


@router.get("/recipients", summary="List who may be sent reports")
async def possible_recipients(actor: CurrentActor, session: Transaction) -> Page[PossibleRecipient]:
    """The account's people who may export, all on one page."""
    return Page(data=await report_schedules.possible_recipients(actor, session), has_more=False)


@router.get("/channel", summary="By which channel reports are sent")
async def mail_channel(actor: CurrentActor, session: Transaction) -> MailChannelView:
    """Of the e-mail channels that are on, one that is known to work, and of these the oldest."""
    return await report_schedules.mail_channel(actor, session)


@router.patch("/{report_id}", summary="Change, pause or resume a report")
async def change_schedule(actor: CurrentActor, session: Transaction, report_id: UUID, body: ScheduleChange) -> ScheduleView:
    """What is sent is changed. What was due while it was paused is not made up for."""
    return await report_schedules.change_schedule(actor, session, report_id, body)


@router.delete("/{report_id}", status_code=204, summary="Stop sending a report")
async def drop_schedule(actor: CurrentActor, session: Transaction, report_id: UUID) -> None:
    """And forget its mails."""
    await report_schedules.drop_schedule(actor, session, report_id)


@router.post("/{report_id}/send", status_code=202, summary="Send a report now")
async def send_now(actor: CurrentActor, session: Transaction, report_id: UUID) -> ScheduleView:
    """Once, beside its times; a worker sends it within seconds. 409 while it is being sent."""
    return await report_schedules.send_now(actor, session, report_id)


@router.get("/{report_id}/mailings", summary="List the mails of a report")
async def list_mailings(actor: CurrentActor, session: Transaction, report_id: UUID) -> Page[MailingView]:
    """The newest hundred, one per due time and person."""
    return Page(data=await report_schedules.list_mailings(actor, session, report_id), has_more=False)


@router.post("/{report_id}/mailings/{mailing_id}/send", status_code=202, summary="Send one mail again")
async def send_again(actor: CurrentActor, session: Transaction, report_id: UUID, mailing_id: UUID) -> None:
    """One that failed, was left out, or of which it is not known whether it arrived."""
    await report_schedules.send_again(actor, session, report_id, mailing_id)
