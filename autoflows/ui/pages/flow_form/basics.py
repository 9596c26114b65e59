"""Name, description, whether it runs, and its place in the order."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.components import card, field, switch_field
from autoflows.ui.pages.flow_form.controls import text
from autoflows.ui.states.flow_form import FlowForm


def basics() -> rx.Component:
    """The first section."""
    return card(
        rx.el.div(
            field(
                "Name",
                text(
                    FlowForm.name,
                    lambda v: FlowForm.set_text("name", v),
                    id="name",
                    placeholder="IndiaMART first call",
                    max_length=255,
                ),
                id="name",
                error=FlowForm.problems["name"],
            ),
            field(
                "Description",
                rx.text_area(
                    default_value=FlowForm.description,
                    on_blur=lambda v: FlowForm.set_text("description", v),
                    id="description",
                    placeholder="What this flow is for, in a sentence your colleagues will understand",
                    rows="2",
                    width="100%",
                ),
                id="description",
                error=FlowForm.problems["description"],
                optional=True,
            ),
            rx.el.div(
                field(
                    "Priority",
                    text(
                        FlowForm.priority,
                        lambda v: FlowForm.set_text("priority", v),
                        id="priority",
                        input_mode="numeric",
                        placeholder="Last",
                    ),
                    id="priority",
                    error=FlowForm.problems["priority"],
                    help="A lead enters the matching flow with the lowest number. A number that is taken moves the others down.",
                ),
                switch_field(
                    "is_enabled",
                    "Enabled",
                    help=rx.cond(
                        FlowForm.is_enabled,
                        "New leads that match enter this flow as soon as you save.",
                        "Saved but not running: no lead enters until you turn it on.",
                    ),
                    checked=FlowForm.is_enabled,
                    on_change=lambda on: FlowForm.set_switch("is_enabled", on),
                ),
                class_name="af-grid-2",
            ),
            class_name="af-form",
        ),
        title="Basics",
    )
