"""A message as the lead gets it, with the details of a contact of one's choice."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.flow_rows import StepRow
from autoflows.ui.states.flow_builder import FlowBuilder


def preview(step: rx.Var[StepRow]) -> rx.Component:
    """The text; for an e-mail also its subject and its HTML, in a frame of its own in which nothing runs and nothing is fetched."""
    return rx.el.div(
        rx.el.div(rx.el.span("Preview", class_name="af-preview-label"), _person(), class_name="af-spread"),
        rx.cond(step.preview_subject != "", rx.el.p(step.preview_subject, class_name="af-preview-subject"), rx.fragment()),
        rx.cond(
            step.preview_html != "",
            rx.fragment(
                rx.el.iframe(src_doc=step.preview_html, sandbox="", title="The e-mail as HTML", class_name="af-preview-mail", tab_index=0),
                rx.el.span("As text", class_name="af-preview-label"),
            ),
            rx.fragment(),
        ),
        rx.el.p(step.preview, class_name="af-preview-text"),
        class_name="af-preview",
        role="group",
        aria_label="Preview",
    )


def _person() -> rx.Component:
    return rx.cond(
        FlowBuilder.preview_contacts.length() > 0,
        rx.select.root(
            rx.select.trigger(aria_label="Preview with", variant="ghost"),
            rx.select.content(
                rx.select.item("with field names", value="none"),
                rx.foreach(FlowBuilder.preview_contacts, lambda c: rx.select.item(c[1], value=c[0])),
                position="popper",
            ),
            value=rx.cond(FlowBuilder.preview_contact == "", "none", FlowBuilder.preview_contact),
            on_change=FlowBuilder.preview_with,
            size="1",
        ),
        rx.fragment(),
    )
