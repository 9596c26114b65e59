"""The flow list's own order: labels, the archive, and switching many flows at once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col

from autoflows.domain.errors import Conflict, Invalid, NotFound
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import Flow
from autoflows.services import audit, flow_control
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.flow_problems import find_problems, rank_of
from autoflows.services.flow_store import definition_of, live_flows, lock_flows, one_flow, view_of
from autoflows.services.triggers import enabled_triggers
from autoflows.services.views.flows import FlowProblems, FlowView, SwitchResult


async def _flow(actor: Actor, session: AsyncSession, flow_id: UUID) -> Flow:
    await lock_flows(session, actor.account_id)
    return await one_flow(actor, session, flow_id)


@requires(Permission.FLOWS_WRITE)
async def set_tags(actor: Actor, session: AsyncSession, flow_id: UUID, tags: Sequence[str]) -> FlowView:
    """Give a flow these labels, instead of those it has; equal ones, by any case, become one. Raises NotFound."""
    flow = await _flow(actor, session, flow_id)
    labels: dict[str, str] = {}
    for tag in tags:
        labels.setdefault(tag.casefold(), tag)
    kept = list(labels.values())
    if kept != flow.tags:
        flow.tags = kept
        audit.record(session, actor, "flow.tagged", "flow", flow.id, name=flow.name, tags=kept)
    return await view_of(session, flow)


@requires(Permission.FLOWS_WRITE)
async def archive_flow(actor: Actor, session: AsyncSession, flow_id: UUID) -> FlowView:
    """Put a flow away: it is disabled and leaves the list; what runs finishes, its history and its place stay. Raises NotFound."""
    flow = await _flow(actor, session, flow_id)
    if flow.archived_at is None:
        flow.is_enabled, flow.archived_at = False, utc_now()
        audit.record(session, actor, "flow.archived", "flow", flow.id, name=flow.name)
    return await view_of(session, flow)


@requires(Permission.FLOWS_WRITE)
async def unarchive_flow(actor: Actor, session: AsyncSession, flow_id: UUID) -> FlowView:
    """Bring a flow back into the list, disabled. Raises NotFound."""
    flow = await _flow(actor, session, flow_id)
    if flow.archived_at is not None:
        flow.archived_at = None
        audit.record(session, actor, "flow.unarchived", "flow", flow.id, name=flow.name)
    return await view_of(session, flow)


@requires(Permission.FLOWS_WRITE)
async def toggle_flows(actor: Actor, session: AsyncSession, flow_ids: Sequence[UUID], is_enabled: bool) -> list[SwitchResult]:
    """Enable or disable flows, one by one: one that cannot be enabled says why and stops no other."""
    results = []
    for flow_id in dict.fromkeys(flow_ids):
        try:
            async with session.begin_nested():
                flow = await flow_control.toggle_flow(actor, session, flow_id, is_enabled)
            results.append(SwitchResult(flow_id=flow_id, is_enabled=flow.is_enabled))
        except (Conflict, Invalid, NotFound) as error:
            why = " ".join([error.detail, *(each.detail for each in error.errors)])
            results.append(SwitchResult(flow_id=flow_id, is_enabled=None if isinstance(error, NotFound) else not is_enabled, problem=why))
    return results


@requires(Permission.FLOWS_READ)
async def find_all_problems(actor: Actor, session: AsyncSession, *, is_enabled: bool | None = None) -> list[FlowProblems]:
    """The problems of every flow in the list, in order of priority; flows without any are left out. For badges and the nightly check."""
    statement = live_flows(actor).where(col(Flow.archived_at).is_(None))
    if is_enabled is not None:
        statement = statement.where(col(Flow.is_enabled).is_(is_enabled))
    others, found = await enabled_triggers(actor, session), []
    for flow in (await session.exec(statement.order_by(col(Flow.priority)))).all():
        definition = await definition_of(session, flow)
        problems = await find_problems(actor, session, definition, rank_of(flow, definition), others)
        if problems:
            found.append(FlowProblems(flow_id=flow.id, problems=problems))
    return found
