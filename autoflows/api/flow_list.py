"""The flow list as a whole: problems, how flows share the leads, labels, the archive, many switches at once."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.services import flow_impact, flow_shelf
from autoflows.services.views.drafts import FlowsAnalysis, Impact
from autoflows.services.views.flows import FlowsProblems, FlowView, Reorder, Switch, SwitchResults, Tags

router = APIRouter(prefix="/flows", tags=["Flows"])

_ID = "01991c2e-7a00-7000-8000-000000000001"
_SWITCH: Any = {"off": {"summary": "Two flows off", "value": {"flow_ids": [_ID, _ID[:-1] + "2"], "is_enabled": False}}}
_TAGS: Any = {"tags": {"summary": "Two labels", "value": {"tags": ["marketplaces", "pilot"]}}}


@router.get("/analysis", summary="See how flows share the leads")
async def analyse_flows(actor: CurrentActor, session: Transaction) -> FlowsAnalysis:
    """What each enabled flow took of the last 30 days' leads, which flows can never start, which overlap, and what nobody took."""
    return await flow_impact.analyse_flows(actor, session)


@router.get("/problems", summary="Find the problems of all flows")
async def find_all_problems(actor: CurrentActor, session: Transaction, is_enabled: bool | None = None) -> FlowsProblems:
    """Flows with problems, in order of priority."""
    return FlowsProblems(data=await flow_shelf.find_all_problems(actor, session, is_enabled=is_enabled))


@router.post("/reorder/impact", summary="Foresee what an order means")
async def impact_of_order(actor: CurrentActor, session: Transaction, body: Reorder) -> Impact:
    """How many of the last 30 days' leads another flow would have taken with the flows in this order. Changes nothing."""
    return await flow_impact.impact_of_order(actor, session, body.flow_ids)


@router.post("/toggle", summary="Enable or disable many flows")
async def toggle_flows(actor: CurrentActor, session: Transaction, body: Annotated[Switch, Body(openapi_examples=_SWITCH)]) -> SwitchResults:
    """Switches the flows one by one; one that cannot be enabled says why and stops no other."""
    return SwitchResults(data=await flow_shelf.toggle_flows(actor, session, body.flow_ids, body.is_enabled))


@router.put("/{flow_id}/tags", summary="Label a flow")
async def set_tags(
    actor: CurrentActor, session: Transaction, flow_id: UUID, body: Annotated[Tags, Body(openapi_examples=_TAGS)]
) -> FlowView:
    """Replaces the flow's labels. They are no part of its versions."""
    return await flow_shelf.set_tags(actor, session, flow_id, body.tags)


@router.post("/{flow_id}/archive", summary="Archive a flow")
async def archive_flow(actor: CurrentActor, session: Transaction, flow_id: UUID) -> FlowView:
    """Disables the flow and takes it out of the list; what runs finishes, and its history stays."""
    return await flow_shelf.archive_flow(actor, session, flow_id)


@router.post("/{flow_id}/unarchive", summary="Take a flow out of the archive")
async def unarchive_flow(actor: CurrentActor, session: Transaction, flow_id: UUID) -> FlowView:
    """Brings the flow back into the list, disabled."""
    return await flow_shelf.unarchive_flow(actor, session, flow_id)
