"""The panel of the trigger: which leads enter the flow."""

from __future__ import annotations

import reflex as rx

from autoflows.ui import words
from autoflows.ui.flow_rows import ConditionRow
from autoflows.ui.pages.flow_builder.controls import icon_action, pick, text
from autoflows.ui.states.flow_builder import FlowBuilder

SOURCES = ("IndiaMART", "TradeIndia", "JustDial", "Facebook Lead Ads", "Google Ads", "Website", "ExportersIndia", "API", "Manual")
"""Sources to suggest before any lead came."""


def trigger_panel() -> rx.Component:
    """Which leads enter: conditions with the values that leads really had."""
    return rx.el.div(
        rx.cond(
            FlowBuilder.conditions.length() > 1,
            rx.el.p("A lead enters this flow when ", rx.el.strong("all"), " of these hold.", class_name="af-help af-flat"),
            rx.el.p("A lead enters this flow when this holds.", class_name="af-help af-flat"),
        ),
        rx.el.div(rx.foreach(FlowBuilder.conditions, _row), class_name="af-conditions", role="list", aria_label="Trigger conditions"),
        rx.cond(
            FlowBuilder.conditions.length() == 0,
            rx.el.p(
                "Without a condition the flow never starts by itself; people can still be enrolled by hand.",
                class_name="af-help af-flat",
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.button(
                rx.icon("plus", size=15),
                "Add condition",
                type="button",
                variant="soft",
                color_scheme="gray",
                size="2",
                on_click=FlowBuilder.add_condition,
                id="add-condition",
            ),
            class_name="af-edit-only",
        ),
        rx.el.datalist(*(rx.el.option(value=source) for source in SOURCES), id="lead-sources"),
        class_name="af-form",
    )


def _row(row: rx.Var[ConditionRow], index: rx.Var[int]) -> rx.Component:
    number = f"Condition {index + 1}"
    return rx.el.div(
        rx.el.span(rx.cond(index == 0, "If", "and"), class_name="af-joint", aria_hidden="true"),
        rx.el.div(
            pick(row.kind, words.CONDITION_TYPES, lambda v: FlowBuilder.set_condition_kind(row.key, v), label=f"{number}: what to look at"),
            rx.match(
                row.kind,
                (
                    "custom_field",
                    text(
                        row.field,
                        lambda v: FlowBuilder.set_condition_field(row.key, v),
                        placeholder="Field, such as product",
                        aria_label=f"{number}: custom field",
                        max_length=100,
                    ),
                ),
                (
                    "contact_field",
                    pick(
                        row.field,
                        words.CONTACT_FIELDS,
                        lambda v: FlowBuilder.set_condition_field(row.key, v),
                        label=f"{number}: contact field",
                        placeholder="Field…",
                    ),
                ),
                rx.fragment(),
            ),
            pick(row.operator, words.OPERATORS, lambda v: FlowBuilder.set_condition_operator(row.key, v), label=f"{number}: comparison"),
            rx.cond(
                (row.operator == "any") | (row.operator == "exists"),
                rx.fragment(),
                _value(row, number),
            ),
            class_name="af-condition-fields",
        ),
        icon_action("x", f"Remove condition {index + 1}", FlowBuilder.remove_condition(row.key), class_name="af-edit-only"),
        rx.cond(row.error != "", rx.el.div(row.error, class_name="af-field-error", role="alert"), rx.fragment()),
        _seen(row, number),
        class_name="af-condition",
        role="listitem",
        id=f"condition-{row.key}",
        key=row.key,
    )


def _seen(row: rx.Var[ConditionRow], number: rx.Var[str]) -> rx.Component:
    """The values that leads of the last days had, with how many had each; one click takes it."""
    name = rx.match(row.kind, ("custom_field", "custom_field:" + row.field), ("contact_field", row.field), row.kind).to(str)
    values = FlowBuilder.seen[name]
    chip = lambda value: rx.el.button(  # noqa: E731
        value[0],
        rx.el.span(value[1], aria_hidden="true"),
        type="button",
        class_name="af-fb-chip",
        aria_label=f"{number}: take {value[0]}, seen in {value[1]} leads",
        on_click=FlowBuilder.take_value(row.key, value[0]),
    )
    return rx.cond(
        FlowBuilder.seen.contains(name) & (row.operator != "any") & (row.operator != "exists"),
        rx.el.div(
            rx.el.span("Seen in 30 days", class_name="af-help"),
            rx.foreach(values, chip),
            class_name="af-fb-seen af-edit-only",
        ),
        rx.fragment(),
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
        lambda v: FlowBuilder.set_condition_value(row.key, v),
        placeholder=placeholder,
        aria_label=f"{number}: value",
        id=f"condition-{row.key}-value",
        max_length=255,
        aria_invalid=row.error != "",
        custom_attrs={"list": rx.cond(row.kind == "lead_source", "lead-sources", "")},
        key=row.kind,  # another kind starts with an empty field
    )
    return rx.cond(
        (row.kind == "entry_type") & ((row.operator == "equals") | (row.operator == "not_equals")),
        pick(
            row.value,
            words.ENTRY_TYPES,
            lambda v: FlowBuilder.set_condition_value(row.key, v),
            label=f"{number}: value",
            placeholder="Choose…",
            id=f"condition-{row.key}-value",
        ),
        free,
    )
