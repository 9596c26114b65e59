"""The web process as it is deployed, a browser, and people to use it: once per session. Tests make accounts of their own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from autoflows.domain.permissions import Role
from autoflows.embedded import frontend, web
from autoflows.embedded.valkey import Valkey
from autoflows.engine.broker import close_redis
from autoflows.engine.pool import close_pool
from autoflows.models.database import dispose_engine, open_session
from autoflows.services.users import create_user
from autoflows.settings import get_settings
from tests.servers import DatabaseServer

PASSWORD = "a long enough password"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
"""The system's own browser if there is one, else the one Playwright has installed."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Site:
    """Where the web process answers, and where it writes what it says."""

    url: str
    log: Path


@pytest.fixture(scope="session")
def site(database_server: DatabaseServer, valkey_server: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The built frontend and the REST API on one port, over a database and broker of the session's own."""
    frontend.ensure_built(print)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("web") / "web.log"
    with database_server.database() as database, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOFLOWS_DATABASE_URL", database)
        patch.setenv("AUTOFLOWS_REDIS_URL", valkey_server.url)
        patch.setenv("AUTOFLOWS_SECRET_KEY", "only for tests")
        patch.setenv("AUTOFLOWS_PUBLIC_URL", url)
        get_settings.cache_clear()
        environment = {**os.environ, **web.ENVIRONMENT, "PORT": str(port), "PYTHONPATH": str(web.SOURCE)}
        with log.open("wb") as output:
            process = subprocess.Popen(
                web.arguments(host="127.0.0.1", port=port),
                cwd=log.parent,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait(url, process, log)
            yield Site(url, log)
        finally:
            _stop(process)
            get_settings.cache_clear()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its worker; one that was still starting may not listen to a polite request."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"The web process did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
async def chromium(site: Site) -> AsyncIterator[Browser]:
    """One browser for all tests; each page has a context, so cookies, of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()
    await close_pool()
    await close_redis()
    await dispose_engine()


@dataclass(frozen=True)
class Person:
    """Someone with a password."""

    email: str
    user_id: UUID
    account_id: UUID


async def make_person(role: Role = Role.OWNER, owner: Person | None = None) -> Person:
    """A new owner with an account of their own, or a member of an owner's."""
    email = f"{role}{next(_numbers)}@example.com"
    async with open_session() as session:
        user = await create_user(
            session, email=email, password=PASSWORD, role=role, owner_email=owner.email if owner else None, name=f"Test {role}"
        )
        return Person(email, user.id, user.account_id)


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_page(site: Site, chromium: Browser) -> AsyncIterator[OpenPage]:
    """`await open_page(person, "/dashboard")`: a signed-in page that is ready. A console error of the page fails the test."""
    contexts, errors = [], []

    async def open_one(person: Person, path: str, *, width: int = 1440, dark: bool = False) -> Page:
        async with httpx.AsyncClient(base_url=site.url, headers={"X-Requested-With": "test"}) as client:
            answer = await client.post("/api/login", json={"email": person.email, "password": PASSWORD})
            answer.raise_for_status()
            cookies = [{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()]
        context = await chromium.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
        contexts.append(context)
        await context.add_cookies(cookies)  # type: ignore[arg-type]
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(site.url + path)
        await ready(page)
        return page

    yield open_one
    for context in contexts:
        await context.close()
    assert not errors


async def ready(page: Page) -> None:
    """Wait until the page's events work and it has its data."""
    await page.wait_for_selector('main[data-ready="true"]')


async def until(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 5.0) -> None:
    """Wait for something that is not in the page, such as a row."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s: {what}")
