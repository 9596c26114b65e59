"""`/api/automation/executions`: what runs and what ran. The same routes answer under `/api/auto-engagement`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.ids import utc_now
from autoflows.services import execution_control, execution_counts, execution_export, executions, provider_events, timeline
from autoflows.services.pages import MAX_LIMIT, Page
from autoflows.services.views.bodies import Trimmed
from autoflows.services.views.executions import (
    ActionLogView,
    Cancellations,
    CancelMany,
    ExecutionChoices,
    ExecutionFilter,
    ExecutionSort,
    ExecutionView,
    Forecast,
    Resolution,
    Retries,
    RetryMany,
    StatusCounts,
)
from autoflows.services.views.story import ProviderEventView, StoryView

router = APIRouter(tags=["Executions"])

_ID = "01991c2e-7a00-7000-8000-000000000001"


class Cancellation(Trimmed):
    """Body of a cancel; the reason is shown on the execution."""

    reason: str = Field(default="", max_length=500)


class FilterQuery(ExecutionFilter):
    """The filter as a query: what is empty is left out."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value != ""} if isinstance(values, dict) else values


class ListQuery(FilterQuery):
    """The filter, the order and the page."""

    sort: ExecutionSort = Field(
        default=ExecutionSort.NEWEST,
        description="newest or oldest first, ended latest, slowest or fastest to contact, or what goes on soonest; those without such a "
        "time come last",
    )
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="rows per page")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before, with the same filter and sort")


class NewerQuery(FilterQuery):
    """The filter and the newest execution that was seen."""

    seen_at: AwareDatetime = Field(description="its `triggered_at`")
    seen_id: UUID


class Newer(BaseModel):
    """How many are newer; 100 means so many or more."""

    newer: int


@router.get("/executions", summary="List executions")
async def list_executions(actor: CurrentActor, session: Transaction, query: Annotated[ListQuery, Query()]) -> Page[ExecutionView]:
    """Those that fit everything given. A cursor goes on with the same filter and order; 422 with another."""
    return await executions.list_executions(actor, session, _filter(query), sort=query.sort, limit=query.limit, cursor=query.cursor)


@router.get("/executions/counts", summary="Count executions by status")
async def count_executions(actor: CurrentActor, session: Transaction, query: Annotated[FilterQuery, Query()]) -> StatusCounts:
    """Every status is named, also those without any. The filter's status, stage and needs_person are left out, so that these are the
    numbers to choose from. A number named in `capped` is at least what is said."""
    return await execution_counts.count_by_status(actor, session, query)


@router.get("/executions/newer", summary="Count what came since")
async def count_newer(actor: CurrentActor, session: Transaction, query: Annotated[NewerQuery, Query()]) -> Newer:
    """How many that fit were triggered after the newest that you have."""
    return Newer(newer=await execution_counts.count_newer(actor, session, _filter(query), (query.seen_at, query.seen_id)))


@router.get("/executions/forecast", summary="What is due in the next hour")
async def read_forecast(actor: CurrentActor, session: Transaction) -> Forecast:
    """In steps of ten minutes, by the rule that holds it."""
    return await execution_counts.forecast(actor, session)


@router.get("/executions/choices", summary="What executions can be filtered by")
async def read_choices(actor: CurrentActor, session: Transaction) -> ExecutionChoices:
    """The sources of the account's leads, and the rules that hold executions now."""
    return await execution_counts.choices(actor, session)


@router.get(
    "/executions/export.csv",
    summary="Executions as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export(actor: CurrentActor, query: Annotated[FilterQuery, Query()]) -> StreamingResponse:
    """All that fit, newest first, streamed: UTF-8, RFC 4180, times in UTC. Addresses are masked for a token without `pii:read`. A text that
    a spreadsheet would take for a formula begins with an apostrophe."""
    pieces = await execution_export.export_csv(actor, query)
    disposition = f'attachment; filename="executions_{utc_now():%Y-%m-%d}.csv"'
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


def _filter(query: ExecutionFilter) -> ExecutionFilter:
    return ExecutionFilter(**{name: getattr(query, name) for name in ExecutionFilter.model_fields})


_EXAMPLES: Any = {
    "count": {"summary": "How many wait for the flow's hours", "value": {"flow_id": _ID, "waiting_rule": "flow_hours", "dry_run": True}},
    "cancel": {"summary": "Cancel what a wrong import began", "value": {"lead_source": "Upload", "from": "2026-11-22T10:00:00Z"}},
}
_RETRY_EXAMPLES: Any = {
    "count": {"summary": "How many of today's can be tried again", "value": {"from": "2026-11-22T00:00:00Z", "dry_run": True}},
    "retry": {"summary": "Try those of a flow again", "value": {"flow_id": _ID}},
}


@router.post("/executions/cancel", summary="Cancel many executions")
async def cancel_many(actor: CurrentActor, body: Annotated[CancelMany, Body(openapi_examples=_EXAMPLES)]) -> Cancellations:
    """Cancels all running executions that fit; with `dry_run` it only says how many they are. It works for some seconds at most and says
    how many are `left`: send the same again until none is."""
    return await execution_control.cancel_many(actor, body)


@router.post("/executions/retry", summary="Try many failed executions again")
async def retry_many(actor: CurrentActor, body: Annotated[RetryMany, Body(openapi_examples=_RETRY_EXAMPLES)]) -> Retries:
    """Runs all failed executions that fit again, each from what failed; nothing already sent is sent again. With `dry_run` it only says how
    many can be. Those that cannot are `skipped`, with the reason. It works for some seconds at most and says how many are `left`: send the
    same again until none is."""
    return await execution_control.retry_many(actor, body)


@router.get("/executions/{execution_id}", summary="Get an execution")
async def get_execution(actor: CurrentActor, session: Transaction, execution_id: UUID) -> ExecutionView:
    """One execution."""
    return await executions.get_execution(actor, session, execution_id)


@router.get("/executions/{execution_id}/logs", summary="List the attempts of an execution")
async def list_logs(actor: CurrentActor, session: Transaction, execution_id: UUID) -> Page[ActionLogView]:
    """In the order of steps and attempts; all on one page."""
    return Page(data=await executions.list_logs(actor, session, execution_id), has_more=False)


@router.get("/executions/{execution_id}/story", summary="Tell the story of an execution")
async def get_story(actor: CurrentActor, session: Transaction, execution_id: UUID) -> StoryView:
    """What happened to this lead, in one answer: the execution, its plan, every attempt with its gates, how far messages got, what people
    did to it, and what it cost."""
    return await timeline.get_story(actor, session, execution_id)


@router.get("/action-logs/{log_id}/events", summary="List the provider events of an attempt")
async def list_provider_events(
    actor: CurrentActor, session: Transaction, log_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ProviderEventView]:
    """Newest first, with the payload as the provider sent it. For admins and owners."""
    return await provider_events.list_provider_events(actor, session, log_id, limit=limit, cursor=cursor)


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
