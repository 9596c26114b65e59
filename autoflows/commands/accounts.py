"""`autoflows user` and `autoflows token`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from autoflows.commands.options import home_option


@click.group()
def user() -> None:
    """Users of the web interface."""


@user.command("create")
@home_option
@click.option("--email", required=True, help="Login.")
@click.option(
    "--password", envvar="AUTOFLOWS_PASSWORD", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if left out."
)
@click.option("--role", type=click.Choice(["owner", "admin", "manager", "viewer"]), required=True)
@click.option("--owner", "owner_email", help="The account a team member belongs to, by its owner's e-mail. Not for an owner.")
@click.option("--name", default="", help="Name shown to the team.")
def create_user_command(home: Path, email: str, password: str, role: str, owner_email: str | None, name: str) -> None:
    """Create the first owner of an account, or a team member."""
    from autoflows.embedded.access import connected

    async def create() -> None:
        from autoflows.models.database import dispose_engine, open_session
        from autoflows.services.users import create_user

        async with open_session() as session:
            await create_user(session, email=email, password=password, role=role, owner_email=owner_email, name=name)
        await dispose_engine()

    with connected(home):
        asyncio.run(create())
    click.echo(f"Created {email} as {role}.", err=True)


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@home_option
@click.option("--email", required=True, help="The user the token acts for.")
@click.option("--name", required=True, help="What the token is for.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="Such as contacts:write; repeat it for more. '*': all the user may do."
)
def create_token_command(home: Path, email: str, name: str, scopes: tuple[str, ...]) -> None:
    """Create an API token and print it, alone, on stdout. It is shown this once."""
    from autoflows.embedded.access import connected

    async def create() -> str:
        from autoflows.models.database import dispose_engine, open_session
        from autoflows.services.tokens import create_token

        async with open_session() as session:
            made: str = await create_token(session, email=email, name=name, scopes=list(scopes))
        await dispose_engine()
        return made

    with connected(home):
        secret = asyncio.run(create())
    click.echo(secret)
