"""`/api/channels`: connections to providers. Credentials go in and never come back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.services import channels, sync
from autoflows.services.pages import Page
from autoflows.services.views.channels import ChannelChange, ChannelView, CheckView, NewChannel, ProviderForm, SyncView

router = APIRouter(prefix="/channels", tags=["Channels"])


@router.get("", summary="List channels")
async def list_channels(
    actor: CurrentActor, session: Transaction, provider: Annotated[str, Query(max_length=40)] = ""
) -> Page[ChannelView]:
    """By name; all on one page."""
    return Page(data=await channels.list_channels(actor, session, provider=provider), has_more=False)


@router.post("", status_code=201, summary="Connect a provider")
async def create_channel(actor: CurrentActor, session: Transaction, new: NewChannel) -> ChannelView:
    """Stored encrypted and not tried yet: `check` does that."""
    return await channels.create_channel(actor, session, new)


@router.get("/providers", summary="List providers and their forms")
async def list_providers(actor: CurrentActor) -> list[ProviderForm]:
    """Which credentials and settings each provider asks for."""
    return await channels.provider_forms(actor)


@router.get("/{channel_id}", summary="Get a channel")
async def get_channel(actor: CurrentActor, session: Transaction, channel_id: UUID) -> ChannelView:
    """One channel."""
    return await channels.get_channel(actor, session, channel_id)


@router.patch("/{channel_id}", summary="Change a channel")
async def update_channel(actor: CurrentActor, session: Transaction, channel_id: UUID, change: ChannelChange) -> ChannelView:
    """What is not named stays, credentials too."""
    return await channels.update_channel(actor, session, channel_id, change)


@router.delete("/{channel_id}", status_code=204, summary="Remove a channel")
async def delete_channel(actor: CurrentActor, session: Transaction, channel_id: UUID) -> None:
    """409, naming the flows, while an enabled flow uses what it offers."""
    await channels.delete_channel(actor, session, channel_id)


@router.post("/{channel_id}/check", summary="Check a channel")
async def check_channel(actor: CurrentActor, session: Transaction, channel_id: UUID) -> CheckView:
    """Signs in at the provider and says what is wrong; contacts nobody."""
    return await channels.check_channel(actor, session, channel_id)


@router.post("/{channel_id}/sync", summary="Fetch agents, numbers and templates")
async def sync_channel(actor: CurrentActor, session: Transaction, channel_id: UUID) -> SyncView:
    """What the provider no longer lists becomes inactive; what was typed in by hand stays."""
    return await sync.sync_channel(actor, session, channel_id)


@router.post("/{channel_id}/retry", summary="Try a held channel now")
async def retry_channel(actor: CurrentActor, session: Transaction, channel_id: UUID) -> ChannelView:
    """After failures in a row a channel's contacts are held (`breaker`). This lets one of them try now; if it is taken, the others follow.
    409 if the channel holds nothing."""
    return await channels.retry_channel(actor, session, channel_id)
