"""The supervisor on children that are small Python programs: restarts, order, signals, nothing left over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autoflows.embedded.processes import MARK, CannotStart, Command, end, orphans
from autoflows.embedded.supervisor import LogWatch, Service, Supervisor

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)"


def service(program: str, tmp_path: Path, *, name: str = "child", stop_seconds: float = 5.0, stage: int = 0) -> Service:
    command = Command(name, (sys.executable, "-c", program), tmp_path / f"{name}.log", stop_seconds=stop_seconds)
    return Service(name, lambda: command, lambda: True, stage=stage)


def pid(of: Service) -> int:
    assert of.process
    return of.process.pid


async def wait_for(condition: object, seconds: float = 10.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


async def test_a_killed_child_is_started_again_and_the_console_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    known: dict[str, int] = {}
    supervisor = Supervisor(said.append, known.update)
    child = service(SLEEP, tmp_path)
    await supervisor.start(child)
    first = pid(child)
    os.kill(first, signal.SIGKILL)
    await wait_for(lambda: pid(child) != first)
    assert said == [f"child was killed by SIGKILL; starting it again in 0.5 s (log: {tmp_path}/child.log)"]
    assert known == {"child": pid(child)}
    second = pid(child)
    await supervisor.stop()
    assert not psutil.pid_exists(second)


async def test_a_child_that_never_gets_ready_stops_the_start_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(print, lambda _: None)
    child = service("raise SystemExit('no such table: leads')", tmp_path)
    child.ready = lambda: False
    with pytest.raises(CannotStart, match=r"child ended with exit code 1(.|\n)*no such table: leads"):
        await supervisor.start(child)
    await supervisor.stop()


async def test_grandchildren_end_with_the_child(tmp_path: Path) -> None:
    supervisor = Supervisor(print, lambda _: None)
    child = service(PARENT, tmp_path)
    await supervisor.start(child)
    await wait_for(lambda: psutil.Process(pid(child)).children())
    (grandchild,) = psutil.Process(pid(child)).children()
    await supervisor.stop()
    await wait_for(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


async def test_a_child_deaf_to_the_signal_is_killed_when_told_to_hurry(tmp_path: Path) -> None:
    supervisor = Supervisor(print, lambda _: None)
    child = service(STUBBORN, tmp_path, stop_seconds=30.0)
    await supervisor.start(child)
    await wait_for(lambda: "deaf" in (tmp_path / "child.log").read_text())
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.2)
    assert not stopping.done()
    supervisor.hurry()
    await asyncio.wait_for(stopping, 5)
    assert not psutil.pid_exists(pid(child))


NOTES = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (open({0!r}, 'a').write({1!r}), sys.exit()))
print(1, flush=True)
time.sleep(60)
"""


async def test_later_stages_stop_first(tmp_path: Path) -> None:
    supervisor = Supervisor(print, lambda _: None)
    for name, stage in (("database", 0), ("web", 1)):
        await supervisor.start(service(NOTES.format(str(tmp_path / "order"), f"{name} "), tmp_path, name=name, stage=stage))
    await wait_for(lambda: all((tmp_path / f"{name}.log").read_text() for name in ("database", "web")))
    await supervisor.stop()
    assert (tmp_path / "order").read_text() == "web database "


SUPERVISED = """
import asyncio, sys
from pathlib import Path
from autoflows.embedded.processes import Command
from autoflows.embedded.supervisor import Service, Supervisor
async def main():
    supervisor = Supervisor(print, lambda _: None)
    command = Command("c", (sys.executable, "-c", sys.argv[2]), Path(sys.argv[1]) / "c.log")
    service = Service("c", lambda: command, lambda: True)
    await supervisor.start(service)
    print(service.process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SUPERVISED, str(tmp_path), SLEEP], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()
    assert psutil.wait_procs([child], timeout=5)[1] == []


def test_orphans_are_found_by_their_mark_and_ended(tmp_path: Path) -> None:
    ours = subprocess.Popen(["/bin/sleep", "60"], env={**os.environ, MARK: str(tmp_path)})
    other = subprocess.Popen(["/bin/sleep", "60"], env={**os.environ, MARK: "/somewhere/else"})
    try:
        found = orphans(tmp_path)
        assert [process.pid for process in found] == [ours.pid]
        end(found)
        assert not psutil.pid_exists(ours.pid)
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


def test_error_lines_of_a_log_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("ERROR from an earlier run\n")
    watch = LogWatch(log)
    assert watch.errors() == []
    with log.open("a") as file:
        file.write("INFO fine\n" + "".join(f"ERROR number {n}\n" for n in range(5)))
    assert watch.errors() == ["ERROR number 0", "ERROR number 1", "ERROR number 2", f"(2 more in {log})"]
    assert watch.errors() == []
