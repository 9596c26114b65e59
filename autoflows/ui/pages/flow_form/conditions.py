"""Which leads enter the flow."""

from __future__ import annotations

import reflex as rx

from autoflows.ui import words
from autoflows.ui.components import card
from autoflows.ui.flow_draft import ConditionRow
from autoflows.ui.pages.flow_form.controls import icon_action, pick, said_wrong, text
from autoflows.ui.states.flow_form import FlowForm

SOURCES = ("IndiaMART", "TradeIndia", "JustDial", "Facebook Lead Ads", "Google Ads", "Website", "ExportersIndia", "API", "Manual")


def conditions() -> rx.Component:
    """The trigger section."""
    return card(
        rx.el.div(
            rx.cond(
                FlowForm.conditions.length() > 1,
                rx.el.p("A lead enters this flow when ", rx.el.strong("all"), " of these hold.", class_name="af-help af-flat"),
                rx.el.p("A lead enters this flow when this holds.", class_name="af-help af-flat"),
            ),
            rx.el.div(rx.foreach(FlowForm.conditions, _row), class_name="af-conditions", role="list", aria_label="Trigger conditions"),
            rx.cond(
                FlowForm.conditions.length() == 0,
                rx.el.p(
                    "Without a condition the flow never starts by itself; people can still be enrolled by hand.",
                    class_name="af-help af-flat",
                ),
                rx.fragment(),
            ),
            said_wrong(FlowForm.problems["conditions"]),
            rx.el.div(
                rx.button(
                    rx.icon("plus", size=15),
                    "Add condition",
                    type="button",
                    variant="soft",
                    color_scheme="gray",
                    size="2",
                    on_click=FlowForm.add_condition,
                ),
                class_name="af-edit-only",
            ),
            rx.el.datalist(*(rx.el.option(value=source) for source in SOURCES), id="lead-sources"),
            class_name="af-form",
        ),
        title="When a lead arrives",
        id="trigger",
    )


def _row(row: rx.Var[ConditionRow], index: rx.Var[int]) -> rx.Component:
    number = f"Condition {index + 1}"
    return rx.el.div(
        rx.el.span(rx.cond(index == 0, "If", "and"), class_name="af-joint", aria_hidden="true"),
        rx.el.div(
            pick(row.kind, words.CONDITION_TYPES, lambda v: FlowForm.set_condition_kind(row.key, v), label=f"{number}: what to look at"),
            rx.match(
                row.kind,
                (
                    "custom_field",
                    text(
                        row.field,
                        lambda v: FlowForm.set_condition_field(row.key, v),
                        placeholder="Field, such as product",
                        aria_label=f"{number}: custom field",
                    ),
                ),
                (
                    "contact_field",
                    rx.select.root(
                        rx.select.trigger(aria_label=f"{number}: contact field", placeholder="Field…", width="100%"),
                        rx.select.content(
                            *(rx.select.item(title, value=name) for name, title in words.CONTACT_FIELDS.items()), position="popper"
                        ),
                        value=row.field,
                        on_change=lambda v: FlowForm.set_condition_field(row.key, v),
                    ),
                ),
                rx.fragment(),
            ),
            pick(row.operator, words.OPERATORS, lambda v: FlowForm.set_condition_operator(row.key, v), label=f"{number}: comparison"),
            rx.cond(
                (row.operator == "any") | (row.operator == "exists"),
                rx.fragment(),
                _value(row, number),
            ),
            class_name="af-condition-fields",
        ),
        icon_action("x", f"Remove condition {index + 1}", FlowForm.remove_condition(row.key), class_name="af-edit-only"),
        rx.cond(row.error != "", rx.el.div(row.error, class_name="af-field-error", role="alert"), rx.fragment()),
        class_name="af-condition",
        role="listitem",
        id=f"condition-{row.key}",
        key=row.key,
    )


def _value(row: rx.Var[ConditionRow], number: rx.Var[str]) -> rx.Component:
    placeholder = rx.match(
        row.operator,
        ("in", "One, two, three"),
        ("greater_than", "A number"),
        ("less_than", "A number"),
        rx.match(row.kind, ("lead_source", "IndiaMART"), ("tag", "hot"), "Value"),
    )
    free = text(
        row.value,
        lambda v: FlowForm.set_condition_value(row.key, v),
        placeholder=placeholder,
        aria_label=f"{number}: value",
        aria_invalid=row.error != "",
        custom_attrs={"list": rx.cond(row.kind == "lead_source", "lead-sources", "")},
        key=row.kind,  # another kind starts with an empty field
    )
    return rx.cond(
        (row.kind == "entry_type") & ((row.operator == "equals") | (row.operator == "not_equals")),
        rx.select.root(
            rx.select.trigger(aria_label=f"{number}: value", placeholder="Choose…", width="100%"),
            rx.select.content(*(rx.select.item(title, value=name) for name, title in words.ENTRY_TYPES.items()), position="popper"),
            value=row.value,
            on_change=lambda v: FlowForm.set_condition_value(row.key, v),
        ),
        free,
    )
