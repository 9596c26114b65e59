"""The generator of demo leads, against a web server that takes contacts as ours does."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
import pytest

from autoflows.sandbox.leads import OUTCOMES, SOURCES, demo_lead, generate
from tests.sandbox.fixtures import RawServer

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_leads_are_varied_people_with_usable_made_up_addresses() -> None:
    rng = random.Random(1)
    leads = [demo_lead(number, rng, NOW) for number in range(3_000)]
    assert len({lead["phone"] for lead in leads}) == len(leads)
    assert len({lead["external_id"] for lead in leads}) == len(leads)
    assert len({lead["email"] for lead in leads}) == len(leads)
    for lead in leads:
        assert phonenumbers.is_valid_number(phonenumbers.parse(lead["phone"]))
        assert lead["phone"][-2:] in OUTCOMES
        assert lead["email"].split("@")[1].endswith("example.com")
        assert timedelta(0) < NOW - datetime.fromisoformat(lead["source_created_at"]) < timedelta(seconds=10)
    sources = Counter(lead["lead_source"] for lead in leads)
    assert set(sources) == set(SOURCES)
    assert sources.most_common(1)[0][0] == "IndiaMART"


class Contacts:
    """Answers like `POST /api/contacts`; `answers` are given first: a status, or None to cut the connection."""

    def __init__(self) -> None:
        self.answers: list[int | None] = []
        self.heads: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length"))
            await reader.readexactly(length)
            self.heads.append(head)
            status = self.answers.pop(0) if self.answers else 202
            if status is None:
                return
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % status)

    def header(self, name: str) -> list[str]:
        lines = [line for head in self.heads for line in head.splitlines() if line.lower().startswith(name)]
        return [line.split(": ", 1)[1] for line in lines]


@pytest.fixture
async def contacts() -> AsyncIterator[tuple[Contacts, str]]:
    made = Contacts()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await made.talk(reader, writer)
        except asyncio.IncompleteReadError:
            return  # the client is done

    async with RawServer(talk) as port:
        yield made, f"http://127.0.0.1:{port}"


async def test_a_failed_post_is_repeated_with_the_same_key(contacts: tuple[Contacts, str]) -> None:
    made, url = contacts
    made.answers = [503, None, 202]
    assert await generate(url, "af_token", per_minute=60_000, limit=2, first=0, seed=1) == 2
    keys = made.header("idempotency-key")
    assert keys == ["DEMO-00000000"] * 3 + ["DEMO-00000001"]
    assert set(made.header("authorization")) == {"Bearer af_token"}


async def test_a_refused_lead_is_passed_over_and_a_refused_token_ends_it(contacts: tuple[Contacts, str]) -> None:
    made, url = contacts
    made.answers = [422]
    assert await generate(url, "t", per_minute=60_000, limit=3, first=0, seed=1) == 2
    made.answers = [401]
    with pytest.raises(PermissionError, match="contacts:write"):
        await generate(url, "t", per_minute=60_000, limit=3, first=0, seed=1)


@pytest.mark.parametrize("answers", [[], [503] * 100])
async def test_it_stops_when_told(contacts: tuple[Contacts, str], answers: list[Any]) -> None:
    made, url = contacts
    made.answers = answers
    stop = asyncio.Event()
    running = asyncio.create_task(generate(url, "t", per_minute=1, first=0, seed=1, stop=stop))
    async with asyncio.timeout(10):
        while not made.header("idempotency-key"):  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # for the answer to the first lead, or into the pause before the next try
    stop.set()
    assert await asyncio.wait_for(running, 5) == (0 if answers else 1)
