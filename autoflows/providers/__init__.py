"""The registry of provider adapters. A new one is one import and one line here; see README.md in this folder."""

from __future__ import annotations

from autoflows.domain.errors import NotFound
from autoflows.providers.base import Provider
from autoflows.providers.bolna import Bolna
from autoflows.providers.smtp import Smtp
from autoflows.providers.whatsapp_cloud import WhatsappCloud

_ADAPTERS: tuple[Provider, ...] = (Bolna(), WhatsappCloud(), Smtp())

PROVIDERS: dict[str, Provider] = {adapter.name: adapter for adapter in _ADAPTERS}
"""Every adapter by its name."""


def get_provider(name: str) -> Provider:
    """The adapter called `name`. Raises `NotFound` with a sentence that lists those there are."""
    if name not in PROVIDERS:
        raise NotFound(f"There is no provider '{name[:50]}'. Known providers: {', '.join(sorted(PROVIDERS))}.")
    return PROVIDERS[name]
