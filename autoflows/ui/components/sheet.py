"""Things that lie over a page: a panel at the right edge, and a dialog with a form."""

from __future__ import annotations

from typing import Any

import reflex as rx


def sheet(title: Any, content: rx.Component, *, is_open: rx.Var[bool], on_open_change: Any) -> rx.Component:
    """A panel at the right edge for the details of a row; the whole screen on a phone."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.el.div(rx.dialog.title(title, size="4", margin="0"), _close(), class_name="af-spread af-nowrap-row af-sheet-head"),
            rx.dialog.description("Details", class_name="af-hidden"),
            rx.el.div(content, class_name="af-sheet-body"),
            class_name="af-sheet",
        ),
        open=is_open,
        on_open_change=on_open_change,
    )


def form_dialog(
    title: Any,
    text: Any,
    form: rx.Component,
    *,
    is_open: rx.Var[bool],
    on_open_change: Any,
    trigger: rx.Component | None = None,
    width: str = "520px",
) -> rx.Component:
    """A dialog that holds a form. The form brings its own `save_bar`."""
    return rx.dialog.root(
        *([rx.dialog.trigger(trigger)] if trigger is not None else []),
        rx.dialog.content(
            rx.el.div(rx.dialog.title(title, size="4", margin="0"), _close(), class_name="af-spread af-nowrap-row"),
            rx.dialog.description(text, class_name="af-dialog-text"),
            form,
            max_width=width,
        ),
        open=is_open,
        on_open_change=on_open_change,
    )


def _close() -> rx.Component:
    return rx.dialog.close(
        rx.icon_button(rx.icon("x", size=16), aria_label="Close", type="button", variant="ghost", color_scheme="gray", margin="0")
    )
