"""The team is told when leads wait too long for their first contact, and that it is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from autoflows.analytics.slo import check_speed
from autoflows.engine.broker import close_redis
from autoflows.engine.live import close_live
from autoflows.engine.pool import close_pool, get_pool
from autoflows.ids import utc_now
from autoflows.models import Contact, Flow, FlowVersion, User
from autoflows.models.database import dispose_engine, open_session
from autoflows.models.execution import Execution
from autoflows.settings import get_settings
from tests.analytics.conftest import fold_everything
from tests.analytics.world import make_user

OPEN = "SELECT count(*) FROM notifications WHERE kind = 'speed_late' AND resolved_at IS NULL"


@pytest.fixture
async def owner(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", redis_url)
    get_settings.cache_clear()
    user = make_user("asha")
    async with open_session() as session:
        session.add(user)
    yield user
    for close in (close_live, close_redis, close_pool, dispose_engine):
        await close()
    get_settings.cache_clear()


async def leads(
    owner: User, seconds: float | None, number: int, *, ago: float = 120, held_by: str | None = None, held_hours: int = 0
) -> None:
    """So many executions that began a while ago and had their first attempt after `seconds`, or have had none."""
    async with open_session() as session:
        flow = (await session.exec(sa.select(Flow))).scalars().first()  # type: ignore[call-overload]
        if flow is None:
            flow = Flow(user_id=owner.id, name="First", priority=1)
            session.add(flow)
            await session.flush()
            session.add(FlowVersion(flow_id=flow.id, version=1, definition={}))
            await session.flush()
        version = (await session.exec(sa.select(FlowVersion))).scalars().one()  # type: ignore[call-overload]
        for _ in range(number):
            contact = Contact(user_id=owner.id)
            session.add(contact)
            await session.flush()
            at = utc_now() - timedelta(seconds=ago)
            first = at + timedelta(seconds=seconds) if seconds is not None else None
            session.add(
                Execution(
                    flow_id=flow.id, flow_version_id=version.id, contact_id=contact.id, user_id=owner.id, triggered_at=at, lead_at=at,
                    first_attempt_at=first, held_by=held_by, held_hours=held_hours,
                )
            )  # fmt: skip
    await fold_everything()


async def test_late_leads_are_told_once_and_resolved_when_it_is_over(owner: User) -> None:
    await leads(owner, 1.0, 20)
    await check_speed()
    pool = await get_pool()
    assert await pool.fetchval(OPEN) == 0
    await leads(owner, 90.0, 20)
    await check_speed()
    await check_speed()
    row = await pool.fetchrow("SELECT * FROM notifications WHERE kind = 'speed_late'")
    assert (row["count"], row["title"]) == (1, "New leads wait longer than 1 minute for their first contact")
    assert "50 %" in row["detail"]
    assert "10 %" in row["detail"]
    await leads(owner, 1.0, 60)
    await check_speed()
    assert await pool.fetchval(OPEN) == 0


async def test_leads_that_still_wait_count_as_late_unless_hours_or_the_flow_hold_them(owner: User) -> None:
    pool = await get_pool()
    await leads(owner, None, 20, held_by="hours")
    await leads(owner, None, 20, held_by="wait")
    await leads(owner, None, 20, held_hours=5)
    await leads(owner, None, 20, ago=10)  # its minute is not over
    await check_speed()
    assert await pool.fetchval(OPEN) == 0
    await leads(owner, None, 20, held_by="capacity")
    await check_speed()
    assert await pool.fetchval(OPEN) == 1


async def test_an_account_sets_its_own_target(owner: User) -> None:
    await leads(owner, 90.0, 20)
    pool = await get_pool()
    await pool.execute("""UPDATE users SET settings = '{"speed_target_seconds": 300}'::jsonb""")
    await check_speed()
    assert await pool.fetchval(OPEN) == 0
    await pool.execute("""UPDATE users SET settings = '{"speed_target_seconds": 30, "speed_target_percent": 50}'::jsonb""")
    await check_speed()
    assert await pool.fetchval(OPEN) == 1


async def test_few_leads_and_old_ones_are_no_alarm(owner: User) -> None:
    await leads(owner, 90.0, 9)
    await leads(owner, 90.0, 40, ago=3 * 3600)
    await check_speed()
    assert await (await get_pool()).fetchval(OPEN) == 0
