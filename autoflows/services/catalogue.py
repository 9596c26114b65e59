"""Catalogues: the agents, numbers and templates that actions name.

Synced items come from `services/sync.py`; here all of them are listed, and changed and typed in by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.people import normalise_phone
from autoflows.domain.permissions import Permission
from autoflows.domain.templating import TemplateError, check_template
from autoflows.ids import utc_now
from autoflows.models import Channel, EmailTemplate, PhoneNumber, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.providers import PROVIDERS
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, requires, scoped
from autoflows.services.contacts import clean
from autoflows.services.pages import MAX_LIMIT, Page, paginate
from autoflows.services.recent_settings import account_settings
from autoflows.services.usage import refuse_if_used
from autoflows.services.views import catalogue as views
from autoflows.services.views.catalogue import ItemView

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One catalogue: its table, what its items are called, which action they serve, and its request and response models."""

    name: str
    noun: str
    model: type[Any]
    action_type: str
    view: type[ItemView]
    new: type[BaseModel]
    change: type[BaseModel]
    label: Callable[[Any], str]
    searched: tuple[str, ...]
    taken: tuple[str, str]
    """The field that must be unique, and the sentence when it is not."""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "agents", "voice agent", VoiceAgent, "ai_call", views.AgentView, views.NewAgent, views.AgentChange,
            lambda row: row.name, ("name", "provider_agent_id"), ("provider_agent_id", "The channel has an agent with this id already."),
        ),
        Kind(
            "phone-numbers", "phone number", PhoneNumber, "ai_call", views.PhoneNumberView, views.NewPhoneNumber, views.PhoneNumberChange,
            lambda row: f"{row.label} ({row.phone_number})" if row.label else row.phone_number, ("phone_number", "label"),
            ("phone_number", "The channel has this number already."),
        ),
        Kind(
            "whatsapp-numbers", "WhatsApp number", WhatsAppNumber, "whatsapp_message", views.WhatsAppNumberView, views.NewWhatsAppNumber,
            views.WhatsAppNumberChange,
            lambda row: " ".join(filter(None, (row.verified_name, row.display_number))) or row.provider_number_id,
            ("display_number", "verified_name", "provider_number_id"),
            ("provider_number_id", "The channel has a number with this id already."),
        ),
        Kind(
            "whatsapp-templates", "WhatsApp template", WhatsAppTemplate, "whatsapp_message", views.WhatsAppTemplateView,
            views.NewWhatsAppTemplate, views.WhatsAppTemplateChange, lambda row: f"{row.name} ({row.language})", ("name", "body"),
            ("name", "The channel has a template with this name and language already."),
        ),
        Kind(
            "email-templates", "e-mail template", EmailTemplate, "email", views.EmailTemplateView, views.NewEmailTemplate,
            views.EmailTemplateChange, lambda row: row.name, ("name", "subject"),
            ("name", "There is an e-mail template with this name already."),
        ),
    )
}  # fmt: skip

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@requires(Permission.CHANNELS_READ)
async def list_items(
    actor: Actor,
    session: AsyncSession,
    kind: str,
    *,
    channel_id: UUID | None = None,
    active_only: bool = False,
    search: str = "",
    limit: int = MAX_LIMIT,
    cursor: str | None = None,
) -> Page[Any]:
    """A catalogue's items, newest first. Raises NotFound for an unknown catalogue."""
    which = _kind(kind)
    statement: Any = _rows(actor, which)
    if channel_id is not None:
        statement = statement.where(which.model.channel_id == channel_id)
    if active_only:
        statement = statement.where(which.model.is_active)
    if search := clean(search):
        statement = statement.where(sa.or_(*(getattr(which.model, name).icontains(search, autoescape=True) for name in which.searched)))
    keys = [which.model.created_at, which.model.id]
    return await paginate(session, statement, keys, lambda *row: _view(which, *row), limit=limit, cursor=cursor)


@requires(Permission.CHANNELS_READ)
async def items_for_actions(actor: Actor, session: AsyncSession) -> dict[str, list[ItemView]]:
    """The items that can be used now, of every catalogue, by name; for pickers."""
    found: dict[str, list[ItemView]] = {}
    for which in KINDS.values():
        rows = (await session.exec(_rows(actor, which).where(which.model.is_active))).all()
        found[which.name] = sorted((_view(which, *row) for row in rows), key=lambda item: item.label.casefold())
    return found


@requires(Permission.CHANNELS_READ)
async def get_item(actor: Actor, session: AsyncSession, kind: str, item_id: UUID) -> ItemView:
    """One item. Raises NotFound."""
    which = _kind(kind)
    return _view(which, *await _one(actor, session, which, item_id))


@requires(Permission.CHANNELS_WRITE)
async def create_item(actor: Actor, session: AsyncSession, kind: str, new: BaseModel) -> ItemView:
    """Type an item in by hand. Raises Invalid (no such channel, or of another sort; wrong values) and Conflict (it is there already)."""
    which = _kind(kind)
    values = new.model_dump()
    channel = await _fitting_channel(actor, session, which, values["channel_id"])
    item = which.model(user_id=actor.account_id, **await _checked(actor, which, values))
    await _save(session, which, item)
    audit.record(session, actor, f"{which.model.__tablename__}.created", which.name, item.id, label=which.label(item))
    return _view(which, item, channel.name)


@requires(Permission.CHANNELS_WRITE)
async def update_item(actor: Actor, session: AsyncSession, kind: str, item_id: UUID, change: BaseModel) -> ItemView:
    """Change the fields that were sent. Raises NotFound, Invalid and Conflict as `create_item` does."""
    which = _kind(kind)
    item, channel_name = await _one(actor, session, which, item_id)
    values = {name: value for name, value in change.model_dump(exclude_unset=True).items() if value is not None}
    if "channel_id" in values:
        channel_name = (await _fitting_channel(actor, session, which, values["channel_id"])).name
    if values.get("is_active") is False and item.is_active:
        await refuse_if_used(actor, session, [item_id], _named(which, item))
    for name, value in (await _checked(actor, which, values, item)).items():
        setattr(item, name, value)
    item.updated_at = utc_now()
    await _save(session, which, item)
    audit.record(session, actor, f"{which.model.__tablename__}.updated", which.name, item.id, changed=sorted(values))
    return _view(which, item, channel_name)


@requires(Permission.CHANNELS_WRITE)
async def delete_item(actor: Actor, session: AsyncSession, kind: str, item_id: UUID) -> None:
    """Remove an item; what was sent with it stays in the logs. Raises NotFound, and Conflict naming the flows that use it."""
    which = _kind(kind)
    item, _ = await _one(actor, session, which, item_id)
    await refuse_if_used(actor, session, [item_id], _named(which, item))
    await session.delete(item)
    audit.record(session, actor, f"{which.model.__tablename__}.deleted", which.name, item_id, label=which.label(item))


def variables_of(body: str) -> list[str]:
    """The variables of a WhatsApp template's body, {{1}} or {{name}}, in the order they appear (numbers by value)."""
    names = list(dict.fromkeys(_VARIABLE.findall(body)))
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound(f"There is no catalogue '{name[:40]}'. There are: {', '.join(KINDS)}.")
    return KINDS[name]


def _named(which: Kind, item: Any) -> str:
    return f"The {which.noun} '{which.label(item)}'"


def _rows(actor: Actor, which: Kind) -> Any:
    return (
        sa.select(which.model, col(Channel.name))
        .join(Channel, col(Channel.id) == which.model.channel_id)
        .where(which.model.user_id == actor.account_id)
    )


async def _one(actor: Actor, session: AsyncSession, which: Kind, item_id: UUID) -> tuple[Any, str]:
    row = (await session.exec(_rows(actor, which).where(which.model.id == item_id))).first()
    if row is None:
        raise NotFound(f"There is no {which.noun} with the id {item_id}.")
    return row[0], row[1]


async def _fitting_channel(actor: Actor, session: AsyncSession, which: Kind, channel_id: UUID) -> Channel:
    channel = (await session.exec(scoped(actor, Channel).where(col(Channel.id) == channel_id))).first()
    if channel is None:
        raise Invalid("The channel does not exist.", errors=[FieldError("/channel_id", "name one of the account's channels")])
    provider = PROVIDERS.get(channel.provider)
    if provider is None or provider.action_type != which.action_type:
        fitting = " or ".join(p.title for p in PROVIDERS.values() if p.action_type == which.action_type)
        raise Invalid(
            f"A {which.noun} cannot belong to this channel.",
            errors=[FieldError("/channel_id", f"'{channel.name}' is not a channel for this; choose one of {fitting}")],
        )
    return channel


async def _checked(actor: Actor, which: Kind, values: Values, item: Any = None) -> Values:
    """Values as the columns hold them; `item` is what they change, None for a new one. Raises Invalid."""
    if which.model is PhoneNumber and "phone_number" in values:
        raw = values["phone_number"]
        values["phone_number"] = normalise_phone(raw, (await account_settings(actor.account_id)).default_country)
        if values["phone_number"] is None:
            detail = f"'{raw[:40]}' is not a phone number; write it with its country code, such as +918035735900"
            raise Invalid("The phone number cannot be used.", errors=[FieldError("/phone_number", detail)])
    if which.model is WhatsAppTemplate and ("body" in values or "variables" in values):
        _complete_template(values, item)
    if which.model is EmailTemplate:
        _check_email(values, item)
    return values


def _complete_template(values: Values, item: WhatsAppTemplate | None) -> None:
    body = values.get("body", item.body if item else "")
    inferred = variables_of(body)
    if values.get("variables") is None:
        values["variables"] = inferred
    elif missing := [name for name in inferred if name not in values["variables"]]:
        raise Invalid(
            "The variables do not fit the body.",
            errors=[FieldError("/variables", f"the body names {', '.join(missing)} too; list it, or leave variables out")],
        )
    values["named_parameters"] = any(not name.isdigit() for name in values["variables"])


def _check_email(values: Values, item: EmailTemplate | None) -> None:
    errors = []
    for name in ("subject", "html", "text"):
        try:
            check_template(values.get(name) or "", html=name == "html")
        except TemplateError as error:
            errors.append(FieldError(f"/{name}", f"is not valid Liquid: {error}"))
    if "\n" in values.get("subject", "") or "\r" in values.get("subject", ""):
        errors.append(FieldError("/subject", "must be one line"))
    bodies = [values.get(name, getattr(item, name, "")) for name in ("html", "text")]
    if not any(body.strip() for body in bodies):
        errors.append(FieldError("/text", "write the mail: give html, text, or both"))
    if errors:
        raise Invalid("The e-mail template cannot be saved like this.", errors=errors)


async def _save(session: AsyncSession, which: Kind, item: Any) -> None:
    try:
        async with session.begin_nested():
            session.add(item)
            await session.flush()
    except IntegrityError as error:
        field, sentence = which.taken
        raise Conflict(sentence, errors=[FieldError(f"/{field}", "choose one that is not taken")]) from error


def _view(which: Kind, item: Any, channel_name: str) -> ItemView:
    own = {name: getattr(item, name) for name in which.view.model_fields if name in which.model.model_fields}
    origin = "manual" if item.synced_at is None else "synced"
    return which.view(**own | {"label": which.label(item)}, channel_name=channel_name, origin=origin)
