"""Opening channels: decrypted credentials, validated settings and the provider's one pooled HTTP client of this process."""

from __future__ import annotations

import asyncio
import itertools
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
from autoflows.providers.url_guard import guarded_transport
from autoflows.providers.vault import unseal
from autoflows.settings import get_settings

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, httpx.AsyncClient]] = WeakKeyDictionary()

SHARDS = 8
"""Clients per provider: at each request a pool asks every idle connection whether it is still alive, so small pools are cheaper."""
_turn = itertools.count()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # reading the certificates takes a while: once per process


def http_client(provider: str) -> httpx.AsyncClient:
    """One of the provider's clients of this loop: pooled, with timeouts, never following redirects (one could leave the vendor)."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    provider = f"{provider}:{next(_turn) % SHARDS}"
    if provider not in clients:
        seconds = get_settings().provider_timeout_seconds
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=20)
        clients[provider] = httpx.AsyncClient(
            transport=guarded_transport(allow_private=get_settings().allow_private_network, verify=_tls(), limits=limits),
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
