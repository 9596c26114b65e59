"""axe-core over every main page, in light and dark: no serious or critical fault."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage, Person, Site, make_person, ready
from tests.e2e.flow_world import make_execution, make_flow, make_world
from tests.e2e.test_pages import PAGES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180, func_only=True)]

MORE = (
    "/dashboard/auto-engagement/gallery",
    "/dashboard/auto-engagement/gallery?template=whatsapp-first",
    "/dashboard/auto-engagement/import",
)
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; }"


async def faults(page: Page, *rules: str) -> list[str]:
    """The serious and critical ones, of all rules or of these, each with the first elements it is about."""
    await page.add_style_tag(content=STILL)  # a colour in the middle of its fade is not the colour
    await page.wait_for_timeout(150)
    found = (await Axe().run(page, options={"runOnly": list(rules)} if rules else {})).response["violations"]
    return [_told(page, one) for one in found if one["impact"] in ("serious", "critical")]


async def faults_in_both(page: Page) -> list[str]:
    """The faults in light, and those of the colours in dark as well, for nothing else differs."""
    found = await faults(page)
    await _turn(page, "dark")
    found += await faults(page, "color-contrast")
    await _turn(page, "light")
    return found


async def _turn(page: Page, scheme: Literal["dark", "light"]) -> None:
    await page.emulate_media(color_scheme=scheme)
    await expect(page.locator("html")).to_have_class(re.compile(rf"\b{scheme}\b"))


def _told(page: Page, fault: dict[str, Any]) -> str:
    where = "; ".join(f"{node['html'][:110]} {node['failureSummary'][24:150]}" for node in fault["nodes"][:6])
    return f"{page.url}: {fault['id']}, {len(fault['nodes'])} times: {where}"


async def furnished() -> Person:
    """An owner with flows, one of them broken, and a run."""
    owner = await make_person()
    world = await make_world(owner)
    flow = await make_flow(owner, "First", world)
    await make_flow(owner, "Second", world)
    await make_execution(owner, flow, "Asha", "+919876543210")
    return owner


async def test_no_page_has_a_serious_fault(open_page: OpenPage, site: Site) -> None:
    owner = await furnished()
    page = await open_page(owner, "/dashboard")
    found = []
    for path in (*PAGES, *MORE):
        await page.goto(site.url + path)
        await ready(page)
        found += await faults_in_both(page)
    assert found == [], "\n".join(found)


async def test_nor_has_what_lies_over_a_page(open_page: OpenPage) -> None:
    page = await open_page(await furnished(), "/dashboard/auto-engagement")
    found = []
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Pages, flows").fill("flow")
    found += await faults_in_both(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    found += await faults_in_both(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="More for First").click()
    found += await faults_in_both(page)
    await page.get_by_role("menuitem", name="Tags").click()
    found += await faults_in_both(page)
    assert found == [], "\n".join(found)


async def test_nor_has_the_door_or_a_phone(open_page: OpenPage) -> None:
    door = await open_page(None, "/login")
    await door.get_by_role("button", name="Sign in").wait_for()
    phone = await open_page(await furnished(), "/dashboard/auto-engagement", width=390)
    found = [*await faults_in_both(door), *await faults_in_both(phone)]
    assert found == [], "\n".join(found)
