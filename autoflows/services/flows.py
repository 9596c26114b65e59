"""Flows: what an admin may do with them. A change is published at once; running executions stay on the version they began with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col, select

from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.lint import Problem
from autoflows.domain.permissions import Permission
from autoflows.models import Flow, FlowVersion
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.flow_problems import find_problems, rank_of
from autoflows.services.flow_store import checked, definition_of, enable, live_flows, lock_flows, one_flow, publish, view_of, views_of
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.validation import invalid
from autoflows.services.views.flows import (
    MAX_FLOWS,
    FlowCreate,
    FlowOrder,
    FlowPriority,
    FlowProblems,
    FlowUpdate,
    FlowView,
    NewPriority,
)


@requires(Permission.FLOWS_READ)
async def list_flows(
    actor: Actor,
    session: AsyncSession,
    *,
    search: str | None = None,
    is_enabled: bool | None = None,
    tag: str | None = None,
    is_archived: bool = False,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[FlowView]:
    """The account's flows in order of priority, or those of its archive; `search` is a part of the name, `tag` a whole one."""
    statement = live_flows(actor).where(col(Flow.archived_at).is_not(None) if is_archived else col(Flow.archived_at).is_(None))
    if tag:
        statement = statement.where(col(Flow.tags).contains([tag]))
    if is_enabled is not None:
        statement = statement.where(col(Flow.is_enabled).is_(is_enabled))
    if search and search.strip():
        statement = statement.where(col(Flow.name).icontains(search.strip(), autoescape=True))
    keys = [col(Flow.priority), col(Flow.id)]
    page = await paginate(session, statement, keys, lambda flow: flow, limit=limit, cursor=cursor, descending=False)
    return Page(data=await views_of(session, page.data), has_more=page.has_more, next_cursor=page.next_cursor)


@requires(Permission.FLOWS_READ)
async def get_flow(actor: Actor, session: AsyncSession, flow_id: UUID) -> FlowView:
    """One flow. Raises NotFound."""
    return await view_of(session, await one_flow(actor, session, flow_id))


@requires(Permission.FLOWS_WRITE)
async def create_flow(actor: Actor, session: AsyncSession, new: FlowCreate, *, note: str = "", version_name: str = "") -> FlowView:
    """Make and publish a flow. A taken priority shifts the others; without one it comes last.

    Raises Invalid for a wrong value, and for an enabled flow with an error among its problems; Conflict at `MAX_FLOWS`.
    """
    definition = checked(new)
    await lock_flows(session, actor.account_id)
    flow = await _add(actor, session, definition, new.priority, is_enabled=False, note=note, version_name=version_name)
    if new.is_enabled:
        await enable(actor, session, flow, definition)
    audit.record(session, actor, "flow.created", "flow", flow.id, name=flow.name, is_enabled=flow.is_enabled)
    return await view_of(session, flow)


async def _add(
    actor: Actor,
    session: AsyncSession,
    definition: FlowDefinition,
    priority: int | None,
    *,
    is_enabled: bool,
    note: str = "",
    version_name: str = "",
) -> Flow:
    others = (await session.exec(live_flows(actor))).all()
    if len(others) >= MAX_FLOWS:
        raise Conflict(f"An account can have {MAX_FLOWS} flows; delete one that is not needed any more.")
    flow = Flow(user_id=actor.account_id, name=definition.name, is_enabled=is_enabled, created_by=actor.user_id)
    flow.priority = _make_room(others, priority)
    session.add(flow)
    await publish(actor, session, flow, definition, None, note, version_name)
    return flow


def _make_room(others: Sequence[Flow], wanted: int | None) -> int:
    """The priority to take; the flows that stand on it and right after it move down by one, up to the first gap."""
    taken = {flow.priority: flow for flow in others}
    if wanted is None:
        return max((p for p in taken if p is not None), default=0) + 1
    place = wanted
    while (flow := taken.get(place)) is not None:
        place += 1
        flow.priority = place
    return wanted


@requires(Permission.FLOWS_WRITE)
async def update_flow(
    actor: Actor, session: AsyncSession, flow_id: UUID, new: FlowUpdate, *, note: str = "", version_name: str = ""
) -> FlowView:
    """Replace a flow and publish it; `is_enabled` and `priority` left out stay. Raises as `create_flow`, NotFound, and Conflict if
    `version` is sent and is not the present one."""
    definition = checked(new)
    await lock_flows(session, actor.account_id)
    flow = await one_flow(actor, session, flow_id)
    if new.version is not None and new.version != flow.version:
        raise Conflict(f"The flow was changed meanwhile: you edited version {new.version}, and it is at {flow.version}. Load it again.")
    return await _replace(actor, session, flow, definition, new.is_enabled, new.priority, note, version_name)


async def _replace(
    actor: Actor,
    session: AsyncSession,
    flow: Flow,
    definition: FlowDefinition,
    is_enabled: bool | None,
    priority: int | None,
    note: str = "",
    version_name: str = "",
) -> FlowView:
    before, was_enabled = flow.version, flow.is_enabled
    if priority is not None and priority != flow.priority:
        flow.priority = _make_room([f for f in (await session.exec(live_flows(actor))).all() if f.id != flow.id], priority)
    await publish(actor, session, flow, definition, await definition_of(session, flow), note, version_name)
    enabled = was_enabled if is_enabled is None else is_enabled
    if enabled:
        await enable(actor, session, flow, definition)
    flow.is_enabled = enabled
    changes = {"version": flow.version, "from_version": before, "is_enabled": enabled, "priority": flow.priority, "note": note}
    audit.record(session, actor, "flow.updated", "flow", flow.id, name=flow.name, **changes)
    return await view_of(session, flow)


@requires(Permission.FLOWS_WRITE)
async def patch_flow(actor: Actor, session: AsyncSession, flow_id: UUID, changes: Mapping[str, Any]) -> FlowView:
    """Replace the named fields only, and publish. Raises as `update_flow`."""
    await lock_flows(session, actor.account_id)
    flow = await one_flow(actor, session, flow_id)
    present = await definition_of(session, flow)
    try:
        new = FlowUpdate.model_validate({**present.model_dump(mode="json"), **changes})
    except ValidationError as error:
        raise invalid(error) from None
    if new.version is not None and new.version != flow.version:
        raise Conflict(f"The flow was changed meanwhile: you edited version {new.version}, and it is at {flow.version}. Load it again.")
    return await _replace(actor, session, flow, checked(new), new.is_enabled, new.priority)


@requires(Permission.FLOWS_WRITE)
async def duplicate_flow(actor: Actor, session: AsyncSession, flow_id: UUID) -> FlowView:
    """A disabled copy, last in priority. Raises NotFound, and Conflict at `MAX_FLOWS`."""
    await lock_flows(session, actor.account_id)
    original = await one_flow(actor, session, flow_id)
    definition = await definition_of(session, original)
    copy = definition.model_copy(
        update={"name": f"{definition.name[:240]} (copy)", "actions": [a.model_copy(update={"id": None}) for a in definition.actions]}
    )
    flow = await _add(actor, session, copy, None, is_enabled=False, note=f"Copied from '{original.name}'"[:500])
    audit.record(session, actor, "flow.created", "flow", flow.id, name=flow.name, copied_from=str(original.id))
    return await view_of(session, flow)


@requires(Permission.FLOWS_WRITE)
async def reorder_flows(actor: Actor, session: AsyncSession, flow_ids: Sequence[UUID]) -> FlowOrder:
    """Give the flows the priorities 1, 2, 3, ... in this order, and archived ones those after.

    Raises Invalid, naming them, for flows missing, unknown or named twice.
    """
    await lock_flows(session, actor.account_id)
    all_flows = (await session.exec(live_flows(actor).order_by(col(Flow.priority)))).all()
    flows = {flow.id: flow for flow in all_flows if flow.archived_at is None}
    counts = Counter(flow_ids)
    errors = [FieldError(f"/flow_ids/{n}", f"there is no flow with the id {i}") for n, i in enumerate(flow_ids) if i not in flows]
    errors += [FieldError("/flow_ids", f"names '{flows[i].name}' ({i}) {n} times") for i, n in counts.items() if n > 1 and i in flows]
    errors += [FieldError("/flow_ids", f"lacks '{flow.name}' ({flow.id})") for flow in flows.values() if flow.id not in counts]
    if errors:
        raise Invalid("Name every flow of the account exactly once; load the list again if it changed meanwhile.", errors=errors)
    return await _order(actor, session, [*(flows[i] for i in flow_ids), *(f for f in all_flows if f.archived_at is not None)])


@requires(Permission.FLOWS_WRITE)
async def set_priorities(actor: Actor, session: AsyncSession, priorities: Sequence[NewPriority]) -> FlowOrder:
    """Give some flows new places; the others keep their order around them, and the numbers run 1, 2, 3, ... afterwards."""
    await lock_flows(session, actor.account_id)
    flows = {flow.id: flow for flow in (await session.exec(live_flows(actor))).all()}
    wanted = {p.flow_id: p.priority for p in priorities}
    unknown = [FieldError(f"/priorities/{n}/flow_id", "there is no such flow") for n, p in enumerate(priorities) if p.flow_id not in flows]
    if unknown or len(wanted) < len(priorities):
        raise Invalid("Name flows of the account, each once.", errors=unknown or [FieldError("/priorities", "names a flow twice")])
    ordered = sorted(flows.values(), key=lambda f: (wanted.get(f.id, f.priority or 0), f.id not in wanted, f.priority or 0))
    return await _order(actor, session, ordered)


async def _order(actor: Actor, session: AsyncSession, ordered: Sequence[Flow]) -> FlowOrder:
    if any(flow.priority != place for place, flow in enumerate(ordered, 1)):
        for place, flow in enumerate(ordered, 1):
            flow.priority = place
        audit.record(session, actor, "flows.reordered", "flow", flow_ids=[str(flow.id) for flow in ordered])
    return FlowOrder(
        data=[
            FlowPriority(id=f.id, name=f.name, priority=place, is_enabled=f.is_enabled)
            for place, f in enumerate(ordered, 1)
            if f.archived_at is None
        ]
    )


@requires(Permission.FLOWS_READ)
async def find_flow_problems(actor: Actor, session: AsyncSession, flow_id: UUID) -> FlowProblems:
    """What is wrong or unwise in a flow as published. Raises NotFound."""
    flow = await one_flow(actor, session, flow_id)
    definition = await definition_of(session, flow)
    return FlowProblems(flow_id=flow.id, problems=await find_problems(actor, session, definition, rank_of(flow, definition)))


@requires(Permission.FLOWS_READ)
async def check_definition(actor: Actor, session: AsyncSession, definition: FlowDefinition) -> list[Problem]:
    """The problems of a flow that is being edited and not saved yet. Raises Invalid for a step whose settings cannot be read."""
    return await find_problems(actor, session, checked(definition))


@requires(Permission.FLOWS_WRITE)
async def restore_version(actor: Actor, session: AsyncSession, flow_id: UUID, version: int) -> FlowView:
    """Publish an earlier version again, as a new one. Raises NotFound, and Invalid if the flow is enabled and that one cannot work now."""
    await lock_flows(session, actor.account_id)
    flow = await one_flow(actor, session, flow_id)
    row = (await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id) == flow.id, col(FlowVersion.version) == version))).first()
    if row is None:
        raise NotFound(f"The flow has no version {version}.")
    definition = checked(FlowDefinition.model_validate(row.definition))
    return await _replace(actor, session, flow, definition, None, None, note=f"Restored from version {version}")
