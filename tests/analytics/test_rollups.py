"""Rollups are equal to a count of the rows, whatever is changed, killed or deleted on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from autoflows.analytics.rollups.fold import fold
from autoflows.analytics.rollups.rebuild import rebuild
from autoflows.engine.pool import close_pool, get_pool
from autoflows.models.database import dispose_engine
from autoflows.settings import get_settings
from tests.analytics.world import World, fill, make_user


@pytest.fixture
async def world(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", postgres_url)
    get_settings.cache_clear()
    yield await fill(make_user("asha"), 11, 150)
    await close_pool()
    await dispose_engine()
    get_settings.cache_clear()


async def fold_everything() -> int:
    done = 0
    while more := await fold():
        done += more
    return done


async def assert_equal(account: UUID) -> None:
    report = await rebuild(account, check=True)
    assert report.differences == 0, "\n".join(report.examples)
    assert report.logs > 0


async def test_what_was_added_is_counted_once(world: World) -> None:
    assert await fold_everything() > 400
    await assert_equal(world.user.id)
    pool = await get_pool()
    assert await pool.fetchval("SELECT sum(total) FROM rollup_sums WHERE measure = 'executions' AND span = 'month'") == sum(
        not e.is_test_run for e in world.executions
    )
    assert await pool.fetchval("SELECT sum(total) FROM rollup_sums WHERE measure = 'leads' AND span = 'day'") == len(world.leads)
    assert await fold_everything() == 0
