"""The event socket as an attacker uses it: any handler, any arguments, with or without somebody's cookie. Spoken by hand (Engine.IO 4,
Socket.IO 5), because the product's own client would not send such things."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import BrowserContext, Page

from tests.e2e.conftest import Site

_OPEN = """
(token) => new Promise((resolve, reject) => {
  window.answers = [];
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/_event/?EIO=4&transport=websocket&token=${token}`);
  window.forged = socket;
  socket.onmessage = ({ data }) => {
    if (data[0] === "0") socket.send("40/_event,");
    else if (data === "2") socket.send("3");
    else if (data.startsWith("40/_event,")) resolve(true);
    else if (data.startsWith("42/_event,")) window.answers.push(data.slice(data.indexOf("[")));
  };
  socket.onerror = () => reject(new Error("the socket was refused"));
  setTimeout(() => reject(new Error("no answer to the handshake")), 8000);
})
"""


def packet(handler: str, path: str, payload: dict[str, Any]) -> str:
    """A call of a handler by its full name, as the socket carries it."""
    event = {"name": handler, "payload": payload, "router_data": {"pathname": path, "asPath": path, "query": {}}}
    return "42/_event," + json.dumps(["event", event])


class ForgedSocket:
    """One socket in a blank page of the site, with that browser context's cookies."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.path = "/dashboard"
        """The page that it says it shows."""

    async def send(self, handler: str, **payload: Any) -> None:
        """Call a handler by its full name."""
        await self._page.evaluate("(text) => window.forged.send(text)", packet(handler, self.path, payload))

    async def answers(self) -> str:
        """Everything the server sent so far, as text."""
        return "\n".join(await self._page.evaluate("window.answers"))

    async def settle(self, *, told: str = "") -> None:
        """Wait until the server has `told` this and then has said nothing new for a while. Times out if it never does."""
        if told:
            await self._page.wait_for_function("(told) => window.answers.some((answer) => answer.includes(told))", arg=told, timeout=20_000)
        before = -1
        while before != (before := await self._page.evaluate("window.answers.length")):
            await self._page.wait_for_timeout(600)


async def forged_socket(site: Site, context: BrowserContext, token: str) -> ForgedSocket:
    """A socket that presents `token` as its tab."""
    page = await context.new_page()
    await page.goto(f"{site.url}/favicon.svg")
    await page.evaluate(_OPEN, token)
    return ForgedSocket(page)
