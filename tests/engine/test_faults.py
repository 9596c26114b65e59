"""Faults that must neither contact anyone twice, nor stop the others."""

from __future__ import annotations

import ssl
from typing import Any

import asyncpg
import pytest

from autoflows.domain.outcomes import SendResult
from autoflows.engine import perform
from autoflows.providers import get_provider
from tests.engine.conftest import MISSED, Bench, received


async def test_a_send_that_breaks_is_never_taken_for_not_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SSLError is an OSError, and it may come while the answer is read: the request was out."""
    provider = get_provider("bolna")
    send = provider.send

    async def broken(connection: Any, message: Any) -> SendResult:
        await send(connection, message)
        raise ssl.SSLError("record layer failure")

    monkeypatch.setattr(type(provider), "send", lambda self, connection, message: broken(connection, message))
    await bench.flow(bench.call(1))
    await bench.lead(MISSED)
    await bench.finished()
    assert received(bench, "calls")["total"] == 1
    assert [s[:2] for s in await bench.summary()] == [("ai_call", "success")]


async def test_a_database_lost_before_the_send_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.flow(bench.call(1))
    get, lost = perform._catalogue.get, [True]

    async def away(*args: Any) -> Any:
        if lost:
            lost.pop()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return await get(*args)

    monkeypatch.setattr(perform._catalogue, "get", away)
    await bench.lead(MISSED)
    await bench.finished()
    assert [s[:2] for s in await bench.summary()] == [("ai_call", "failed"), ("ai_call", "success")]
