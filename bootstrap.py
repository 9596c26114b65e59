#!/usr/bin/env python3
"""From a bare machine to a running Autoflows: `python3 bootstrap.py run` (or `make run`).

Needs Python 3.11 to 3.13 and a network, nothing else. Makes `.venv` from the hash-checked lock file, and hands over to the program in it.
Each step is stamped and skipped when nothing has changed. Standard library only, and readable by Python 3.6 (hence the quoted annotations),
so that an old `python3` can look for a newer one.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
QUIET_TESTS = ("-q", "-n", "2", "-m", "not e2e and not chaos")
"""All but those that drive browsers or kill processes."""
BROWSER_TESTS = ("-q", "-n", "2", "--dist", "loadfile", "-m", "e2e")
"""They mostly wait, so two at a time; those of one file share what their file sets up."""
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "autoflows-stamp.json"
OLDEST, NEWEST = (3, 11), (3, 13)
PULSE_SECONDS = 10.0
# The shell reads two lines and becomes Python, which takes them for a string: a long path, or one with spaces, cannot stand after `#!`.
SCRIPT = """#!/bin/sh
'''exec' "$(dirname "$(readlink -f "$0")")/python" "$0" "$@"
'''
from autoflows.cli import main

main()
"""
USAGE = """usage: python3 bootstrap.py COMMAND

  run [OPTIONS]   everything on this machine with a demo account; options are those of `autoflows up`
  setup           only make the environment and build the frontend
  test            all that CI runs: format, lint, types, import rules, all tests
  test-fast       the tests without browser and chaos
  check           format, lint, types and import rules
  exec PROGRAM    run a program of the environment, with the development tools"""


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    print(line, flush=True)


def give_up(sentence: str) -> None:
    """End with a sentence and exit code 1."""
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(1)


def use_fitting_python() -> None:
    """Go on in a fitting Python if this one is too old or too new; end with a sentence if there is none."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for candidate in candidates():
        if version_of(candidate):
            os.execv(candidate, [candidate, str(Path(__file__).resolve()), *sys.argv[1:]])  # noqa: S606
    have = ".".join(str(part) for part in sys.version_info[:3])
    give_up(
        f"Autoflows needs Python 3.11, 3.12 or 3.13; this is {have} and no other was found. Install one "
        "(on Debian or Ubuntu: apt-get install python3.12 python3.12-venv) and start again."
    )


def candidates() -> "list[str]":
    """Pythons that may fit: on PATH by name, then where version managers keep them; the newest first."""
    found = []
    for minor in (13, 12, 11):
        name = f"python3.{minor}"
        on_path = shutil.which(name)
        found += [on_path] if on_path else []
        for pattern in (".pyenv/versions/3.{}.*/bin/{}", ".local/share/uv/python/cpython-3.{}.*/bin/{}"):
            found += [str(path) for path in sorted(Path.home().glob(pattern.format(minor, name)), reverse=True)]
        found += [str(path) for path in (Path("/opt/homebrew/bin") / name, Path("/usr/local/bin") / name) if path.exists()]
    return found


def version_of(python: str) -> "tuple[int, ...] | None":
    """Version of a Python if it runs and fits, else None. (A version manager's shim may exist and not run.)"""
    try:
        printed = subprocess.check_output([python, "-c", "import sys; print(*sys.version_info[:2])"], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = tuple(int(part) for part in printed.split())
    return version if OLDEST <= version <= NEWEST else None


@contextmanager
def one_at_a_time() -> "Iterator[None]":
    """Two starts at once in one tree: the second waits for the first."""
    descriptor = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is preparing this tree; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def run(arguments: "list[str]", doing: str, env: "dict[str, str] | None" = None) -> "tuple[int, str]":
    """Run a program, with a sign of life every PULSE_SECONDS; returns its exit code and what it said."""
    began = time.monotonic()
    process = subprocess.Popen(
        arguments, cwd=str(ROOT), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while True:
        try:
            said, _ = process.communicate(timeout=PULSE_SECONDS)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            say(f"  {doing} ({time.monotonic() - began:.0f} s)")
        except KeyboardInterrupt:
            process.terminate()
            raise


def ensure_environment(lock: str) -> None:
    """`.venv` holding what `lock` names. A half-made or moved one is made again."""
    if is_current(lock):
        return
    try:
        with one_at_a_time():
            if is_current(lock):
                return
            if not works():
                make_venv()
            install(lock)
            install_project()
            # The development lock holds all that the other one does; the other way round, the tools may be out of date now.
            held = {lock, "requirements.lock"}
            write_stamps({"root": str(ROOT), **{each: digest(each) for each in sorted(held)}})
    except OSError as error:
        give_up(f"Could not make {VENV}: {error.strerror or error}. The tree must be writable for the first start.")


def is_current(lock: str) -> bool:
    """Whether the environment was finished from this very lock file, in this place."""
    done = stamps()
    return done.get("root") == str(ROOT) and done.get(lock) == digest(lock) and PYTHON.exists()


def digest(lock: str) -> str:
    """Fingerprint of a lock file."""
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def stamps() -> "dict[str, str]":
    """What the environment was last made from; empty if it never was finished."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamps(values: "dict[str, str]") -> None:
    """Replace the stamps as a whole."""
    temporary = STAMP.with_suffix(".new")
    temporary.write_text(json.dumps(values))
    temporary.replace(STAMP)


def works() -> bool:
    """Whether there is a once finished environment of this tree whose Python and pip run."""
    if stamps().get("root") != str(ROOT) or not PYTHON.exists():
        return False
    return version_of(str(PYTHON)) is not None and subprocess.call([str(PYTHON), "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0


def make_venv() -> None:
    """A fresh `.venv` with pip in it, by whatever means this machine has."""
    say("Making the Python environment in .venv")
    if VENV.exists():
        shutil.rmtree(str(VENV))
    attempts = [
        lambda: run([sys.executable, "-m", "venv", str(VENV)], "making .venv"),
        venv_with_outside_pip,
        lambda: run([sys.executable, "-m", "virtualenv", "--quiet", str(VENV)], "making .venv"),
        virtualenv_from_pip,
    ]
    said = []
    for attempt in attempts:
        code, text = attempt()
        if code == 0 and PYTHON.exists():
            return
        said.append(text.strip())
        shutil.rmtree(str(VENV), ignore_errors=True)
    version = "{}.{}".format(*sys.version_info[:2])
    give_up(
        "This Python has neither venv with ensurepip nor pip, so no environment can be made. On Debian or Ubuntu: "
        f"apt-get install python{version}-venv. The last attempt said:\n{said[-1]}"
    )


def venv_with_outside_pip() -> "tuple[int, str]":
    """Debian without python3-venv: the venv is made without pip, and this Python's own pip installs one into it."""
    code, said = run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "making .venv")
    if code != 0:
        return code, said
    return run([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"], "installing pip")


def virtualenv_from_pip() -> "tuple[int, str]":
    """No venv module at all: virtualenv from PyPI, in a directory of its own that goes away with .venv."""
    tools = ROOT / ".venv-tools"
    try:
        code, said = run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tools), "virtualenv"], "installing virtualenv")
        if code != 0:
            return code, said
        return run([sys.executable, "-m", "virtualenv", "--quiet", str(VENV)], "making .venv", {**os.environ, "PYTHONPATH": str(tools)})
    finally:
        shutil.rmtree(str(tools), ignore_errors=True)


def install(lock: str) -> None:
    """Install exactly what the lock file names, each file checked against its hash. It is complete, so there is nothing to resolve."""
    say(f"Installing the packages of {lock} (a minute or two, once)")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    code, said = run([*pip, "--no-deps", "--require-hashes", "-r", lock], "installing packages")
    if code != 0:
        said = "\n".join(line for line in said.splitlines() if not line.startswith("WARNING"))
        give_up(f"Installing the packages failed. Check the network and start again. pip said:\n{said.strip()}")


def install_project() -> None:
    """Put this tree on the environment's path and its command into bin; nothing is copied, so changes count at once."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(subprocess.check_output([str(PYTHON), "-c", code], text=True).strip())
    (packages / "autoflows-source.pth").write_text(f"{ROOT}\n")
    script = VENV / "bin" / "autoflows"
    script.write_text(SCRIPT)
    script.chmod(0o755)


def ensure_frontend() -> None:
    """The built frontend, by the environment's own builder, which knows whether there is anything to do."""
    if subprocess.call([str(PYTHON), "-m", "autoflows.embedded.frontend"], cwd=str(ROOT)) != 0:
        sys.exit(1)


def ensure_browser() -> None:
    """A Chromium for the browser tests: one that is there, else Debian's package if we may install it."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    if os.environ.get("CHROMIUM") or any(shutil.which(name) for name in names):
        return
    hint = "Install Chromium or Google Chrome (on Debian or Ubuntu: apt-get install -y chromium), or name one in CHROMIUM."
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        give_up("The browser tests need a Chromium, and none was found. " + hint)
    say("Installing Chromium for the browser tests")
    run(["apt-get", "update", "-qq"], "reading package lists")
    code, said = run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], "installing Chromium")
    if code != 0 or not any(shutil.which(name) for name in names):
        give_up(f"Chromium could not be installed. {hint} apt-get said:\n{said.strip()}")


def check() -> None:
    """Format, lint, types and import rules, stopping at the first that fails."""
    trees = [name for name in ("autoflows", "workers", "tests", "bench", "bootstrap.py") if (ROOT / name).exists() and name != "bench"]
    if list((ROOT / "bench").glob("*.py")):
        trees.append("bench")
    steps = [
        ["ruff", "format", "--check", "--quiet", "."],
        ["ruff", "check", "--quiet", "."],
        ["mypy", *trees],
        ["lint-imports", "--no-cache"],
    ]
    for program, *arguments in steps:
        run_step(program, *arguments)


def run_step(program: str, *arguments: str) -> None:
    """Run a program of the environment, and stop here if it fails."""
    say("{} {}".format(program, " ".join(arguments)))
    sys.stdout.flush()
    code = subprocess.call([str(VENV / "bin" / program), *arguments], cwd=str(ROOT), env=environment())
    if code != 0:
        give_up(f"{program} found something to put right.")


def environment() -> "dict[str, str]":
    """The environment of a program of ours: its own bin directory first on PATH."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def become(program: str, *arguments: str) -> None:
    """Go on as a program of the environment, so that signals and the exit code are its own."""
    sys.stdout.flush()
    os.chdir(str(ROOT))
    path = str(VENV / "bin" / program)
    os.execve(path, [path, *arguments], environment())  # noqa: S606


def main() -> None:
    """Prepare what the command needs, then become it."""
    command, *arguments = sys.argv[1:] or ["help"]
    if command not in ("run", "setup", "test", "test-fast", "check", "exec"):
        say(USAGE)
        sys.exit(0 if command in ("help", "-h", "--help") else 2)
    use_fitting_python()
    if command in ("run", "setup"):
        ensure_environment("requirements.lock")
    else:
        ensure_environment("requirements-dev.lock")
    if command == "run":
        ensure_frontend()
        become("autoflows", "up", "--demo", *arguments)
    elif command == "setup":
        ensure_frontend()
        say("Ready. Start with: {} up".format(VENV / "bin" / "autoflows"))
    elif command == "check":
        check()
    elif command == "exec":
        become(*arguments)
    elif command == "test-fast":
        become("pytest", *QUIET_TESTS, *arguments)
    else:
        ensure_frontend()
        ensure_browser()
        check()
        if arguments:
            become("pytest", "-q", *arguments)
        run_step("pytest", *QUIET_TESTS)
        run_step("pytest", *BROWSER_TESTS)
        become("pytest", "-q", "-m", "chaos")  # kills want the machine for themselves


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        give_up("Stopped.")
