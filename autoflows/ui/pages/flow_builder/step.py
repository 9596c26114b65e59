"""The panel of a step: its fields, drawn from the action type's own schema."""

from __future__ import annotations

import reflex as rx

from autoflows.ui import words
from autoflows.ui.components.picker import Picker
from autoflows.ui.flow_duration import PRESETS, UNITS
from autoflows.ui.flow_rows import FieldRow, StepRow
from autoflows.ui.pages.flow_builder.controls import pick, said_wrong, text
from autoflows.ui.pages.flow_builder.experiment import arm_picker, arms_editor
from autoflows.ui.pages.flow_builder.mappings import variables
from autoflows.ui.pages.flow_builder.preview import preview
from autoflows.ui.states.flow_builder import FlowBuilder
from autoflows.ui.states.flow_rows import kinds

CATALOGUES = {
    "agent": ("voice agents", "/dashboard/channels"),
    "phone_number": ("phone numbers", "/dashboard/channels"),
    "whatsapp_number": ("WhatsApp senders", "/dashboard/channels"),
    "whatsapp_template": ("WhatsApp templates", "/dashboard/templates"),
    "email_template": ("e-mail templates", "/dashboard/templates"),
}
WHEN = (
    ("none", "Unless an exit rule has stopped the flow"),
    ("always", "Always, even after an exit rule"),
    ("call_outcome", "If the last call was…"),
    ("message_status", "If a message was…"),
    ("contact_field", "If a contact field is…"),
    ("split", "If the lead is in an arm of a split…"),
)


def step_panel() -> rx.Component:
    """The selected step: its settings, drawn from the action's own schema, and when it runs."""
    step = FlowBuilder.step
    return rx.el.div(
        rx.el.p(step.sentence, class_name="af-fb-sentence"),
        rx.cond(step.error != "", rx.el.div(step.error, class_name="af-field-error", role="alert"), rx.fragment()),
        rx.foreach(step.fields, lambda f: _field(step, f, advanced=False)),
        rx.cond(step.mappings.length() > 0, variables(step), rx.fragment()),
        rx.cond(step.kind == "split", arms_editor(step), rx.fragment()),
        rx.cond((step.preview != "") | (step.preview_html != ""), preview(step), rx.fragment()),
        _when(step),
        rx.cond(
            step.has_advanced,
            rx.el.details(
                rx.el.summary("More settings"),
                rx.el.div(rx.foreach(step.fields, lambda f: _field(step, f, advanced=True)), class_name="af-form"),
                class_name="af-more",
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.button(
                rx.icon("trash-2", size=14),
                "Remove step",
                type="button",
                variant="soft",
                color_scheme="red",
                size="2",
                on_click=FlowBuilder.remove_step(step.id),
            ),
            class_name="af-edit-only",
        ),
        class_name="af-form",
    )


def step_icon(name: rx.Var[str], size: int = 17) -> rx.Component:
    """Icons of the action types there are; a name known only in the browser needs each compiled in."""
    return rx.match(name, *((icon, rx.icon(icon, size=size)) for _, _, icon, _ in kinds()), rx.icon("circle", size=size))


def _field(step: rx.Var[StepRow], row: rx.Var[FieldRow], *, advanced: bool) -> rx.Component:
    """One field, if it belongs to this part of the card."""
    element_id = f"{step.id}-{row.name}"
    label = row.title
    control = rx.match(
        row.widget,
        *((widget, _picker(step, row, widget, label, element_id)) for widget in CATALOGUES),
        ("switch", _switch(step, row, element_id)),
        ("time", text(row.value, lambda v: FlowBuilder.set_config(step.id, row.name, v), id=element_id, type="time", key=row.value)),
        ("number", _number(step, row, element_id)),
        ("duration", _duration(step, row, element_id)),
        text(row.value, lambda v: FlowBuilder.set_config(step.id, row.name, v), id=element_id),
    )
    shown = row.advanced if advanced else ~row.advanced
    return rx.cond(
        shown,
        rx.el.div(
            rx.cond(
                row.widget == "switch",
                rx.fragment(),
                rx.el.label(
                    row.title, rx.cond(row.required, rx.fragment(), rx.el.span(" optional", class_name="af-optional")), html_for=element_id
                ),
            ),
            control,
            said_wrong(row.error, f"{element_id}-error"),
            rx.cond(row.help != "", rx.el.div(row.help, class_name="af-help"), rx.fragment()),
            class_name=rx.cond(row.widget == "switch", "af-field af-field-switch", "af-field"),
        ),
        rx.fragment(),
    )


def _number(step: rx.Var[StepRow], row: rx.Var[FieldRow], element_id: rx.Var[str]) -> rx.Component:
    return rx.input(
        rx.cond(row.unit != "", rx.input.slot(rx.el.span(row.unit, class_name="af-unit"), side="right"), rx.fragment()),
        default_value=row.value,
        on_blur=lambda v: FlowBuilder.set_config(step.id, row.name, v),
        id=element_id,
        max_length=40,
        input_mode="numeric",
        width="100%",
    )


def _duration(step: rx.Var[StepRow], row: rx.Var[FieldRow], element_id: rx.Var[str]) -> rx.Component:
    """A number and its unit, with the usual ones to take at a click."""
    preset = lambda said, on_click: rx.el.button(said, type="button", class_name="af-fb-chip", on_click=on_click)  # noqa: E731
    return rx.fragment(
        rx.el.div(
            text(
                row.value,
                lambda v: FlowBuilder.set_duration(step.id, v, row.unit),
                id=element_id,
                input_mode="decimal",
                max_length=40,
                key=f"{row.value} {row.unit}",  # made anew when a preset was taken
            ),
            pick(row.unit, {unit: unit for unit in UNITS}, lambda unit: FlowBuilder.set_duration(step.id, row.value, unit), label="Unit"),
            class_name="af-fb-duration",
        ),
        rx.el.div(
            *(preset(said, FlowBuilder.set_duration(step.id, amount, unit)) for said, amount, unit in PRESETS),
            preset("until 09:00", FlowBuilder.set_config(step.id, "until_time", "09:00")),
            class_name="af-fb-seen af-edit-only",
            role="group",
            aria_label="Usual waits",
        ),
    )


def _switch(step: rx.Var[StepRow], row: rx.Var[FieldRow], element_id: rx.Var[str]) -> rx.Component:
    return rx.el.div(
        rx.switch(
            id=element_id,
            checked=row.value == "true",
            disabled=row.fixed,
            on_change=lambda on: FlowBuilder.set_config(step.id, row.name, on),
        ),
        rx.el.label(row.title, html_for=element_id, class_name="af-label"),
        class_name="af-row",
    )


def _picker(step: rx.Var[StepRow], row: rx.Var[FieldRow], widget: str, label: rx.Var[str], element_id: rx.Var[str]) -> rx.Component:
    """Choose a catalogue item; an empty catalogue says where to get one, a choice that is gone says so."""
    things, href = CATALOGUES[widget]
    options = FlowBuilder.choices[widget]
    return rx.cond(
        options.length() == 0,
        rx.el.div(
            rx.icon("plug", size=15),
            rx.el.span(f"No {things} yet. ", rx.link("Templates" if href.endswith("templates") else "Connect a channel", href=href)),
            class_name="af-none-yet",
            id=element_id,
        ),
        Picker.create(
            id=element_id,
            label=label,
            value=row.value,
            options=options,
            none=rx.cond(row.required, "", "The provider's default"),
            on_choose=lambda v: FlowBuilder.set_config(step.id, row.name, v),
        ),
    )


def _when(step: rx.Var[StepRow]) -> rx.Component:
    """When the step runs."""
    return rx.el.div(
        rx.el.label("Run this step", html_for=f"{step.id}-when"),
        rx.el.div(
            pick(
                rx.cond(step.when == "", "none", step.when),
                WHEN,
                lambda v: FlowBuilder.set_when(step.id, v),
                label="Run this step",
                id=f"{step.id}-when",
            ),
            rx.match(
                step.when,
                ("call_outcome", _when_value(step, words.CALL_OUTCOMES, "Call outcome")),
                ("message_status", _when_value(step, words.MESSAGE_STATES, "Message status")),
                ("split", arm_picker(step)),
                (
                    "contact_field",
                    rx.fragment(
                        text(
                            step.when_field,
                            lambda v: FlowBuilder.set_when_field(step.id, v),
                            placeholder="custom_fields.product",
                            aria_label="Contact field",
                            max_length=100,
                            custom_attrs={"list": "contact-fields"},
                        ),
                        text(
                            step.when_value,
                            lambda v: FlowBuilder.set_when_value(step.id, v),
                            placeholder="Any value",
                            aria_label="Field value",
                            max_length=255,
                        ),
                    ),
                ),
                rx.fragment(),
            ),
            class_name="af-when-fields",
        ),
        class_name="af-field af-when",
    )


def _when_value(step: rx.Var[StepRow], options: dict[str, str], label: str) -> rx.Component:
    return pick(step.when_value, options, lambda v: FlowBuilder.set_when_value(step.id, v), label=label)
