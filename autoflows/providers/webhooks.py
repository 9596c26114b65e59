"""Telling a vendor our webhook address, for adapters whose vendor takes it over its API."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from autoflows.providers.base import Connection

OURS = "/api/webhooks/"
"""What every webhook address of ours contains; another address at the vendor is somebody else's and is left alone."""


@runtime_checkable
class RegistersWebhook(Protocol):
    """An adapter that can do it."""

    async def register_webhook(self, connection: Connection, url: str, in_use: Collection[str] = ()) -> str:
        """Point the vendor's webhooks at `url` where they point nowhere or at us; a sentence for the admin says what was done.

        `in_use` are the secrets of our other channels: an address with one of them is theirs and stays.

        Raises `ProviderUnavailable` when the vendor cannot be read or refuses.
        """
        ...
