"""What a person does with a mouse, a finger and the keyboard, and the connection that is lost meanwhile."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.forged import packet

REST_MS = 400
"""How long a hand rests where it drops something."""


async def _centre(target: Locator) -> tuple[float, float]:
    box = await target.bounding_box()
    assert box is not None, f"{target} cannot be seen"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def lift(page: Page, handle: Locator) -> None:
    """Take a handle with the mouse, once it stands still."""
    await handle.hover()
    x, y = await _centre(handle)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + 12, steps=4)
    await page.wait_for_timeout(REST_MS / 4)


async def carry(page: Page, target: Locator) -> None:
    """Carry what was lifted onto another row."""
    x, y = await _centre(target)
    await page.mouse.move(x, y + 8, steps=12)
    await page.wait_for_timeout(REST_MS)


async def drag(page: Page, handle: Locator, target: Locator) -> None:
    """Take a handle with the mouse and drop it on another."""
    await lift(page, handle)
    await carry(page, target)
    await page.mouse.up()


async def drag_with_finger(page: Page, handle: Locator, target: Locator) -> None:
    """Press a handle with a finger, pull it onto another and let go."""
    (x, y), (_, end) = await _centre(handle), await _centre(target)
    touch = await page.context.new_cdp_session(page)

    async def finger(kind: str, at: float | None = None) -> None:
        points = [] if at is None else [{"x": x, "y": at}]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await finger("touchStart", y)
    for step in range(1, 13):
        await finger("touchMove", y + (end - y + (20 if end > y else -20)) * step / 12)
    await page.wait_for_timeout(REST_MS)
    await finger("touchEnd")
    await touch.detach()


async def tab_to(page: Page, target: Locator, *, back: bool = False, at_most: int = 40) -> None:
    """Press Tab, or Shift+Tab, until the focus is there."""
    for _ in range(at_most):
        if await target.count() and await target.first.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab never came to {target}")


async def pick_by_keys(page: Page, option: str) -> None:
    """Open the select that has the focus, and walk to one of its options."""
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("listbox")).to_be_visible()
    chosen = page.locator("[role=option][data-highlighted]")
    await expect(chosen).to_have_count(1)
    await page.keyboard.press("Home")
    for _ in range(20):
        if option in await chosen.inner_text():
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("listbox")).to_have_count(0)
            return
        await page.keyboard.press("ArrowDown")
    raise AssertionError(f"there is no {option!r} in the list")


class Cable:
    """The event socket of a page, in the middle of which one can send what the page would not, and lose what it does."""

    def __init__(self) -> None:
        self._open: list[tuple[WebSocketRoute, WebSocketRoute]] = []

    async def lead_through(self, page: Page) -> None:
        """Every socket that the page opens from now on; load it again afterwards."""
        await page.route_web_socket(re.compile("/_event"), self._connect)

    async def _connect(self, browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        ends = (browser, server)
        browser.on_message(lambda message: server.send(message) if ends in self._open else None)
        server.on_message(lambda message: browser.send(message) if ends in self._open else None)
        self._open.append(ends)

    def forge(self, handler: str, path: str, **payload: Any) -> None:
        """Send what the page never would, as the page itself."""
        self._open[-1][1].send(packet(handler, path, payload))

    def go_dead(self) -> None:
        """Lose without a word what is sent either way from now on, as after a laptop woke in another network. Another attempt connects."""
        self._open.clear()
