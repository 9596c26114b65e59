"""Alembic as functions: bring a database to the newest migration, and say where it stands."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

import autoflows
from alembic import command


def config(database_url: str) -> Config:
    """Alembic's configuration for one database. The scripts are in the source tree, or packed beside the code in a wheel."""
    packed = Path(autoflows.__file__).parent / "_alembic"
    scripts = packed if packed.is_dir() else Path(autoflows.__file__).parent.parent / "alembic"
    settings = Config()
    settings.set_main_option("script_location", str(scripts).replace("%", "%%"))
    settings.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return settings


def upgrade(database_url: str) -> None:
    """Bring the database to the newest migration; nothing happens if it is there already.

    Runs an event loop of its own: call it from a thread that has none.
    """
    command.upgrade(config(database_url), "head")


def head() -> str | None:
    """The newest migration this code knows."""
    return ScriptDirectory.from_config(config("")).get_current_head()
