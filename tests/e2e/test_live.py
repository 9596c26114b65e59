"""A live page says whether it is live, and finds back by itself: nobody reloads it here."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect
from redis.asyncio import Redis

from autoflows.embedded import valkey
from autoflows.embedded.home import open_home
from autoflows.embedded.processes import stop
from autoflows.embedded.valkey import free_port
from autoflows.engine import live
from autoflows.models import Contact, Execution
from autoflows.models.database import open_session
from autoflows.settings import get_settings
from tests.e2e.conftest import OpenPage, Site, environment_of, make_person, serving
from tests.e2e.flow_world import make_execution, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

HERE = "/dashboard/auto-engagement/executions"


async def rename(execution: Execution, name: str) -> None:
    async with open_session() as session:
        await session.exec(sa.update(Contact).where(Contact.id == execution.contact_id).values(name=name))  # type: ignore[arg-type]


async def mark(page: Page) -> None:
    """Leave a sign that a reload would wipe away."""
    await page.evaluate("window.neverReloaded = true")


async def test_the_frame_says_live_where_the_page_moves(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), HERE)
    status = page.locator(".af-live")
    await expect(status).to_have_attribute("role", "status")
    await expect(status).to_have_text("Live")
    await page.get_by_role("link", name="Settings").first.click()
    await expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    await expect(status).to_have_text("")
    await page.go_back()
    await expect(status).to_have_text("Live")


async def test_a_restart_of_the_web_process_is_survived(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    owner = await make_person()
    execution = await make_execution(owner, await make_flow(owner, "Live", await make_world(owner)), "Asha Patel", "+919876500001")
    port = free_port()
    settings = environment_of(get_settings().database_url, get_settings().redis_url, port)
    with serving(settings, port, tmp_path / "web.log") as own:
        page = await open_page(owner, HERE, at=own)
        await mark(page)
        await expect(page.locator(".af-live")).to_have_text("Live")
    await expect(page.locator(".af-live")).to_have_text("Reconnecting…")
    await expect(page.get_by_text("Asha Patel")).to_be_visible()  # what was known stays on the page
    await rename(execution, "Ravi Kumar")
    with serving(settings, port, tmp_path / "web.log"):
        await expect(page.get_by_text("Ravi Kumar")).to_be_visible()
        await expect(page.locator(".af-live")).to_have_text("Live")
        await rename(execution, "Meera Shah")
        live.publish([live.LiveChange(execution.user_id, execution_id=execution.id)])
        await expect(page.get_by_text("Meera Shah")).to_be_visible()
        assert await page.evaluate("window.neverReloaded")


async def test_a_page_without_news_says_so_looks_by_itself_and_finds_back(
    site: Site, open_page: OpenPage, tmp_path: Path, new_home: Path
) -> None:
    owner = await make_person()
    execution = await make_execution(owner, await make_flow(owner, "Live", await make_world(owner)), "Asha Patel", "+919876500001")
    home = open_home(new_home)
    broker = valkey.locate(home.run, log=home.logs / "valkey.log")
    process = valkey.start(broker)
    port = free_port()
    try:
        with serving(environment_of(get_settings().database_url, broker.url, port), port, tmp_path / "web.log") as own:
            page = await open_page(owner, HERE, at=own)
            await mark(page)
            await expect(page.locator(".af-live")).to_have_text("Live")

            process.kill()
            process.wait()
            status = page.locator(".af-live")
            await expect(status).to_contain_text("Not live since ", timeout=15_000)
            await expect(status).to_contain_text("the news service is away; the page refreshes every 5 seconds.")
            await rename(execution, "Ravi Kumar")
            await expect(page.get_by_text("Ravi Kumar")).to_be_visible(timeout=12_000)

            process = valkey.start(broker)
            await expect(status).to_have_text("Live", timeout=15_000)
            await rename(execution, "Meera Shah")
            async with Redis.from_url(broker.url) as client:
                await client.publish(live.CHANNEL, json.dumps([[str(execution.user_id), str(execution.id), None, "execution"]]))
            await expect(page.get_by_text("Meera Shah")).to_be_visible()
            assert await page.evaluate("window.neverReloaded")
    finally:
        stop(process, signal.SIGTERM, 5.0)
