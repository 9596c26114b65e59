"""The panel at the right: settings of what is selected; a sheet on a phone."""

from __future__ import annotations

import reflex as rx

from autoflows.ui import words
from autoflows.ui.pages.flow_builder.settings import settings_panel
from autoflows.ui.pages.flow_builder.step import step_panel
from autoflows.ui.pages.flow_builder.trigger import trigger_panel
from autoflows.ui.states.flow_builder import FlowBuilder


def inspector() -> rx.Component:
    """The panel. Its fields are made anew when what is selected changes, and after undo."""
    selected = FlowBuilder.selected
    title = rx.match(
        selected,
        ("trigger", "When a lead arrives"),
        ("settings", "Flow settings"),
        ("", "Flow settings"),
        f"{FlowBuilder.step.order}. {FlowBuilder.step.title}",
    )
    return rx.el.aside(
        rx.el.div(
            rx.el.h2(title),
            rx.icon_button(
                rx.icon("x", size=16),
                aria_label="Close the panel",
                type="button",
                variant="ghost",
                color_scheme="gray",
                margin="0",
                on_click=FlowBuilder.select(""),
                class_name="af-fb-close",
                custom_attrs={"data-close": ""},
            ),
            class_name="af-fb-panel-head",
        ),
        rx.el.fieldset(
            rx.el.legend(title, class_name="af-hidden"),
            rx.match(selected, ("trigger", trigger_panel()), ("settings", settings_panel()), ("", settings_panel()), step_panel()),
            disabled=~FlowBuilder.can_edit,
            key=f"{selected} {FlowBuilder.form_key}",
            class_name="af-fb-panel-body",
        ),
        rx.el.datalist(*(rx.el.option(value=name) for name in (*words.CONTACT_FIELDS, "custom_fields.")), id="contact-fields"),
        class_name=rx.cond(selected == "", "af-fb-inspector", "af-fb-inspector af-fb-inspector-open"),
        id="inspector",
        tab_index=rx.cond(FlowBuilder.can_edit, rx.Var("undefined").to(int), 0),  # without a field in it, it is scrolled by keys itself
        aria_label="Panel",
    )
