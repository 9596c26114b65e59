"""`autoflows doctor`: looks at everything a running installation needs, a line each, a plain sentence per fault."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from autoflows.commands.options import home_option

LEAST_FREE_BYTES = 500 * 2**20
MOST_SKEW_SECONDS = 5.0
LEAST_POSTGRES = 140000


class Fault(Exception):
    """One thing that is wrong, in a sentence that says how to put it right."""


@click.command()
@home_option
def doctor(home: Path) -> None:
    """Check the database, broker, migrations, channels, clock and disk. Exit code 1 if anything is wrong."""
    from autoflows.embedded.access import connected

    with connected(home):
        faults = asyncio.run(_examine(home))
    if faults:
        click.echo(f"{faults} fault{'s' if faults > 1 else ''} found.")
        sys.exit(1)
    click.echo("Everything is in order.")


async def _examine(home: Path) -> int:
    """Run all checks; one that fails does not stop the next."""
    checks: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("database", _database),
        ("migrations", _migrations),
        ("clock", _clock),
        ("broker", _broker),
        ("disk", lambda: _disk(home)),
        ("secret key", _secret_key),
        ("frontend", _frontend),
        ("channels", _channels),
    ]
    faults = 0
    for name, check in checks:
        try:
            click.echo(f"ok     {name}: {await check()}")
        except Fault as fault:
            faults += 1
            click.echo(f"FAULT  {name}: {fault}")
        except OSError as error:
            faults += 1
            click.echo(f"FAULT  {name}: not reachable ({error.strerror or error}).")
    return faults


async def _fetch(statement: str) -> list[tuple[object, ...]]:
    """Rows of one statement on a connection of its own. Raises Fault if the database does not answer it."""
    import asyncpg

    from autoflows.settings import get_settings

    url = get_settings().database_url.replace("postgresql+asyncpg://", "postgresql://")
    try:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return [tuple(row) for row in await connection.fetch(statement, timeout=10)]
        finally:
            await connection.close()
    except (asyncpg.PostgresError, TimeoutError) as error:
        raise Fault(f"The database answers with an error: {error or 'no answer within 10 s'}. Check AUTOFLOWS_DATABASE_URL.") from error


async def _database() -> str:
    ((number, version),) = await _fetch("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
    if not isinstance(number, int) or number < LEAST_POSTGRES:
        raise Fault(f"This is PostgreSQL {version}; version {LEAST_POSTGRES // 10000} or newer is needed. Upgrade the server.")
    return f"PostgreSQL {version}"


async def _migrations() -> str:
    from autoflows.embedded.migrations import head

    newest = head()
    ((table,),) = await _fetch("SELECT to_regclass('alembic_version')::text")
    rows = await _fetch("SELECT version_num FROM alembic_version") if table else []
    current = str(rows[0][0]) if rows else None
    if current != newest:
        raise Fault(f"The database is at migration {current or 'none'}, the code at {newest}. Run: autoflows migrate")
    return f"at the newest ({newest})"


async def _clock() -> str:
    before = datetime.now(UTC)
    ((there,),) = await _fetch("SELECT clock_timestamp()")
    here = before + (datetime.now(UTC) - before) / 2
    skew = (here - there).total_seconds() if isinstance(there, datetime) else 0.0
    if abs(skew) > MOST_SKEW_SECONDS:
        raise Fault(f"This machine's clock and the database's differ by {abs(skew):.0f} s. Set both by NTP.")
    return f"{abs(skew):.2f} s from the database's"


async def _broker() -> str:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    from autoflows.settings import get_settings

    url = get_settings().redis_url
    if not url:
        return "not running now; the embedded one starts with `autoflows up`"
    try:
        async with Redis.from_url(url, socket_timeout=10, socket_connect_timeout=10) as client:
            info = await client.info("server")
    except RedisError as error:
        raise Fault(f"Redis does not answer ({error}). Check AUTOFLOWS_REDIS_URL.") from error
    return f"{info.get('server_name', 'redis')} {info.get('valkey_version') or info['redis_version']}"


async def _disk(home: Path) -> str:
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise Fault(f"{home} has {free // 2**20} MB left; below {LEAST_FREE_BYTES // 2**20} MB the database may stop. Free some space.")
    return f"{free / 2**30:.1f} GB free in {home}"


async def _secret_key() -> str:
    from cryptography.fernet import Fernet

    from autoflows.settings import get_settings

    key = get_settings().secret_key
    try:
        Fernet(key.split(",")[0].encode())
    except ValueError as error:
        raise Fault(
            "AUTOFLOWS_SECRET_KEY is not a key: it must be 32 random bytes in URL-safe base64, such as "
            "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'` prints."
        ) from error
    return "present"


async def _frontend() -> str:
    from autoflows.embedded import frontend, web

    if not web.is_built():
        raise Fault("The frontend is not built. `autoflows up` builds it, or run: python -m autoflows.embedded.frontend")
    if not frontend.is_current():
        raise Fault("The frontend was built from older sources. Restart `autoflows up`, or run: python -m autoflows.embedded.frontend")
    return "built"


async def _channels() -> str:
    ((table,),) = await _fetch("SELECT to_regclass('channels')::text")
    if not table:
        raise Fault("There is no table of channels yet. Run: autoflows migrate")
    rows = await _fetch("SELECT name, provider, status_detail FROM channels WHERE status = 'error' ORDER BY name")
    if rows:
        listed = "; ".join(f"{name} ({provider}): {detail or 'failed its last check'}" for name, provider, detail in rows)
        raise Fault(f"{len(rows)} not working: {listed}. Put it right on the Channels page and check it there.")
    ((count,),) = await _fetch("SELECT count(*) FROM channels WHERE status <> 'disabled'")
    return f"{count} without a known problem"
