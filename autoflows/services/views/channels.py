"""Channels and the forms of their providers. Credentials never appear in any view."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from autoflows.services.views.bodies import Trimmed
from autoflows.services.views.masking import View


class BreakerView(View):
    """A channel's circuit breaker. `open`: contacts by it are held until `until`, then one is let through (`probing`)."""

    state: Literal["closed", "open", "probing"]
    reason: str
    opened_at: datetime | None
    until: datetime | None


class ChannelView(View):
    """An account's connection to a provider. `webhook_url` holds a secret: null for people who may not change channels."""

    id: UUID
    provider: str
    provider_title: str
    action_type: str
    name: str
    status: str
    status_detail: str
    settings: dict[str, Any]
    credentials_set: dict[str, bool] = Field(description="which credentials are filled in; their values are never returned")
    webhook_url: str | None
    has_webhooks: bool
    breaker: BreakerView
    checked_at: datetime | None
    synced_at: datetime | None
    created_at: datetime
    updated_at: datetime


class NewChannel(Trimmed):
    """Body of POST /api/channels. What `credentials` and `settings` hold is the provider's own form."""

    provider: str = Field(max_length=40, examples=["bolna"])
    name: str = Field(min_length=1, max_length=100, examples=["Bolna main"])
    credentials: dict[str, Any] = Field(default_factory=dict, examples=[{"api_key": "bn-..."}])
    settings: dict[str, Any] = Field(default_factory=dict, examples=[{"max_concurrent": 10}])


class ChannelChange(Trimmed):
    """Body of PATCH: absent credentials are kept, those named replace the stored ones; `settings` are merged likewise."""

    name: str | None = Field(default=None, min_length=1, max_length=100)
    credentials: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None
    is_enabled: bool | None = Field(default=None, description="false disables the channel; true puts it back to be checked")


class CheckView(View):
    """Whether a channel works, in a sentence, with what the vendor told."""

    ok: bool
    status: str
    detail: str
    data: dict[str, Any]
    checked_at: datetime


class SyncCount(View):
    """What a sync did to one catalogue."""

    added: int = 0
    updated: int = 0
    deactivated: int = 0


class SyncView(View):
    """What a sync brought in. `webhooks` says what became of telling the vendor our webhook address."""

    synced_at: datetime
    agents: SyncCount
    phone_numbers: SyncCount
    whatsapp_numbers: SyncCount
    whatsapp_templates: SyncCount
    webhooks: str


class FormField(View):
    """One field of a provider's form."""

    name: str
    title: str
    description: str
    type: Literal["text", "number", "integer", "switch", "choice", "list"]
    required: bool
    secret: bool
    advanced: bool
    default: Any = None
    choices: list[str] = Field(default_factory=list)


class ProviderForm(View):
    """A provider one can connect to, and what it asks for."""

    provider: str
    title: str
    action_type: str
    has_webhooks: bool
    credentials: list[FormField]
    settings: list[FormField]
