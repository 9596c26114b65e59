"""The two routes of the form."""

from __future__ import annotations

import reflex as rx

from autoflows.domain.permissions import Permission
from autoflows.ui import words
from autoflows.ui.components import form_skeleton, note
from autoflows.ui.pages.flow_form.aside import aside
from autoflows.ui.pages.flow_form.basics import basics
from autoflows.ui.pages.flow_form.conditions import conditions
from autoflows.ui.pages.flow_form.rules import hours, rules
from autoflows.ui.pages.flow_form.steps import steps
from autoflows.ui.shell import page
from autoflows.ui.states.base import may
from autoflows.ui.states.flow_form import LIST, FlowForm

BACK = ("Flows", LIST)


def _form() -> rx.Component:
    editable = may(Permission.FLOWS_WRITE)
    return rx.el.div(
        rx.el.fieldset(
            rx.el.legend("Flow", class_name="af-hidden"),
            rx.cond(
                FlowForm.running > 0,
                note(
                    FlowForm.running,
                    rx.cond(FlowForm.running == 1, " lead is", " leads are"),
                    " in this flow now and will finish on the version they began with.",
                    colour="blue",
                ),
                rx.fragment(),
            ),
            rx.cond(FlowForm.is_held, _held(), rx.fragment()),
            basics(),
            conditions(),
            steps(),
            hours(),
            rules(),
            rx.el.datalist(*(rx.el.option(value=name) for name in words.CONTACT_FIELDS), id="contact-fields"),
            rx.el.datalist(*(rx.el.option(value=name) for name in (*words.CONTACT_FIELDS, "custom_fields.")), id="exit-fields"),
            disabled=~editable,
            class_name="af-builder-main",
            key=FlowForm.form_key.to_string(),
        ),
        aside(),
        class_name=rx.cond(editable, "af-builder", "af-builder af-read-only"),
        custom_attrs={"data-unsaved": FlowForm.dirty.to_string()},
        on_unmount=FlowForm.left,
    )


def _held() -> rx.Component:
    return note(
        rx.el.strong("Held"),
        ": nothing is sent by this flow. Leads in it wait where they are.",
        colour="amber",
        icon="octagon-pause",
        action=rx.button(rx.icon("play", size=13), "Resume", size="1", variant="soft", color_scheme="amber", on_click=FlowForm.resume),
        role="status",
    )


@page(
    f"{LIST}/create",
    "New flow",
    FlowForm,
    text="Who enters, what happens, and when. It can be changed at any time; leads already inside finish on the version they began with.",
    skeleton=form_skeleton,
    back=BACK,
    write=Permission.FLOWS_WRITE,
)
def create() -> rx.Component:
    """An empty form, or one of the examples."""
    return _form()


@page(
    f"{LIST}/[id]/edit",
    "Edit flow",
    FlowForm,
    heading=FlowForm.heading,
    skeleton=form_skeleton,
    back=BACK,
    write=Permission.FLOWS_WRITE,
)
def edit() -> rx.Component:
    """An existing flow."""
    return _form()
