"""`/api/automation/inbox`: what needs a person, by cause, and dealing with it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.domain.causes import InboxKind
from autoflows.services import inbox
from autoflows.services.pages import Page
from autoflows.services.views.inbox import Dismissal, InboxCause, InboxCounts, InboxDone, InboxItem, OfOneCause, Verdict

router = APIRouter(prefix="/inbox", tags=["Inbox"])

_ID = "01991c2e-7a00-7000-8000-000000000001"
_CAUSE = f"whatsapp_message|account|{_ID}|190"
Kind = Annotated[InboxKind | None, Query(description="attempts nobody told about, or failed executions")]
OfCause = Annotated[str, Query(max_length=200, description="only those of one cause, as this list gives it")]
Dismissed = Annotated[bool, Query(description="what somebody left as it is, instead of what is still to be dealt with")]

_DISMISS: Any = {
    "one": {"summary": "Leave one as it is", "value": {"execution_ids": [_ID], "note": "They bought elsewhere"}},
    "cause": {"summary": "How many have one cause", "value": {"cause": _CAUSE, "dry_run": True}},
}
_RETRY: Any = {"count": {"summary": "How many have one cause", "value": {"cause": _CAUSE, "dry_run": True}}}
_RESOLVE: Any = {
    "none": {"summary": "None of them arrived", "value": {"cause": f"email|silent|{_ID}|", "status": "failed", "note": "Seen in the log"}}
}


@router.get("", summary="List what needs a person")
async def list_inbox(
    actor: CurrentActor,
    session: Transaction,
    kind: Kind = None,
    flow_id: UUID | None = None,
    channel_id: UUID | None = None,
    cause: OfCause = "",
    dismissed: Dismissed = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[InboxItem]:
    """Newest first: attempts of which nobody told what became of them, and failed executions that nobody has dealt with, each with what is
    known and what can be done. Resolve an attempt by `/action-logs/{id}/resolve`, try an execution again by `/executions/{id}/retry`."""
    return await inbox.list_inbox(
        actor, session, kind=kind, flow_id=flow_id, channel_id=channel_id, cause=cause, dismissed=dismissed, limit=limit, cursor=cursor
    )


@router.get("/causes", summary="List what needs a person by cause")
async def list_causes(
    actor: CurrentActor, session: Transaction, kind: Kind = None, flow_id: UUID | None = None, channel_id: UUID | None = None
) -> Page[InboxCause]:
    """The cause with the newest first, each with its number; all on one page."""
    found = await inbox.list_causes(actor, session, kind=kind, flow_id=flow_id, channel_id=channel_id)
    return Page(data=found, has_more=False)


@router.get("/counts", summary="Count what needs a person")
async def count_inbox(actor: CurrentActor, session: Transaction) -> InboxCounts:
    """For a badge; at most 1,000 of a kind are counted."""
    return await inbox.count_inbox(actor, session)


@router.post("/dismiss", summary="Leave failed executions as they are")
async def dismiss(actor: CurrentActor, body: Annotated[Dismissal, Body(openapi_examples=_DISMISS)]) -> InboxDone:
    """They need nobody any more, and nothing is sent; who did it and when is kept. Those that somebody has dealt with meanwhile are
    `refused`. Trying one again, or saying what became of its attempt, takes it back."""
    return await inbox.dismiss(actor, body)


@router.post("/retry", summary="Try all failed executions of one cause again")
async def retry_all(actor: CurrentActor, body: Annotated[OfOneCause, Body(openapi_examples=_RETRY)]) -> InboxDone:
    """Each as by `/executions/{id}/retry`; nothing already sent is sent again. It works for some seconds at most and says how many are
    `left`: send the same again until none is."""
    return await inbox.retry_all(actor, body)


@router.post("/resolve", summary="Say what became of all attempts in doubt of one cause")
async def resolve_all(actor: CurrentActor, body: Annotated[Verdict, Body(openapi_examples=_RESOLVE)]) -> InboxDone:
    """Each as by `/action-logs/{id}/resolve`."""
    return await inbox.resolve_all(actor, body)
