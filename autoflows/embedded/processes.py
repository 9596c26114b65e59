"""Child processes: they die with the process that started them, are found again if they did not, and end in order.

Every child gets its own session (so a terminal's Ctrl-C reaches us alone, and we stop the children in the right order) and, on Linux, a
parent-death signal (prctl(2), PR_SET_PDEATHSIG). Children also carry the home directory in their environment under MARK: whatever still
carries it at the next start is an orphan of an earlier run.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from autoflows.domain.errors import AutoflowsError

MARK = "AUTOFLOWS_INSTANCE"
LOG_LIMIT_BYTES = 5_000_000
_PR_SET_PDEATHSIG = 1


class CannotStart(AutoflowsError):
    """Something on this machine keeps Autoflows from starting; the message says what and how to put it right."""

    status = 503
    title = "Cannot start"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start one child. `user` is the system user to become (as root only), `stdin` is fed once and closed."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    user: str | None = None
    stdin: bytes = b""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0


def spawn(command: Command, *, capture: bool = False) -> subprocess.Popen[bytes]:
    """Start the child with its output appended to its log (`capture` keeps its stdout for the caller).

    Call it from the main thread: the parent-death signal follows the thread.

    Raises CannotStart if the program or the log cannot be opened.
    """
    try:
        with open_log(command.log) as log:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE if capture else log,
                stderr=log,
                cwd=command.cwd,
                env={**os.environ, **command.env},
                start_new_session=True,
                preexec_fn=_die_with_parent(command.stop_signal),  # noqa: PLW1509 - one system call; we fork from the main thread
                **become(command.user),
            )
    except OSError as error:
        raise CannotStart(f"Could not start {command.name} ({command.argv[0]}): {error.strerror or error}.") from error
    if process.stdin:
        process.stdin.write(command.stdin)
        process.stdin.close()
    return process


def become(user: str | None) -> dict[str, Any]:
    """Arguments of subprocess that make the child run as `user` with that user's own group only."""
    if user is None:
        return {}
    import pwd

    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Runs in the child between fork and exec; after the change of user, which would clear the setting again."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return arrange


def open_log(path: Path) -> IO[bytes]:
    """The log opened for appending; one that has grown past LOG_LIMIT_BYTES is first moved to `<name>.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def log_tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 8_000))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Poll `ready` until it holds; False when the process ended or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, seconds: float) -> None:
    """Ask the child to end, wait, then end whatever is left of its session by force."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """End by force the child and all it started (a web server's own worker outlives a killed parent)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end(processes: list[psutil.Process], stop_signal: signal.Signals = signal.SIGTERM, seconds: float = 8.0) -> None:
    """End processes that are not our children: ask, wait, then force."""
    for process in processes:
        _signal(process, stop_signal)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=seconds)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def orphans(home: Path) -> list[psutil.Process]:
    """Processes of an earlier run in this home. Only meaningful while holding the home's lock."""
    me = psutil.Process()
    ours = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in ours and process.environ().get(MARK) == str(home):
                found.append(process)
        except (psutil.Error, OSError):  # another user's process, or one that just ended
            continue
    return found


def package_directory(name: str) -> Path | None:
    """Where an installed package lies, without importing it: the wheels we take server programs from do much work when imported."""
    spec = importlib.util.find_spec(name)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None
