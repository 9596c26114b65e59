"""The sandbox world's fixtures."""

from __future__ import annotations

from tests.sandbox.fixtures import _receiver_server, _sandbox_server, bolna, http, receiver, sandbox, smtp, whatsapp

__all__ = ["_receiver_server", "_sandbox_server", "bolna", "http", "receiver", "sandbox", "smtp", "whatsapp"]
