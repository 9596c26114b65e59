"""Keeps child processes running: starts them in order, starts again what dies, stops all in order.

A failure before a service was ever ready stops the start with the end of its log, since trying again would show the same. After that a
service is started again for ever, with a back-off, and each time in a line on the console.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autoflows.embedded.processes import CannotStart, Command, kill_session, log_tail, spawn

POLL_SECONDS = 0.2
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
HEALTHY_SECONDS = 60.0  # a service that lived so long is restarted without delay again
ERROR_PAUSE_SECONDS = 5.0  # a service that fails over and over is heard this often
# A log line of that level, or the last line of a traceback, which names the exception.
_ERROR_LINE = re.compile(rb"\b(ERROR|CRITICAL|FATAL|PANIC)\b|^(?:\w+\.)*\w*(?:Error|Exception)(?::|$)")


@dataclass(slots=True)
class Service:
    """One child to keep running. `command`, `prepare` and `ready` are asked anew at each start; the latter two run in a thread."""

    name: str
    command: Callable[[], Command]
    ready: Callable[[], bool]
    prepare: Callable[[], object] = lambda: None
    stage: int = 0  # higher stages are stopped first
    seconds: float = 60.0  # the longest wait for the first readiness
    process: subprocess.Popen[bytes] | None = None
    stopping: bool = False


@dataclass(slots=True)
class LogWatch:
    """Finds the lines of a growing log that a person should see."""

    path: Path
    most: int = 3
    offset: int = field(init=False)

    def __post_init__(self) -> None:
        self.offset = self._size()

    def _size(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return self.path.stat().st_size
        return 0

    def errors(self) -> list[str]:
        """Error lines since the last call, at most `most` of them; the rest is in the file."""
        size = self._size()
        if size <= self.offset:
            self.offset = size  # also after the log was moved away
            return []
        with self.path.open("rb") as log:
            log.seek(self.offset)
            text = log.read(min(size - self.offset, 200_000))
        self.offset = size
        lines = [line.decode(errors="replace").strip() for line in text.splitlines() if _ERROR_LINE.search(line)]
        more = [f"({len(lines) - self.most} more in {self.path})"] if len(lines) > self.most else []
        return lines[: self.most] + more


class Supervisor:
    """Owns the children of one run. `changed` is called with name -> process id whenever that map changes."""

    def __init__(self, say: Callable[[str], None], changed: Callable[[dict[str, int]], None]) -> None:
        self._say = say
        self._changed = changed
        self._services: list[Service] = []
        self._once: set[subprocess.Popen[bytes]] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._hurry = asyncio.Event()

    async def start(self, service: Service) -> None:
        """Start the service, wait until it is ready and keep it running from then on. Raises CannotStart with the end of its log."""
        self._services.append(service)
        command = await self._launch(service)
        assert service.process is not None
        deadline = time.monotonic() + service.seconds
        while not await asyncio.to_thread(service.ready):
            if service.process.poll() is not None:
                raise CannotStart(f"{service.name} {_how_it_ended(service.process)}. The end of {command.log}:\n{log_tail(command.log)}")
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{service.name} was not ready after {service.seconds:.0f} s. The end of {command.log}:\n{log_tail(command.log)}"
                )
            await asyncio.sleep(0.05)
        self._keepers.append(asyncio.create_task(self._keep(service, command), name=f"keep {service.name}"))

    async def run(self, command: Command) -> str:
        """Run a program to its end and return what it printed. Raises CannotStart with the end of its log if it fails."""
        process = spawn(command, capture=True)
        self._once.add(process)
        try:
            printed, _ = await asyncio.to_thread(process.communicate)
        finally:
            if process.poll() is not None:
                self._once.discard(process)
        if process.returncode:
            raise CannotStart(f"{command.name} {_how_it_ended(process)}. The end of {command.log}:\n{log_tail(command.log)}")
        return printed.decode()

    async def _launch(self, service: Service) -> Command:
        await asyncio.to_thread(service.prepare)
        command = service.command()
        service.process = spawn(command)
        self._changed({each.name: each.process.pid for each in self._services if each.process})
        return command

    async def _keep(self, service: Service, command: Command) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            began = time.monotonic()
            await self._until_ended(service, LogWatch(command.log))
            if service.stopping:
                return
            if time.monotonic() - began > HEALTHY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            process = service.process
            assert process is not None
            self._say(f"{service.name} {_how_it_ended(process)}; starting it again in {backoff:g} s (log: {command.log})")
            kill_session(process)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
            try:
                command = await self._launch(service)
            except (CannotStart, OSError) as error:
                self._say(f"{service.name} could not be started: {error}")

    async def _until_ended(self, service: Service, watch: LogWatch) -> None:
        process = service.process
        assert process is not None
        next_look = 0.0
        while process.poll() is None:
            await asyncio.sleep(POLL_SECONDS)
            if time.monotonic() >= next_look and self._show_errors(service, watch):
                next_look = time.monotonic() + ERROR_PAUSE_SECONDS
        self._show_errors(service, watch)

    def _show_errors(self, service: Service, watch: LogWatch) -> bool:
        """Tell what went wrong since the last look; True if anything did. What a stopping service logs is of no interest."""
        lines = [] if service.stopping else watch.errors()
        for line in lines:
            self._say(f"{service.name}: {line}")
        return bool(lines)

    def hurry(self) -> None:
        """Stop waiting for anybody: what still runs is killed."""
        self._hurry.set()

    async def stop(self) -> None:
        """End everything, the highest stage first, each service with its own signal and patience; nothing of ours is left after it."""
        for service in self._services:
            service.stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for process in self._once:
            kill_session(process)
        for stage in sorted({service.stage for service in self._services}, reverse=True):
            await asyncio.gather(*(self._end(service) for service in self._services if service.stage == stage))

    async def _end(self, service: Service) -> None:
        process = service.process
        if process is None:
            return
        command = service.command()
        deadline = time.monotonic() + command.stop_seconds
        if process.poll() is None:
            process.send_signal(command.stop_signal)
        while process.poll() is None and time.monotonic() < deadline and not self._hurry.is_set():  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.02)
        if process.poll() is None and not self._hurry.is_set():
            self._say(f"{service.name} did not end within {command.stop_seconds:g} s and is killed")
        kill_session(process)


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    code = process.poll()
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def console(line: str) -> None:
    """Print a line with the time, at once."""
    write(f"{time.strftime('%H:%M:%S')}  {line}\n")


def write(text: str) -> None:
    """Write to stdout; if nobody can read it any more (a closed pipe or terminal), the services go on without."""
    with contextlib.suppress(OSError):
        os.write(1, text.encode())
