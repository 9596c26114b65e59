"""Editing a flow without touching what runs: a draft is saved as it is typed, and lives when it is published.

One person holds the pen at a time; another sees who, and may take over. Each save names the revision it was made from, so nothing is
overwritten unseen, not even by the same person in a second window.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from autoflows.domain.errors import Conflict, Invalid, NotFound
from autoflows.domain.permissions import Permission
from autoflows.domain.splits import keep_arm, splits_of
from autoflows.ids import new_id, utc_now
from autoflows.models import Flow, FlowDraft, FlowVersion, User
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, requires, scoped
from autoflows.services.draft_store import (
    Opened,
    Reading,
    hold,
    is_held_by_another,
    load_draft,
    numbered,
    read,
    read_draft,
    refuse_others,
    refuse_stale,
    view_of,
)
from autoflows.services.flow_store import definition_of, one_flow
from autoflows.services.views.drafts import DraftCreate, DraftRow, Drafts, DraftSave, DraftView, KeepArm

MAX_NEW_DRAFTS = 100
"""Flows that an account may have begun and not published."""


@requires(Permission.FLOWS_READ)
async def list_drafts(actor: Actor, session: AsyncSession) -> Drafts:
    """What is unpublished in the account: changed flows and flows begun."""
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "")
    statement = (
        sa.select(FlowDraft, person)
        .outerjoin(User, col(User.id) == col(FlowDraft.edited_by))
        .where(col(FlowDraft.user_id) == actor.account_id, col(FlowDraft.is_changed))
        .order_by(col(FlowDraft.edited_at).desc(), col(FlowDraft.id))
    )
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    return Drafts(data=[DraftRow(**row.model_dump(), name=_name(row.definition), edited_by_name=name) for row, name in rows])


def _name(definition: dict[str, Any]) -> str:
    name = definition.get("name")
    return name.strip()[:255] if isinstance(name, str) and name.strip() else "Untitled flow"


@requires(Permission.FLOWS_READ)
async def get_draft(actor: Actor, session: AsyncSession, draft_id: UUID) -> DraftView:
    """One draft with its problems and its changes. Raises NotFound."""
    return await view_of(actor, session, await load_draft(actor, session, draft_id))


@requires(Permission.FLOWS_WRITE)
async def open_draft(actor: Actor, session: AsyncSession, flow_id: UUID) -> DraftView:
    """The flow's draft, made from what is published if there is none; the pen is yours if nobody holds it. Raises NotFound.

    A draft without changes follows what was published meanwhile; one with changes stays, and is told to be stale.
    """
    flow = await one_flow(actor, session, flow_id)
    draft = await _draft_of(actor, session, flow)
    reading = None
    if not draft.row.is_changed and draft.row.base_version != flow.version:
        reading = await _fill(actor, session, draft, (await definition_of(session, flow)).model_dump(mode="json"))
    if not is_held_by_another(actor, draft.row):
        hold(actor, draft.row)
    return await view_of(actor, session, draft, reading)


async def _draft_of(actor: Actor, session: AsyncSession, flow: Flow) -> Opened:
    """The flow's draft, locked; two who open it at once get the same one."""
    definition = (await definition_of(session, flow)).model_dump(mode="json")
    fresh = FlowDraft(user_id=actor.account_id, flow_id=flow.id, definition=definition, base_version=flow.version, edited_by=actor.user_id)
    await session.exec(insert(FlowDraft).values(**fresh.model_dump()).on_conflict_do_nothing(index_elements=["flow_id"]))
    row = (await session.exec(scoped(actor, FlowDraft).where(col(FlowDraft.flow_id) == flow.id).with_for_update())).one()
    return Opened(row, flow)


async def _fill(actor: Actor, session: AsyncSession, draft: Opened, definition: dict[str, Any]) -> Reading:
    """Replace what is in a draft, as one save."""
    row = draft.row
    row.definition, row.revision = definition, row.revision + 1
    row.edited_by, row.edited_at = actor.user_id, utc_now()
    reading = await read_draft(actor, session, draft)
    row.is_changed = reading.is_changed
    if not row.is_changed and draft.flow is not None:
        row.base_version = draft.flow.version
    return reading


@requires(Permission.FLOWS_WRITE)
async def create_draft(actor: Actor, session: AsyncSession, new: DraftCreate) -> DraftView:
    """Begin a flow; it is made when the draft is published. Raises Conflict at `MAX_NEW_DRAFTS`."""
    begun = sa.select(sa.func.count()).where(col(FlowDraft.user_id) == actor.account_id, col(FlowDraft.flow_id).is_(None))
    if (await session.exec(begun)).scalar_one() >= MAX_NEW_DRAFTS:  # type: ignore[call-overload]
        raise Conflict(f"{MAX_NEW_DRAFTS} flows are begun and not published; publish or discard some of them first.")
    row = FlowDraft(id=new_id(), user_id=actor.account_id, definition=numbered(new.definition), is_changed=True, edited_by=actor.user_id)
    hold(actor, row)
    session.add(row)
    await session.flush()
    return await view_of(actor, session, Opened(row, None))


@requires(Permission.FLOWS_WRITE)
async def save_draft(actor: Actor, session: AsyncSession, draft_id: UUID, save: DraftSave) -> DraftView:
    """Save what is being edited; nothing goes live. The same save sent again (its answer was lost) changes nothing.

    Raises NotFound; Conflict if somebody else holds the pen, or if the draft was saved since the revision that was edited.
    """
    draft = await load_draft(actor, session, draft_id, lock=True)
    row, definition = draft.row, numbered(save.definition)
    await refuse_others(actor, session, row)
    reading = None
    if row.definition != definition or row.revision < save.revision:
        await refuse_stale(session, row, save.revision)
        reading = await _fill(actor, session, draft, definition)
    hold(actor, row)
    return await view_of(actor, session, draft, reading)


@requires(Permission.FLOWS_WRITE)
async def discard_draft(actor: Actor, session: AsyncSession, draft_id: UUID, revision: int) -> None:
    """Throw a draft away; what is published stays. Raises as `save_draft`."""
    draft = await load_draft(actor, session, draft_id, lock=True)
    await refuse_others(actor, session, draft.row)
    await refuse_stale(session, draft.row, revision)
    await session.delete(draft.row)
    audit.record(session, actor, "flow_draft.discarded", "flow", draft.row.flow_id, name=_name(draft.row.definition))


@requires(Permission.FLOWS_WRITE)
async def heartbeat(actor: Actor, session: AsyncSession, draft_id: UUID) -> DraftView:
    """A sign of life: the pen stays yours, or becomes yours if nobody holds it. Shows who does. Raises NotFound."""
    draft = await load_draft(actor, session, draft_id, lock=True)
    if not is_held_by_another(actor, draft.row):
        hold(actor, draft.row)
    return await view_of(actor, session, draft)


@requires(Permission.FLOWS_WRITE)
async def take_over(actor: Actor, session: AsyncSession, draft_id: UUID, revision: int) -> DraftView:
    """Take the pen from whoever holds it; their next save is refused. Raises NotFound; Conflict if their last save is unseen."""
    draft = await load_draft(actor, session, draft_id, lock=True)
    await refuse_stale(session, draft.row, revision)
    if is_held_by_another(actor, draft.row):
        audit.record(session, actor, "flow_draft.taken_over", "flow", draft.row.flow_id, taken_from=str(draft.row.locked_by))
    hold(actor, draft.row)
    return await view_of(actor, session, draft)


@requires(Permission.FLOWS_WRITE)
async def release(actor: Actor, session: AsyncSession, draft_id: UUID) -> None:
    """Put the pen down; a draft of a flow in which nothing was changed goes with it. Raises NotFound."""
    draft = await load_draft(actor, session, draft_id, lock=True)
    if is_held_by_another(actor, draft.row):
        return
    draft.row.locked_by = draft.row.locked_until = None
    if not draft.row.is_changed:
        await session.delete(draft.row)


@requires(Permission.FLOWS_WRITE)
async def restore_as_draft(actor: Actor, session: AsyncSession, flow_id: UUID, version: int, revision: int | None = None) -> DraftView:
    """Put an earlier version into the flow's draft, not live. Raises NotFound; Conflict if somebody else holds the pen.

    Changes that wait in the draft are replaced only if `revision` says that they were seen (else Conflict).
    """
    flow = await one_flow(actor, session, flow_id)
    found = select(FlowVersion).where(col(FlowVersion.flow_id) == flow.id, col(FlowVersion.version) == version)
    row = (await session.exec(found)).first()
    if row is None:
        raise NotFound(f"The flow has no version {version}.")
    draft = await _draft_of(actor, session, flow)
    await refuse_others(actor, session, draft.row)
    if draft.row.is_changed and revision is None:
        raise Conflict(f"The flow has unpublished changes; discard them, or send their revision ({draft.row.revision}) to replace them.")
    if draft.row.is_changed and revision is not None:
        await refuse_stale(session, draft.row, revision)
    draft.row.base_version = flow.version
    reading = await _fill(actor, session, draft, row.definition)
    hold(actor, draft.row)
    return await view_of(actor, session, draft, reading)


@requires(Permission.FLOWS_WRITE)
async def keep_arm_as_draft(actor: Actor, session: AsyncSession, flow_id: UUID, split_id: UUID, keep: KeepArm) -> DraftView:
    """End a test in the flow's draft, not live: the split makes way for one arm's steps, and whatever else was edited stays.

    Raises NotFound, Invalid for an arm that cannot be kept; Conflict if somebody else holds the pen, or for changes that were not seen.
    """
    flow = await one_flow(actor, session, flow_id)
    draft = await _draft_of(actor, session, flow)
    row = draft.row
    await refuse_others(actor, session, row)
    if row.is_changed:
        if keep.revision is None:
            told = f"open them, or send their revision ({row.revision}) to keep the arm beside them."
            raise Conflict(f"The flow has unpublished changes; {told}")
        await refuse_stale(session, row, keep.revision)
    definition, _ = read(row.definition) if row.is_changed else (await definition_of(session, flow), [])
    if definition is None:
        raise Invalid("The unpublished changes are not complete yet; open the draft and complete or discard them first.")
    split = next((step for step in splits_of(definition) if step.id == split_id), None)
    if split is None:
        where = "is not in the unpublished changes any more" if row.is_changed else "is not in the flow"
        raise NotFound(f"The split {where}; open the draft to see what is.")
    if not row.is_changed:
        row.base_version = flow.version
    reading = await _fill(actor, session, draft, keep_arm(definition, split, keep.arm).model_dump(mode="json"))
    hold(actor, row)
    return await view_of(actor, session, draft, reading)
