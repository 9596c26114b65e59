"""The web process as it is deployed, a sandbox world and a browser, once per session. Tests make accounts of their own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from autoflows.domain.permissions import Role
from autoflows.embedded import frontend, web
from autoflows.embedded.valkey import Valkey, free_port
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
expect.set_options(timeout=15_000)  # a page that is slow because another test draws beside it is no fault


@dataclass(frozen=True)
class Site:
    """Where the web process answers, and where it writes what it says."""

    url: str
    log: Path


@dataclass(frozen=True)
class Sandbox:
    """Where the providers' stand-ins answer."""

    url: str
    smtp_port: int


@contextmanager
def running(command: tuple[str, ...], ready_url: str, log: Path, environment: dict[str, str]) -> Iterator[None]:
    """One program, from when it answers until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 90
        while not _answers(ready_url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command} did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.1)
        yield
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children; one that was still starting may not listen to a polite request."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def environment_of(database: str, redis: str, port: int) -> dict[str, str]:
    """The settings of a web process on this port."""
    return {
        "AUTOFLOWS_DATABASE_URL": database,
        "AUTOFLOWS_REDIS_URL": redis,
        "AUTOFLOWS_SECRET_KEY": "only for tests",
        "AUTOFLOWS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "AUTOFLOWS_ALLOW_PRIVATE_NETWORK": "1",
        "AUTOFLOWS_WATCH_SECONDS": "1",
    }


@contextmanager
def serving(settings: dict[str, str], port: int, log: Path) -> Iterator[Site]:
    """A web process with its built frontend and the REST API on one port."""
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, **web.ENVIRONMENT, **settings, "PORT": str(port), "PYTHONPATH": str(web.SOURCE)}
    with running(web.arguments(host="127.0.0.1", port=port), f"{url}/ping", log, environment):
        yield Site(url, log)


@pytest.fixture(scope="session")
def site(database_server: DatabaseServer, valkey_server: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web process that most tests share; this process sees the same database."""
    frontend.ensure_built(print)
    port = free_port()
    with database_server.database() as database, pytest.MonkeyPatch.context() as patch:
        settings = environment_of(database, valkey_server.url, port)
        for name, value in settings.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        with serving(settings, port, tmp_path_factory.mktemp("web") / "web.log") as site:
            yield site
        get_settings.cache_clear()


@pytest.fixture
def new_site(database_server: DatabaseServer, valkey_server: Valkey, tmp_path: Path) -> Iterator[Site]:
    """A web process of this test's own, over a database that nobody has used yet."""
    frontend.ensure_built(print)
    port = free_port()
    with (
        database_server.database() as database,
        serving(environment_of(database, valkey_server.url, port), port, tmp_path / "web.log") as site,
    ):
        yield site


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The world to try things in, as a program of its own."""
    port, smtp_port = free_port(), free_port()
    command = (sys.executable, "-m", "autoflows.cli", "sandbox", "--port", str(port), "--smtp-port", str(smtp_port))
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/", tmp_path_factory.mktemp("sandbox") / "sandbox.log", {**os.environ, "PYTHONPATH": str(web.SOURCE)}):
        yield Sandbox(url, smtp_port)


@pytest.fixture(scope="session")
async def chromium(site: Site) -> AsyncIterator[Browser]:
    """One browser for all tests; each page has a context, so cookies, of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
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


@asynccontextmanager
async def signed_in(site: Site, person: Person) -> AsyncIterator[httpx.AsyncClient]:
    """A REST client with the person's session cookie."""
    async with httpx.AsyncClient(base_url=site.url, headers={"X-Requested-With": "test"}, trust_env=False) as client:
        (await client.post("/api/login", json={"email": person.email, "password": PASSWORD})).raise_for_status()
        yield client


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_page(site: Site, chromium: Browser) -> AsyncIterator[OpenPage]:
    """`await open_page(person, "/dashboard")`: a signed-in page that is ready. An uncaught error of a page fails the test.

    Options: `width` in pixels, `dark`, and `at` for another site than the shared one. Without a person nobody is signed in, and the
    page may still be on its way.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    async def open_one(person: Person | None, path: str, *, width: int = 1440, dark: bool = False, at: Site = site) -> Page:
        context = await chromium.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
        contexts.append(context)
        if person is not None:
            async with signed_in(at, person) as client:
                await context.add_cookies([{"name": name, "value": value, "url": at.url} for name, value in client.cookies.items()])
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(at.url + path)
        if person is not None:
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
