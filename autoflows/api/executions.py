"""`/api/automation/executions`: what runs and what ran. The same routes answer under `/api/auto-engagement`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.api.filters import Search, Since, Until
from autoflows.services import executions
from autoflows.services.pages import Page
from autoflows.services.views.bodies import Trimmed
from autoflows.services.views.executions import ActionLogView, ExecutionView, StatusCounts

router = APIRouter(prefix="/executions", tags=["Executions"])

Status = Annotated[str, Query(max_length=40, description="running, completed, failed, cancelled or skipped")]


class Cancellation(Trimmed):
    """Body of a cancel; the reason is shown on the execution."""

    reason: str = Field(default="", max_length=500)


@router.get("", summary="List executions")
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
        limit=limit,
        cursor=cursor,
    )


@router.get("/counts", summary="Count executions by status")
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


@router.get("/{execution_id}", summary="Get an execution")
async def get_execution(actor: CurrentActor, session: Transaction, execution_id: UUID) -> ExecutionView:
    """One execution."""
    return await executions.get_execution(actor, session, execution_id)


@router.get("/{execution_id}/logs", summary="List the attempts of an execution")
async def list_logs(actor: CurrentActor, session: Transaction, execution_id: UUID) -> Page[ActionLogView]:
    """In the order of steps and attempts; all on one page."""
    return Page(data=await executions.list_logs(actor, session, execution_id), has_more=False)


@router.post("/{execution_id}/cancel", summary="Cancel an execution")
async def cancel_execution(
    actor: CurrentActor, session: Transaction, execution_id: UUID, cancellation: Cancellation | None = None
) -> ExecutionView:
    """Nothing more is sent; what was sent stays sent. 409 when it is over already."""
    reason = cancellation.reason if cancellation else ""
    return await executions.cancel_execution(actor, session, execution_id, reason)
