"""The flow list in a browser: put in order by mouse, finger and keyboard, labelled, searched, switched in bulk, archived."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, Person, make_person
from tests.e2e.flow_world import World, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"


async def make_flows(owner: Person, *names: str) -> World:
    """Enabled flows in this order."""
    world = await make_world(owner)
    for name in names:
        await make_flow(owner, name, world)
    return world


def names_of(page: Page) -> Locator:
    """The flows' names in the order of the page."""
    return page.get_by_role("list", name="Flows by priority").get_by_role("heading")


async def order_of(page: Page) -> list[str]:
    """The flows' names as one sees them, from top to bottom."""
    seen = [((await h.bounding_box() or {"y": 0})["y"], await h.inner_text()) for h in await names_of(page).all()]
    return [name for _, name in sorted(seen)]


async def centre(page: Page, name: str) -> tuple[float, float]:
    """Where a flow's handle is."""
    box = await page.get_by_role("button", name=f"Drag {name}", exact=True).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def test_drag_with_the_mouse_and_undo(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    page = await open_page(owner, FLOWS)
    (x, y), (_, end) = await centre(page, "First"), await centre(page, "Third")
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + 20, steps=4)
    await page.mouse.move(x, end + 10, steps=12)
    await expect(page.get_by_text("This move changes 0 of the last 30 days' 0 leads.")).to_be_visible()
    await page.mouse.up()
    await expect(names_of(page)).to_have_text(["Second", "Third", "First"])
    await expect(page.get_by_text("The order was changed. This move changes")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])
    assert await order_of(page) == ["First", "Second", "Third"]
    await page.reload()
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])


async def test_drag_with_the_keyboard(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    page = await open_page(owner, FLOWS)
    handle = page.get_by_role("button", name="Drag Third")
    await handle.focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text("Third is lifted. It is at place 3 of 3.")).to_be_attached()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_text("Third would be at place 2 of 3.")).to_be_attached()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_text("Third would be at place 1 of 3.")).to_be_attached()
    await page.keyboard.press("Space")
    await expect(names_of(page)).to_have_text(["Third", "First", "Second"])
    await expect(handle).to_be_focused()  # to go on
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Escape")
    assert await order_of(page) == ["Third", "First", "Second"]


async def test_drag_with_a_finger(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second")
    page = await open_page(owner, FLOWS, width=390)
    (x, y), (_, end) = await centre(page, "First"), await centre(page, "Second")
    touch = await page.context.new_cdp_session(page)

    async def finger(kind: str, at: float | None = None) -> None:
        points = [] if at is None else [{"x": x, "y": at}]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await finger("touchStart", y)
    for step in range(1, 13):
        await finger("touchMove", y + (end - y + 20) * step / 12)
    await finger("touchEnd")
    await expect(names_of(page)).to_have_text(["Second", "First"])
