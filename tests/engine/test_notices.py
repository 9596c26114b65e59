"""One open row per fault, whoever sees it and however often, and nothing a notice does breaks the transaction it is raised in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from autoflows.domain.notices import NoticeKind, say
from autoflows.engine.live import LiveChange
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import Connection, get_pool, transact
from autoflows.models import User
from autoflows.models.database import open_session
from autoflows.settings import get_settings
from tests.engine.conftest import close_everything

DOWN = say(NoticeKind.CHANNEL_DOWN, "channel-1", name="Voice", reason="It does not answer")


@pytest.fixture
async def account(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UUID]:
    """An account with nothing in it."""
    await close_everything()
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", redis_url)
    get_settings.cache_clear()
    async with open_session() as session:
        owner = User(email="owner@example.com", password_hash="-", role="owner")
        session.add(owner)
    yield owner.id
    await close_everything()


async def told(account: UUID, notice: tuple[Any, ...] = DOWN) -> list[LiveChange]:
    return await transact(lambda connection: raise_notice(connection, account, *notice))


async def rows() -> list[tuple[Any, ...]]:
    pool = await get_pool()
    return [tuple(r) for r in await pool.fetch("SELECT title, count, resolved_at IS NULL FROM notifications ORDER BY first_at")]


async def age(seconds: float) -> None:
    pool = await get_pool()
    await pool.execute("UPDATE notifications SET first_at = first_at - $1::float8 * interval '1 s', last_at = last_at - $1::float8 * "
                       "interval '1 s'", seconds)  # fmt: skip


async def test_a_fault_is_one_open_row_and_a_new_one_after_it_was_resolved(account: UUID) -> None:
    assert await told(account) == [LiveChange(account, kind="notification")]
    assert await told(account) == []  # within a minute in the same words: not written
    await age(61)
    assert len(await told(account)) == 1
    assert await rows() == [("Channel 'Voice' does not work", 2, True)]
    assert len(await transact(lambda c: resolve(c, account, NoticeKind.CHANNEL_DOWN, "channel-1"))) == 1
    assert await transact(lambda c: resolve(c, account, NoticeKind.CHANNEL_DOWN, "channel-1")) == []
    await told(account)
    assert await rows() == [("Channel 'Voice' does not work", 2, False), ("Channel 'Voice' does not work", 1, True)]


async def test_new_words_are_told_at_once(account: UUID) -> None:
    await told(account, say(NoticeKind.LEAD_ERROR, number=1))
    assert len(await told(account, say(NoticeKind.LEAD_ERROR, number=2))) == 1
    assert await rows() == [("2 leads could not be matched", 2, True)]


async def test_a_busy_path_may_raise_at_will(account: UUID) -> None:
    """While another's transaction holds the row, a sight of the same fault neither waits nor writes; and many at once are one row."""
    await told(account)
    pool = await get_pool()
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT 1 FROM notifications FOR UPDATE")
        async with asyncio.timeout(2):
            assert await told(account) == []
    other_fault = say(NoticeKind.CHANNEL_DOWN, "channel-2", name="Mail")
    changes = await asyncio.gather(*(told(account, other_fault) for _ in range(15)))
    assert sum(map(len, changes)) == 1
    assert len(await rows()) == 2


async def test_nobody_waits_for_anothers_first_sight(account: UUID) -> None:
    pool = await get_pool()
    async with pool.acquire() as first, first.transaction():
        assert len(await raise_notice(first, account, *DOWN)) == 1
        async with asyncio.timeout(2):
            assert await told(account) == []
    assert await rows() == [("Channel 'Voice' does not work", 1, True)]


async def test_it_stands_and_falls_with_what_it_tells_of(account: UUID) -> None:
    async def undone(connection: Connection) -> None:
        await raise_notice(connection, account, *DOWN)
        raise LookupError

    with pytest.raises(LookupError):
        await transact(undone)
    assert await rows() == []


@pytest.mark.parametrize("said", ["x" * 5000, "nul \x00 byte", "half \ud800 a pair", ""])
async def test_whatever_a_provider_says_can_be_told(account: UUID, said: str) -> None:
    assert len(await told(account, say(NoticeKind.CHANNEL_DOWN, said, name=said, reason=said))) == 1
    assert len(await transact(lambda c: resolve(c, account, NoticeKind.CHANNEL_DOWN, said))) == 1
