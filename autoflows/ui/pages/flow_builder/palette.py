"""What can be added: a list at the left, and the same list as a dialog at the place of a "+"."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.states.flow_builder import FlowBuilder
from autoflows.ui.states.flow_rows import kinds


def palette() -> rx.Component:
    """At the left on a wide screen; adds after the selected step."""
    return rx.el.aside(
        rx.el.h2("Add a step"),
        _search("palette-search"),
        _list("Add step: "),
        rx.el.p("After the selected step. Between two steps, use the + there, or press Tab on a card.", class_name="af-help"),
        class_name="af-fb-palette af-edit-only",
        aria_label="Palette",
    )


def palette_dialog() -> rx.Component:
    """At a "+", by Tab, and on a phone."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Add a step", size="4", margin_bottom="2"),
            rx.dialog.description(
                rx.cond(FlowBuilder.insert_at == 0, "As the first step", f"After step {FlowBuilder.insert_at}"), size="2"
            ),
            rx.el.div(_search("palette-dialog-search", auto_focus=True), _list("Insert "), class_name="af-stack-2 af-fb-pick"),
            max_width="400px",
        ),
        open=FlowBuilder.insert_at >= 0,
        on_open_change=FlowBuilder.close_palette,
    )


def _search(element_id: str, **attributes: Any) -> rx.Component:
    return rx.el.form(
        rx.input(
            rx.input.slot(rx.icon("search", size=14)),
            value=FlowBuilder.palette_search,
            on_change=FlowBuilder.search_palette,
            placeholder="Search steps",
            aria_label="Search steps",
            id=element_id,
            max_length=100,
            auto_complete=False,
            **attributes,
        ),
        on_submit=lambda _: FlowBuilder.insert_first(),
        reset_on_submit=False,
    )


def _list(verb: str) -> rx.Component:
    return rx.el.div(
        *(
            rx.cond(
                FlowBuilder.palette.contains(kind),
                rx.el.button(
                    rx.el.span(rx.icon(icon, size=16), class_name="af-flow-step-icon", aria_hidden="true"),
                    rx.el.span(rx.el.strong(title), rx.el.span(description), class_name="af-fb-kind-text"),
                    type="button",
                    class_name="af-fb-kind",
                    aria_label=f"{verb}{title}",
                    on_click=FlowBuilder.take(kind),
                ),
                rx.fragment(),
            )
            for kind, title, icon, description in kinds()
        ),
        rx.cond(FlowBuilder.palette.length() == 0, rx.el.p("No step is called that.", class_name="af-help"), rx.fragment()),
        class_name="af-fb-kinds",
    )
