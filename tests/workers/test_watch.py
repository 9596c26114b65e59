"""A worker process watches by itself, and needs no broker for it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from autoflows.ids import new_id

ROOT = Path(__file__).parent.parent.parent
ADD = """
WITH owner AS (
  INSERT INTO users (id, email, name, password_hash, role, timezone, is_active, created_at, updated_at)
  VALUES ($1, 'owner@example.com', '', '-', 'owner', 'UTC', true, now(), now()) RETURNING id)
INSERT INTO channels (id, user_id, provider, name, credentials, settings, status, status_detail, webhook_secret, created_at, updated_at)
SELECT $2, id, 'smtp', 'Mail', '-', '{}', 'error', 'Wrong password', 'x', now(), now() FROM owner
"""


async def until(connection: asyncpg.Connection, sql: str, expected: object) -> None:
    for _ in range(200):
        if (value := await connection.fetchval(sql)) == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{sql} is {value!r}, not {expected!r}")


async def test_a_worker_tells_and_resolves(postgres_url: str) -> None:
    environment = {
        **os.environ,
        "AUTOFLOWS_DATABASE_URL": postgres_url,
        "AUTOFLOWS_REDIS_URL": "redis://127.0.0.1:9/0",
        "AUTOFLOWS_SECRET_KEY": "only for tests",
        "AUTOFLOWS_WATCH_SECONDS": "0.2",
        "PYTHONPATH": str(ROOT),
    }
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "workers", cwd=ROOT, env=environment, stderr=quiet)
    try:
        await connection.execute(ADD, new_id(), new_id())
        await until(connection, "SELECT title FROM notifications WHERE resolved_at IS NULL", "Channel 'Mail' does not work")
        await connection.execute("UPDATE channels SET status = 'active'")
        await until(connection, "SELECT count(*) FROM notifications WHERE resolved_at IS NULL", 0)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)
        await connection.close()
