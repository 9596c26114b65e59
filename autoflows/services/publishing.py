"""Publishing a draft: a new version, and what becomes of the executions that run on the versions before it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.errors import Conflict
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.permissions import Permission
from autoflows.engine import control, doorbell, live
from autoflows.engine.republish import cancel_runs, move_runs
from autoflows.models import Execution, FlowVersion, User
from autoflows.services import audit, flows
from autoflows.services.access import Actor, AsyncSession, check, open_to, raw_connection, requires
from autoflows.services.after_commit import after_commit
from autoflows.services.draft_store import Opened, load_draft, publishable, refuse_others, refuse_stale
from autoflows.services.flow_store import lock_flows
from autoflows.services.views.drafts import Publish, Published, RunningChoice
from autoflows.services.views.flows import FlowCreate, FlowUpdate, FlowView


@requires(Permission.FLOWS_WRITE)
async def publish_draft(actor: Actor, session: AsyncSession, draft_id: UUID, order: Publish) -> Published:
    """Make the draft what new executions run, and end it. Running ones finish, move where they can, or are cancelled, as ordered.

    Raises NotFound; Invalid, naming every field, while the draft is not complete, or for an enabled flow with errors among its problems;
    Conflict if somebody else holds the pen, the draft was saved since, or a version was published since that the order does not name.
    """
    if order.running is RunningChoice.CANCEL:
        check(actor, Permission.EXECUTIONS_WRITE)
    await lock_flows(session, actor.account_id)
    draft = await load_draft(actor, session, draft_id, lock=True)
    await refuse_others(actor, session, draft.row)
    await refuse_stale(session, draft.row, order.revision)
    await _refuse_unseen(session, draft, order.replaces_version)
    before = draft.flow.version if draft.flow is not None else None
    flow = await _publish(actor, session, draft, publishable(draft.row.definition), order)
    done = await _running(actor, session, flow, order.running)
    await session.delete(draft.row)
    is_new = flow.version != before
    counts: dict[str, Any] = {name: count for name, count in done.items() if count}
    audit.record(session, actor, "flow.published", "flow", flow.id, name=flow.name, version=flow.version, note=order.note, **counts)
    return Published(flow=flow, is_new_version=is_new, **done, message=_said(flow, is_new, done))


async def _refuse_unseen(session: AsyncSession, draft: Opened, seen: int | None) -> None:
    """Raise Conflict if a version was published after the draft began, unless it is the one that was seen."""
    flow = draft.flow
    if flow is None or flow.version == (draft.row.base_version if seen is None else seen):
        return
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "somebody")
    statement = (
        sa.select(person)
        .select_from(FlowVersion)
        .outerjoin(User, col(User.id) == col(FlowVersion.created_by))
        .where(col(FlowVersion.flow_id) == flow.id, col(FlowVersion.version) == flow.version)
    )
    name = (await session.exec(statement)).scalar()  # type: ignore[call-overload]
    raise Conflict(
        f"Version {flow.version} was published by {name} after this draft was begun from version {draft.row.base_version}. Look at what "
        f"would change, then publish with replaces_version {flow.version}."
    )


async def _publish(actor: Actor, session: AsyncSession, draft: Opened, definition: FlowDefinition, order: Publish) -> FlowView:
    body = definition.model_dump(mode="json")
    if draft.flow is None:
        new = FlowCreate.model_validate({**body, "is_enabled": bool(order.is_enabled)})
        return await flows.create_flow(actor, session, new, note=order.note, version_name=order.name)
    changed = FlowUpdate.model_validate({**body, "is_enabled": order.is_enabled})
    return await flows.update_flow(actor, session, draft.flow.id, changed, note=order.note, version_name=order.name)


@open_to("services")
async def versions_in_use(session: AsyncSession, flow_id: UUID) -> dict[UUID, FlowDefinition]:
    """The versions that executions run on now, by their ids."""
    used = sa.select(col(Execution.flow_version_id)).where(col(Execution.flow_id) == flow_id, col(Execution.status) == "running")
    rows = await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id) == flow_id, col(FlowVersion.id).in_(used)))
    return {row.id: FlowDefinition.model_validate(row.definition) for row in rows.all()}


async def _running(actor: Actor, session: AsyncSession, flow: FlowView, choice: RunningChoice) -> dict[str, int]:
    """What became of the executions of other versions, in numbers."""
    if choice is RunningChoice.FINISH:
        return {"moved": 0, "stayed": 0, "cancelled": 0}
    current = select(FlowVersion).where(col(FlowVersion.flow_id) == flow.id, col(FlowVersion.version) == flow.version)
    version = (await session.exec(current)).one()
    connection = await raw_connection(session)
    if choice is RunningChoice.MOVE:
        runs = await move_runs(
            connection, flow.id, version.id, await versions_in_use(session, flow.id), FlowDefinition.model_validate(version.definition)
        )
        done = {"moved": len(runs.moving), "stayed": runs.staying, "cancelled": 0}
        cancelled: list[UUID] = []
    else:
        reason = f"Cancelled when version {flow.version} was published by {actor.name or actor.email}"[:500]
        cancelled = await cancel_runs(connection, flow.id, version.id, reason)
        done = {"moved": 0, "stayed": 0, "cancelled": len(cancelled)}
    after_commit(session, partial(_tell, actor.account_id, cancelled))
    return done


async def _tell(account_id: UUID, cancelled: list[UUID]) -> None:
    live.publish([live.LiveChange(account_id, kind="account")])
    await doorbell.ring()
    if cancelled:
        await control.stop_at_providers(*cancelled)


def _said(flow: FlowView, is_new: bool, done: dict[str, int]) -> str:
    parts = [f"Version {flow.version} is live." if is_new else f"Nothing was different: version {flow.version} stays."]
    if done["moved"] or done["stayed"]:
        parts.append(f"{_executions(done['moved'], 'goes', 'go')} on in it, {done['stayed']} finish on their earlier version.")
    if done["cancelled"]:
        parts.append(f"{_executions(done['cancelled'], 'was', 'were')} cancelled.")
    return " ".join(parts)


def _executions(count: int, one: str, many: str) -> str:
    return f"{count} execution{'s' if count != 1 else ''} {many if count != 1 else one}"
