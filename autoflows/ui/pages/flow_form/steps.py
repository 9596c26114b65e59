"""The sequence of actions: a card per step, its fields drawn from the action type's own schema."""

from __future__ import annotations

import reflex as rx

from autoflows.ui import words
from autoflows.ui.flow_draft import FieldRow, StepRow
from autoflows.ui.pages.flow_form.controls import icon_action, said_wrong, text
from autoflows.ui.pages.flow_form.mappings import variables
from autoflows.ui.states.flow_form import FlowForm
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
)


def steps() -> rx.Component:
    """The section of steps."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Do this, step by step"),
            rx.el.p("Each step waits for the one before. A skipped step says why on the execution's timeline."),
            class_name="af-steps-head",
        ),
        rx.el.div(rx.foreach(FlowForm.steps, _step), class_name="af-steps", role="list", aria_label="Steps"),
        rx.cond(
            FlowForm.steps.length() == 0,
            rx.el.p(
                "No step yet. Most teams begin with an AI call, wait ten minutes, and follow up in writing.", class_name="af-steps-empty"
            ),
            rx.fragment(),
        ),
        said_wrong(FlowForm.problems["actions"]),
        rx.el.div(
            *(
                rx.el.button(
                    rx.icon(icon, size=16),
                    rx.el.span(title),
                    type="button",
                    title=description,
                    class_name="af-add-step",
                    aria_label=f"Add step: {title}",
                    on_click=FlowForm.add_step(kind),
                )
                for kind, title, icon, description in kinds()
            ),
            class_name="af-add-steps af-edit-only",
            role="group",
            aria_label="Add a step",
        ),
        id="steps",
        class_name="af-steps-section",
    )


def _step(step: rx.Var[StepRow], index: rx.Var[int]) -> rx.Component:
    order = index + 1
    name = f"step {order}"
    return rx.el.article(
        rx.el.header(
            rx.el.span(_icon(step.icon), class_name="af-flow-step-icon", aria_hidden="true"),
            rx.el.div(
                rx.el.h3(f"{order}. {step.title}"),
                rx.el.p(step.sentence, class_name="af-flow-step-sentence"),
                class_name="af-flow-step-title",
            ),
            rx.el.div(
                icon_action("arrow-up", f"Move {name} up", FlowForm.move_step(step.key, -1), disabled=index == 0),
                icon_action("arrow-down", f"Move {name} down", FlowForm.move_step(step.key, 1), disabled=order == FlowForm.steps.length()),
                icon_action("trash-2", f"Remove {name}", FlowForm.remove_step(step.key), colour="red"),
                class_name="af-flow-step-tools af-edit-only",
            ),
            class_name="af-flow-step-head",
        ),
        rx.cond(step.error != "", rx.el.div(step.error, class_name="af-field-error", role="alert"), rx.fragment()),
        rx.el.div(rx.foreach(step.fields, lambda f: _field(step, f, order, advanced=False)), class_name="af-flow-step-fields"),
        rx.cond(step.mappings.length() > 0, variables(step, order), rx.fragment()),
        rx.cond(
            step.preview != "",
            rx.el.div(rx.el.span("Preview", class_name="af-preview-label"), rx.el.p(step.preview), class_name="af-preview"),
            rx.fragment(),
        ),
        _when(step, order),
        rx.cond(
            step.has_advanced,
            rx.el.details(
                rx.el.summary("More settings"),
                rx.el.div(rx.foreach(step.fields, lambda f: _field(step, f, order, advanced=True)), class_name="af-flow-step-fields"),
                class_name="af-more",
            ),
            rx.fragment(),
        ),
        class_name=rx.cond(step.problems > 0, "af-card af-flow-step af-flow-step-wrong", "af-card af-flow-step"),
        role="listitem",
        id=f"step-{step.key}",
        key=step.key,
    )


def _icon(name: rx.Var[str]) -> rx.Component:
    """Icons of the action types there are; a name known only in the browser needs each compiled in."""
    return rx.match(name, *((icon, rx.icon(icon, size=17)) for _, _, icon, _ in kinds()), rx.icon("circle", size=17))


def _field(step: rx.Var[StepRow], row: rx.Var[FieldRow], order: rx.Var[int], *, advanced: bool) -> rx.Component:
    """One field, if it belongs to this part of the card."""
    element_id = f"{step.key}-{row.name}"
    label = f"{row.title}, step {order}"
    control = rx.match(
        row.widget,
        *((widget, _picker(step, row, widget, label, element_id)) for widget in CATALOGUES),
        ("switch", _switch(step, row, element_id)),
        ("time", text(row.value, lambda v: FlowForm.set_config(step.key, row.name, v), id=element_id, type="time")),
        ("number", _number(step, row, element_id)),
        ("duration", _number(step, row, element_id)),
        text(row.value, lambda v: FlowForm.set_config(step.key, row.name, v), id=element_id),
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
        on_blur=lambda v: FlowForm.set_config(step.key, row.name, v),
        id=element_id,
        input_mode="numeric",
        width="100%",
    )


def _switch(step: rx.Var[StepRow], row: rx.Var[FieldRow], element_id: rx.Var[str]) -> rx.Component:
    return rx.el.div(
        rx.switch(
            id=element_id,
            checked=row.value == "true",
            disabled=row.fixed,
            on_change=lambda on: FlowForm.set_config(step.key, row.name, on),
        ),
        rx.el.label(row.title, html_for=element_id, class_name="af-label"),
        class_name="af-row",
    )


def _picker(step: rx.Var[StepRow], row: rx.Var[FieldRow], widget: str, label: rx.Var[str], element_id: rx.Var[str]) -> rx.Component:
    """Choose a catalogue item; an empty catalogue says where to get one, a choice that is gone says so."""
    things, href = CATALOGUES[widget]
    options = FlowForm.choices[widget]
    return rx.cond(
        options.length() == 0,
        rx.el.div(
            rx.icon("plug", size=15),
            rx.el.span(f"No {things} yet. ", rx.link("Templates" if href.endswith("templates") else "Connect a channel", href=href)),
            class_name="af-none-yet",
            id=element_id,
        ),
        rx.select.root(
            rx.select.trigger(id=element_id, aria_label=label, placeholder="Choose…", width="100%"),
            rx.select.content(
                rx.cond(row.required, rx.fragment(), rx.select.item("The provider's default", value="none")),
                rx.foreach(
                    options,
                    lambda option: rx.select.item(
                        rx.el.span(
                            option.label,
                            rx.cond(option.note != "", rx.el.span(f" · {option.note}", class_name="af-warn"), rx.fragment()),
                        ),
                        value=option.value,
                    ),
                ),
                position="popper",
            ),
            value=rx.cond(~row.required & (row.value == ""), "none", row.value),
            on_change=lambda v: FlowForm.set_config(step.key, row.name, v),
        ),
    )


def _when(step: rx.Var[StepRow], order: rx.Var[int]) -> rx.Component:
    """When the step runs."""
    return rx.el.div(
        rx.el.label("Run this step", html_for=f"{step.key}-when"),
        rx.el.div(
            rx.select.root(
                rx.select.trigger(id=f"{step.key}-when", aria_label=f"When step {order} runs", width="100%"),
                rx.select.content(*(rx.select.item(said, value=value) for value, said in WHEN), position="popper"),
                value=rx.cond(step.when == "", "none", step.when),
                on_change=lambda v: FlowForm.set_when(step.key, v),
            ),
            rx.match(
                step.when,
                ("call_outcome", _when_value(step, words.CALL_OUTCOMES, f"Call outcome for step {order}")),
                ("message_status", _when_value(step, words.MESSAGE_STATES, f"Message status for step {order}")),
                (
                    "contact_field",
                    rx.fragment(
                        text(
                            step.when_field,
                            lambda v: FlowForm.set_when_field(step.key, v),
                            placeholder="custom_fields.product",
                            aria_label=f"Contact field for step {order}",
                            custom_attrs={"list": "contact-fields"},
                        ),
                        text(
                            step.when_value,
                            lambda v: FlowForm.set_when_value(step.key, v),
                            placeholder="Any value",
                            aria_label=f"Field value for step {order}",
                        ),
                    ),
                ),
                rx.fragment(),
            ),
            class_name="af-when-fields",
        ),
        class_name="af-field af-when",
    )


def _when_value(step: rx.Var[StepRow], options: dict[str, str], label: rx.Var[str] | str) -> rx.Component:
    return rx.select.root(
        rx.select.trigger(aria_label=label, width="100%"),
        rx.select.content(*(rx.select.item(said, value=value) for value, said in options.items()), position="popper"),
        value=step.when_value,
        on_change=lambda v: FlowForm.set_when_value(step.key, v),
    )
