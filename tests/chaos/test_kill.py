"""kill -9 of every part in the middle of a stream of leads: none is lost, no person gets anything twice, every lead is accounted for.

`AUTOFLOWS_CHAOS_LEADS` sets the leads per kind: 40 by default, 300 in `make chaos`, 560 in `make chaos-long`.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import random
import re
import signal
import socket
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.chaos.battlefield import Battlefield
from tests.chaos.provider import CALM, WILD
from tests.chaos.report import Line, Report

LEADS = int(os.environ.get("AUTOFLOWS_CHAOS_LEADS", "40"))
RATE = 20.0
SENDERS = 30
KILL_EVERY = (0.7, 2.0)
PATIENCE = 60.0 + LEADS / 5

EVERY_PART = {"worker": "kill", "web": "kill", "postgresql": "kill", "valkey": "kill", "flush": "flush"}
KINDS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "worker": ({"worker": "kill"}, CALM),
    "web": ({"web": "kill"}, CALM),
    "valkey": ({"valkey": "kill"}, CALM),
    "flushall": ({"flush": "flush"}, CALM),
    "postgresql": ({"postgresql": "kill"}, CALM | {"think": 0.0}),
    "postgresql immediate": ({"postgresql": "immediate"}, CALM | {"think": 0.0}),
    "postgresql backend": ({"postgresql": "backend"}, CALM | {"think": 0.0}),
    "provider": ({}, WILD | {"faulty_reads": 0.1}),
    "all": (EVERY_PART, WILD | {"faulty_reads": 0.1}),
}
"""What is done to which part, and how the provider behaves. One that answers at once keeps the database busy when it dies."""


async def post_until_taken(field: Battlefield, client: httpx.AsyncClient, senders: asyncio.Semaphore, phone: str) -> str:
    """Post one lead as a good integration does: again and again with the same source id, until a 2xx says that it is safe."""
    body = {"name": "Asha Patel", "phone": phone, "lead_source": "Chaos", "external_id": f"lead-{phone}"}
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            async with senders:
                answer = await client.post(field.stack.url + "/api/contacts", json=body)
            if answer.status_code in (200, 202):
                return str(answer.json()["lead_event_id"])
            assert answer.status_code == 503, f"{answer.text}\n{field.web_log_of(answer.json().get('id'))}"
        except httpx.TransportError as error:
            if time.monotonic() > deadline:
                raise AssertionError("the web process did not come back") from error
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)


def strike(field: Battlefield, victim: str, how: str, chance: random.Random) -> str | None:
    """Do it to one of the victim's processes; the name of what was hit."""
    if how == "flush":
        address = urlsplit(field.stack.instance()["redis_url"])
        with socket.create_connection((address.hostname, address.port), timeout=2) as connection:
            connection.sendall(f"AUTH {address.password}\r\nFLUSHALL SYNC\r\n".encode())
            return "FLUSHALL" if b"+OK" in connection.recv(64) else None
    children = field.stack.children()
    names = [name for name in children if name.casefold().startswith(victim)]
    name = chance.choice(names)
    if victim == "web":
        field.health()  # it is up: one that only starts would never come up, since a start takes longer than the next blow
    if how == "backend":  # as the kernel does when memory is short: the server ends all sessions and recovers
        sessions = [each for each in psutil.Process(children[name]).children() if " autoflows " in " ".join(each.cmdline())]
        chance.choice(sessions).kill()
        return "backend"
    os.kill(children[name], signal.SIGQUIT if how == "immediate" else signal.SIGKILL)
    return name.split(" ")[0]


async def violence(field: Battlefield, victims: dict[str, str], done: asyncio.Event, log: Counter[str]) -> None:
    """Strike one of the victims at random times while leads arrive; each comes once in a round, and the rounds are in random order."""
    chance = random.Random(11)
    round_: list[str] = []
    while victims and not done.is_set():
        await asyncio.sleep(chance.uniform(*KILL_EVERY))
        round_ = round_ or chance.sample(list(victims), len(victims))
        victim = round_.pop()
        with contextlib.suppress(
            OSError, IndexError, psutil.Error, http.client.HTTPException
        ):  # it is dead already, and was not started again yet
            if name := await asyncio.to_thread(strike, field, victim, victims[victim], chance):
                log[name] += 1


def errors_in(logs: dict[str, str], before: dict[str, str]) -> list[str]:
    """What the workers called an error since then, each with its traceback."""
    entries = [
        entry for name, text in logs.items() for entry in re.split(r"^(?=\d{4}-)", text[len(before.get(name, "")) :], flags=re.MULTILINE)
    ]
    return [entry for entry in entries if " ERROR " in entry]


@pytest.mark.chaos
@pytest.mark.timeout(120 + 2 * PATIENCE)
@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_lost_and_nothing_twice(battlefield: Battlefield, report: Report, kind: str) -> None:
    field, began = battlefield, time.monotonic()
    victims, behaviour = KINDS[kind]
    number = list(KINDS).index(kind)
    prefix = f"+9198{number}"
    field.setup(**{"seed": number, "think": 0.3} | behaviour)
    before = (await field.until_quiet(0, PATIENCE))["leads"]["received"]  # also: what was killed last is back
    logs_before = field.worker_logs()
    done, hit = asyncio.Event(), Counter[str]()
    headers = {"Authorization": f"Bearer {field.stack.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=10, limits=httpx.Limits(max_connections=50)) as client:
        striking = asyncio.create_task(violence(field, victims, done, hit))
        posts, senders = [], asyncio.Semaphore(SENDERS)
        for lead in range(LEADS):
            posts.append(asyncio.create_task(post_until_taken(field, client, senders, f"{prefix}{lead:07d}")))
            await asyncio.sleep(1 / RATE)
        done.set()
        await striking
        events = await asyncio.gather(*posts)
    health = await field.until_quiet(before + LEADS, PATIENCE)
    verdict = await field.judge(prefix, LEADS)
    unaccounted = health["leads"]["unaccounted"]
    kills = ", ".join(f"{name} {times}" for name, times in sorted(hit.items())) or "none"
    line = Line(kind, kills, verdict, unaccounted, time.monotonic() - began)
    report.lines.append(line)
    print(f"\n{kind}: {line.kills}; {verdict}")

    assert bool(hit) == bool(victims), "nothing was killed, so nothing was shown"
    assert len(set(events)) == LEADS
    assert health["leads"]["received"] == before + LEADS
    assert unaccounted == 0
    assert errors_in(field.worker_logs(), logs_before) == [], "what was done to it is not an error of the worker's"
    assert verdict.wrong == []
    counts: dict[str, Any] = {"repeats": verdict.repeats, "second contacts": verdict.second_contacts, "lost": verdict.lost}
    assert counts == {"repeats": 0, "second contacts": 0, "lost": 0}
