"""`autoflows analytics`: the figures that pages read, made anew from the logs, or compared with them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from autoflows.commands.options import home_option


@click.group()
def analytics() -> None:
    """The figures behind the analytics pages."""


@analytics.command()
@home_option
@click.option("--check", is_flag=True, help="Only compare, change nothing; exit code 1 if anything differs.")
@click.option("--account", metavar="EMAIL", help="This owner's account alone.")
def rebuild(home: Path, check: bool, account: str | None) -> None:
    """Make the figures anew from the logs, and say what differed from those that were kept. Leads may come in meanwhile."""
    from autoflows.embedded.access import connected

    with connected(home):
        differences = asyncio.run(_rebuild(check, account))
    if differences and check:
        sys.exit(1)


async def _rebuild(check: bool, email: str | None) -> int:
    from autoflows.analytics.rollups import rebuild
    from autoflows.engine.pool import close_pool, get_pool

    differences = logs = 0
    seconds = 0.0
    try:
        account_ids = await rebuild.accounts()
        if email is not None:
            pool = await get_pool()
            owner = await pool.fetchval("SELECT COALESCE(owner_id, id) FROM users WHERE lower(email) = lower($1)", email)
            if owner is None:
                raise click.ClickException(f"There is no user with the e-mail address {email}.")
            account_ids = [owner]
        for account_id in account_ids:
            report = await rebuild.rebuild(account_id, check=check)
            differences, logs, seconds = differences + report.differences, logs + report.logs, seconds + report.seconds
            if report.differences:
                click.echo(f"Account {account_id}: {report.differences} figures differ{'' if check else ' and were put right'}.")
                for example in report.examples:
                    click.echo(f"  {example}")
    finally:
        await close_pool()
    pace = f" ({logs / seconds:,.0f} logs/s)" if seconds else ""
    click.echo(f"{len(account_ids)} accounts, {logs:,} logs in {seconds:.1f} s{pace}: {differences} differences.")
    return differences
