"""Other spellings of the routes of flows, answered under `/api/auto-engagement` beside the usual ones; not in the reference."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.services import executions, flows
from autoflows.services.pages import Page
from autoflows.services.views.executions import ExecutionFilter, ExecutionView
from autoflows.services.views.flows import Actions, BulkPriorities, Conditions, FlowOrder, FlowStatistics, FlowView, Reorder

router = APIRouter(prefix="/flows", include_in_schema=False)


@router.patch("/{flow_id}")
async def patch_flow(actor: CurrentActor, session: Transaction, flow_id: UUID, body: Annotated[dict[str, Any], Body()]) -> FlowView:
    """Replaces the named fields and publishes."""
    return await flows.patch_flow(actor, session, flow_id, body)


@router.put("/{flow_id}/conditions")
async def replace_conditions(actor: CurrentActor, session: Transaction, flow_id: UUID, body: Conditions) -> FlowView:
    """Replaces the trigger conditions and publishes."""
    return await flows.patch_flow(actor, session, flow_id, body.model_dump(mode="json"))


@router.put("/{flow_id}/actions")
async def replace_actions(actor: CurrentActor, session: Transaction, flow_id: UUID, body: Actions) -> FlowView:
    """Replaces the sequence and publishes."""
    return await flows.patch_flow(actor, session, flow_id, body.model_dump(mode="json"))


@router.post("/priorities/bulk-update")
async def set_priorities(actor: CurrentActor, session: Transaction, body: BulkPriorities | Reorder) -> FlowOrder:
    """New places for some flows, `{"priorities": [{"flow_id", "priority"}]}`, or the whole order, `{"flow_ids": [...]}`."""
    if isinstance(body, Reorder):
        return await flows.reorder_flows(actor, session, body.flow_ids)
    return await flows.set_priorities(actor, session, body.priorities)


@router.get("/{flow_id}/executions")
async def list_executions(
    actor: CurrentActor, session: Transaction, flow_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ExecutionView]:
    """The flow's executions, newest first."""
    await flows.get_flow(actor, session, flow_id)
    return await executions.list_executions(actor, session, ExecutionFilter(flow_id=flow_id), limit=limit, cursor=cursor)


@router.get("/{flow_id}/statistics")
async def read_statistics(actor: CurrentActor, session: Transaction, flow_id: UUID) -> FlowStatistics:
    """When the flow last ran, how many executions run now, and the counts of the last 30 days."""
    flow = await flows.get_flow(actor, session, flow_id)
    return FlowStatistics(flow_id=flow.id, **flow.model_dump(include={"last_run_at", "running_executions", "executions_30d"}))
