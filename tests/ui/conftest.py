"""The web process's application inside the test's own process, so that a test can look at what its hub holds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from granian.constants import Interfaces
from granian.server.embed import Server

from autoflows.domain.permissions import Role
from autoflows.embedded import web
from autoflows.embedded.valkey import Valkey, free_port
from autoflows.engine.broker import close_redis
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.settings import get_settings
from bench.sockets import Tab
from tests.e2e.conftest import PASSWORD, Person, make_person


class Web:
    """The running application: opens tabs on it. Those of a test are closed at its end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.tabs: list[Tab] = []

    async def tab(self, person: Person, path: str, *, token: str = "", cookie: str | None = None) -> Tab:
        """A tab of the person's, signed in anew unless there is a cookie, that has loaded the page."""
        tab = Tab(path, cookie if cookie is not None else await cookie_of(person), token=token)
        self.tabs.append(tab)
        return await tab.open(self.port)


async def cookie_of(person: Person) -> str:
    """The cookie of a new session."""
    async with open_session() as session:
        secret, _ = await auth.sign_in(session, person.email, PASSWORD, "127.0.0.1", "test")
    return f"{auth.COOKIE_NAME}={secret}"


@pytest_asyncio.fixture(scope="module")
async def _web(module_postgres_url: str, valkey_server: Valkey) -> AsyncIterator[Web]:
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            **web.ENVIRONMENT,
            "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "false",
            "AUTOFLOWS_DATABASE_URL": module_postgres_url,
            "AUTOFLOWS_REDIS_URL": valkey_server.url,
            "AUTOFLOWS_SECRET_KEY": "only for tests",
        }.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        from autoflows.autoflows import app  # reads the environment

        server = Server(app, port=port, interface=Interfaces.ASGI, factory=True, log_enabled=False)
        serving = asyncio.create_task(server.serve())
        for _ in range(200):
            with contextlib.suppress(OSError):
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            await asyncio.sleep(0.05)
        yield Web(port)
        server.stop()  # type: ignore[no-untyped-call]
        await serving
        await close_redis()
        get_settings.cache_clear()


@pytest.fixture
async def site(_web: Web) -> AsyncIterator[Web]:
    """The application; a test's tabs are closed after it."""
    yield _web
    for tab in _web.tabs:
        tab.close()
    _web.tabs.clear()


@pytest.fixture
async def owner(site: Web) -> Person:
    """The owner of an account of the test's own."""
    return await make_person()


@pytest.fixture
async def viewer(owner: Person) -> Person:
    """Somebody of the account who sees no phone numbers."""
    return await make_person(Role.VIEWER, owner)
