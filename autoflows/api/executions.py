"""`/api/automation/executions`: what runs and what ran. The same routes answer under `/api/auto-engagement`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import Field

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.api.filters import Search, Since, Until
from autoflows.services import execution_control, executions
from autoflows.services.pages import Page
from autoflows.services.views.bodies import Trimmed
from autoflows.services.views.executions import ActionLogView, Cancellations, CancelMany, ExecutionView, Resolution, StatusCounts

router = APIRouter(tags=["Executions"])

_ID = "01991c2e-7a00-7000-8000-000000000001"
Status = Annotated[str, Query(max_length=40, description="running, completed, failed, cancelled or skipped")]


class Cancellation(Trimmed):
    """Body of a cancel; the reason is shown on the execution."""

    reason: str = Field(default="", max_length=500)


@router.get("/executions", summary="List executions")
async def list_executions(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID | None = None,
    contact_id: UUID | None = None,
    status: Status = "",
    since: Since = None,
    until: Until = None,
    search: Search = "",
    is_test_run: bool | None = None,
    needs_person: Annotated[bool | None, Query(description="those with an attempt nobody told about, or those without")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ExecutionView]:
    """Newest first."""
    return await executions.list_executions(
        actor,
        session,
        flow_id=flow_id,
        contact_id=contact_id,
        status=status,
        since=since,
        until=until,
        search=search,
        is_test_run=is_test_run,
        needs_person=needs_person,
        limit=limit,
        cursor=cursor,
    )


@router.get("/executions/counts", summary="Count executions by status")
async def count_executions(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID | None = None,
    since: Since = None,
    until: Until = None,
    is_test_run: bool | None = None,
) -> StatusCounts:
    """Every status is named, also those without any."""
    return await executions.count_by_status(actor, session, flow_id=flow_id, since=since, until=until, is_test_run=is_test_run)


_EXAMPLES: Any = {
    "count": {"summary": "How many wait for the flow's hours", "value": {"flow_id": _ID, "waiting_rule": "flow_hours", "dry_run": True}},
    "cancel": {"summary": "Cancel what a wrong import began", "value": {"lead_source": "Upload", "from": "2026-11-22T10:00:00Z"}},
}


@router.post("/executions/cancel", summary="Cancel many executions")
async def cancel_many(actor: CurrentActor, body: Annotated[CancelMany, Body(openapi_examples=_EXAMPLES)]) -> Cancellations:
    """Cancels all running executions that fit; with `dry_run` it only says how many they are. It works for some seconds at most and says
    how many are `left`: send the same again until none is."""
    return await execution_control.cancel_many(actor, body)


@router.get("/executions/{execution_id}", summary="Get an execution")
async def get_execution(actor: CurrentActor, session: Transaction, execution_id: UUID) -> ExecutionView:
    """One execution."""
    return await executions.get_execution(actor, session, execution_id)


@router.get("/executions/{execution_id}/logs", summary="List the attempts of an execution")
async def list_logs(actor: CurrentActor, session: Transaction, execution_id: UUID) -> Page[ActionLogView]:
    """In the order of steps and attempts; all on one page."""
    return Page(data=await executions.list_logs(actor, session, execution_id), has_more=False)


@router.post("/executions/{execution_id}/cancel", summary="Cancel an execution")
async def cancel_execution(
    actor: CurrentActor, session: Transaction, execution_id: UUID, cancellation: Cancellation | None = None
) -> ExecutionView:
    """Nothing more is sent; what was sent stays sent. 409 when it is over already."""
    reason = cancellation.reason if cancellation else ""
    return await execution_control.cancel_execution(actor, session, execution_id, reason)


@router.post("/executions/{execution_id}/retry", summary="Try a failed execution again")
async def retry_execution(actor: CurrentActor, session: Transaction, execution_id: UUID) -> ExecutionView:
    """Runs it again from the action that failed; nothing already sent is sent again. 409, in a sentence, for one that has not failed, that
    has an attempt nobody told about, or while another execution of the flow runs for the person."""
    return await execution_control.retry_execution(actor, session, execution_id)


@router.post("/action-logs/{log_id}/resolve", summary="Say what became of an unknown attempt")
async def resolve_attempt(actor: CurrentActor, session: Transaction, log_id: UUID, body: Resolution) -> ActionLogView:
    """For an attempt with the status `unknown`. It decides the branches that follow; an execution that is over stays over, and can be
    tried again. What the provider tells later is kept, and changes nothing where it says otherwise. 409 when it is known by now."""
    return await execution_control.resolve_attempt(actor, session, log_id, body)
