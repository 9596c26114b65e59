"""A conflict with what somebody else saved, and the help on the keyboard."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components.sheet import form_dialog
from autoflows.ui.states.flow_builder import FlowBuilder
from autoflows.ui.states.flow_saving import GONE

KEYS = (
    ("↑ ↓", "Walk the cards"),
    ("Enter", "Edit the selected card"),
    ("Tab", "On a card: add a step after it"),
    ("Space, ↑ ↓, Space", "On a card's handle: move the step"),
    ("Del", "Remove the selected step"),
    ("Ctrl Z", "Undo"),
    ("Ctrl Shift Z", "Redo"),
    ("Ctrl S", "Publish with a name"),
    ("Esc", "Back to the card; close the panel"),
    ("?", "This list"),
)


def help_dialog() -> rx.Component:
    """What the keys do."""
    return form_dialog(
        "Keyboard",
        "Nothing here needs a mouse. On a Mac, Cmd stands for Ctrl.",
        rx.el.dl(
            *(rx.el.div(rx.el.dt(*(rx.el.kbd(k) for k in keys.split(", "))), rx.el.dd(said)) for keys, said in KEYS),
            class_name="af-fb-keys",
        ),
        is_open=FlowBuilder.help_open,
        on_open_change=lambda is_open: FlowBuilder.set_open("help", is_open),
    )


def conflict_dialog() -> rx.Component:
    """A save was refused; nothing was overwritten, and the person decides."""
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title("Your last change is not saved", size="4"),
            rx.alert_dialog.description(FlowBuilder.conflict, class_name="af-dialog-text"),
            rx.el.div(
                rx.cond(
                    FlowBuilder.conflict == GONE,
                    rx.fragment(),
                    rx.button("Keep mine, replace theirs", variant="soft", color_scheme="red", on_click=FlowBuilder.keep_mine),
                ),
                rx.button("Show what is saved", on_click=FlowBuilder.load_theirs),
                class_name="af-actions",
                style={"marginTop": "18px"},
            ),
            max_width="480px",
        ),
        open=FlowBuilder.conflict != "",
    )
