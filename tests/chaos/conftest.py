"""The whole product in processes of its own, a counting provider, and leads that keep coming whatever dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench import provider
from bench.stack import ROOT, Stack, connect_whatsapp, free_port, running, whatsapp_flow

STEPS = 2


@dataclass
class Battlefield:
    """A running product whose only flow sends `STEPS` WhatsApp messages per lead to a provider that counts them."""

    stack: Stack
    provider_port: int

    def counts(self) -> dict[str, Any]:
        return provider.ask(self.provider_port)

    def health(self) -> dict[str, Any]:
        return dict(self.stack.api("GET", "/api/health"))


@pytest.fixture
def battlefield() -> Iterator[Battlefield]:
    port = free_port()
    counting = subprocess.Popen([sys.executable, "-m", "bench.provider", str(port)], cwd=ROOT)
    try:
        with running(
            workers=2,
            AUTOFLOWS_LEASE_SECONDS="3",
            AUTOFLOWS_PROVIDER_TIMEOUT_SECONDS="2",
            AUTOFLOWS_UNKNOWN_GRACE_SECONDS="2",
            AUTOFLOWS_RETRY_BASE_SECONDS="0.3",
        ) as stack:
            whatsapp_flow(stack, connect_whatsapp(stack, port), STEPS)
            yield Battlefield(stack, port)
    finally:
        counting.terminate()
        counting.wait(5)
