"""The home directory: everything one installation keeps on this machine, owned by one process at a time.

```
secret.key        encrypts channel credentials; 0600
postgres/         the embedded database
logs/             one file per child
run/lock          held (flock) by the supervisor, or by a command that runs the database for its own duration
run/instance.json what the holder of the lock runs: URLs, port, process ids; 0600
```
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autoflows.embedded.processes import CannotStart

LEAST_FREE_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one home."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def instance_file(self) -> Path:
        return self.run / "instance.json"


@dataclass(slots=True)
class Instance:
    """What runs in a home now. `holder` is `up` (the whole product) or `command` (the database, for one command)."""

    pid: int
    holder: str
    url: str = ""
    port: int = 0
    database_url: str = ""
    redis_url: str = ""
    ready: bool = False
    children: dict[str, int] = field(default_factory=dict)


def open_home(path: Path) -> Home:
    """The home at `path`, made if it is not there. Raises CannotStart if it cannot be made or written."""
    try:
        home = Home(path.expanduser().resolve())
        # As root the database's own user must pass through; what is private inside has its own mode.
        _make(home.root, 0o755 if os.geteuid() == 0 else 0o700)
        _make(home.run, 0o755 if os.geteuid() == 0 else 0o700)
        _make(home.logs, 0o700)
        probe = home.run / f".write-{os.getpid()}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except (OSError, RuntimeError) as error:
        raise CannotStart(_why_unusable(path, error)) from error
    return home


def check_space(home: Home) -> None:
    """Raise CannotStart if there is too little room for servers to start: they would fail one by one, less clearly."""
    free = shutil.disk_usage(home.root).free
    if free < LEAST_FREE_BYTES:
        raise CannotStart(f"The disk that holds {home.root} is full ({free // 2**20} MB left). Free some space and start again.")


def _make(path: Path, mode: int) -> None:
    """Make the directory and its missing parents with exactly this mode, whatever the umask; leave what is there as it is."""
    if path.is_dir():
        return
    missing = [path, *(parent for parent in path.parents if not parent.exists())]
    for directory in reversed(missing):
        with contextlib.suppress(FileExistsError):
            directory.mkdir()
            directory.chmod(mode)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _why_unusable(path: Path, error: OSError | RuntimeError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {path} is full. Free some space, or choose another directory with --home."
    if number == errno.EROFS:
        return f"{path} is on a read-only file system. Choose another directory with --home."
    if number in (errno.EACCES, errno.EPERM):
        return f"No permission to write in {path}. Choose a directory of your own with --home."
    reason = error.strerror if isinstance(error, OSError) else error
    return f"{path} cannot be used as the home directory ({reason}). Choose another one with --home."


def secret_key(home: Home) -> str:
    """The home's key for credentials at rest: 32 random bytes in URL-safe base64, made at the first call and kept.

    Raises CannotStart if the file is there but empty or unreadable: going on with a new key would make stored credentials unreadable.
    """
    path = home.root / "secret.key"
    try:
        if not path.exists():
            _create_private(path, base64.urlsafe_b64encode(os.urandom(32)).decode())
        key = path.read_text().strip()
    except OSError as error:
        raise CannotStart(f"Cannot read or make the secret key {path}: {error.strerror}.") from error
    if not key:
        raise CannotStart(f"The secret key {path} is empty. Put it back from a backup, or delete the file to begin with a new key.")
    return key


def _create_private(path: Path, text: str) -> None:
    """Make a file that is complete from the first moment it exists, and is never written over."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(temporary, text)
    with contextlib.suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read; a reader sees the old text or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


@contextlib.contextmanager
def lock(home: Home, holder: str) -> Iterator[bool]:
    """Hold the home for the length of the block; yields False, holding nothing, if somebody else does.

    A lock dies with its process (flock(2)), so there is nothing stale to clean up.
    """
    descriptor = os.open(home.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        record(home, Instance(pid=os.getpid(), holder=holder))
        try:
            yield True
        finally:
            home.instance_file.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def record(home: Home, instance: Instance) -> None:
    """Tell other commands in this home what runs. Only for the holder of the lock."""
    write_private(home.instance_file, json.dumps(asdict(instance), indent=1))


def running(home: Home) -> Instance | None:
    """What runs in this home now, or None. A file left by a killed process does not count: nobody holds the lock any more."""
    try:
        descriptor = os.open(home.run / "lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise CannotStart(f"{home.root} belongs to another user. Run this as that user.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _read_instance(home)
    finally:
        os.close(descriptor)


def _read_instance(home: Home) -> Instance | None:
    """The record of the lock's holder, which writes it a moment after taking the lock and removes it just before letting go."""
    with contextlib.suppress(FileNotFoundError):
        return Instance(**json.loads(home.instance_file.read_text()))
    return None
