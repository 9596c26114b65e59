"""Connecting providers through the browser, against the sandbox."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from autoflows.sandbox.world import BOLNA_KEY
from tests.e2e.conftest import OpenPage, Sandbox, make_person, ready

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


async def fill_bolna(page: Page, sandbox: Sandbox, key: str) -> None:
    await page.get_by_role("button", name="Connect a channel").first.click()
    await page.locator("button.af-choice", has_text="AI voice calls").click()
    await page.get_by_label("Name", exact=True).fill("Front desk")
    await page.get_by_label("API key").fill(key)
    await page.get_by_text("More settings").click()
    await page.get_by_label("API address").fill(f"{sandbox.url}/bolna")
    await page.get_by_role("button", name="Save and check").click()


async def test_connect_check_and_sync(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = await open_page(await make_person(), "/dashboard/channels")
    await expect(page.get_by_role("heading", name="No channel yet")).to_be_visible()
    await fill_bolna(page, sandbox, BOLNA_KEY)
    card = page.get_by_role("region", name="Front desk")
    await expect(card.get_by_text("Working")).to_be_visible()
    await expect(card.get_by_text("Signed in as Sandbox")).to_be_visible()
    await expect(card.locator("code")).to_contain_text("/api/webhooks/bolna/")
    assert BOLNA_KEY not in await page.content()

    await card.get_by_role("button", name="Sync").click()
    await expect(page.get_by_text("2 voice agents (2 new, 0 gone)")).to_be_visible()
    await page.get_by_role("link", name="Templates").click()
    await ready(page)
    await page.get_by_role("tab", name="Voice agents").click()
    await expect(page.get_by_role("table", name="Items")).to_contain_text("Welcome call")

    await page.goto(page.url.replace("/templates", "/channels"))
    await ready(page)
    await card.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("API key")).to_have_value("")
    await expect(page.get_by_label("API key")).to_have_attribute("placeholder", "Saved. Leave empty to keep it.")
    await page.get_by_label("Name", exact=True).fill("Reception")
    await page.get_by_role("button", name="Save and check").click()
    renamed = page.get_by_role("region", name="Reception")
    await expect(renamed.get_by_text("Working")).to_be_visible()  # the key was kept

    await renamed.get_by_role("button", name="Remove Reception").click()
    await page.get_by_role("button", name="Remove the channel").click()
    await expect(page.get_by_role("heading", name="No channel yet")).to_be_visible()


async def test_a_wrong_key_shows_at_once(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = await open_page(await make_person(), "/dashboard/channels")
    await fill_bolna(page, sandbox, "not-the-key")
    card = page.get_by_role("region", name="Front desk")
    await expect(card.get_by_text("Needs attention")).to_be_visible()
    await expect(card.get_by_text("refused the API key")).to_be_visible()


async def test_a_wrong_address_is_named_beside_its_field(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = await open_page(await make_person(), "/dashboard/channels")
    await fill_bolna(page, Sandbox("not an address", 0), BOLNA_KEY)
    await expect(page.locator('[id="settings/base_url-error"]')).to_contain_text("must be a web address", ignore_case=True)
