"""What a provider adapter is. One file per provider implements `Provider` and registers itself in `providers/__init__.py`.

An adapter builds the vendor's request, reads its answer into `domain.outcomes`, and parses its webhooks. It decides nothing,
stores nothing and never retries: retries are owned by the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from uuid import UUID

import httpx
from pydantic import BaseModel

from autoflows.domain.outcomes import ProviderEvent, SendResult


@dataclass(frozen=True, slots=True)
class Connection:
    """A channel, opened: decrypted credentials, validated settings, and the provider's pooled HTTP client."""

    channel_id: UUID
    credentials: Any
    settings: Any
    http: httpx.AsyncClient
    timeout_seconds: float = 20.0
    allow_private_network: bool = True
    """Whether an adapter that does not use `http` may connect to a private address; `http` judges by itself."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """An AI voice call. `variables` become the agent's prompt variables."""

    attempt_id: UUID
    agent_id: str
    to: str
    from_number: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """An approved WhatsApp template. `variables` maps the template's variable (`1` or a name) to its text.

    A variable outside the body is named with its place: `header:1`, `button:0` (the end of that button's URL). `components` are sent
    as they are, before what is built from `variables` (a header image, for example).
    """

    attempt_id: UUID
    sender_id: str
    to: str
    template: str
    language: str
    variables: dict[str, str] = field(default_factory=dict)
    named_parameters: bool = False
    components: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail. `name` is ASCII, `media_type` such as `application/pdf`."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EmailMessageRequest:
    """One e-mail to one person, rendered already."""

    attempt_id: UUID
    to: str
    subject: str
    html: str
    text: str
    from_name: str | None = None
    to_name: str | None = None
    reply_to: str | None = None
    unsubscribe_url: str | None = None  # https; becomes the one-click List-Unsubscribe headers (RFC 8058)
    attachments: tuple[Attachment, ...] = ()


Message = CallRequest | TemplateMessage | EmailMessageRequest


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a channel works: `detail` is a sentence for the admin, `data` what the vendor told (balance, quality, ...)."""

    ok: bool
    detail: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a sync brings in. Each item is a dict of the columns of its table (see `models/catalogue.py`)."""

    agents: list[dict[str, Any]] = field(default_factory=list)
    phone_numbers: list[dict[str, Any]] = field(default_factory=list)
    whatsapp_numbers: list[dict[str, Any]] = field(default_factory=list)
    whatsapp_templates: list[dict[str, Any]] = field(default_factory=list)


class WebhookRejected(Exception):
    """The webhook is not the vendor's: wrong signature, token or shape. The message goes to the log, never to the caller."""


class Provider(Protocol):
    """A vendor adapter. Instances are stateless singletons; everything variable is in the `Connection`."""

    name: ClassVar[str]  # key in the API and tables: "bolna"
    title: ClassVar[str]  # shown to people: "Bolna"
    action_type: ClassVar[str]  # the action it serves: "ai_call", "whatsapp_message", "email"
    Credentials: ClassVar[type[BaseModel]]
    Settings: ClassVar[type[BaseModel]]
    has_webhooks: ClassVar[bool]

    async def check(self, connection: Connection) -> CheckResult:
        """Sign in at the vendor and say what is wrong, without contacting anyone."""
        ...

    async def sync(self, connection: Connection) -> Catalogue:
        """Fetch agents, numbers and templates. Raises `ProviderUnavailable` when the vendor cannot be read."""
        ...

    async def send(self, connection: Connection, message: Any) -> SendResult:
        """Make the one contact attempt. Never raises for what the vendor or the network does, never retries."""
        ...

    async def lookup(self, connection: Connection, provider_ref: str) -> ProviderEvent | None:
        """The present state of what we sent, or None where the vendor cannot tell."""
        ...

    async def find(self, connection: Connection, message: Any, since: Any) -> ProviderEvent | None:
        """Look for an attempt whose answer was lost, by our attempt id. None proves nothing."""
        ...

    async def cancel(self, connection: Connection, provider_ref: str) -> bool:
        """Ask the vendor to drop what it has not begun yet; True if it said that it did."""
        ...

    def handshake(self, connection: Connection, query: Mapping[str, str]) -> str | None:
        """Answer the vendor's GET verification with the text to send back, or None to refuse."""
        ...

    def verify(self, connection: Connection, headers: Mapping[str, str], raw: bytes) -> None:
        """Raise `WebhookRejected` unless these raw bytes are the vendor's."""
        ...

    def parse(self, connection: Connection, raw: bytes) -> list[ProviderEvent]:
        """Translate a verified webhook into events. Raises `WebhookRejected` if it cannot be read."""
        ...


class ProviderUnavailable(Exception):
    """The vendor could not be read; the message is a sentence for the admin."""
