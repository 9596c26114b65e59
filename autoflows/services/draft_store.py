"""Drafts between their table and their views: locking one, judging what is in it, and showing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import col

from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.flow_diff import Change, diff
from autoflows.domain.problems import Problem, Severity, worst_first
from autoflows.ids import utc_now
from autoflows.models import Flow, FlowDraft, User
from autoflows.services.access import Actor, AsyncSession, open_to, scoped
from autoflows.services.flow_problems import Items, find_problems, items_named, names_of, rank_of
from autoflows.services.flow_store import checked, definition_of
from autoflows.services.validation import invalid
from autoflows.services.views.drafts import DraftView, Lock

LOCK_SECONDS = 30
"""How long a pen is held without a sign of life."""
MAX_DRAFT_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A draft's row with its flow, if it is of one."""

    row: FlowDraft
    flow: Flow | None


@open_to("services")
async def load_draft(actor: Actor, session: AsyncSession, draft_id: UUID, *, lock: bool = False) -> Opened:
    """The account's draft with its flow; with `lock`, until the transaction ends nobody else changes it. Raises NotFound."""
    statement = scoped(actor, FlowDraft).where(col(FlowDraft.id) == draft_id)
    row = (await session.exec(statement.with_for_update() if lock else statement)).first()
    flow = await session.get(Flow, row.flow_id) if row is not None and row.flow_id is not None else None
    if row is None or (flow is not None and flow.deleted_at is not None):
        raise NotFound(f"There is no draft with the id {draft_id}; it may have been published or discarded.")
    return Opened(row, flow)


def numbered(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition with its steps numbered in the order of the list. Raises Invalid for one that is nested beyond reason."""
    if _depth(definition) > MAX_DRAFT_DEPTH:
        raise Invalid("The draft cannot be saved.", errors=[FieldError("/definition", "is nested too deeply to be a flow")])
    steps = definition.get("actions")
    if not isinstance(steps, list):
        return definition
    placed = [{**step, "action_order": place} if isinstance(step, dict) else step for place, step in enumerate(steps, 1)]
    return {**definition, "actions": placed}


def _depth(value: Any) -> int:
    level, values = 0, [value]
    while values and level <= MAX_DRAFT_DEPTH:
        level += 1
        values = [v for each in values if isinstance(each, dict | list) for v in (each.values() if isinstance(each, dict) else each)]
    return level


def read(definition: dict[str, Any]) -> tuple[FlowDefinition | None, list[Problem]]:
    """What is in a draft as far as it can be read, complete where it is right, and what is wrong with its shape."""
    try:
        parsed = FlowDefinition.model_validate(definition)
    except ValidationError as error:
        return None, _problems(invalid(error))
    try:
        return checked(parsed), []
    except Invalid as error:
        return parsed, _problems(error)


def publishable(definition: dict[str, Any]) -> FlowDefinition:
    """The draft as a flow. Raises Invalid, naming every field that is not right yet."""
    try:
        return checked(FlowDefinition.model_validate(definition))
    except ValidationError as error:
        raise invalid(error, detail="The draft is not complete yet.") from None


def _problems(error: Invalid) -> list[Problem]:
    return [Problem(severity=Severity.ERROR, code="invalid", pointer=e.pointer, message=_sentence(e)) for e in error.errors]


def _sentence(error: FieldError) -> str:
    name = error.pointer.rsplit("/", 1)[-1].replace("_", " ")
    text = f"{name} {error.detail}" if error.detail[:1].islower() and not name.isdigit() else error.detail
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is in a draft beside what is published: `parsed` is complete where it is right, `wrong` says where it is not."""

    parsed: FlowDefinition | None
    wrong: list[Problem]
    items: Items
    is_changed: bool
    changes: list[Change]


@open_to("services")
async def read_draft(actor: Actor, session: AsyncSession, draft: Opened) -> Reading:
    """Read a draft beside what is published; a flow that never was always differs."""
    parsed, wrong = read(draft.row.definition)
    present = await definition_of(session, draft.flow) if draft.flow is not None else None
    both = [definition for definition in (present, parsed) if definition is not None]
    items = await items_named(actor, session, *both)
    changes = diff(present, parsed, names_of(items, *both)) if present is not None and parsed is not None else []
    is_changed = parsed is None or bool(wrong) or present is None or bool(changes)
    return Reading(parsed, wrong, items, is_changed, changes)


@open_to("services")
async def view_of(actor: Actor, session: AsyncSession, draft: Opened, reading: Reading | None = None) -> DraftView:
    """The draft as shown, with its problems and its changes; `reading` if it was read in this transaction already."""
    row, flow = draft.row, draft.flow
    found = reading or await read_draft(actor, session, draft)
    problems = found.wrong
    if (parsed := found.parsed) is not None:
        problems = worst_first([*problems, *await find_problems(actor, session, parsed, rank_of(flow, parsed), items=found.items)])
    names = await _names(session, row.edited_by, row.locked_by)
    return DraftView(
        **row.model_dump(include={"id", "flow_id", "definition", "revision", "base_version", "is_changed", "edited_by", "edited_at"}),
        current_version=flow.version if flow is not None else None,
        is_stale=flow is not None and flow.version != row.base_version,
        edited_by_name=names.get(row.edited_by, ""),
        lock=_lock(actor, row, names),
        problems=problems,
        changes=found.changes,
    )


async def _names(session: AsyncSession, *user_ids: UUID | None) -> dict[UUID | None, str]:
    name = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email))
    wanted = [i for i in user_ids if i is not None]
    rows = await session.exec(sa.select(col(User.id), name).where(col(User.id).in_(wanted)))  # type: ignore[call-overload]
    return {row[0]: row[1] for row in rows.all()}


def _lock(actor: Actor, row: FlowDraft, names: dict[UUID | None, str]) -> Lock | None:
    if row.locked_by is None or row.locked_until is None or row.locked_until <= utc_now():
        return None
    return Lock(user_id=row.locked_by, name=names.get(row.locked_by, ""), until=row.locked_until, is_mine=row.locked_by == actor.user_id)


def hold(actor: Actor, row: FlowDraft) -> None:
    """Take or keep the pen for a while."""
    row.locked_by, row.locked_until = actor.user_id, utc_now() + timedelta(seconds=LOCK_SECONDS)


def is_held_by_another(actor: Actor, row: FlowDraft) -> bool:
    """Whether somebody else holds the pen now."""
    return row.locked_by not in (None, actor.user_id) and row.locked_until is not None and row.locked_until > utc_now()


@open_to("services")
async def refuse_others(actor: Actor, session: AsyncSession, row: FlowDraft) -> None:
    """Raise Conflict, naming them, if somebody else is editing."""
    if is_held_by_another(actor, row):
        name = (await _names(session, row.locked_by)).get(row.locked_by, "Somebody")
        raise Conflict(f"{name} is editing this flow; take over first, or wait until they are done.")


@open_to("services")
async def refuse_stale(session: AsyncSession, row: FlowDraft, revision: int) -> None:
    """Raise Conflict, naming who saved it, if the draft is not at this revision."""
    if row.revision != revision:
        name = (await _names(session, row.edited_by)).get(row.edited_by, "somebody")
        raise Conflict(
            f"The draft was changed meanwhile: you have revision {revision}, and {name} saved revision {row.revision}. Load it again; "
            "nothing was overwritten."
        )
