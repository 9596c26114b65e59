"""Builds the frontend once, and again only when what it is made of has changed: `python -m autoflows.embedded.frontend`.

The build runs in a working directory of its own, `.web/work`, and replaces `.web/built` at the very end, stamp included, so that a killed
build is never taken for a finished one and a running web process keeps its old files until then.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autoflows.embedded import toolchain
from autoflows.embedded.processes import CannotStart
from autoflows.embedded.web import BUILT, SOURCE

DIRECTORY = SOURCE / ".web"
WORK = DIRECTORY / "work"
LOG = DIRECTORY / "build.log"
PULSE_SECONDS = 10.0
LOCK_FILES = SOURCE / "reflex.lock"
# What a page can be made of. Code that only runs on the server (services, engine, models, api) is not in the bundle.
_INPUTS = (
    "autoflows/ui", "autoflows/domain", "autoflows/actions", "autoflows/providers", "autoflows/sources", "autoflows/analytics",
    "autoflows/autoflows.py", "autoflows/embedded/frontend.py", "assets", "rxconfig.py", "reflex.lock/bun.lock", "requirements.lock",
)  # fmt: skip
_IGNORED = {"__pycache__", "external", ".DS_Store"}


def digest(source: Path = SOURCE) -> str:
    """A fingerprint of everything the bundle is made of."""
    result = hashlib.sha256()
    for path in _input_files(source):
        result.update(path.relative_to(source).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()


def _input_files(source: Path) -> Iterator[Path]:
    for name in _INPUTS:
        path = source / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and not _IGNORED.intersection(file.relative_to(source).parts))


def is_current() -> bool:
    """Whether the built frontend is that of the present sources. A packed one (in a wheel) always is."""
    if BUILT.parent != DIRECTORY:
        return True
    stamp = BUILT / "stamp"
    return stamp.is_file() and stamp.read_text() == digest()


def ensure_built(say: Callable[[str], None]) -> bool:
    """Build the frontend if it is missing or out of date; True if it did. Two callers at once: the second waits, then finds it done.

    Raises CannotStart with the end of the build's log.
    """
    if is_current():
        return False
    try:
        DIRECTORY.mkdir(exist_ok=True)
        with _lock(say):
            if is_current():
                return False
            began = time.monotonic()
            wanted = digest()
            made = _build(say)
            point_at_origin(made / "build" / "client")
            if _keep_lock_files(say):
                wanted = digest()  # or the refreshed lock files would be a reason to build again
            _replace(made, wanted)
    except OSError as error:
        raise CannotStart(f"Could not build the frontend in {DIRECTORY}: {error.strerror or error}.") from error
    say(f"Frontend built in {time.monotonic() - began:.0f} s")
    return True


@contextlib.contextmanager
def _lock(say: Callable[[str], None]) -> Iterator[None]:
    with (DIRECTORY / "build.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is building the frontend; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(say: Callable[[str], None]) -> Path:
    """Run Reflex's export in the working directory; returns the `.web` folder it made."""
    env = toolchain.environment(Path(sys.prefix) / "toolchain", SOURCE, say)
    say("Building the frontend (about 20 s; the first time also downloads its packages)")
    WORK.mkdir(exist_ok=True)
    for name in ("assets", "reflex.lock"):
        shutil.rmtree(WORK / name, ignore_errors=True)
        if (SOURCE / name).is_dir():
            shutil.copytree(SOURCE / name, WORK / name, ignore=shutil.ignore_patterns("external"))
    (WORK / "assets").mkdir(exist_ok=True)
    shutil.copy(SOURCE / "rxconfig.py", WORK / "rxconfig.py")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REFLEX_", "__REFLEX_"))}
    ours = {
        "PYTHONPATH": str(SOURCE),
        "REFLEX_DIR": str(Path(sys.prefix) / "toolchain" / "reflex"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "NO_COLOR": "1",
    }
    export = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--env", "prod"]
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            export, cwd=WORK, env={**inherited, **env, **ours}, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        code = _wait(process, say)
    made = WORK / ".web"
    if code != 0 or not (made / "build" / "client" / "index.html").is_file():
        end = "\n".join(LOG.read_text(errors="replace").splitlines()[-25:])
        raise CannotStart(f"The frontend build failed. The end of {LOG}:\n{end}")
    return made


def _wait(process: subprocess.Popen[bytes], say: Callable[[str], None]) -> int:
    """The exit code, with a sign of life every PULSE_SECONDS; a build interrupted by Ctrl-C ends with us."""
    began = time.monotonic()
    try:
        while True:
            try:
                return process.wait(PULSE_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"  still building ({time.monotonic() - began:.0f} s)")
    except BaseException:
        process.terminate()
        raise


def point_at_origin(client: Path) -> None:
    """Make the bundle talk to wherever it was loaded from, instead of the URL Reflex bakes in: any host, any port, http or https.

    Raises CannotStart if the file is not as expected: a bundle that talks to a fixed port must not be served.
    """
    files = list((client / "assets").glob("reflex-env-*.js"))
    if len(files) != 1:
        raise CannotStart(f"The frontend build has {len(files)} reflex-env files instead of one; is Reflex's version the locked one?")
    text = files[0].read_text()
    text, sockets = re.subn(r"`wss?://[^/`]+", '`${location.origin.replace("http","ws")}', text)
    text, pages = re.subn(r"`https?://[^/`]+", "`${location.origin}", text)
    if not sockets or not pages:
        raise CannotStart(f"{files[0].name} names no backend URL to replace; is Reflex's version the locked one?")
    files[0].write_text(text)
    with gzip.GzipFile(files[0].with_name(files[0].name + ".gz"), "wb", compresslevel=9, mtime=0) as packed:
        packed.write(text.encode())


def _keep_lock_files(say: Callable[[str], None]) -> bool:
    """Take over bun's lock file if the build had to add packages to it, for the developer to commit; True if it did."""
    fresh = WORK / "reflex.lock"
    new = fresh / "bun.lock"
    kept = LOCK_FILES / "bun.lock"
    if not new.is_file() or (kept.is_file() and kept.read_bytes() == new.read_bytes()):
        return False
    LOCK_FILES.mkdir(exist_ok=True)
    shutil.copy(new, kept)
    (LOCK_FILES / "package.json").write_text(json.dumps(json.loads((fresh / "package.json").read_text()), indent=2) + "\n")
    say("The frontend's packages have changed: commit reflex.lock/")
    return True


def _replace(made: Path, stamp: str) -> None:
    """Put what the web process needs in place of the old: it is complete before the rename, so there is never half a frontend."""
    new, old = DIRECTORY / "built.new", DIRECTORY / "built.old"
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(made / "build" / "client", new / "build" / "client")
    shutil.copytree(made / "backend", new / "backend")
    (new / "stamp").write_text(stamp)
    if BUILT.exists():
        BUILT.rename(old)
    new.rename(BUILT)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    """Build if needed, saying what happens; exit code 1 with a sentence on failure."""
    try:
        ensure_built(lambda line: print(line, flush=True))  # noqa: T201 - the person at the terminal
    except CannotStart as error:
        sys.exit(error.detail)


if __name__ == "__main__":
    main()
