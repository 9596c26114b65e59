"""axe-core over every main page, in light and dark: no serious or critical fault."""

from __future__ import annotations

from typing import Any

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


async def faults(page: Page) -> list[str]:
    """The serious and critical ones, each with the first elements it is about."""
    await page.add_style_tag(content=STILL)  # a colour in the middle of its fade is not the colour
    await page.wait_for_timeout(150)
    found = (await Axe().run(page)).response["violations"]
    return [_told(page, one) for one in found if one["impact"] in ("serious", "critical")]


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_no_page_has_a_serious_fault(open_page: OpenPage, site: Site, dark: bool) -> None:
    owner = await furnished()
    page = await open_page(owner, "/dashboard", dark=dark)
    found = []
    for path in (*PAGES, *MORE):
        await page.goto(site.url + path)
        await ready(page)
        found += await faults(page)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_nor_has_what_lies_over_a_page(open_page: OpenPage, dark: bool) -> None:
    page = await open_page(await furnished(), "/dashboard/auto-engagement", dark=dark)
    found = []
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Pages, flows").fill("flow")
    found += await faults(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    found += await faults(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="More for First").click()
    found += await faults(page)
    await page.get_by_role("menuitem", name="Tags").click()
    found += await faults(page)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_nor_has_the_door_or_a_phone(open_page: OpenPage, dark: bool) -> None:
    door = await open_page(None, "/login", dark=dark)
    await door.get_by_role("button", name="Sign in").wait_for()
    phone = await open_page(await furnished(), "/dashboard/auto-engagement", dark=dark, width=390)
    found = [*await faults(door), *await faults(phone)]
    assert found == [], "\n".join(found)
