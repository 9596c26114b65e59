"""Who looks at a flow now."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import pytest

from autoflows.domain.permissions import Role
from autoflows.embedded.valkey import free_port
from autoflows.engine.broker import close_redis, get_redis
from autoflows.models.database import open_session
from autoflows.services import flow_presence
from autoflows.services.access import Actor
from autoflows.settings import get_settings
from tests.api.conftest import OWNER, People, app, environment, owner, people
from tests.services.test_step_counts import actor_named

__all__ = ["app", "environment", "owner", "people"]


async def others(actor: Actor, flow: UUID) -> list[str]:
    """Who else is there, for somebody who gives a sign of life."""
    async with open_session() as session:
        return await flow_presence.note_presence(actor, session, flow)


async def test_others_are_named_until_they_leave(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("asha@example.com", Role.VIEWER, OWNER)
    await people.add("stranger@example.com")
    first, second, stranger = [await actor_named(email) for email in (OWNER, "asha@example.com", "stranger@example.com")]
    flow = uuid4()
    assert await others(first, flow) == []
    assert await others(second, flow) == ["Owner"]
    assert await others(first, flow) == ["Asha"]
    assert await others(first, uuid4()) == []
    assert await others(stranger, flow) == []  # of another account: the same id means nothing
    await flow_presence.end_presence(second, flow)
    assert await others(first, flow) == []


async def test_who_gives_no_sign_of_life_is_not_there(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("asha@example.com", Role.ADMIN, OWNER)
    first, second = await actor_named(OWNER), await actor_named("asha@example.com")
    flow = uuid4()
    await others(second, flow)
    (key,) = await get_redis().keys("autoflows:here:*")
    await get_redis().zincrby(key, -flow_presence.PRESENT_SECONDS - 1, str(second.user_id))
    assert await others(first, flow) == []
    assert 0 < await get_redis().ttl(key) <= 2 * flow_presence.PRESENT_SECONDS


async def test_without_redis_nobody_is_told_of_and_nothing_fails(
    owner: httpx.AsyncClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await actor_named(OWNER)
    await close_redis()
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    get_settings.cache_clear()
    assert await others(actor, uuid4()) == []
    await flow_presence.end_presence(actor, uuid4())
