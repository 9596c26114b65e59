"""The bell: a fault appears in an open browser by itself, is read, and goes by itself when it is mended."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
from autoflows.models import Channel
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, Person, Site, make_person, ready, signed_in, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

DOWN = "Channel 'Voice' does not work"
NOTIFICATIONS = "/dashboard/notifications"


async def a_channel(person: Person, name: str = "Voice", **state: Any) -> None:
    async with open_session() as session:
        session.add(Channel(user_id=person.account_id, provider="smtp", name=name, credentials="-", webhook_secret=str(uuid4()), **state))


async def set_status(person: Person, status: str, detail: str = "") -> None:
    pool = await get_pool()
    await pool.execute("UPDATE channels SET status = $2, status_detail = $3 WHERE user_id = $1", person.account_id, status, detail)


async def is_told(person: Person) -> bool:
    pool = await get_pool()
    return bool(await pool.fetchval("SELECT count(*) FROM notifications WHERE user_id = $1", person.account_id))


async def test_a_fault_appears_by_itself_is_read_and_resolves_by_itself(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    await a_channel(owner, status="active")
    page = await open_page(owner, "/dashboard/leads")
    bell = page.get_by_role("button", name="Notifications, none unread").locator("visible=true")
    await bell.click()
    panel = page.get_by_role("dialog", name="Notifications")
    await expect(panel).to_contain_text("Nothing is amiss")
    await page.keyboard.press("Escape")
    home = await open_page(owner, "/dashboard")

    await set_status(owner, "error", "Refused for +919876500001")
    bell = page.get_by_role("button", name="Notifications, 1 unread").locator("visible=true")
    await expect(bell).to_be_visible()
    toast = page.locator("[data-sonner-toast]")
    await expect(toast).to_contain_text(DOWN)
    await expect(home.locator("main")).to_contain_text(DOWN)
    await expect(home.get_by_role("button", name="Notifications, 1 unread").locator("visible=true")).to_be_visible()

    await bell.focus()
    await page.keyboard.press("Enter")
    await expect(panel).to_contain_text("Refused for +919876500001")
    await panel.get_by_role("link", name="All notifications").click()
    await expect(page.get_by_role("heading", level=1, name="Notifications")).to_be_visible()
    standing = page.get_by_role("list", name="Open notifications")
    await expect(standing.get_by_role("listitem")).to_have_count(1)
    await expect(standing).to_contain_text("Error")
    await standing.get_by_role("button", name=f"Mark as read: {DOWN}").click()
    await expect(page.get_by_role("button", name="Notifications, none unread").locator("visible=true")).to_be_visible()
    await expect(home.get_by_role("button", name="Notifications, none unread").locator("visible=true")).to_be_visible()
    await expect(standing.get_by_role("link", name=DOWN)).to_have_attribute("href", "/dashboard/channels")

    await set_status(owner, "active")
    await expect(page.get_by_role("list", name="Resolved notifications")).to_contain_text(DOWN)
    await expect(page.get_by_text("Nothing is amiss")).to_be_visible()
    await expect(home.locator("main")).to_contain_text("Nothing needs you")


async def test_what_was_there_when_the_tab_opened_is_no_news_and_a_reload_tells_nothing_twice(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    await a_channel(owner, "old", status="error")
    await until(lambda: is_told(owner), "the watch tells of the channel", 20)
    page = await open_page(owner, NOTIFICATIONS)
    await expect(page.get_by_role("button", name="Notifications, 1 unread").locator("visible=true")).to_be_visible()
    assert await page.locator("[data-sonner-toast]").count() == 0
    await a_channel(owner, "new", status="error")
    await expect(page.locator("[data-sonner-toast]")).to_contain_text("Channel 'new' does not work", timeout=15_000)
    await page.reload()
    await ready(page)
    await expect(page.get_by_role("list", name="Open notifications").get_by_role("listitem")).to_have_count(2)
    assert await page.locator("[data-sonner-toast]").count() == 0
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_role("button", name="Notifications, none unread").locator("visible=true")).to_be_visible()


async def test_leads_that_are_stuck_are_on_the_home_page(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    async with signed_in(site, owner) as client:
        assert (await client.post("/api/contacts", json={"phone": "+919876500150"})).status_code == 202
    page = await open_page(owner, "/dashboard")
    await expect(page.locator("#unaccounted")).to_have_text("0")
    pool = await get_pool()
    await pool.execute("UPDATE lead_events SET due_at = now() - interval '2 minutes' WHERE user_id = $1", owner.account_id)
    await expect(page.locator("#stuck")).to_have_text("1", timeout=20_000)  # a slow look is followed by a long rest
    await expect(page.locator("main")).to_contain_text("1 lead waits to be matched for too long")
    await expect(page.locator("main")).to_contain_text("No worker is running")  # nor is there one in this test
    await pool.execute("UPDATE lead_events SET disposition = 'no_match', due_at = NULL WHERE user_id = $1", owner.account_id)
    await expect(page.get_by_text("Every lead is accounted for")).to_be_visible()


async def test_a_viewer_sees_no_address(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    viewer = await make_person(Role.VIEWER, owner)
    await a_channel(owner, status="error", status_detail="Refused for +919876500001")
    page = await open_page(viewer, NOTIFICATIONS, width=390)
    await expect(page.get_by_role("list", name="Open notifications")).to_contain_text("Refused for +91••••••••01")
    await page.get_by_role("button", name=re.compile("^Notifications, 1 unread")).locator("visible=true").click()
    await expect(page.get_by_role("dialog", name="Notifications")).to_contain_text("Refused for +91••••••••01")
    assert "9876500001" not in await page.content()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
