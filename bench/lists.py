"""`python -m bench --lists`: the list of executions beside a million of them. Every filter, order, search and count, the detail and the
export, as the API answers them: milliseconds with everything but the network, the plan of the slow ones, and the memory of the export."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import psutil
import sqlalchemy as sa
from sqlmodel import col

from autoflows.api.app import create_api
from autoflows.domain.permissions import Role
from autoflows.embedded import postgres
from autoflows.embedded.home import open_home
from autoflows.embedded.migrations import upgrade
from autoflows.embedded.processes import stop
from autoflows.engine.pool import _prepare, close_pool
from autoflows.ids import new_id
from autoflows.models import Execution
from autoflows.models.database import dispose_engine, get_engine, open_session
from autoflows.services.execution_pages import SORTS, Place, write_cursor
from autoflows.services.tokens import create_token
from autoflows.services.users import create_user
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort
from autoflows.settings import get_settings
from bench.lists_seed import seed

EMAIL = "owner@example.com"
LIST, COUNTS, INBOX = "/api/automation/executions", "/api/automation/executions/counts", "/api/automation/inbox"
CAUSE = "whatsapp_message|account||190"
RUNS = 21
SLOW_MS = 100.0


def requests_of(flows: list[UUID], contact: UUID) -> dict[str, tuple[str, dict[str, Any]]]:
    """What is asked, by a name for it: address and query."""
    days = {"from": "2026-01-01T00:00:00Z"}
    filters: dict[str, dict[str, Any]] = {
        "everything": {},
        "real runs": {"is_test_run": False},
        "test runs": {"is_test_run": True},
        "large flow": {"flow_id": flows[0]},
        "tiny flow": {"flow_id": flows[5]},
        "failed": {"status": "failed"},
        "running": {"status": "running"},
        "failed of a small flow": {"status": "failed", "flow_id": flows[4]},
        "active": {"stage": "active"},
        "waiting": {"stage": "waiting"},
        "held by hours": {"waiting_rule": "flow_hours"},
        "in a wait step": {"waiting_rule": "wait"},
        "in a queue": {"waiting_rule": "concurrency"},
        "common source": {"lead_source": "website"},
        "rare source": {"lead_source": "rare fair"},
        "answered": {"outcome": "answered"},
        "voicemail": {"outcome": "voicemail"},
        "needs a person": {"needs_person": True},
        "needs nobody": {"needs_person": False},
        "since a day": days,
        "source, flow, outcome and days": {"lead_source": "IndiaMART", "flow_id": flows[1], "outcome": "missed", **days},
        "one contact": {"contact_id": contact},
        "search a name": {"search": "asha pat"},
        "search a common name": {"search": "asha"},
        "search a word of all": {"search": "company"},
        "search nobody": {"search": "zebedee"},
        "search an e-mail address": {"search": "person777777@example.com"},
        "search the beginning of an address": {"search": "person77777"},
        "search a number": {"search": "+91-70000 77777"},
        "search a number's end": {"search": "77777"},
        "search and failed": {"search": "meera kulk", "status": "failed"},
    }
    asked = {f"list: {name}": (LIST, query) for name, query in filters.items()}
    for sort in ("oldest", "ended", "slowest", "fastest", "soonest"):
        asked[f"sort: {sort}"] = (LIST, {"sort": sort})
        asked[f"sort: {sort}, real runs of a small flow"] = (LIST, {"sort": sort, "flow_id": flows[4], "is_test_run": False})
        asked[f"sort: {sort}, days long ago"] = (LIST, {"sort": sort, "to": "2026-03-01T00:00:00Z"})
    asked |= {f"counts: {name}": (COUNTS, query) for name, query in filters.items()}
    asked["forecast"] = (f"{LIST}/forecast", {})
    asked["choices"] = (f"{LIST}/choices", {})
    narrowed: dict[str, dict[str, Any]] = {
        "everything": {},
        "unknown": {"kind": "unknown"},
        "failed": {"kind": "failed"},
        "a flow": {"flow_id": flows[0]},
        "a small flow": {"flow_id": flows[4]},
    }
    asked |= {f"inbox: {name}": (INBOX, query) for name, query in narrowed.items()}
    asked |= {"inbox: one cause": (INBOX, {"cause": CAUSE}), "inbox: left as they are": (INBOX, {"dismissed": True})}
    asked |= {f"inbox causes: {name}": (f"{INBOX}/causes", query) for name, query in narrowed.items()}
    asked["inbox counts"] = (f"{INBOX}/counts", {})
    asked["newer"] = (f"{LIST}/newer", {"seen_at": "2026-01-01T00:00:00Z", "seen_id": new_id()})
    return asked


@contextmanager
def database(kept: Path | None) -> Iterator[tuple[str, bool]]:
    """URL of a migrated database with the product's own settings, and whether it was there before. `kept` is a home that stays."""
    root = kept or Path(tempfile.mkdtemp(prefix="afb-", dir="/tmp"))
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    known = (root / "postgres" / "PG_VERSION").exists()
    home = open_home(root)
    server = postgres.locate(home.root, log=home.logs / "postgres.log")
    process = postgres.start(server, {"shared_buffers": "512MB", "max_wal_size": "4GB"})
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(upgrade, server.url).result()
        yield server.url, known
    finally:
        stop(process, signal.SIGINT, 60.0)
        if kept is None:
            shutil.rmtree(root, ignore_errors=True)


def run(size: int, kept: Path | None = None, only: str = "") -> dict[str, Any]:
    """All figures on a database of `size` executions; `only` a part of the names."""
    with database(kept) as (url, known):
        os.environ["AUTOFLOWS_DATABASE_URL"] = url
        get_settings.cache_clear()
        return asyncio.run(_run(url, size, known, only))


async def _run(url: str, size: int, known: bool, only: str) -> dict[str, Any]:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1))
    await _prepare(connection)
    results: dict[str, Any] = {}
    if not known:
        async with open_session() as session:
            await create_user(session, email=EMAIL, password="a long bench password", role=Role.OWNER, name="Owner")
        account = await connection.fetchval("SELECT id FROM users")
        results["seed"] = await seed(connection, account, size, [new_id() for _ in range(6)], [new_id() for _ in range(6)])
    async with open_session() as session:
        secret = await create_token(session, email=EMAIL, name=f"Bench {new_id()}", scopes=("*",))
    flows = [row[0] for row in await connection.fetch("SELECT id FROM auto_engagement_flows ORDER BY priority")]
    contact, execution = await connection.fetchrow(
        "SELECT contact_id, id FROM flow_executions ORDER BY triggered_at DESC OFFSET $1 LIMIT 1", min(5000, size // 2)
    )
    gc.collect()
    gc.freeze()  # as the web process does
    transport = httpx.ASGITransport(create_api())
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers={"Authorization": f"Bearer {secret}"}) as client:
        asked = requests_of(flows, contact) | {"detail": (f"{LIST}/{execution}", {}), "detail: logs": (f"{LIST}/{execution}/logs", {})}
        asked |= await _deep()
        results["figures"] = {
            name: await _measure(client, connection, path, query) for name, (path, query) in asked.items() if only in name
        }
        if only in "export":
            results["export"] = await _export(client)
    await connection.close()
    await close_pool()
    await dispose_engine()
    return results


async def _deep() -> dict[str, tuple[str, dict[str, Any]]]:
    """Pages from the far end of each order, by cursors made as the server makes them."""
    deep: dict[str, tuple[str, dict[str, Any]]] = {}
    for sort in ExecutionSort:
        number = len(SORTS[sort]) - 1
        stretch = SORTS[sort][number]
        order = [key.asc() if stretch.descending else key.desc() for key in (stretch.key, col(Execution.id))]
        rows = sa.select(stretch.key, col(Execution.id)).order_by(*order).offset(60).limit(1)
        async with open_session() as session:
            row = (await session.exec(rows if stretch.where is None else rows.where(stretch.where))).first()  # type: ignore[call-overload]
        if row is not None:
            cursor = write_cursor(ExecutionFilter(), sort, Place(number, tuple(row)))
            deep[f"last page: {sort}"] = (LIST, {"sort": sort, "cursor": cursor})
    return deep


async def _measure(client: httpx.AsyncClient, connection: Any, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of one request, and the plan of its slowest statement if it is slow."""
    params = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()}
    took: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = await client.get(path, params=params)
        took.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    ordered = sorted(took)
    found = {"p50": round(ordered[len(ordered) // 2], 1), "p95": round(ordered[int(len(ordered) * 0.95)], 1), "bytes": len(answer.content)}
    plans = await _plans(client, connection, path, params)
    return found | {"plans": plans if found["p95"] > SLOW_MS else [plan[:3] for plan in plans]}


async def _plans(client: httpx.AsyncClient, connection: Any, path: str, params: dict[str, str]) -> list[list[str]]:
    """What PostgreSQL does for one request, statement by statement."""
    asked: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if (re.match(r"\s*(SELECT|WITH)", statement) and "flow_executions" in statement) or "contacts" in statement:
            asked.append((statement, parameters))

    engine = get_engine().sync_engine
    sa.event.listen(engine, "before_cursor_execute", listen)
    await client.get(path, params=params)
    sa.event.remove(engine, "before_cursor_execute", listen)
    plans = []
    async with connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        for statement, parameters in asked:
            rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", *parameters, timeout=60)
            lines = [row[0] for row in rows]
            plans.append([lines[-1], *lines])
    return plans


async def _export(client: httpx.AsyncClient) -> dict[str, Any]:
    """Rows per second of the whole export, and how much the process grew meanwhile."""
    process = psutil.Process()
    before, most, size, lines, began = process.memory_info().rss, 0, 0, 0, time.perf_counter()
    app: Any = client._transport.app  # type: ignore[attr-defined]  # httpx gathers a whole answer before it gives it out

    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if (message := next(messages, None)) is None:
            await asyncio.Event().wait()  # the reader stays until the end
        return dict(message or {})

    async def send(message: dict[str, Any]) -> None:
        nonlocal most, size, lines
        body = message.get("body", b"")
        size, lines, most = size + len(body), lines + body.count(b"\r\n"), max(most, process.memory_info().rss)

    headers = [(b"authorization", client.headers["Authorization"].encode()), (b"host", b"bench")]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "root_path": "",
             "path": f"{LIST}/export.csv", "raw_path": b"", "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1),
             "server": ("bench", 80)}  # fmt: skip
    await app(scope, receive, send)
    seconds = time.perf_counter() - began
    return {
        "rows": lines - 1,
        "seconds": round(seconds, 1),
        "rows_per_second": round(lines / seconds),
        "mib": round(size / 2**20, 1),
        "grown_mib": round((most - before) / 2**20, 1),
    }


def table(results: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | p50 ms | p95 ms | of that PostgreSQL, ms |", "|---|---|---|---|"]
    for name, figure in results["figures"].items():
        took = [float(found.group(1)) for plan in figure["plans"] if (found := re.search(r"Execution Time: ([\d.]+)", plan[0]))]
        lines.append(f"| {name} | {figure['p50']} | {figure['p95']} | {sum(took):.1f} |")
    lines += [f"\n{name}: {results[name]}" for name in ("seed", "export") if name in results]
    return "\n".join(lines)


def slow(results: dict[str, Any]) -> str:
    """The plans of what took too long."""
    parts = []
    for name, figure in results["figures"].items():
        if figure["p95"] > SLOW_MS:
            parts += [f"\n## {name}: {figure['p95']} ms", *("\n".join(plan) for plan in figure["plans"])]
    return "\n".join(parts)
