"""Stopping flows and letting them go on: the kill switch of one flow, switching it on and off, deleting it, and what runs meanwhile."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import Conflict, FieldError, Invalid
from autoflows.domain.permissions import Permission
from autoflows.engine import selection
from autoflows.ids import utc_now
from autoflows.models import Flow, FlowDraft
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, check, requires
from autoflows.services.flow_store import definition_of, enable, lock_flows, one_flow, set_held, view_of
from autoflows.services.views.flows import FlowView, Running, ToggledFlow


@requires(Permission.FLOWS_WRITE)
async def hold_flow(actor: Actor, session: AsyncSession, flow_id: UUID, is_held: bool) -> FlowView:
    """Hold every contact of a flow's running executions at once, or let them go on. Waits pass meanwhile. Raises NotFound."""
    await lock_flows(session, actor.account_id)
    flow = await one_flow(actor, session, flow_id)
    if flow.is_held != is_held:
        set_held(session, flow, is_held)
        audit.record(session, actor, "flow.held" if is_held else "flow.resumed", "flow", flow.id, name=flow.name)
    return await view_of(session, flow)


@requires(Permission.FLOWS_WRITE)
async def toggle_flow(
    actor: Actor, session: AsyncSession, flow_id: UUID, is_enabled: bool, running: Running = Running.FINISH
) -> ToggledFlow:
    """Start or stop new enrolments; switched off, what runs finishes, is held or is cancelled. Switched on, what was held goes on.

    Cancelling goes on for some seconds at most; what is left then is held, and the same call again goes on with it. Raises NotFound,
    Invalid with its problems for a flow that cannot work, and Forbidden to cancel without the right to.
    """
    cancelled = 0
    if not is_enabled and running is Running.CANCEL:
        flow, cancelled = await _cancel_all(actor, session, flow_id)
    else:
        await lock_flows(session, actor.account_id)
        flow = await one_flow(actor, session, flow_id)
    if flow.is_enabled != is_enabled:
        if is_enabled:
            await enable(actor, session, flow, await definition_of(session, flow))
        flow.is_enabled = is_enabled
        flow.updated_at = utc_now()
        more = {} if is_enabled else {"running": running.value}
        audit.record(session, actor, "flow.enabled" if is_enabled else "flow.disabled", "flow", flow.id, name=flow.name, **more)
    if not is_enabled and running is Running.HOLD and not flow.is_held:
        set_held(session, flow, True)
        audit.record(session, actor, "flow.held", "flow", flow.id, name=flow.name)
    view = await view_of(session, flow)
    return ToggledFlow(**view.model_dump(), cancelled=cancelled)


@requires(Permission.FLOWS_WRITE)
async def delete_flow(actor: Actor, session: AsyncSession, flow_id: UUID, running: Running = Running.FINISH) -> int:
    """Take a flow away: no new enrolments; what runs finishes or is cancelled, and its history stays. Gives how many were cancelled.

    Raises NotFound; Invalid to hold what nobody could let go on any more; Conflict if some are left to be cancelled, to be called again.
    """
    if running is Running.HOLD:
        detail = "a deleted flow cannot be resumed; use finish or cancel, or switch the flow off and hold it instead"
        raise Invalid("What runs in a deleted flow cannot be held.", errors=[FieldError("/running", detail)])
    cancelled = 0
    if running is Running.CANCEL:
        flow, cancelled = await _cancel_all(actor, session, flow_id)
        left = await selection.running_in(actor.account_id, flow_id)
        if left:
            raise Conflict(f"{cancelled} executions were cancelled, and {left} are left, held until you delete the flow again to go on.")
    await lock_flows(session, actor.account_id)
    flow = await one_flow(actor, session, flow_id)
    if flow.is_held:  # what runs is to finish, and nobody could let it go on later
        set_held(session, flow, False)
    flow.is_enabled, flow.priority, flow.deleted_at = False, None, utc_now()
    await session.exec(sa.delete(FlowDraft).where(col(FlowDraft.flow_id) == flow.id))
    audit.record(session, actor, "flow.deleted", "flow", flow.id, name=flow.name, running=running.value)
    return cancelled


async def _cancel_all(actor: Actor, session: AsyncSession, flow_id: UUID) -> tuple[Flow, int]:
    """Switch the flow off and cancel what runs in it, in transactions of their own: what is done stays done."""
    check(actor, Permission.EXECUTIONS_WRITE)
    flow = await one_flow(actor, session, flow_id)
    was_enabled = flow.is_enabled
    why = f"The flow was switched off by {actor.name or actor.email}"
    found = await selection.cancel_flow(actor.account_id, flow_id, why, actor.user_id)
    await session.refresh(flow)
    if was_enabled:
        audit.record(session, actor, "flow.disabled", "flow", flow.id, name=flow.name, running=Running.CANCEL.value)
    return flow, found.cancelled
