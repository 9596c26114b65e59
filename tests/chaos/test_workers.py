"""Several workers over the same work, and workers whose clocks are wrong: nothing is doubled, nothing happens too early or too late."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.battlefield import WAIT_SECONDS, Battlefield, worker_environment, workers
from tests.chaos.provider import CALM, ENDINGS, WILD

LEADS = max(int(os.environ.get("AUTOFLOWS_CHAOS_LEADS", "40")), 40)
SKEW_SECONDS = 30
AT_ONE_TIME = """
SELECT count(*) AS n, max(attempts) AS most FROM (
  SELECT count(*) AS attempts FROM flow_action_logs GROUP BY flow_execution_id, action_order, attempt) AS a
"""
TIMES = """
SELECT bool_and(l.started_at BETWEEN v.received_at AND now()
                AND COALESCE(l.completed_at, now()) BETWEEN l.started_at AND now()) AS in_order,
       bool_and(l.wait_until IS NULL OR l.wait_until = l.started_at + $2::interval) AS exact
FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id JOIN lead_events v ON v.id = e.lead_event_id
JOIN contacts c ON c.id = l.contact_id WHERE c.phone LIKE $1
"""
"""Whether all that was written down happened after the lead came and before now, and each wait is as long as it should be."""
PATIENT = {f"AUTOFLOWS_{name}_SECONDS": "15" for name in ("PROVIDER_TIMEOUT", "UNKNOWN_GRACE", "CALL_DEADLINE", "LEASE")}
"""Deadlines that a busy machine keeps, and that are over at once for a clock that is `SKEW_SECONDS` ahead."""


def off_by(seconds: int) -> dict[str, str]:
    """The environment of a process whose wall clock, and nothing else, is off by so much; skips where that cannot be had.

    libfaketime stands between the process and the C library, so that no code of ours or others' can read the true time.
    """
    found = importlib.util.find_spec("libfaketime")
    library = Path(found.origin or "").parent / "vendor/libfaketime/src/libfaketime.so.1" if found else None
    if library is None or not library.exists():
        pytest.skip("the package libfaketime, which shifts a process's clock, has no library for this system")
    environment = {"LD_PRELOAD": str(library), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    if abs(float(told.stdout) - time.time() - seconds) > 5:
        pytest.skip(f"libfaketime does not shift the clock on this system: {told.stderr}")
    return environment


async def arrive(idle: Battlefield, prefix: str, leads: int) -> None:
    """So many leads at once, by one bulk call."""
    people = [
        {"name": "Asha Patel", "phone": f"{prefix}{n:07d}", "lead_source": "Chaos", "external_id": f"{prefix}{n}"} for n in range(leads)
    ]
    for start in range(0, leads, 100):
        await asyncio.to_thread(idle.stack.api, "POST", "/api/contacts/bulk", {"contacts": people[start : start + 100]})


def postgres_log(idle: Battlefield) -> str:
    return (idle.stack.home / "logs" / "postgres.log").read_text()


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("amount", [2, 4])
async def test_workers_at_once_double_nothing(idle: Battlefield, amount: int) -> None:
    prefix, before = f"+9196{amount}", idle.health()["leads"]["received"]
    idle.setup(seed=amount, think=0.1, endings=ENDINGS, **WILD)
    await arrive(idle, prefix, LEADS)
    async with workers(idle, amount) as logs:
        await idle.until_quiet(before + LEADS, 60 + LEADS / 5)
    verdict = await idle.judge(prefix, LEADS)
    print(f"\n{amount} workers: {verdict}")
    assert (verdict.repeats, verdict.second_contacts, verdict.lost, verdict.wrong) == (0, 0, 0, [])
    assert (await idle.rows(AT_ONE_TIME))[0]["most"] == 1
    assert "deadlock" not in postgres_log(idle)
    for log in logs:
        assert " ERROR " not in log.read_text()
        assert "Traceback" not in log.read_text()


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_wrong_clocks_decide_nothing(idle: Battlefield) -> None:
    """Half a minute off in both directions, with shorter deadlines: by its own clock a worker would give up at once, or never."""
    prefix, before = "+91950", idle.health()["leads"]["received"]
    idle.setup(seed=9, think=0.1, endings=ENDINGS, **CALM)
    clocks = [{**environment, **PATIENT} for environment in (off_by(SKEW_SECONDS), off_by(-SKEW_SECONDS), {})]
    started = time.time()
    async with workers(idle, 3, clocks) as logs:
        await arrive(idle, prefix, LEADS)
        await idle.until_quiet(before + LEADS, 60 + LEADS / 5)
    verdict = await idle.judge(prefix, LEADS)
    print(f"\nwrong clocks: {verdict}")
    assert (verdict.repeats, verdict.second_contacts, verdict.lost, verdict.wrong) == (0, 0, 0, [])
    assert (verdict.unknown, verdict.lookups, verdict.retried) == (0, 0, 0), "something was given up or asked for too early"
    assert dict((await idle.rows(TIMES, prefix + "%", timedelta(seconds=WAIT_SECONDS)))[0]) == {"in_order": True, "exact": True}
    for log, seconds in zip(logs, (SKEW_SECONDS, -SKEW_SECONDS, 0), strict=True):
        assert " ERROR " not in log.read_text()
        assert abs(clock_of(log, started) - seconds) < 15, "the clock was not off"


@pytest.mark.chaos
@pytest.mark.timeout(120)
async def test_a_worker_whose_clock_is_slow_hears_the_doorbell(idle: Battlefield) -> None:
    prefix, before = "+91951", idle.health()["leads"]["received"]
    idle.setup(seed=9, think=0.0, endings={"answered": 1}, **CALM)
    async with workers(idle, 1, [off_by(-SKEW_SECONDS) | {"AUTOFLOWS_SWEEP_SECONDS": "20"}]) as logs:
        for _ in range(300):
            if "worker ready" in logs[0].read_text():
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)  # its first sweep is over
        began = time.monotonic()
        await arrive(idle, prefix, 1)
        while not any(attempt["person"].startswith(prefix[1:]) for attempt in idle.seen()["attempts"].values()):
            assert time.monotonic() - began < 5, "the ring was not heard"
            await asyncio.sleep(0.05)
        await idle.until_quiet(before + 1, 60)


def clock_of(log: Path, started: float) -> float:
    """How far the clock of the process that wrote this log, beginning at `started`, was ahead."""
    return datetime.fromisoformat(log.read_text()[:19]).astimezone().timestamp() - started


TAKE_IN = """
import asyncio, sys
from datetime import datetime
from uuid import UUID
from autoflows.domain.account import AccountSettings
from autoflows.engine.ingest import LeadDraft, ingest
draft = LeadDraft(phone=sys.argv[2], lead_source='Nobody', source_created_at=datetime.fromisoformat(sys.argv[3]))
asyncio.run(ingest(UUID(sys.argv[1]), AccountSettings(), draft))
"""


@pytest.mark.chaos
@pytest.mark.parametrize(("off", "source_off", "kept"), [(-1200, 0, True), (1200, 900, False)])
async def test_a_source_s_time_is_judged_by_the_databases_clock(idle: Battlefield, off: int, source_off: int, kept: bool) -> None:
    phone = f"+91952{off % 10_000_000:07d}"
    account = (await idle.rows("SELECT id FROM users"))[0]["id"]
    when = (datetime.now(UTC) + timedelta(seconds=source_off)).isoformat()
    command = [sys.executable, "-c", TAKE_IN, str(account), phone, when]
    process = await asyncio.create_subprocess_exec(*command, env=worker_environment(idle) | off_by(off))
    assert await process.wait() == 0
    found = await idle.rows("SELECT source_created_at FROM lead_events l JOIN contacts c ON c.id = l.contact_id WHERE c.phone = $1", phone)
    assert [row["source_created_at"] is not None for row in found] == [kept]
