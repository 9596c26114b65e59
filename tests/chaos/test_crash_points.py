"""A worker is killed at every point at which it can be: matching, claiming, calling the provider, writing what came of it.

One lead is worked on to the end, to learn the points; then, for each point, another lead by a worker that dies there. At last a healthy
worker goes on with all of them, and the provider tells whether anyone was contacted twice or forgotten. By default each line dies at
its first and its last wait; with `AUTOFLOWS_CHAOS_LEADS`, which `make chaos` sets, at all of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench.stack import ROOT
from tests.chaos.battlefield import SHORT, Battlefield, worker_environment, workers
from tests.chaos.crash_driver import Point
from tests.chaos.provider import CALM

PARK = """
WITH a AS (UPDATE flow_executions SET due_at = due_at + interval '1 day' WHERE status = 'running' AND due_at < now() + interval '12 hours')
UPDATE lead_events SET due_at = due_at + interval '1 day' WHERE disposition = 'queued' AND due_at < now() + interval '12 hours'
"""
"""Out of sight of the next worker: nobody has come to it yet."""
UNPARK = """
WITH c AS (SELECT id FROM contacts WHERE phone LIKE $1),
     a AS (UPDATE flow_executions SET due_at = now() WHERE status = 'running' AND contact_id IN (SELECT id FROM c))
UPDATE lead_events SET due_at = now() WHERE disposition = 'queued' AND contact_id IN (SELECT id FROM c)
"""

LINES = """UPDATE channels SET settings = settings || '{"max_concurrent": 1000}' WHERE provider = 'bolna'"""
"""The dead hold lines until they are looked up: whoever waited for one would not come to the points that are still missing."""


FEW = 8
FORGIVE = "UPDATE flow_action_logs SET error_message = NULL WHERE status = 'running' AND answered_at IS NULL"
"""A few leads at a time, and forgotten what the provider did to them: the circuit breaker would hold the others for it."""
OVERDUE_SECONDS = max(float(SHORT[f"AUTOFLOWS_{name}_SECONDS"]) for name in ("CALL_DEADLINE", "PROVIDER_TIMEOUT")) + 1
"""After so long a call without an outcome, or without an answer, is looked up."""


class Doomed:
    """The driver: workers that die where they are told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    async def work(self, last: Point | None = None) -> dict[str, Any]:
        """One worker's work, up to that point; how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(last) + "\n")
        self.process.stdin.flush()
        said = await asyncio.to_thread(self.process.stdout.readline)
        ended: dict[str, Any] = json.loads(said)
        assert "broke" not in ended, ended
        return ended


@contextmanager
def doomed(field: Battlefield) -> Iterator[Doomed]:
    environment = worker_environment(field) | {"AUTOFLOWS_LEASE_SECONDS": "60", "AUTOFLOWS_REDIS_URL": ""}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.crash_driver"],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Doomed(process)
    finally:
        process.communicate(timeout=20)


def phone(scenario: int, number: int) -> str:
    return f"+9197{scenario}{number:07d}"


async def arrive(field: Battlefield, scenario: int, number: int) -> None:
    lead = {"name": "Asha Patel", "phone": phone(scenario, number), "lead_source": "Chaos", "external_id": f"{scenario}-{number}"}
    await asyncio.to_thread(field.stack.api, "POST", "/api/contacts", lead)


SCENARIOS: dict[str, dict[str, int] | None] = {
    "a new lead": None,
    "a call whose outcome nobody told": {"ok": 1},
    "a call whose answer was lost": {"reset_after": 1},
}
"""Where the doomed worker begins: at the start, or where a healthy one has left it with a provider that behaves so."""


def chosen(points: list[Point]) -> list[Point]:
    """The points to die at."""
    if "AUTOFLOWS_CHAOS_LEADS" in os.environ:
        return points
    last = dict(points)
    return [(line, times) for line, times in points if times in (1, last[line])]


async def die_everywhere(field: Battlefield, worker: Doomed, number: int, fates: dict[str, int] | None) -> tuple[int, set[str], set[str]]:
    """Let a worker die at each point of the scenario; the leads used, the lines at which a worker waits, and those at which one died."""

    async def begin(leads: range) -> None:
        """Bring these leads to where the scenario starts."""
        for start in range(0, len(leads), FEW):
            for each in leads[start : start + FEW]:
                await arrive(field, number, each)
            if fates is not None:
                field.setup(fates=fates)
                await worker.work()
                field.setup(**CALM)
                await field.rows(FORGIVE)
            await field.rows(PARK)
        if fates is not None:
            await asyncio.sleep(OVERDUE_SECONDS)

    async def work(lead: int, last: Point | None) -> dict[str, Any]:
        await field.rows(UNPARK, phone(number, lead))
        ended = await worker.work(last)
        await field.rows(PARK)
        return ended

    await begin(range(1))
    points: list[Point] = [(line, times) for line, times in (await work(0, None))["points"]]
    targets = chosen(points)
    await begin(range(1, len(targets) + 1))
    deaths = {line for lead, (line, times) in enumerate(targets, 1) if "died" in await work(lead, (line, times))}
    return len(targets) + 1, {line for line, _ in points}, deaths


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_killed_at_every_point(idle: Battlefield) -> None:
    field = idle
    field.setup(hooks={}, think=0.0, endings={"answered": 1}, **CALM)  # outcomes are asked for: a webhook would come when it likes
    came_before = field.health()["leads"]["received"]
    await field.rows(LINES)
    with doomed(field) as worker:
        done = {name: await die_everywhere(field, worker, number, fates) for number, (name, fates) in enumerate(SCENARIOS.items())}
    await field.rows(UNPARK, "+9197%")
    async with workers(field, 1):
        await field.until_quiet(came_before + sum(leads for leads, _, _ in done.values()), 90)
    field.setup(hooks=field.hooks)
    assert field.health()["leads"]["unaccounted"] == 0
    for number, (name, (leads, lines, deaths)) in enumerate(done.items()):
        verdict = await field.judge(f"+9197{number}", leads)
        print(f"\n{name}: {leads - 1} points in {len(deaths)} lines; {verdict}")
        assert (verdict.repeats, verdict.second_contacts, verdict.lost, verdict.wrong) == (0, 0, 0, [])
        assert lines == deaths, "a line at which nobody died"
        functions = {line.rpartition(":")[0] for line in deaths}
        assert "autoflows.engine.perform.settle" in functions
        assert any(name.startswith("autoflows.providers.transport.") for name in functions), "nobody died while a request was out"
