"""A conflict with what somebody else saved."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.states.flow_builder import FlowBuilder
from autoflows.ui.states.flow_saving import GONE


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
            aria_modal="true",
        ),
        open=FlowBuilder.conflict != "",
    )
