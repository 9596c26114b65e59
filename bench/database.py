"""Looks into the product's database: what its sessions wait for, and what its statements cost on tables of millions of rows."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa

from autoflows.domain.permissions import Permission, Role
from autoflows.engine import advance, ledger, match
from autoflows.models.database import dispose_engine, get_engine, open_session
from autoflows.services import executions
from autoflows.services.access import Actor
from autoflows.settings import get_settings
from bench.stack import Stack

SAMPLE_SECONDS = 0.02
WAITS = """
SELECT COALESCE(wait_event_type || ':' || wait_event, 'running') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'
"""
MOVING = """
SELECT (SELECT count(*) FROM flow_executions WHERE status = 'running' AND due_at < now() + interval '10 minutes')
     + (SELECT count(*) FROM lead_events WHERE disposition = 'queued')
"""
BATCH = 50


async def connect(stack: Stack) -> Any:
    """A connection to the product's database."""
    return await asyncpg.connect(stack.instance()["database_url"].replace("postgresql+asyncpg://", "postgresql://", 1))


async def moving(stack: Stack) -> int:
    """How many leads and executions are due within ten minutes: leases included, sleepers not."""
    connection = await connect(stack)
    found: int = await connection.fetchval(MOVING)
    await connection.close()
    return found


@contextmanager
def watching(stack: Stack, into: dict[str, Any]) -> Iterator[None]:
    """Sample the busy sessions during the block: `into["waits"]` is the percentage of samples by what the session was waiting for.

    `Client:ClientRead` is a session inside a transaction whose process is thinking; `Lock:` is one that waits for another's row.
    """
    over = threading.Event()
    seen: Counter[str] = Counter()

    async def sample() -> None:
        connection = await connect(stack)
        while not over.is_set():
            seen.update(row[0] for row in await connection.fetch(WAITS))
            await asyncio.sleep(SAMPLE_SECONDS)
        await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(sample()))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    total = sum(seen.values()) or 1
    into["waits"] = {name: round(n / total * 100, 1) for name, n in seen.most_common(8)}
    into["waits_for_rows"] = round(sum(n for name, n in seen.items() if name.startswith("Lock:")) / total * 100, 1)


async def plans(stack: Stack, account: UUID) -> dict[str, dict[str, Any]]:
    """Milliseconds and plan of the statements that must stay quick: both claims, the ledger's counts, the list of executions."""
    statements: dict[str, tuple[str, tuple[Any, ...]]] = {
        "claim executions": (advance.CLAIM, (BATCH, BATCH)),
        "claim lead events": (match.CLAIM, (BATCH, BATCH)),
        "ledger by disposition": (ledger.BY_DISPOSITION, (account, None)),
        "ledger unaccounted": (ledger.UNACCOUNTED, (account, None)),
        "queue": (ledger.QUEUE, ()),
        "executions list": (await executions_list(stack, account), ()),
    }
    connection = await connect(stack)
    found = {}
    for name, (statement, arguments) in statements.items():
        runs = []
        for _ in range(3):
            transaction = connection.transaction()
            await transaction.start()
            plan = [row[0] for row in await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", *arguments)]
            await transaction.rollback()
            took = re.search(r"Execution Time: ([\d.]+) ms", "\n".join(plan))
            runs.append((float(took.group(1)) if took else 0.0, plan))
        took_ms, plan = min(runs, key=lambda run: run[0])
        found[name] = {"ms": took_ms, "plan": plan}
    await connection.close()
    return found


async def executions_list(stack: Stack, account: UUID) -> str:
    """The statement behind `GET /api/automation/executions`, with its values in it."""
    os.environ["AUTOFLOWS_DATABASE_URL"] = stack.instance()["database_url"]
    get_settings.cache_clear()
    actor = Actor(account, account, Role.OWNER, frozenset(Permission), "", "", "UTC")
    asked: list[str] = []

    def listen(connection: Any, clause: Any, *_: Any) -> None:
        asked.append(str(clause.compile(connection.engine, compile_kwargs={"literal_binds": True})))

    sa.event.listen(get_engine().sync_engine, "before_execute", listen)
    async with open_session() as session:
        await executions.list_executions(actor, session, limit=50)
    await dispose_engine()
    return next(statement for statement in asked if "ORDER BY" in statement)
