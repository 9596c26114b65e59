"""Form fields: label, control, help and error, tied together for a screen reader; and small shared controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx


def field(
    label: str | rx.Var[str],
    control: rx.Component,
    *,
    id: str | rx.Var[str],  # noqa: A002 - the HTML attribute's name
    help: str | rx.Var[str] = "",  # noqa: A002 - what it is
    error: rx.Var[str] | str = "",
    optional: bool = False,
) -> rx.Component:
    """A labelled control. Give the control the same `id` (see `text_field` and the others, which do it for you)."""
    return rx.el.div(
        rx.el.label(label, *([rx.el.span(" optional", class_name="af-optional")] if optional else []), html_for=id),
        control,
        rx.cond(error, rx.el.div(error, class_name="af-field-error", id=f"{id}-error", role="alert"), rx.fragment()),
        rx.cond(help, rx.el.div(help, class_name="af-help", id=f"{id}-help"), rx.fragment()),
        class_name="af-field",
    )


def text_field(
    name: str,
    label: str,
    *,
    help: str | rx.Var[str] = "",  # noqa: A002 - what it is
    error: rx.Var[str] | str = "",
    optional: bool = False,
    id: str = "",  # noqa: A002 - the HTML attribute's name
    **control: Any,
) -> rx.Component:
    """One line of text (or `type="number"`, `"time"`, `"date"`, `"email"`, `"password"`)."""
    box = rx.input(name=name, id=id or name, aria_describedby=f"{id or name}-help", required=not optional, width="100%", **control)
    return field(label, box, id=id or name, help=help, error=error, optional=optional)


def area_field(
    name: str,
    label: str,
    *,
    help: str | rx.Var[str] = "",  # noqa: A002 - what it is
    error: rx.Var[str] | str = "",
    optional: bool = False,
    id: str = "",  # noqa: A002 - the HTML attribute's name
    **control: Any,
) -> rx.Component:
    """Several lines of text."""
    box = rx.text_area(name=name, id=id or name, aria_describedby=f"{id or name}-help", required=not optional, width="100%", **control)
    return field(label, box, id=id or name, help=help, error=error, optional=optional)


def select_field(
    name: str,
    label: str,
    options: Sequence[tuple[str, str]] | rx.Var[list],
    *,
    help: str | rx.Var[str] = "",  # noqa: A002 - what it is
    error: rx.Var[str] | str = "",
    optional: bool = False,
    placeholder: str = "Choose…",
    id: str = "",  # noqa: A002 - the HTML attribute's name
    **control: Any,
) -> rx.Component:
    """One of (value, words) pairs; the pairs may be a var."""
    if isinstance(options, rx.Var):
        items: list[Any] = [rx.foreach(options, lambda option: rx.select.item(option[1], value=option[0]))]
    else:
        items = [rx.select.item(words, value=value) for value, words in options]
    box = rx.select.root(
        rx.select.trigger(id=id or name, aria_label=label, placeholder=placeholder, width="100%"),
        rx.select.content(*items, position="popper"),
        name=name,
        required=not optional,
        **control,
    )
    return field(label, box, id=id or name, help=help, error=error, optional=optional)


def switch_field(name: str, label: str | rx.Var[str], *, help: str | rx.Var[str] = "", id: str = "", **control: Any) -> rx.Component:  # noqa: A002
    """An on/off choice with its label to the right."""
    return rx.el.div(
        rx.el.div(
            rx.switch(name=name, id=id or name, **control),
            rx.el.label(label, html_for=id or name, class_name="af-label"),
            class_name="af-row",
        ),
        rx.cond(help, rx.el.div(help, class_name="af-help"), rx.fragment()),
        class_name="af-field",
    )


def explained_choice(value: str, title: str, text: Any) -> rx.Component:
    """One choice of a radio group, with what it means."""
    return rx.el.label(
        rx.radio_group.item(value=value),
        rx.el.span(rx.el.span(title, class_name="af-strong"), rx.el.span(text, class_name="af-help")),
        class_name="af-stop-choice",
    )


def copy_field(value: rx.Var[str] | str, label: str) -> rx.Component:
    """A value to take elsewhere (a webhook URL, a token) with a copy button."""
    return rx.el.div(
        rx.el.code(value, tab_index=0),  # it scrolls: who has no mouse must be able to
        rx.icon_button(
            rx.icon("copy", size=14),
            aria_label=f"Copy {label}",
            title=f"Copy {label}",
            type="button",
            size="1",
            variant="soft",
            color_scheme="gray",
            on_click=[rx.set_clipboard(value), rx.toast.success(f"Copied {label}")],
        ),
        class_name="af-code",
    )


def save_bar(label: str = "Save", *, busy: rx.Var[bool] | bool = False, problem: rx.Var[str] | str = "") -> rx.Component:
    """The foot of a form: what is wrong as a whole, and the button that sends it."""
    return rx.el.div(
        rx.cond(problem, rx.el.div(problem, class_name="af-field-error", role="alert", style={"marginRight": "auto"}), rx.fragment()),
        rx.button(label, type="submit", loading=busy),
        class_name="af-actions",
    )
