"""Alembic as functions: bring a database to the newest migration, and say where it stands.

Alembic and SQLAlchemy are imported when they are needed, so that the supervisor can ask for the newest migration and stay small.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import autoflows

if TYPE_CHECKING:
    from alembic.config import Config

_REVISION = re.compile(r"^(down_revision|revision)\b[^=\n]*= *(?:[\"']([^\"']+)[\"']|None)", re.MULTILINE)


def scripts() -> Path:
    """Where the migrations are: in the source tree, or packed beside the code in a wheel."""
    packed = Path(autoflows.__file__).parent / "_alembic"
    return packed if packed.is_dir() else Path(autoflows.__file__).parent.parent / "alembic"


def upgrade(database_url: str) -> None:
    """Bring the database to the newest migration; nothing happens if it is there already.

    Runs an event loop of its own: call it from a thread that has none.
    """
    from alembic import command

    command.upgrade(_config(database_url), "head")


def head() -> str | None:
    """The newest migration this code knows, read from the files; None if there is not exactly one."""
    made: dict[str, str] = {}
    for file in (scripts() / "versions").glob("*.py"):
        found = dict(_REVISION.findall(file.read_text()))
        made[found.get("revision", "")] = found.get("down_revision", "")
    newest = set(made) - set(made.values()) - {""}
    return newest.pop() if len(newest) == 1 else None


def _config(database_url: str) -> Config:
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    settings.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return settings
