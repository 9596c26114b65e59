"""Opening channels: decrypted credentials, validated settings and the provider's one pooled HTTP client of this process."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import httpx
from pydantic import ValidationError

from autoflows.domain.errors import FieldError, Invalid
from autoflows.providers import get_provider
from autoflows.providers.base import Connection
from autoflows.providers.transport import Transport
from autoflows.providers.vault import unseal
from autoflows.settings import get_settings

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, httpx.AsyncClient]] = WeakKeyDictionary()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()  # reading the certificates takes a while: once per process
    context.set_alpn_protocols(["http/1.1"])
    return context


def http_client(provider: str) -> httpx.AsyncClient:
    """The provider's client of this loop: pooled, with timeouts, never following redirects (one could leave the vendor)."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if provider not in clients:
        seconds = get_settings().provider_timeout_seconds
        clients[provider] = httpx.AsyncClient(
            transport=Transport(allow_private=get_settings().allow_private_network, verify=_tls()),
            timeout=httpx.Timeout(seconds, connect=min(seconds, 10.0)),
            follow_redirects=False,
            trust_env=False,
        )
    return clients[provider]


async def close_clients() -> None:
    """Close this loop's clients; for the end of a process."""
    for client in (_clients.pop(asyncio.get_running_loop(), None) or {}).values():
        await client.aclose()


def connect(channel_id: UUID, provider_name: str, sealed_credentials: str, settings: Mapping[str, Any]) -> Connection:
    """A channel's connection. Raises SealBroken (wrong secret key) and Invalid (stored settings no longer fit the adapter)."""
    provider = get_provider(provider_name)
    try:
        return Connection(
            channel_id=channel_id,
            credentials=provider.Credentials.model_validate(unseal(sealed_credentials)),
            settings=provider.Settings.model_validate(dict(settings)),
            http=http_client(provider_name),
            timeout_seconds=get_settings().provider_timeout_seconds,
            allow_private_network=get_settings().allow_private_network,
        )
    except ValidationError as error:
        errors = [FieldError("/settings/" + "/".join(str(p) for p in e["loc"]), e["msg"]) for e in error.errors()]
        raise Invalid("The channel's stored settings do not fit any more; save them again", errors=errors) from None
