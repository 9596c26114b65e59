"""Options several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from autoflows.settings import default_home

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path),
    envvar="AUTOFLOWS_HOME",
    default=default_home,
    show_default=str(default_home()),
    help="Data directory.",
)
