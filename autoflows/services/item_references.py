"""Agents, numbers and templates by name: what stands in a file for the ids of one account's catalogues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.actions import ACTIONS
from autoflows.domain.errors import FieldError
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.models import Channel
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.flow_problems import CATALOGUES

NAMING = ("name", "channel", "language")
_TYPES = {kind.value: kind for kind in ActionType}

Named = Mapping[str, str]


def references_of(action_type: object) -> Mapping[str, str]:
    """The config fields of a type of step that name catalogue items -> the catalogue each names."""
    spec = ACTIONS.get(_TYPES.get(action_type, ActionType.WAIT)) if isinstance(action_type, str) else None
    return (spec.references if spec else None) or {}


def _slots(actions: object) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Every config field that names an item: pointer, config, field, catalogue."""
    for place, step in enumerate(actions if isinstance(actions, list) else []):
        config = step.get("action_config") if isinstance(step, dict) else None
        if not isinstance(step, dict) or not isinstance(config, dict):
            continue
        for field, table in references_of(step.get("action_type")).items():
            if config.get(field) is not None:
                yield f"/actions/{place}/action_config/{field}", config, field, table


async def _items(actor: Actor, session: AsyncSession, table: str) -> list[tuple[UUID, Named]]:
    """A catalogue's items as they are named."""
    model, label, _ = CATALOGUES[table]
    language = col(model.language) if hasattr(model, "language") else sa.literal("")
    statement = (
        sa.select(col(model.id), col(getattr(model, label)), col(Channel.name), language)
        .join(Channel, col(Channel.id) == col(model.channel_id))
        .where(col(model.user_id) == actor.account_id)
    )
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    return [(key, {n: v for n, v in zip(NAMING, names, strict=True) if v}) for key, *names in rows]


@open_to("services")
async def find_by_name(actor: Actor, session: AsyncSession, actions: object) -> list[FieldError]:
    """Replace names by ids in these steps, in place; gives what is wrong with those that name nothing, or more than one thing."""
    catalogues: dict[str, list[tuple[UUID, Named]]] = {}
    errors: list[FieldError] = []
    for pointer, config, field, table in _slots(actions):
        wanted = _wanted(config[field])
        if wanted is None:
            continue
        if table not in catalogues:
            catalogues[table] = await _items(actor, session, table)
        noun = CATALOGUES[table][2]
        if not wanted or set(wanted) - set(NAMING) or not all(isinstance(v, str) for v in wanted.values()):
            errors.append(FieldError(pointer, "must be an id, a name, or {name, channel}"))
            continue
        found = [key for key, names in catalogues[table] if all(names.get(n) == v for n, v in wanted.items())]
        said = " ".join(f"{name} '{value}'" for name, value in wanted.items())
        if len(found) == 1:
            config[field] = str(found[0])
        elif found:
            errors.append(FieldError(pointer, f"{len(found)} {noun}s have the {said}; add channel or language, or write the id"))
        else:
            errors.append(FieldError(pointer, f"there is no {noun} with the {said}; sync its channel, or choose another"))
    return errors


def _wanted(value: Any) -> dict[str, Any] | None:
    """The names a value gives, or None if it is an id."""
    if isinstance(value, dict):
        return value
    try:
        UUID(str(value))
    except ValueError:
        return {"name": str(value)}
    return None


@open_to("services")
async def write_names(actor: Actor, session: AsyncSession, definition: FlowDefinition) -> FlowDefinition:
    """The definition with names in place of ids, as short as they tell one item; what has no name of its own keeps its id."""
    copy = definition.model_copy(deep=True)
    steps = [{"action_type": step.action_type.value, "action_config": step.action_config} for step in copy.actions]
    catalogues: dict[str, dict[str, Named]] = {}
    for _, config, field, table in _slots(steps):
        if table not in catalogues:
            catalogues[table] = _unique(await _items(actor, session, table))
        config[field] = dict(catalogues[table].get(str(config[field]), {})) or config[field]
    return copy


def _unique(items: list[tuple[UUID, Named]]) -> dict[str, Named]:
    """The shortest names that tell each item from the others: name and channel, and the language where it is needed."""
    found: dict[str, Named] = {}
    for parts in (("name", "channel", "language"), ("name", "channel")):
        told: dict[tuple[str | None, ...], list[str]] = defaultdict(list)
        for key, names in items:
            told[tuple(names.get(n) for n in parts)].append(str(key))
        for values, keys in told.items():
            if len(keys) == 1 and values[0]:
                found[keys[0]] = {n: v for n, v in zip(parts, values, strict=True) if v}
    return found
