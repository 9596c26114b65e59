"""Where the list of executions points to the inbox."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import note
from autoflows.ui.shell import INBOX


def inbox_hint(is_shown: rx.Var[bool]) -> rx.Component:
    """The inbox knows more of each, and deals with many at once."""
    return rx.cond(
        is_shown,
        rx.el.div(
            note(
                "The inbox says what is known of each, and deals with all of one cause at once. It holds failed runs, too.",
                colour="blue",
                icon="inbox",
                action=rx.link("Open the inbox", href=INBOX, size="2"),
            ),
            class_name="af-card-body",
        ),
        rx.fragment(),
    )
