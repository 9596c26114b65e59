"""Whether the system works: for load balancers, for Prometheus and for the home page. Says nothing about any account or person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg

from autoflows.domain.errors import AutoflowsError
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.leads import Disposition
from autoflows.domain.notices import many
from autoflows.engine import ledger
from autoflows.engine.broker import BROKER_LOST, get_redis
from autoflows.engine.ledger import Ledger, Queue
from autoflows.engine.pool import get_pool
from autoflows.services.access import open_to
from autoflows.services.counted import ledger_of
from autoflows.services.views.health import HealthView, LeadsHealth, QueueHealth

WORKER_KEYS = "autoflows:worker:*"
"""Each worker keeps one of these alive in the broker."""
PATIENCE_SECONDS = 3.0
LATE_SECONDS = 30.0

DATABASE_LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AutoflowsError)

EXECUTIONS = "SELECT status, count(*) AS n FROM flow_executions WHERE NOT is_test_run GROUP BY status"


@open_to("anyone")
async def check_health() -> HealthView:
    """The state of database, broker, workers, queue and ledger; never raises for a part that is down, it says so."""
    workers, queue, found = await asyncio.gather(count_workers(), _database(), _ledger())
    problems = []
    if queue is None:
        problems.append("The database does not answer.")
    elif found is None:
        problems.append("Counting the leads takes too long.")
    if workers is None:
        problems.append("The broker does not answer; work goes on, up to a second later.")
    elif workers == 0:
        problems.append("No worker is running: leads are taken in and wait.")
    if found is not None and found.unaccounted:
        problems.append(f"{many(found.unaccounted, 'lead is', 'leads are')} unaccounted for.")
    if queue is not None and queue.stuck_leads:
        problems.append(f"{many(queue.stuck_leads, 'lead waits', 'leads wait')} too long to be matched.")
    if queue is not None and queue.oldest_due_seconds > LATE_SECONDS:
        problems.append(f"The oldest due work has waited {queue.oldest_due_seconds:.0f} seconds.")
    return HealthView(
        status="down" if queue is None else "degraded" if problems else "ok",
        database="down" if queue is None else "ok",
        broker="down" if workers is None else "ok",
        workers=workers or 0,
        queue=None if queue is None else _queue(queue),
        leads=None if found is None else LeadsHealth(received=found.received, accounted=found.accounted, unaccounted=found.unaccounted),
        problems=problems,
    )


@open_to("anyone")
async def metrics() -> str:
    """Prometheus text format (prometheus.io, exposition formats, version 0.0.4); without the database, little but `autoflows_up`."""
    workers, queue, found = await asyncio.gather(count_workers(), _database(), _ledger())
    lines = _metric("autoflows_up", "Whether the database answers.", [({}, int(queue is not None))])
    lines += _metric("autoflows_broker_up", "Whether the broker answers.", [({}, int(workers is not None))])
    lines += _metric("autoflows_workers", "Workers that keep their sign of life in the broker.", [({}, workers or 0)])
    if found is not None:
        by = [({"disposition": d.value}, found.by_disposition.get(d.value, 0)) for d in Disposition]
        lines += _metric("autoflows_leads", "Lead events by their current disposition.", by)
        what = "Lead events whose fate nobody knows; 0 or a lead was lost."
        lines += _metric("autoflows_leads_unaccounted", what, [({}, found.unaccounted)])
    if queue is not None:
        lines += _metric("autoflows_queue_due", "Work that is due and not taken yet.", [({}, queue.due)])
        lines += _metric("autoflows_queue_oldest_due_seconds", "How long the oldest due work has waited.", [({}, queue.oldest_due_seconds)])
        lines += _metric("autoflows_leads_stuck", "Lead events that wait too long to be matched.", [({}, queue.stuck_leads)])
        lines += _metric("autoflows_executions", "Executions by status, test runs left out.", await _executions())
    return "\n".join(lines) + "\n"


def _queue(queue: Queue) -> QueueHealth:
    return QueueHealth(due=queue.due, oldest_due_seconds=round(queue.oldest_due_seconds, 3), stuck_leads=queue.stuck_leads)


@open_to("services")
async def count_workers() -> int | None:
    """How many workers are alive; None if the broker does not tell."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return sum([1 async for _ in get_redis().scan_iter(match=WORKER_KEYS, count=500)])
    except BROKER_LOST:
        return None


async def _database() -> Queue | None:
    """What is due; None if the database does not answer."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await ledger.queue()
    except DATABASE_LOST:
        return None


async def _ledger() -> Ledger | None:
    """The ledger of all accounts; None while the database does not give it."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await ledger_of(None)
    except DATABASE_LOST:
        return None


async def _executions() -> list[tuple[dict[str, str], float]]:
    pool = await get_pool()
    found = {row["status"]: row["n"] for row in await pool.fetch(EXECUTIONS)}
    return [({"status": status.value}, found.get(status.value, 0)) for status in ExecutionStatus]


def _metric(name: str, what: str, samples: Sequence[tuple[Mapping[str, str], float]]) -> list[str]:
    lines = [f"# HELP {name} {what}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{label}"' for key, label in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return lines
