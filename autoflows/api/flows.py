"""Flows. The same routes answer under `/api/automation` and `/api/auto-engagement`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.api.filters import Since, Until
from autoflows.services import flow_control, flow_versions, flows
from autoflows.services.pages import Page
from autoflows.services.views.flows import (
    FlowCreate,
    FlowOrder,
    FlowProblems,
    FlowUpdate,
    FlowVersionView,
    FlowView,
    Hold,
    Reorder,
    Running,
    Toggle,
    ToggledFlow,
    VersionDiff,
)

router = APIRouter(prefix="/flows", tags=["Flows"])

_ID = "01991c2e-7a00-7000-8000-000000000001"
EXAMPLE: dict[str, Any] = {
    "name": "IndiaMART first call",
    "is_enabled": False,
    "priority": 1,
    "use_custom_business_hours": True,
    "business_hours_start": "09:00",
    "business_hours_end": "19:00",
    "business_hours_timezone": "Asia/Kolkata",
    "business_days": [1, 2, 3, 4, 5, 6],
    "exit_rules": {"on_answered": True, "on_reply": True, "on_field": "custom_fields.stage", "on_field_value": "won"},
    "max_contacts_per_hour": 120,
    "goal": {"kind": "reply_received", "window_days": 7},
    "conditions": [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"}],
    "actions": [
        {"action_order": 1, "action_type": "ai_call", "action_config": {"agent_id": _ID, "phone_number_id": None}},
        {
            "action_order": 2,
            "action_type": "wait",
            "action_config": {"duration_minutes": 10},
            "condition_type": "call_outcome",
            "condition_value": "not_answered",
        },
        {
            "action_order": 3,
            "action_type": "whatsapp_message",
            "action_config": {"whatsapp_phone_number_id": _ID, "template_id": _ID, "variable_mappings": {"1": "name", "2": "company"}},
            "condition_type": "call_outcome",
            "condition_value": "not_answered",
        },
    ],
}
Version = Annotated[int, Path(ge=1, lt=2**31)]
_EXAMPLES: Any = {"call": {"summary": "Call, wait, then WhatsApp", "value": EXAMPLE}}


@router.get("", summary="List flows")
async def list_flows(
    actor: CurrentActor,
    session: Transaction,
    search: Annotated[str | None, Query(max_length=200, description="part of the name")] = None,
    is_enabled: bool | None = None,
    tag: Annotated[str | None, Query(max_length=40, description="a whole label")] = None,
    is_archived: Annotated[bool, Query(description="the archive instead of the list")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FlowView]:
    """The account's flows in order of priority, with how they have been doing."""
    return await flows.list_flows(
        actor, session, search=search, is_enabled=is_enabled, tag=tag, is_archived=is_archived, limit=limit, cursor=cursor
    )


@router.post("", status_code=201, summary="Make a flow")
async def create_flow(actor: CurrentActor, session: Transaction, body: Annotated[FlowCreate, Body(openapi_examples=_EXAMPLES)]) -> FlowView:
    """Makes a flow and publishes it. A priority that is taken shifts the others; without one the flow comes last. With `is_enabled`
    true, any problem of severity `error` refuses it (422), each as an entry of `errors`."""
    return await flows.create_flow(actor, session, body)


@router.put("/reorder", summary="Put the flows in order")
async def reorder_flows(actor: CurrentActor, session: Transaction, body: Reorder) -> FlowOrder:
    """Gives all flows the priorities 1, 2, 3, ... in the order given. 422 names flows that are missing, unknown or named twice."""
    return await flows.reorder_flows(actor, session, body.flow_ids)


@router.get("/{flow_id}", summary="Read a flow")
async def get_flow(actor: CurrentActor, session: Transaction, flow_id: UUID) -> FlowView:
    """One flow as published."""
    return await flows.get_flow(actor, session, flow_id)


@router.put("/{flow_id}", summary="Replace a flow")
async def update_flow(
    actor: CurrentActor, session: Transaction, flow_id: UUID, body: Annotated[FlowUpdate, Body(openapi_examples=_EXAMPLES)]
) -> FlowView:
    """Replaces a flow and publishes it as a new version; running executions finish on theirs. A flow as it was read may be sent back:
    what only the server sets is ignored, and `version` guards against overwriting somebody else's change (409)."""
    return await flows.update_flow(actor, session, flow_id, body)


@router.delete("/{flow_id}", status_code=204, summary="Delete a flow")
async def delete_flow(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID,
    running: Annotated[Running, Query(description="`finish` lets running executions finish, `cancel` cancels them")] = Running.FINISH,
) -> None:
    """Takes the flow away: it enrols nobody any more, what runs finishes or is cancelled, and its history stays. Cancelling works for some
    seconds at most: 409 says how many are left, held, and deleting again goes on with them."""
    await flow_control.delete_flow(actor, session, flow_id, running)


_TOGGLES: Any = {
    "on": {"summary": "Switch it on", "value": {"is_enabled": True}},
    "finish": {"summary": "Switch it off, what runs finishes", "value": {"is_enabled": False}},
    "cancel": {"summary": "Switch it off and cancel what runs", "value": {"is_enabled": False, "running": "cancel"}},
}


@router.patch("/{flow_id}/toggle", summary="Enable or disable a flow")
async def toggle_flow(
    actor: CurrentActor, session: Transaction, flow_id: UUID, body: Annotated[Toggle, Body(openapi_examples=_TOGGLES)]
) -> ToggledFlow:
    """Starts or stops new enrolments. Switched off, what runs finishes, is held or is cancelled, as `running` says; switched on, what was
    held goes on. Enabling a flow with errors among its problems is refused (422). Cancelling works for some seconds at most:
    `running_executions` says how many are left, held, and the same again goes on with them."""
    return await flow_control.toggle_flow(actor, session, flow_id, body.is_enabled, body.running)


@router.patch("/{flow_id}/hold", summary="Hold a flow, or let it go on")
async def hold_flow(actor: CurrentActor, session: Transaction, flow_id: UUID, body: Hold) -> FlowView:
    """The flow's kill switch: while it is held nothing is sent by any of its executions. Lifted, they go on where they were."""
    return await flow_control.hold_flow(actor, session, flow_id, body.is_held)


@router.post("/{flow_id}/duplicate", status_code=201, summary="Copy a flow")
async def duplicate_flow(actor: CurrentActor, session: Transaction, flow_id: UUID) -> FlowView:
    """Makes a disabled copy, last in priority."""
    return await flows.duplicate_flow(actor, session, flow_id)


@router.get("/{flow_id}/versions", summary="List a flow's versions")
async def list_versions(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID,
    created_by: Annotated[UUID | None, Query(description="a person's id")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FlowVersionView]:
    """Every publish of the flow, newest first."""
    return await flow_versions.list_versions(
        actor, session, flow_id, created_by=created_by, since=since, until=until, limit=limit, cursor=cursor
    )


@router.get("/{flow_id}/versions/{version}", summary="Read a version")
async def get_version(actor: CurrentActor, session: Transaction, flow_id: UUID, version: Version) -> FlowVersionView:
    """The flow as it was published once."""
    return await flow_versions.get_version(actor, session, flow_id, version)


@router.get("/{flow_id}/versions/{version}/diff", summary="Compare versions")
async def compare_versions(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID,
    version: Version,
    against: Annotated[int | None, Query(ge=1, lt=2**31, description="another version; left out: the one before")] = None,
) -> VersionDiff:
    """What is different in a version, in sentences."""
    return await flow_versions.compare_versions(actor, session, flow_id, version, against)


@router.post("/{flow_id}/versions/{version}/restore", summary="Restore a version")
async def restore_version(actor: CurrentActor, session: Transaction, flow_id: UUID, version: Version) -> FlowView:
    """Publishes an earlier version again, as a new one."""
    return await flows.restore_version(actor, session, flow_id, version)


@router.get("/{flow_id}/problems", summary="Find a flow's problems")
async def find_flow_problems(actor: CurrentActor, session: Transaction, flow_id: UUID) -> FlowProblems:
    """What is wrong or unwise in the flow today, worst first."""
    return await flows.find_flow_problems(actor, session, flow_id)
