"""`autoflows flow`: flows as files, for people who keep them in git."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from autoflows.commands.options import home_option

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
email_option = click.option("--email", required=True, help="The user it is done as.")
flow_option = click.option("--flow", "flow_id", type=click.UUID, help="The flow's id, where its name is not enough or is to change.")


@click.group()
def flow() -> None:
    """Flows as files."""


@flow.command("validate")
@file_argument
@home_option
@click.option("--email", help="Look up what the file names in this user's account too.")
def validate_command(file: Path, home: Path, email: str | None) -> None:
    """Check a file's form, without a database; with --email also what it names."""
    text = _read(file)
    if email is None:
        from autoflows.services.flow_code import check_file

        check_file(text)
        click.echo(f"{file}: the form is right.")
        return
    done = _import(home, email, text, None, dry_run=True)
    _show_problems(done)
    click.echo(f"{file}: can be applied.")


@flow.command("diff")
@file_argument
@home_option
@email_option
@flow_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there is a difference.")
def diff_command(file: Path, home: Path, email: str, flow_id: UUID | None, exit_code: bool) -> None:
    """Say what applying a file would change, a sentence per line."""
    done = _import(home, email, _read(file), flow_id, dry_run=True)
    if done.is_new:
        click.echo(f"'{done.name}' is a new flow.")
    for change in done.changes:
        click.echo(change.message)
    if not done.changes and not done.is_new:
        click.echo("No difference.")
    if exit_code and (done.changes or done.is_new):
        sys.exit(1)


@flow.command("apply")
@file_argument
@home_option
@email_option
@flow_option
@click.option("--note", default="", help="Kept with the version.")
def apply_command(file: Path, home: Path, email: str, flow_id: UUID | None, note: str) -> None:
    """Publish the flow of a file: over the flow of the same name, or as a new one."""
    done = _import(home, email, _read(file), flow_id, dry_run=False, note=note)
    for change in done.changes if not done.is_new else ():
        click.echo(change.message)
    _show_problems(done)
    state = "enabled" if done.flow.is_enabled else "disabled"
    click.echo(f"'{done.flow.name}' is at version {done.flow.version}, {state}, priority {done.flow.priority}.")


@flow.command("export")
@click.argument("name")
@home_option
@email_option
def export_command(name: str, home: Path, email: str) -> None:
    """Print the flow of this name (or id) as a file."""

    async def export(actor: Any, session: Any) -> str:
        from autoflows.domain.errors import NotFound
        from autoflows.services.flow_code import export_flow
        from autoflows.services.flows import list_flows

        found = [f for f in (await list_flows(actor, session, search=name, limit=200)).data if f.name == name]
        if not found and not _is_id(name):
            raise NotFound(f"There is no flow named '{name}'.")
        return str(await export_flow(actor, session, found[0].id if found else UUID(name)))

    click.echo(_as_user(home, email, export), nl=False)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8 text.") from None


def _import(home: Path, email: str, text: str, flow_id: UUID | None, *, dry_run: bool, note: str = "") -> Any:
    async def work(actor: Any, session: Any) -> Any:
        from pydantic import ValidationError

        from autoflows.services.flow_code import import_flow
        from autoflows.services.validation import invalid
        from autoflows.services.views.flow_code import FlowImport

        try:
            order = FlowImport(yaml=text, flow_id=flow_id, dry_run=dry_run, note=note)
        except ValidationError as error:
            raise invalid(error) from None
        return await import_flow(actor, session, order)

    return _as_user(home, email, work)


def _show_problems(done: Any) -> None:
    for problem in done.problems:
        click.echo(f"{problem.severity}: {problem.message}", err=True)


def _as_user(home: Path, email: str, work: Callable[[Any, Any], Awaitable[Any]]) -> Any:
    """Do something in one transaction as this user."""
    from autoflows.embedded.access import connected

    async def run() -> Any:
        from autoflows.domain.errors import NotFound
        from autoflows.models.database import dispose_engine, open_session
        from autoflows.services.auth import actor_of
        from autoflows.services.users import find_user

        try:
            async with open_session() as session:
                user = await find_user(session, email)
                if user is None or not user.is_active:
                    raise NotFound(f"There is no active user with the e-mail address {email}.")
                return await work(actor_of(user, "session"), session)
        finally:
            await dispose_engine()

    with connected(home):
        return asyncio.run(run())
