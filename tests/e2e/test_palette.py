"""The command palette and the shortcuts, without a mouse."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from autoflows.domain.permissions import Role
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import make_execution, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"


async def test_go_anywhere_by_keyboard(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Hot leads <b>now</b>", await make_world(owner))
    await make_execution(owner, flow, "Asha Rao", "+919876543210")
    page = await open_page(owner, "/dashboard")
    await page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Pages, flows, contacts, actions")
    await expect(box).to_be_focused()
    await page.keyboard.type("hot le")
    await expect(page.get_by_role("option", name="Hot leads <b>now</b>")).to_be_visible()
    await box.fill("98765 43210")
    found = page.get_by_role("option", name="Asha Rao")
    await expect(found).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/dashboard/contacts/*")
    await ready(page)
    await page.keyboard.press("Control+k")
    await expect(box).to_have_value("")
    await expect(page.get_by_role("option", name="Asha Rao")).to_have_count(0)
    await page.keyboard.type("new flow")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/gallery**")
    await ready(page)


async def test_shortcuts_of_a_page(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flow(owner, "First", await make_world(owner))
    page = await open_page(owner, FLOWS)
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog.get_by_text("Move a flow")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="Search flows")
    await expect(box).to_be_focused()
    await page.keyboard.type("what/ever?")  # in a field they are letters
    await expect(box).to_have_value("what/ever?")
    await expect(dialog).to_have_count(0)


async def test_a_viewer_is_offered_what_they_may_do(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flow(owner, "First", await make_world(owner))
    page = await open_page(await make_person(Role.VIEWER, owner), FLOWS)
    await page.get_by_role("button", name="Go to or do").click()
    await expect(page.get_by_role("option", name="Leads")).to_be_visible()
    for name in ("New flow", "Kill switch", "Import a flow"):
        await expect(page.get_by_role("option", name=name)).to_have_count(0)
