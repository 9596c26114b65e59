"""The field of a form that is known only at run time."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components.fields import field
from autoflows.ui.states.entries import Entry


def entry_field(entry: Entry, problems: rx.Var[dict]) -> rx.Component:
    """An `Entry` (inside a foreach) with its label, help and error."""
    return field(
        entry.title,
        _control(entry),
        id=entry.key,
        help=entry.description,
        error=problems[entry.key],
        optional=False,
    )


def _control(entry: Entry) -> rx.Component:
    box: dict[str, Any] = {"name": entry.key, "id": entry.key, "width": "100%", "aria_describedby": f"{entry.key}-help"}
    return rx.match(
        entry.type,
        (
            "choice",
            rx.select.root(
                rx.select.trigger(id=entry.key, aria_label=entry.title, placeholder="Choose…", width="100%"),
                rx.select.content(rx.foreach(entry.choices, lambda choice: rx.select.item(choice[1], value=choice[0])), position="popper"),
                name=entry.key,
                default_value=entry.value,
                required=entry.required,
            ),
        ),
        ("switch", rx.switch(name=entry.key, id=entry.key, default_checked=entry.is_on)),
        ("area", rx.text_area(default_value=entry.value, required=entry.required, rows=entry.rows, placeholder=entry.placeholder, **box)),
        ("integer", rx.input(type="number", default_value=entry.value, required=entry.required, **box)),
        ("number", rx.input(type="number", step="any", default_value=entry.value, required=entry.required, **box)),
        rx.input(
            type=rx.cond(entry.secret, "password", "text"),
            default_value=entry.value,
            placeholder=entry.placeholder,
            required=entry.required,
            auto_complete=rx.cond(entry.secret, "new-password", "off"),
            **box,
        ),
    )
