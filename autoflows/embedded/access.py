"""Lets a command reach the database of its home, whether Autoflows runs there or not."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from autoflows.embedded import migrations, postgres
from autoflows.embedded.home import Home, Instance, check_space, lock, open_home, running, secret_key
from autoflows.embedded.processes import CannotStart, stop
from autoflows.settings import get_settings

PATIENCE_SECONDS = 90.0


@contextlib.contextmanager
def connected(path: Path) -> Iterator[None]:
    """Settings that name live servers for the length of the block.

    A configured AUTOFLOWS_DATABASE_URL is used as it is. Else the servers of the Autoflows that runs in this home are; if none runs, the
    embedded PostgreSQL is started, brought to the newest migration, and stopped again after the block.
    """
    settings = get_settings()
    home = open_home(path)
    values = {"AUTOFLOWS_HOME": str(home.root), "AUTOFLOWS_SECRET_KEY": settings.secret_key or secret_key(home)}
    with contextlib.ExitStack() as stack:
        if not settings.database_url:
            values |= stack.enter_context(_servers(home))
        os.environ.update(values)
        get_settings.cache_clear()
        yield


@contextlib.contextmanager
def _servers(home: Home) -> Iterator[dict[str, str]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with lock(home, "command") as held:
            if held:
                with _own_database(home) as url:
                    yield {"AUTOFLOWS_DATABASE_URL": url}
                return
        instance = running(home)
        if instance and _usable(instance):
            values = {"AUTOFLOWS_DATABASE_URL": instance.database_url, "AUTOFLOWS_REDIS_URL": instance.redis_url}
            yield {**values, "AUTOFLOWS_PUBLIC_URL": instance.url}
            return
        if time.monotonic() > deadline:
            raise CannotStart(f"The Autoflows in {home.root} is still starting. Try again when it is ready.")
        time.sleep(0.2)


def _usable(instance: Instance) -> bool:
    """Whether its servers are up and migrated."""
    return instance.holder == "up" and instance.ready


@contextlib.contextmanager
def _own_database(home: Home) -> Iterator[str]:
    check_space(home)
    server = postgres.locate(home.root, log=home.logs / "postgres.log")
    process = postgres.start(server)
    try:
        migrations.upgrade(server.url)
        yield server.url
    finally:
        command = postgres.command(server)
        stop(process, command.stop_signal, command.stop_seconds)
