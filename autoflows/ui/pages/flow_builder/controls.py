"""Controls of the form. They hold what is typed themselves and tell the state when left, so that no answer overtakes a fast typist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import reflex as rx


def text(value: Any, on_done: Any, *, max_length: int = 1000, **attributes: Any) -> rx.Component:
    """One line of text, sent when the field is left. A longer text than any handler takes is cut as it is pasted, where one sees it."""
    return rx.input(default_value=value, on_blur=on_done, max_length=max_length, width="100%", **attributes)


def pick(value: Any, options: Mapping[str, str] | Sequence[tuple[str, str]], on_change: Any, *, label: Any, **trigger: Any) -> rx.Component:
    """One of fixed choices, value to words."""
    pairs = list(options.items()) if isinstance(options, Mapping) else list(options)
    return rx.select.root(
        rx.select.trigger(aria_label=label, width="100%", **trigger),
        rx.select.content(*(rx.select.item(words, value=key) for key, words in pairs), position="popper"),
        value=value,
        on_change=on_change,
    )


def icon_action(icon: str, label: Any, on_click: Any, *, colour: str = "gray", **attributes: Any) -> rx.Component:
    """A small button that is only an icon; `label` is its name."""
    return rx.icon_button(
        rx.icon(icon, size=15),
        aria_label=label,
        title=label,
        type="button",
        size="1",
        variant="ghost",
        color_scheme=colour,
        margin="0",
        on_click=on_click,
        **attributes,
    )


def said_wrong(error: Any, element_id: Any = "") -> rx.Component:
    """What is wrong, beneath its field; nothing if nothing is."""
    return rx.cond(error, rx.el.div(error, class_name="af-field-error", role="alert", id=element_id), rx.fragment())
