"""`autoflows up` as a person meets it: the real program, its real children, and what happens when they are killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from autoflows.embedded.valkey import free_port
from autoflows.embedded.web import SOURCE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AUTOFLOWS_") and name != "PORT"}
ENVIRONMENT = {**CLEAN, "PYTHONPATH": str(SOURCE)}


def autoflows(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", "autoflows.cli", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120)


class Running:
    """One `autoflows up`, its output in a file."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.output = home.with_name(home.name + ".out")
        command = [sys.executable, "-m", "autoflows.cli", "up", "--home", str(home), *options]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(command, env=ENVIRONMENT, stdout=output, stderr=output, start_new_session=True)

    def instance(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.home / "run" / "instance.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if found.get("pid") == self.process.pid else {}

    def wait_ready(self) -> Running:
        wait_for(lambda: self.instance().get("ready") or self.process.poll() is not None, 120, self.said)
        assert self.process.poll() is None, self.said()
        return self

    def child(self, name: str) -> int:
        return int(self.instance()["children"][name])

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.instance()['port']}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def said(self) -> str:
        return self.output.read_text()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def running(home: Path, *options: str) -> Iterator[Running]:
    up = Running(home, *options)
    try:
        yield up.wait_ready()
    finally:
        if up.process.poll() is None:
            up.stop()


def wait_for(condition: Callable[[], object], seconds: float = 30.0, explain: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s\n{explain()}"
        time.sleep(0.05)


def test_two_homes_side_by_side_then_nothing_is_left(new_home: Path) -> None:
    with running(new_home / "a") as first, running(new_home / "b") as second:
        assert first.instance()["port"] != second.instance()["port"]
        for each in (first, second):
            assert each.status("/api/health") == 200
            assert each.status("/login") == 200
            assert f"Autoflows is ready:  {each.instance()['url']}" in each.said()

        again = autoflows("up", "--home", str(new_home / "a"))
        assert again.returncode == 1
        assert f"already runs in {new_home / 'a'} at {first.instance()['url']}" in again.stderr

        doctor = autoflows("doctor", "--home", str(new_home / "a"))
        assert "ok     database: PostgreSQL 18" in doctor.stdout
        assert "ok     broker: valkey" in doctor.stdout

        families = first.family() + second.family()
        assert first.stop() == 0
        assert second.status("/api/health") == 200
        assert second.stop() == 0
        assert psutil.wait_procs(families, timeout=5)[1] == []


def test_a_port_asked_for_that_is_taken_stops_the_start(new_home: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = autoflows("up", "--home", str(new_home / "a"), "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"Port {port} on 127.0.0.1 is in use. Choose another one with --port, or leave it out.\n"


def test_a_home_that_cannot_be_used_stops_the_start_without_a_traceback() -> None:
    done = autoflows("up", "--home", "/proc/autoflows")
    assert done.returncode == 1
    assert "--home" in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_work_before_the_first_start_and_leave_nothing_running(new_home: Path) -> None:
    done = autoflows("migrate", "--home", str(new_home / "a"))
    assert done.returncode == 0, done.stderr
    assert not (new_home / "a" / "postgres" / "postmaster.pid").exists()
    with running(new_home / "a") as up:
        assert "Making the database" not in up.said()


@pytest.mark.chaos
def test_every_killed_child_comes_back(new_home: Path) -> None:
    with running(new_home / "a", "--port", str(free_port())) as up:
        redis_url, database_url = up.instance()["redis_url"], up.instance()["database_url"]
        for name in list(up.instance()["children"]):
            old = up.child(name)
            os.kill(old, signal.SIGKILL)
            wait_for(lambda name=name, old=old: up.child(name) != old, 30, up.said)  # type: ignore[misc]
            assert f"{name} was killed by SIGKILL; starting it again" in up.said()
        wait_for(lambda: up.status("/api/health") == 200, 30, up.said)
        assert (up.instance()["redis_url"], up.instance()["database_url"]) == (redis_url, database_url)
        doctor = autoflows("doctor", "--home", str(new_home / "a"))
        assert "ok     broker" in doctor.stdout
        assert "ok     migrations" in doctor.stdout


@pytest.mark.chaos
def test_a_web_servers_own_worker_killed_is_replaced(new_home: Path) -> None:
    with running(new_home / "a", "--port", str(free_port())) as up:
        (inner,) = psutil.Process(up.child("web")).children()
        inner.kill()
        wait_for(lambda: not inner.is_running(), 5, up.said)
        wait_for(lambda: up.status("/api/health") == 200, 30, up.said)


@pytest.mark.chaos
def test_a_killed_supervisor_leaves_no_problem_behind(new_home: Path) -> None:
    port = str(free_port())
    with running(new_home / "a", "--port", port) as up:
        family = up.family()
        up.process.kill()
        up.process.wait()
        with running(new_home / "a", "--port", port) as second:
            assert second.status("/login") == 200
        assert psutil.wait_procs(family, timeout=10)[1] == []


@pytest.mark.chaos
def test_everything_killed_at_once_then_started_again(new_home: Path) -> None:
    with running(new_home / "a") as up:
        for process in [psutil.Process(up.process.pid), *up.family()]:
            with contextlib.suppress(psutil.NoSuchProcess):  # it died with its parent a moment before
                process.kill()
        up.process.wait()
    with running(new_home / "a") as second:
        assert second.status("/api/health") == 200


@pytest.mark.chaos
def test_a_signal_during_the_start_ends_it_cleanly(new_home: Path) -> None:
    for delay in (0.6, 1.2, 2.0, 3.0):
        up = Running(new_home / "a")
        time.sleep(delay)
        family = up.family()
        up.process.send_signal(signal.SIGTERM)
        up.process.wait(40)
        assert psutil.wait_procs(family, timeout=5)[1] == []
        assert "Traceback" not in up.said()
