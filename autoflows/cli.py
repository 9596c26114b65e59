"""The `autoflows` command. Each subcommand imports what it needs when it runs, so that `--help` and the supervisor stay light."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from autoflows.commands.accounts import token, user
from autoflows.commands.analytics import analytics
from autoflows.commands.check import doctor
from autoflows.commands.flows import flow
from autoflows.commands.options import home_option
from autoflows.domain.errors import AutoflowsError
from autoflows.settings import SettingsError, get_settings


class Sentences(click.Group):
    """A group whose errors end as a sentence on stderr and exit code 1, never as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AutoflowsError as error:
            lines = [error.detail, *(f"{each.pointer.strip('/') or 'value'}: {each.detail}" for each in error.errors)]
        except SettingsError as error:
            lines = str(error).splitlines()
        except KeyboardInterrupt:
            lines = ["Stopped."]
        for line in lines:
            click.echo(line, err=True)
        sys.exit(1)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option("0.1.0", prog_name="autoflows")
def main() -> None:
    """Autoflows: every new lead contacted within seconds, and every lead accounted for."""


@main.command()
@home_option
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", help="HTTP port. Left out: 8000, or the next free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--demo/--no-demo", default=False, show_default=True, help="A demo account on a sandbox world, with leads arriving.")
@click.option("--leads-per-minute", type=click.FloatRange(min=0), default=10.0, show_default=True, help="Of the demo; 0 for none.")
@click.option("--workers", type=click.IntRange(0, 64), default=1, show_default=True, help="Worker processes; 0 if they run elsewhere.")
def up(home: Path, port: int | None, host: str, demo: bool, leads_per_minute: float, workers: int) -> None:
    """Run everything on this machine.

    PostgreSQL and Valkey are embedded unless AUTOFLOWS_DATABASE_URL and AUTOFLOWS_REDIS_URL name others.
    """
    from autoflows.embedded.stack import Options
    from autoflows.embedded.stack import up as run_stack

    run_stack(Options(home=home, host=host, port=port, demo=demo, leads_per_minute=leads_per_minute, workers=workers), get_settings())


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True, help="HTTP port.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104 - a production process behind a proxy
def web(port: int, host: str) -> None:
    """Run one web process against AUTOFLOWS_DATABASE_URL and AUTOFLOWS_REDIS_URL."""
    from autoflows.embedded import web as server

    _require_servers()
    if not server.is_built():
        raise click.ClickException("The frontend is not built yet. Build it with: python -m autoflows.embedded.frontend")
    _become(server.arguments(host=host, port=port), server.ENVIRONMENT)


@main.command()
def worker() -> None:
    """Run one worker process against AUTOFLOWS_DATABASE_URL and AUTOFLOWS_REDIS_URL."""
    _require_servers()
    _become((sys.executable, "-m", "workers"), {})


@main.command()
@home_option
def migrate(home: Path) -> None:
    """Bring the database to the newest migration."""
    from autoflows.embedded.access import connected
    from autoflows.embedded.migrations import upgrade

    with connected(home):
        upgrade(get_settings().database_url)
    click.echo("The database is at the newest migration.")


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8600, show_default=True, help="HTTP port of the simulated providers.")
@click.option("--smtp-port", type=click.IntRange(1, 65535), help="SMTP port. Left out: the one after --port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=10.0, show_default=True, help="Divides the providers' delays.")
@click.option("--seed", type=int, help="The same outcomes again.")
@click.option("--bolna-webhook-url", help="Where call outcomes are reported, as set at the vendor.")
@click.option("--whatsapp-callback-url", help="Where message events are reported, as set at the vendor.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps the webhook addresses over a restart.")
def sandbox(
    port: int,
    smtp_port: int | None,
    host: str,
    speed: float,
    seed: int | None,
    bolna_webhook_url: str | None,
    whatsapp_callback_url: str | None,
    state: Path | None,
) -> None:
    """Run a world to try things in: local servers that speak the providers' protocols."""
    from autoflows.sandbox import server

    server.main(
        port,
        smtp_port,
        speed,
        host=host,
        seed=seed,
        bolna_webhook_url=bolna_webhook_url,
        whatsapp_callback_url=whatsapp_callback_url,
        state=state,
    )


@main.command()
@home_option
@click.option("--sandbox-url", required=True, help="Where the sandbox listens, such as http://127.0.0.1:8600.")
@click.option("--smtp-port", type=click.IntRange(1, 65535), required=True, help="The sandbox's SMTP port.")
def demo(home: Path, sandbox_url: str, smtp_port: int) -> None:
    """Make the demo account, or bring it up to date; prints its login and API token as JSON."""
    import asyncio
    import json
    from dataclasses import asdict

    from autoflows.embedded.access import connected
    from autoflows.engine.doorbell import close_doorbell
    from autoflows.engine.pool import close_pool
    from autoflows.models.database import dispose_engine
    from autoflows.providers.connections import close_clients
    from autoflows.services.demo import DemoAccount, ensure_demo

    async def make() -> DemoAccount:
        try:
            return await ensure_demo(sandbox_url, smtp_port)
        finally:
            for close in (close_doorbell, close_clients, close_pool, dispose_engine):
                await close()

    with connected(home):
        account = asyncio.run(make())
    click.echo(json.dumps(asdict(account)))


@main.command("demo-leads")
@click.option("--url", required=True, help="Where Autoflows listens, such as http://127.0.0.1:8000.")
@click.option("--token", envvar="AUTOFLOWS_DEMO_TOKEN", required=True, help="An API token with the scope contacts:write.")
@click.option("--per-minute", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="How many leads, on average.")
@click.option("--limit", type=click.IntRange(1), help="Stop after so many.")
def demo_leads(url: str, token: str, per_minute: float, limit: int | None) -> None:
    """Send made-up leads until stopped.

    Only into an account whose channels are on the sandbox: the people do not exist, but their numbers may.
    """
    import asyncio
    import signal

    from autoflows.sandbox.leads import generate

    async def send() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await generate(url, token, per_minute, limit=limit, stop=stop)

    try:
        taken = asyncio.run(send())
    except PermissionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{taken} leads sent.")


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure this machine: leads per second and latencies. Needs the source tree."""
    from autoflows.embedded.web import SOURCE

    if not (SOURCE / "bench" / "__main__.py").is_file():
        raise click.ClickException("The benchmark is part of the source tree, which this installation does not have.")
    os.chdir(SOURCE)
    # It starts products of its own, each with a home and a secret key of its own: none of this account's is handed on.
    os.execv(sys.executable, (sys.executable, "-m", "bench", *arguments))  # noqa: S606


def _require_servers() -> None:
    settings = get_settings()
    missing = [name for name, value in (("DATABASE", settings.database_url), ("REDIS", settings.redis_url)) if not value]
    if missing:
        names = " and ".join(f"AUTOFLOWS_{name}_URL" for name in missing)
        raise click.ClickException(f"Set {names}. To run everything on this machine with embedded servers, use: autoflows up")


def _become(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """Replace this process, so that signals reach the program itself."""
    from autoflows.embedded.home import open_home, secret_key
    from autoflows.embedded.web import SOURCE

    settings = get_settings()
    key = settings.secret_key or secret_key(open_home(settings.home))
    path = os.pathsep.join(part for part in (str(SOURCE), os.environ.get("PYTHONPATH", "")) if part)
    os.execve(arguments[0], arguments, {**os.environ, **environment, "AUTOFLOWS_SECRET_KEY": key, "PYTHONPATH": path})  # noqa: S606


main.add_command(analytics)
main.add_command(flow)
main.add_command(user)
main.add_command(token)
main.add_command(doctor)

if __name__ == "__main__":
    main()
