"""What fills each variable of a WhatsApp template."""

from __future__ import annotations

import reflex as rx

from autoflows.ui.flow_rows import MAPPABLE, MappingRow, StepRow
from autoflows.ui.pages.flow_builder.controls import said_wrong, text
from autoflows.ui.states.flow_builder import FlowBuilder


def variables(step: rx.Var[StepRow]) -> rx.Component:
    """A row per variable of the chosen template."""
    return rx.el.fieldset(
        rx.el.legend("Variables of the template"),
        rx.foreach(step.mappings, lambda mapping: _mapping(step, mapping)),
        class_name="af-mappings",
    )


def _mapping(step: rx.Var[StepRow], mapping: rx.Var[MappingRow]) -> rx.Component:
    name = f"variable {mapping.variable}"
    is_custom_field = mapping.value.startswith("custom_fields.")
    source = rx.cond(mapping.custom, "text", rx.cond(is_custom_field, "custom_field", mapping.value))
    return rx.el.div(
        rx.el.code("{{" + mapping.variable + "}}", class_name="af-variable"),
        rx.select.root(
            rx.select.trigger(
                id=f"{step.id}-variable-{mapping.variable}", aria_label=f"Source of {name}", placeholder="Filled with…", width="100%"
            ),
            rx.select.content(
                rx.select.group(
                    rx.select.label("Contact"),
                    *(rx.select.item(title, value=value) for value, title in MAPPABLE.items()),
                    rx.select.item("Custom field…", value="custom_field"),
                ),
                rx.select.separator(),
                rx.select.group(rx.select.label("Your own"), rx.select.item("Text with Liquid…", value="text")),
                position="popper",
            ),
            value=source,
            on_change=lambda v: FlowBuilder.set_mapping_source(step.id, mapping.variable, v),
        ),
        rx.cond(
            mapping.custom,
            text(
                mapping.value,
                lambda v: FlowBuilder.set_mapping_value(step.id, mapping.variable, v),
                aria_label=f"Text for {name}",
                placeholder="{{ contact.name }}",
            ),
            rx.cond(
                is_custom_field,
                text(
                    mapping.value.replace("custom_fields.", ""),
                    lambda v: FlowBuilder.set_mapping_value(step.id, mapping.variable, v),
                    aria_label=f"Custom field for {name}",
                    placeholder="product",
                ),
                rx.fragment(),
            ),
        ),
        said_wrong(mapping.error),
        class_name="af-mapping",
        key=mapping.variable,
    )
