"""Fetching what a channel offers: agents, numbers and templates as the provider lists them now.

Synced items that the provider no longer lists are kept and made inactive, for logs and flows name them; items typed in by hand stay
as they are until the provider lists them too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select

from autoflows.domain.errors import Unavailable
from autoflows.domain.permissions import Permission
from autoflows.ids import new_id, utc_now
from autoflows.models import Channel, PhoneNumber, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.providers import get_provider
from autoflows.providers.base import Connection, ProviderUnavailable
from autoflows.providers.url_guard import AddressRefused
from autoflows.providers.webhooks import RegistersWebhook
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires
from autoflows.services.channels import open_channel
from autoflows.services.views.channels import SyncCount, SyncView
from autoflows.settings import get_settings

TABLES: dict[str, tuple[type[SQLModel], tuple[str, ...]]] = {
    "agents": (VoiceAgent, ("provider_agent_id",)),
    "phone_numbers": (PhoneNumber, ("phone_number",)),
    "whatsapp_numbers": (WhatsAppNumber, ("provider_number_id",)),
    "whatsapp_templates": (WhatsAppTemplate, ("name", "language")),
}
"""Each list of a sync, its table, and the columns that name an item within its channel."""

OURS = frozenset({"id", "user_id", "channel_id", "created_at", "updated_at", "synced_at", "is_active"})


@requires(Permission.CHANNELS_WRITE)
async def sync_channel(actor: Actor, session: AsyncSession, channel_id: UUID) -> SyncView:
    """Bring the channel's catalogues up to date and tell the provider our webhook address. Raises NotFound and Unavailable."""
    channel = await one_of_mine(actor, session, Channel, channel_id, "channel")
    provider = get_provider(channel.provider)
    try:
        connection = await open_channel(channel)
        offered = await provider.sync(connection)
    except (ProviderUnavailable, AddressRefused) as error:
        raise Unavailable(str(error)) from error
    now = utc_now()
    counts = {name: await _bring_in(session, channel, name, getattr(offered, name), now) for name in TABLES}
    others = select(Channel.webhook_secret).where(col(Channel.provider) == channel.provider, col(Channel.id) != channel.id)
    in_use = frozenset((await session.exec(others)).all())  # of all accounts: two may share one account at the provider
    webhooks = await _register(connection, channel, in_use)
    channel.synced_at = now
    audit.record(session, actor, "channel.synced", "channel", channel.id, name=channel.name)
    return SyncView(synced_at=now, webhooks=webhooks, **counts)


async def _bring_in(session: AsyncSession, channel: Channel, name: str, items: list[dict[str, Any]], now: datetime) -> SyncCount:
    table, key = TABLES[name]
    model: Any = table
    columns = set(table.model_fields) - OURS
    rows = {
        tuple(item[part] for part in key): {column: _fit(model, column, value) for column, value in item.items() if column in columns}
        for item in items
    }
    count = SyncCount()
    for row in rows.values():
        mine = {"id": new_id(), "user_id": channel.user_id, "channel_id": channel.id, "created_at": now}
        fresh = {**row, "synced_at": now, "updated_at": now, "is_active": True}
        blank = {column: default for column, default in _defaults(table).items() if column not in row}
        statement = insert(model).values(**blank, **mine, **fresh)
        statement = statement.on_conflict_do_update(index_elements=["channel_id", *key], set_=fresh)
        added = (await session.exec(statement.returning(sa.literal_column("(xmax = 0)")))).one()[0]
        count.added += bool(added)
        count.updated += not added
    unlisted = sa.update(model).where(model.channel_id == channel.id, model.is_active, model.synced_at < now)
    count.deactivated = (await session.exec(unlisted.values(is_active=False, updated_at=now))).rowcount
    return count


def _defaults(table: type[SQLModel]) -> dict[str, Any]:
    """What an item has where the provider says nothing."""
    return {
        name: info.get_default(call_default_factory=True, validated_data={})
        for name, info in table.model_fields.items()
        if name not in OURS and not info.is_required()
    }


def _fit(model: Any, column: str, value: Any) -> Any:
    """Text cut to its column: a vendor's name that is too long must not stop a sync."""
    length = getattr(model.__table__.c[column].type, "length", None)
    if isinstance(value, str) and length:
        return value[:length]
    return "" if value is None and not model.__table__.c[column].nullable else value


async def _register(connection: Connection, channel: Channel, in_use: frozenset[str]) -> str:
    """Tell the provider our webhook address; what came of it, in a sentence. A refusal does not undo the sync."""
    provider, settings = get_provider(channel.provider), get_settings()
    if not provider.has_webhooks:
        return f"{provider.title} sends no webhooks."
    url = f"{settings.public_url}/api/webhooks/{channel.provider}/{channel.webhook_secret}"
    if not isinstance(provider, RegistersWebhook):
        return f"Enter the channel's webhook address at {provider.title}, once."
    if not settings.is_reachable:
        return "Webhooks are not set up: AUTOFLOWS_PUBLIC_URL names this machine only. Set it to the address the internet reaches us at."
    try:
        return await provider.register_webhook(connection, url, in_use)
    except ProviderUnavailable as error:
        return f"The webhook address could not be entered at {provider.title}: {error} Enter it there by hand."
