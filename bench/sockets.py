"""Browser tabs without a browser: the event socket as the product's own pages speak it (WebSocket, Engine.IO 4, Socket.IO 5), applying what
comes to a copy of the page's state. As a program: many tabs at once, measuring how late each of them is."""

from __future__ import annotations

import asyncio
import base64
import bisect
import json
import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import uvloop
from redis.asyncio import Redis

NAMESPACE = "/_event"
HYDRATE = "reflex___state____state.hydrate_and_load"
LIST_PAGE = "/dashboard/auto-engagement/executions"
READY_SECONDS = 60.0


class Tab(asyncio.Protocol):
    """One tab on one page. `state` is what it was sent, by the state's full name; `heard` is called after each change with what came."""

    def __init__(self, path: str, cookie: str, heard: Callable[[Tab, dict[str, Any]], None] | None = None, token: str = "") -> None:
        self.path, self.cookie, self.heard = path, cookie, heard
        self.token = token or str(uuid4())
        self.state: dict[str, dict[str, Any]] = {}
        self.messages = self.bytes = 0
        self.ready = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()
        self._buffer, self._upgraded = bytearray(), False
        self._transport: asyncio.Transport | None = None

    async def open(self, port: int) -> Tab:
        """Connect, and wait until the page has loaded. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET {NAMESPACE}/?EIO=4&transport=websocket&token={self.token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nCookie: {self.cookie}\r\n\r\n"
        )
        assert self._transport is not None
        self._transport.write(head.encode())
        async with asyncio.timeout(READY_SECONDS):
            await self.ready
        return self

    def var(self, name: str, of: str = "") -> Any:
        """The newest value of a var of the state whose name ends so (without one: of any that has the var); None if it was not sent."""
        key = f"{name}_rx_state_"
        return next((held[key] for state, held in self.state.items() if key in held and state.endswith(of)), None)

    def send(self, handler: str, **payload: Any) -> None:
        """Call a handler by its full name."""
        self._text(f"42{NAMESPACE},{json.dumps(['event', self._event(handler, payload)])}")

    def close(self) -> None:
        """Go away without a word, as a closed laptop does."""
        if self._transport is not None:
            self._transport.abort()

    def _event(self, handler: str, payload: dict[str, Any]) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        asked = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        return {"name": handler, "payload": payload, "router_data": {"pathname": path, "asPath": self.path, "query": asked}}

    def _text(self, text: str) -> None:
        data = text.encode()
        length = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
        assert self._transport is not None
        self._transport.write(b"\x81" + length + b"\0\0\0\0" + data)  # a mask of zeros leaves the text as it is

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("the socket was closed while the page loaded"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:end]:
                raise ConnectionError(f"refused: {bytes(self._buffer[:end])!r}")
            del self._buffer[: end + 4]
            self._upgraded = True
        while (frame := self._frame()) is not None:
            self._packet(*frame)

    def _frame(self) -> tuple[int, str] | None:
        held = self._buffer
        if len(held) < 2:
            return None
        at, length = 2, held[1] & 0x7F
        if length == 126:
            at, length = 4, int.from_bytes(held[2:4], "big")
        elif length == 127:
            at, length = 10, int.from_bytes(held[2:10], "big")
        if len(held) < at + length:
            return None
        kind, text = held[0] & 0x0F, held[at : at + length].decode(errors="replace")
        del held[: at + length]
        return kind, text

    def _packet(self, kind: int, text: str) -> None:
        if kind != 1:
            return
        if text[0] == "0":
            self._text(f"40{NAMESPACE},{json.dumps({'event': self._event(HYDRATE, {})})}")
        elif text[0] == "2":
            self._text("3")
        elif text.startswith(f"42{NAMESPACE},"):
            self.messages += 1
            self.bytes += len(text)
            name, *arguments = json.loads(text[text.index("[") :])
            if name == "event":
                self._update(arguments[0])

    def _update(self, update: dict[str, Any]) -> None:
        delta = update.get("delta", {})
        for state, changes in delta.items():
            self.state.setdefault(state, {}).update(changes)
        if self.heard is not None:
            self.heard(self, delta)
        if not self.ready.done() and self.var("is_hydrated") and self.messages > 1:
            self.ready.set_result(self)


class Lateness:
    """For each watcher and each execution: from the news of it until the watcher shows it, or a newer one. Ids grow with time."""

    def __init__(self) -> None:
        self.news: list[tuple[str, float]] = []
        self.seconds: list[float] = []
        self._known: set[str] = set()
        self._shown: dict[object, str] = {}

    def told(self, execution_id: str, at: float) -> None:
        """There was news of an execution; only the first counts."""
        if execution_id not in self._known:
            self._known.add(execution_id)
            bisect.insort(self.news, (execution_id, at))

    def shows(self, watcher: object, newest: str, at: float) -> None:
        """A watcher shows this one, and none that is newer."""
        before = self._shown.get(watcher)
        if before is None or newest > before:
            self._shown[watcher] = newest
            if before is not None:
                first, end = bisect.bisect_right(self.news, (before, 9e99)), bisect.bisect_right(self.news, (newest, 9e99))
                self.seconds += [at - told for _, told in self.news[first:end]]


async def follow_news(redis_url: str, lateness: Lateness) -> None:
    """Note when executions are announced, as the web process hears it."""
    async with Redis.from_url(redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as subscription:
        await subscription.subscribe("autoflows:live")
        async for message in subscription.listen():
            now = time.time()
            for _, execution_id, _, _ in json.loads(message["data"]):
                if execution_id:
                    lateness.told(execution_id, now)


async def watch(port: int, redis_url: str, cookies: list[str], paths: list[str]) -> None:
    """Open a tab on each path, with the cookies in turn; say so; measure from the first line on standard input to the second."""
    lateness, measuring = Lateness(), False
    lists = 0

    def heard(tab: Tab, delta: dict[str, Any]) -> None:
        nonlocal lists
        for changes in delta.values():
            if measuring and (rows := changes.get("rows_rx_state_")):
                lists += 1
                lateness.shows(tab, max(row["id"] for row in rows), time.time())

    tabs: list[Tab] = []
    for number, path in enumerate(paths):
        tabs.append(await Tab(path, cookies[number % len(cookies)], heard).open(port))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    news = asyncio.create_task(follow_news(redis_url, lateness))
    print("open", flush=True)
    await lines.readline()
    measuring, began = True, time.monotonic()
    messages, size = sum(tab.messages for tab in tabs), sum(tab.bytes for tab in tabs)
    await lines.readline()
    seconds = time.monotonic() - began
    news.cancel()
    answer = {
        "seconds": lateness.seconds,
        "lists_per_second": lists / seconds,
        "messages_per_second": (sum(tab.messages for tab in tabs) - messages) / seconds,
        "bytes_per_second": (sum(tab.bytes for tab in tabs) - size) / seconds,
        "closed": sum(tab.closed.is_set() for tab in tabs),
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    uvloop.run(watch(asked["port"], asked["redis_url"], asked["cookies"], asked["paths"]))
