"""Channels: connecting an account to providers, checking and removing the connections. Credentials go in and never come out."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from autoflows.domain.capacity import BreakerState
from autoflows.domain.errors import AutoflowsError, Conflict, FieldError, Invalid
from autoflows.domain.permissions import Permission
from autoflows.engine import control
from autoflows.ids import utc_now
from autoflows.models import Channel
from autoflows.providers import PROVIDERS, get_provider
from autoflows.providers.base import Connection
from autoflows.providers.connections import connect
from autoflows.providers.url_guard import AddressRefused, check_host, check_url
from autoflows.providers.vault import SealBroken, seal, unseal
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires, scoped
from autoflows.services.after_commit import after_commit
from autoflows.services.forms import form_of
from autoflows.services.usage import items_of_channel, refuse_if_used
from autoflows.services.validation import invalid
from autoflows.services.views.channels import BreakerView, ChannelChange, ChannelView, CheckView, NewChannel, ProviderForm
from autoflows.services.webhooks import forget_channel
from autoflows.settings import get_settings

SECRET_BYTES = 24
DETAIL_LENGTH = 500


@requires(Permission.CHANNELS_READ)
async def provider_forms(actor: Actor) -> list[ProviderForm]:
    """The providers one can connect to, with the fields each asks for."""
    return [form_of(provider) for provider in PROVIDERS.values()]


@requires(Permission.CHANNELS_READ)
async def list_channels(actor: Actor, session: AsyncSession, *, provider: str = "") -> list[ChannelView]:
    """The account's channels by name, or those of one provider."""
    statement = scoped(actor, Channel).order_by(col(Channel.name))
    if provider:
        statement = statement.where(col(Channel.provider) == provider)
    return [_view(actor, channel) for channel in (await session.exec(statement)).all()]


@requires(Permission.CHANNELS_READ)
async def get_channel(actor: Actor, session: AsyncSession, channel_id: UUID) -> ChannelView:
    """One channel. Raises NotFound."""
    return _view(actor, await one_of_mine(actor, session, Channel, channel_id, "channel"))


@requires(Permission.CHANNELS_WRITE)
async def create_channel(actor: Actor, session: AsyncSession, new: NewChannel) -> ChannelView:
    """Connect the account to a provider; nothing is asked of the provider yet, `check_channel` does that.

    Raises Invalid with a pointer to each wrong field (`/credentials/api_key`), and Conflict if the name is taken.
    """
    if new.provider not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise Invalid("There is no such provider.", errors=[FieldError("/provider", f"use one of {known}")])
    credentials, settings = await _checked(new.provider, new.credentials, new.settings)
    channel = Channel(
        user_id=actor.account_id,
        provider=new.provider,
        name=new.name,
        credentials=seal(credentials),
        settings=settings,
        webhook_secret=secrets.token_urlsafe(SECRET_BYTES),
    )
    await _save(session, channel)
    audit.record(session, actor, "channel.created", "channel", channel.id, name=channel.name, provider=channel.provider)
    return _view(actor, channel)


@requires(Permission.CHANNELS_WRITE)
async def update_channel(actor: Actor, session: AsyncSession, channel_id: UUID, change: ChannelChange) -> ChannelView:
    """Change what was sent: credentials and settings that are not named stay as they are. New ones put it back to be checked.

    Raises NotFound, Invalid with pointers, and Conflict if the name is taken.
    """
    channel = await one_of_mine(actor, session, Channel, channel_id, "channel")
    if change.name is not None:
        channel.name = change.name
    if change.credentials is not None or change.settings is not None:
        kept = _stored_credentials(channel)
        credentials, settings = await _checked(
            channel.provider, {**kept, **(change.credentials or {})}, {**channel.settings, **(change.settings or {})}
        )
        channel.settings = settings
        if credentials != kept:
            channel.credentials = seal(credentials)
        channel.status, channel.status_detail = "unchecked", ""
    if change.is_enabled is not None:
        channel.status, channel.status_detail = ("unchecked", "") if change.is_enabled else ("disabled", "Switched off by a person.")
    channel.updated_at = utc_now()
    await _save(session, channel)
    changed = sorted(change.model_fields_set)
    audit.record(session, actor, "channel.updated", "channel", channel.id, name=channel.name, changed=changed)
    after_commit(session, lambda: control.wake_channel(actor.account_id, channel_id))
    return _view(actor, channel)


@requires(Permission.CHANNELS_WRITE)
async def delete_channel(actor: Actor, session: AsyncSession, channel_id: UUID) -> None:
    """Remove a channel with its agents, numbers and templates; logs keep what they say. Raises Conflict, naming the flows that use it."""
    channel = await one_of_mine(actor, session, Channel, channel_id, "channel")
    await refuse_if_used(actor, session, await items_of_channel(session, channel_id), f"The channel '{channel.name}'")
    await session.delete(channel)
    forget_channel(channel.webhook_secret)
    audit.record(session, actor, "channel.deleted", "channel", channel_id, name=channel.name, provider=channel.provider)


@requires(Permission.CHANNELS_WRITE)
async def check_channel(actor: Actor, session: AsyncSession, channel_id: UUID) -> CheckView:
    """Sign in at the provider and say what is wrong, without contacting anyone; the channel's status follows."""
    channel = await one_of_mine(actor, session, Channel, channel_id, "channel")
    data: dict[str, Any] = {}
    try:
        connection = await open_channel(channel)
        result = await get_provider(channel.provider).check(connection)
        ok, detail, data = result.ok, result.detail, result.data
    except (AutoflowsError, AddressRefused) as error:  # stored values that cannot even be tried are what the check is for
        ok, detail = False, str(error)
    channel.checked_at = utc_now()
    if channel.status != "disabled":  # a check is no reason to use what a person switched off
        channel.status, channel.status_detail = ("active" if ok else "error"), detail[:DETAIL_LENGTH]
    if ok and channel.breaker_state != BreakerState.CLOSED:
        after_commit(session, lambda: control.wake_channel(actor.account_id, channel_id))
    return CheckView(ok=ok, status=channel.status, detail=detail, data=data, checked_at=channel.checked_at)


@requires(Permission.CHANNELS_WRITE)
async def retry_channel(actor: Actor, session: AsyncSession, channel_id: UUID) -> ChannelView:
    """Let one of the contacts that the channel's circuit breaker holds try now, and not only when its pause is over.

    Raises NotFound, and Conflict for a channel that holds nothing.
    """
    channel = await one_of_mine(actor, session, Channel, channel_id, "channel")
    if channel.breaker_state == BreakerState.CLOSED:
        raise Conflict("This channel holds nothing at present: its contacts go out.")
    audit.record(session, actor, "channel.retried", "channel", channel_id, name=channel.name, reason=channel.breaker_reason)
    after_commit(session, lambda: control.wake_channel(actor.account_id, channel_id))
    return _view(actor, channel)


async def open_channel(channel: Channel) -> Connection:
    """The channel's connection, its address judged again. Raises AddressRefused, SealBroken, and Invalid for settings that do not fit."""
    await _judge_addresses(channel.settings)
    return connect(channel.id, channel.provider, channel.credentials, channel.settings)


open_channel.__open_to__ = "services"  # type: ignore[attr-defined]


async def _checked(provider_name: str, credentials: dict[str, Any], settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Credentials and settings as the adapter's forms hold them. Raises Invalid with every wrong field of both."""
    provider = get_provider(provider_name)
    errors: list[FieldError] = []
    held: dict[str, dict[str, Any]] = {}
    forms: list[tuple[str, type[BaseModel], dict[str, Any]]] = [
        ("credentials", provider.Credentials, credentials),
        ("settings", provider.Settings, settings),
    ]
    for part, form, values in forms:
        try:
            held[part] = form.model_validate(values).model_dump(mode="json")
        except ValidationError as error:
            errors += invalid(error, f"/{part}").errors
    if not errors:
        try:
            await _judge_addresses(held["settings"])
        except AddressRefused as error:
            errors.append(FieldError("/settings/" + next(n for n in ("base_url", "url", "host") if held["settings"].get(n)), str(error)))
    if errors:
        raise Invalid(f"The {provider.title} channel cannot be saved like this.", errors=errors)
    return held["credentials"], held["settings"]


async def _judge_addresses(settings: dict[str, Any]) -> None:
    """Raise AddressRefused if the settings name an address of a private network and that is not allowed."""
    allowed = get_settings().allow_private_network
    for name in ("base_url", "url"):
        if settings.get(name):
            await check_url(str(settings[name]), allow_private=allowed)
    if settings.get("host"):
        await check_host(str(settings["host"]), int(settings.get("port") or 0), allow_private=allowed)


async def _save(session: AsyncSession, channel: Channel) -> None:
    try:
        async with session.begin_nested():
            session.add(channel)
            await session.flush()
    except IntegrityError as error:
        raise Conflict(
            f"There is a channel called '{channel.name}' already.", errors=[FieldError("/name", "choose a name that is not taken")]
        ) from error


def _view(actor: Actor, channel: Channel) -> ChannelView:
    provider = PROVIDERS.get(channel.provider)
    may_write = actor.may(Permission.CHANNELS_WRITE)
    url = f"{get_settings().public_url}/api/webhooks/{channel.provider}/{channel.webhook_secret}"
    has_webhooks = provider is not None and provider.has_webhooks
    return ChannelView(
        id=channel.id,
        provider=channel.provider,
        provider_title=provider.title if provider else channel.provider,
        action_type=provider.action_type if provider else "",
        name=channel.name,
        status=channel.status,
        status_detail=channel.status_detail,
        settings=channel.settings,
        credentials_set={name: bool(value) for name, value in _stored_credentials(channel).items()},
        webhook_url=url if has_webhooks and may_write else None,
        has_webhooks=has_webhooks,
        breaker=BreakerView.model_validate(
            {
                "state": channel.breaker_state,
                "reason": channel.breaker_reason,
                "opened_at": channel.breaker_opened_at,
                "until": channel.breaker_until,
            }
        ),
        checked_at=channel.checked_at,
        synced_at=channel.synced_at,
        created_at=channel.created_at,
        updated_at=channel.updated_at,
    )


def _stored_credentials(channel: Channel) -> dict[str, Any]:
    """The stored credentials; none if they were sealed with a key that is gone, so that the channel can be opened to type them again."""
    try:
        return unseal(channel.credentials)
    except SealBroken:
        return {}
