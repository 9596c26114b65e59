"""Providers' callbacks: whose they are, whether they are genuine, and recording them before the answer goes out.

A vendor repeats what was not answered 2xx, so a failure of ours must never be answered as if it were taken.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from autoflows.domain.errors import AutoflowsError, Forbidden, Malformed, NotFound, NotSignedIn, TooLarge
from autoflows.engine import outcome
from autoflows.engine.pool import transact
from autoflows.providers import PROVIDERS
from autoflows.providers.base import Connection, Provider, WebhookRejected
from autoflows.providers.connections import connect
from autoflows.services.access import open_to

log = logging.getLogger(__name__)

MAX_BYTES = 3_000_000
REMEMBER_SECONDS = 10.0
MAX_REMEMBERED = 5_000

FIND_CHANNEL = "SELECT id, provider, credentials, settings FROM channels WHERE webhook_secret = $1 AND provider = $2"


@dataclass(frozen=True, slots=True)
class _Known:
    """A channel as its webhooks need it, and until when it is taken from memory."""

    channel_id: UUID
    sealed: str
    settings: dict[str, Any]
    until: float


_known: dict[tuple[str, str], _Known] = {}


@open_to("providers")
async def handshake(provider_name: str, secret: str, query: Mapping[str, str]) -> str:
    """The text to send back to a vendor that verifies our address. Raises NotFound (unknown secret) and Forbidden (wrong verify token)."""
    provider, connection = await _connection(provider_name, secret)
    answer = provider.handshake(connection, query)
    if answer is None:
        log.warning("webhook handshake refused for channel %s", connection.channel_id)
        raise Forbidden("The verify token is not the one of this channel; copy it again from the channel's credentials.")
    return answer


@open_to("providers")
async def receive(provider_name: str, secret: str, headers: Mapping[str, str], raw: bytes, address: str) -> int:
    """Record a vendor's webhook that came from the IP `address`; the number of events in it that were new. The answer is durable.

    Raises NotFound (unknown secret), TooLarge, NotSignedIn (not the vendor's), Malformed (not readable) and Unavailable (no database).
    """
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"A webhook may have at most {MAX_BYTES:,} bytes.")
    provider, connection = await _connection(provider_name, secret)
    allowed = getattr(connection.settings, "allowed_ips", [])
    if allowed and address not in allowed:
        log.warning("webhook refused for channel %s: it came from %s", connection.channel_id, address)
        raise NotSignedIn("This webhook cannot be verified.")
    try:
        provider.verify(connection, headers, raw)
    except WebhookRejected as error:
        log.warning("webhook refused for channel %s: %s", connection.channel_id, error)
        raise NotSignedIn("This webhook cannot be verified.") from error
    try:
        events = provider.parse(connection, raw)
    except WebhookRejected as error:
        log.warning("webhook unreadable for channel %s: %s", connection.channel_id, error)
        raise Malformed("This webhook cannot be read.") from error
    return await outcome.record(connection.channel_id, events)


def forget_channel(secret: str) -> None:
    """Drop a channel from this process's memory; others forget it within `REMEMBER_SECONDS`."""
    for key in [key for key in _known if key[1] == secret]:
        del _known[key]


async def _connection(provider_name: str, secret: str) -> tuple[Provider, Connection]:
    if provider_name not in PROVIDERS:
        raise NotFound("There is no such webhook address.")
    key, now = (provider_name, secret), time.monotonic()
    known = _known.get(key)
    if known is None or known.until < now:
        row = await transact(lambda connection: connection.fetchrow(FIND_CHANNEL, secret, provider_name))
        if row is None:
            raise NotFound("There is no such webhook address.")
        if len(_known) >= MAX_REMEMBERED:
            _known.clear()
        known = _known[key] = _Known(row["id"], row["credentials"], row["settings"], now + REMEMBER_SECONDS)
    try:
        return PROVIDERS[provider_name], connect(known.channel_id, provider_name, known.sealed, known.settings)
    except AutoflowsError:
        log.exception("channel %s cannot be opened for its webhook", known.channel_id)
        raise
