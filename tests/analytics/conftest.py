"""An account with random history, folded into rollups; another account with more of it that must never be counted; and an empty one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from autoflows.analytics.rollups.fold import fold
from autoflows.domain.permissions import Role, permissions_of
from autoflows.engine.pool import close_pool
from autoflows.models.database import dispose_engine, open_session
from autoflows.models.user import User
from autoflows.services.access import Actor
from autoflows.settings import get_settings
from tests.analytics.world import World, fill, make_user


def actor_of(user: User, role: Role = Role.OWNER) -> Actor:
    return Actor(
        user_id=user.id,
        account_id=user.account_id,
        role=role,
        permissions=permissions_of(role),
        name=user.name,
        email=user.email,
        timezone=user.timezone,
        kind="session",
    )


async def fold_everything() -> int:
    """Bring the rollups up to date; gives how many images there were."""
    done = 0
    while more := await fold():
        done += more
    return done


@dataclass(frozen=True)
class Accounts:
    """Someone with history and what it is, and someone new without any."""

    actor: Actor
    world: World
    empty: Actor


@pytest.fixture(scope="module")
def database(module_postgres_url: str) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOFLOWS_DATABASE_URL", module_postgres_url)
        patch.setenv("AUTOFLOWS_SECRET_KEY", "only for tests")
        patch.setenv("AUTOFLOWS_ALLOW_PRIVATE_NETWORK", "1")
        get_settings.cache_clear()
        yield module_postgres_url
    get_settings.cache_clear()


@pytest.fixture(scope="module")
async def accounts(database: str) -> AsyncIterator[Accounts]:
    """A third account has history that no one may count."""
    world = await fill(make_user("asha"), 7, 500)
    await fill(make_user("ravi"), 8, 60)
    empty = make_user("new")
    async with open_session() as session:
        session.add(empty)
    await fold_everything()
    yield Accounts(actor_of(world.user), world, actor_of(empty))
    await close_pool()
    await dispose_engine()
