"""Real servers for tests: one PostgreSQL and one Valkey per test session, a fresh migrated database per test.

A database is copied from a migrated template (tens of milliseconds), so each test has its own and none waits for another's rows.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from autoflows.embedded import postgres, valkey
from autoflows.embedded.home import open_home
from autoflows.embedded.migrations import upgrade
from autoflows.embedded.processes import stop
from autoflows.embedded.service_user import SERVICE_USER

TEMPLATE = "autoflows_template"
# Durability is what production is for: tests trade it for speed.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "shared_buffers": "64MB"}


@contextmanager
def scratch_home() -> Iterator[Path]:
    """A temporary directory with a short path that PostgreSQL's own user may enter (pytest's own are closed to others)."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    path = Path(tempfile.mkdtemp(prefix="af-", dir=memory if roomy else "/tmp"))  # in memory, copying a database takes a tenth
    if os.geteuid() == 0:
        path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """Where the session's servers keep their files."""
    with scratch_home() as path:
        yield path


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A home directory of this test's own, empty."""
    with scratch_home() as path:
        yield path


class DatabaseServer:
    """The session's PostgreSQL. Owns a connection for CREATE and DROP DATABASE, on a loop of its own so that any test may call it."""

    def __init__(self, server: postgres.Postgres) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._admin: asyncpg.Connection = self._wait(self._connect())

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(host=str(self.server.socket_dir), user=SERVICE_USER, database="postgres")

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def execute(self, statement: str) -> None:
        """Run one statement in the `postgres` database."""
        self._wait(self._admin.execute(statement))

    @contextmanager
    def database(self) -> Iterator[str]:
        """URL of a new migrated database, dropped at the end whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} STRATEGY FILE_COPY')
        try:
            yield self.server.url_of(name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        self._wait(self._admin.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def database_server(server_home: Path) -> Iterator[DatabaseServer]:
    """The session's PostgreSQL with a migrated template database."""
    home = open_home(server_home)
    server = postgres.locate(home.root, log=home.logs / "postgres.log")
    process = postgres.start(server, FAST)
    try:
        databases = DatabaseServer(server)
        databases.execute(f"CREATE DATABASE {TEMPLATE}")
        with ThreadPoolExecutor(1) as thread:  # it runs a loop of its own
            thread.submit(upgrade, server.url_of(TEMPLATE)).result()
        yield databases
        databases.close()
    finally:
        stop(process, signal.SIGINT, 20.0)


@pytest.fixture
def postgres_url(database_server: DatabaseServer) -> Iterator[str]:
    """URL of a database of this test's own, at the newest migration and empty."""
    with database_server.database() as url:
        yield url


@pytest.fixture(scope="module")
def module_postgres_url(database_server: DatabaseServer) -> Iterator[str]:
    """URL of a database shared by the tests of one module, for what is slow to set up and only read."""
    with database_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def valkey_server(server_home: Path) -> Iterator[valkey.Valkey]:
    """The session's Valkey."""
    home = open_home(server_home)
    server = valkey.locate(home.run, log=home.logs / "valkey.log")
    process = valkey.start(server)
    try:
        yield server
    finally:
        stop(process, signal.SIGTERM, 5.0)


@pytest.fixture
def redis_url(valkey_server: valkey.Valkey) -> str:
    """URL of an empty Valkey."""
    with socket.create_connection(("127.0.0.1", valkey_server.port), timeout=5.0) as connection:
        connection.sendall(f"AUTH {valkey_server.password}\r\nFLUSHALL SYNC\r\n".encode())
        answer = b""
        while answer.count(b"+OK\r\n") < 2:
            answer += connection.recv(256)
    return valkey_server.url
