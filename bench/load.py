"""Posting leads: plain HTTP/1.1 over kept-alive sockets, so that the client costs little beside what it measures."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count


@dataclass
class Posted:
    """What became of the posts: sent and answered wall-clock times by phone (without plus), and the seconds each answer took."""

    sent: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    refused: int = 0


_numbers = count(1)


def phones(amount: int) -> Iterator[str]:
    """Indian mobile numbers that were not given out before in this process."""
    for _ in range(amount):
        yield f"9198{next(_numbers):08d}"


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def post(self, phone: str, posted: Posted) -> None:
        body = json.dumps({"name": "Asha Patel", "phone": f"+{phone}", "lead_source": "Bench", "external_id": phone}).encode()
        head = f"POST /api/contacts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
        started = time.time()
        self.reader, line = await self._ask(head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        status = int(line.split()[1])
        length = 0
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        await self.reader.readexactly(length)
        now = time.time()
        posted.took.append(now - started)
        posted.sent[phone] = started
        if status == 202:
            posted.answered[phone] = now
        else:
            posted.refused += 1

    async def _ask(self, request: bytes) -> tuple[asyncio.StreamReader, bytes]:
        """The first line of the answer. A connection that the server closed while it was idle is opened anew."""
        while True:
            is_new = self.writer is None
            if self.writer is None or self.reader is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.writer.write(request)
            if (line := await self.reader.readline()) or is_new:
                return self.reader, line
            self.writer.close()
            self.writer = None

    async def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            await self.writer.wait_closed()


async def burst(port: int, token: str, amount: int, connections: int = 16) -> tuple[Posted, float]:
    """Post so many leads as fast as the connections allow; the seconds it took."""
    posted, numbers = Posted(), phones(amount)

    async def one(client: Client) -> None:
        for phone in numbers:
            await client.post(phone, posted)
        await client.close()

    started = time.perf_counter()
    await asyncio.gather(*(one(Client(port, token)) for _ in range(connections)))
    return posted, time.perf_counter() - started


async def steady(port: int, token: str, rate: float, seconds: float) -> Posted:
    """Post leads at a fixed rate, each at its own time whether or not the ones before were answered."""
    posted = Posted()
    idle: list[Client] = []
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def one(phone: str) -> None:
        client = idle.pop() if idle else Client(port, token)
        await client.post(phone, posted)
        idle.append(client)

    tasks = []
    for number, phone in enumerate(phones(int(rate * seconds))):
        await asyncio.sleep(max(started + number / rate - loop.time(), 0))
        tasks.append(asyncio.create_task(one(phone)))
    await asyncio.gather(*tasks)
    for client in idle:
        await client.close()
    return posted
