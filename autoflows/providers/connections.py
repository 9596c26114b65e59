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
from pydantic import BaseModel, ValidationError

from autoflows.domain.errors import FieldError, Invalid
from autoflows.providers import get_provider
from autoflows.providers.base import Connection
from autoflows.providers.transport import Transport
from autoflows.providers.vault import unseal
from autoflows.settings import get_settings

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, httpx.AsyncClient]] = WeakKeyDictionary()
_opened: dict[tuple[str, str, str], tuple[Mapping[str, Any], BaseModel, BaseModel]] = {}
MAX_OPENED = 1000


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()  # reading the certificates takes a while: once per process
    context.set_alpn_protocols(["http/1.1"])
    return context


class Client(httpx.AsyncClient):
    """An httpx client whose requests are one exchange each: no cookies, which are one account's and would go out with another's next
    request, no redirects and no second try."""

    def __init__(self, transport: Transport, **options: Any) -> None:
        super().__init__(transport=transport, **options)
        self.one_exchange = transport.handle_async_request

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """The answer, read to its end."""
        answer = await self.one_exchange(request)
        answer.request = request
        await answer.aread()
        return answer


def http_client(provider: str) -> httpx.AsyncClient:
    """The provider's client of this loop: pooled, with timeouts, never following redirects (one could leave the vendor)."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if provider not in clients:
        seconds = get_settings().provider_timeout_seconds
        clients[provider] = Client(
            Transport(allow_private=get_settings().allow_private_network, verify=_tls()),
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
    credentials, checked = _open(provider_name, sealed_credentials, settings)
    return Connection(
        channel_id=channel_id,
        credentials=credentials,
        settings=checked,
        http=http_client(provider_name),
        timeout_seconds=get_settings().provider_timeout_seconds,
        allow_private_network=get_settings().allow_private_network,
    )


def _open(provider_name: str, sealed: str, settings: Mapping[str, Any]) -> tuple[BaseModel, BaseModel]:
    """Credentials and settings of a channel, checked; remembered while the row says the same, or each message would decrypt them again."""
    key = (provider_name, get_settings().secret_key, sealed)
    known = _opened.get(key)
    if known is not None and known[0] == settings:
        return known[1], known[2]
    provider = get_provider(provider_name)
    try:
        credentials = provider.Credentials.model_validate(unseal(sealed))
        checked = provider.Settings.model_validate(dict(settings))
    except ValidationError as error:
        errors = [FieldError("/settings/" + "/".join(str(p) for p in e["loc"]), e["msg"]) for e in error.errors()]
        raise Invalid("The channel's stored settings do not fit any more; save them again", errors=errors) from None
    if len(_opened) >= MAX_OPENED:
        _opened.clear()
    _opened[key] = (dict(settings), credentials, checked)
    return credentials, checked
