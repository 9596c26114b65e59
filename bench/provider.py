"""A provider that only counts: it answers WhatsApp requests as fast as asyncio can and notes when each person was first asked for.

Runs in a process of its own, so that its cost is not mistaken for the product's. `GET /counts` tells what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections import Counter
from typing import Any, cast

import uvloop


class Counts:
    """Requests by attempt id and by person; `first` is the wall-clock time of a person's first request."""

    def __init__(self) -> None:
        self.by_attempt: Counter[str] = Counter()
        self.by_person: Counter[str] = Counter()
        self.first: dict[str, float] = {}
        self.last = 0.0

    def add(self, person: str, attempt: str) -> None:
        now = time.time()
        self.by_attempt[attempt] += 1
        self.by_person[person] += 1
        self.first.setdefault(person, now)
        self.last = now


class Protocol(asyncio.Protocol):
    """As much HTTP/1.1 as our own client speaks: content-length bodies on kept-alive connections."""

    def __init__(self, counts: Counts) -> None:
        self.counts, self.buffer = counts, b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode("latin-1")
            length = next((int(line.split(":")[1]) for line in head.split("\r\n")[1:] if line.lower().startswith("content-length:")), 0)
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.answer(head.split(" ", 2), body)

    def answer(self, line: list[str], body: bytes) -> None:
        counts = self.counts
        answer: dict[str, Any] = {}
        if line[0] == "POST" and line[1].endswith("/messages"):
            message = json.loads(body)
            counts.add(message["to"].lstrip("+"), message.get("biz_opaque_callback_data", ""))
            answer = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": f"wamid.{len(counts.by_attempt)}"}]}
        elif line[0] == "GET" and line[1] == "/counts":
            answer = {
                "requests": sum(counts.by_attempt.values()),
                "persons": dict(counts.by_person),
                "repeated": sum(1 for n in counts.by_attempt.values() if n > 1),
                "first": counts.first,
                "last": counts.last,
            }
        elif line[0] == "POST" and line[1] == "/reset":
            self.counts.__init__()  # type: ignore[misc]
        text = json.dumps(answer).encode()
        assert self.transport is not None
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))


async def _serve(port: int) -> None:
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(counts), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def ask(port: int, path: str = "/counts", method: str = "GET") -> dict[str, object]:
    """The provider's answer to one request."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, data=b"" if method == "POST" else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
