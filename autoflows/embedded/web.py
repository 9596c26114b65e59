"""How the web process is started: granian serving the Reflex app with its prebuilt frontend, REST and pages on one port."""

from __future__ import annotations

import sys
from pathlib import Path

import autoflows

SOURCE = Path(autoflows.__file__).parent.parent
_PACKED = Path(autoflows.__file__).parent / "_web"
# What a build leaves for the web process: `build/client` (the bundle) and `backend` (which pages hold state).
BUILT = _PACKED if _PACKED.is_dir() else SOURCE / ".web" / "built"

# The double-underscore ones are marked internal by Reflex, which is why its version is pinned exactly.
ENVIRONMENT = {
    "REFLEX_ENV_MODE": "prod",
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    "REFLEX_BACKEND_ONLY": "true",  # the code's own .jsx files are in the bundle: no links to them in the working directory
    "REFLEX_WEB_WORKDIR": str(BUILT),
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    # A connection that died without a word (a laptop woke in another network) is noticed by both ends within half a minute.
    "REFLEX_SOCKET_INTERVAL": "15",
    "REFLEX_SOCKET_TIMEOUT": "15",
}


def arguments(*, host: str, port: int, workers: int = 1) -> tuple[str, ...]:
    """The command line of the web server."""
    return (
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--no-access-log", "--log-level", "warning", "autoflows.autoflows:app"),
    )


def is_built() -> bool:
    """Whether there is a finished frontend to serve."""
    return (BUILT / "build" / "client" / "index.html").is_file()
