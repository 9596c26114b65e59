"""The facts that `domain.lint` judges a flow by: what its steps name, as it is in the account's catalogues now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, select

from autoflows.actions import ACTIONS
from autoflows.domain.analyse import Ranked, trigger_problems
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.holidays import closed_days
from autoflows.domain.lint import Item, Reference, Surroundings, lint
from autoflows.domain.problems import Problem, worst_first
from autoflows.ids import utc_now
from autoflows.models import Channel, EmailTemplate, Flow, PhoneNumber, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.settings import account_rules
from autoflows.services.triggers import enabled_triggers

CATALOGUES: dict[str, tuple[Any, str, str]] = {
    "agents": (VoiceAgent, "name", "voice agent"),
    "phone_numbers": (PhoneNumber, "phone_number", "caller id"),
    "whatsapp_numbers": (WhatsAppNumber, "display_number", "WhatsApp sender"),
    "whatsapp_templates": (WhatsAppTemplate, "name", "WhatsApp template"),
    "email_templates": (EmailTemplate, "name", "e-mail template"),
}
"""Table an action's config may name a row of -> its model, the column people know it by, and the word for it."""


def rank_of(flow: Flow | None, definition: FlowDefinition) -> Ranked | None:
    """Where a flow stands with this definition: None while it takes no leads, and last in priority for one that is not made yet."""
    if flow is None:
        return Ranked(None, definition.name, None, definition.conditions)
    return Ranked(flow.id, definition.name, flow.priority, definition.conditions) if flow.is_enabled else None


@open_to("services")
async def find_problems(
    actor: Actor,
    session: AsyncSession,
    definition: FlowDefinition,
    rank: Ranked | None = None,
    others: Sequence[Ranked] | None = None,
    items: Items | None = None,
) -> list[Problem]:
    """Everything wrong or unwise in a definition for this account today, worst first.

    With `rank`, also what the enabled flows before it leave for it; `others` are those, and `items` what the steps name, if they are known
    already.
    """
    rules = await account_rules(actor, session)
    now = utc_now()
    around = Surroundings(
        references=_references(definition, await items_named(actor, session, definition) if items is None else items),
        account=rules,
        default_hours=rules.default_business_hours,
        account_zone=rules.timezone,
        now=now,
        holidays=closed_days(rules, now.year),
    )
    found = lint(definition, around)
    if rank is None:
        return found
    others = await enabled_triggers(actor, session) if others is None else others
    return worst_first([*found, *trigger_problems(rank, others)])


Items = Mapping[tuple[str, UUID], Item]
"""Items by their table and id."""


@open_to("services")
async def items_named(actor: Actor, session: AsyncSession, *definitions: FlowDefinition) -> Items:
    """The account's items that the steps of these definitions name, as they are now."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for one in (one for definition in definitions for one in _named(definition)):
        if one.key is not None:
            wanted[one.table].add(one.key)
    return {(table, key): item for table, ids in wanted.items() for key, item in (await _items(actor, session, table, ids)).items()}


@open_to("services")
async def item_names(actor: Actor, session: AsyncSession, *definitions: FlowDefinition) -> dict[str, str]:
    """The labels of everything that these definitions name, by id."""
    return names_of(await items_named(actor, session, *definitions), *definitions)


def names_of(items: Items, *definitions: FlowDefinition) -> dict[str, str]:
    """The labels of those items, by the ids as these definitions write them."""
    named = (one for definition in definitions for one in _named(definition))
    return {str(one.value): item.name for one in named if (item := _item(items, one)) is not None}


class _Named(NamedTuple):
    """An item that a step names: `key` is None for what is no id."""

    order: int
    field: str
    table: str
    value: object
    key: UUID | None


def _named(definition: FlowDefinition) -> list[_Named]:
    return [
        _Named(action.action_order, name, table, value, _uuid(value))
        for action in definition.actions
        if (spec := ACTIONS.get(action.action_type)) is not None
        for name, table in (spec.references or {}).items()
        if (value := action.action_config.get(name))
    ]


def _item(items: Items, named: _Named) -> Item | None:
    return items.get((named.table, named.key)) if named.key is not None else None


def _references(definition: FlowDefinition, items: Items) -> list[Reference]:
    return [Reference(one.order, one.field, CATALOGUES[one.table][2], _item(items, one)) for one in _named(definition)]


async def _items(actor: Actor, session: AsyncSession, table: str, ids: set[UUID]) -> dict[UUID, Item]:
    model, label, _ = CATALOGUES[table]
    statement = (
        select(model, Channel)
        .join(Channel, col(Channel.id) == col(model.channel_id))
        .where(col(model.user_id) == actor.account_id, col(model.id).in_(ids))
    )
    found: dict[UUID, Item] = {}
    for row, channel in (await session.exec(statement)).all():
        template = isinstance(row, WhatsAppTemplate)
        found[row.id] = Item(
            name=getattr(row, label) or str(row.id),
            is_active=row.is_active,
            channel_id=str(channel.id),
            channel_name=channel.name,
            channel_status=channel.status,
            status=row.status if template else None,
            variables=tuple(row.variables) if template else (),
        )
    return found


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
