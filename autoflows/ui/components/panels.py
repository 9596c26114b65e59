"""Cards, number tiles and fact lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx


def card(
    *content: Any,
    title: str | rx.Var[str] = "",
    text: str | rx.Var[str] = "",
    actions: Sequence[rx.Component] = (),
    flush: bool = False,
    **attributes: Any,
) -> rx.Component:
    """A panel. `flush` lets a table or list reach its edges."""
    head = rx.el.div(
        rx.el.div(rx.el.h2(title), *([rx.el.p(text)] if text else [])),
        *([rx.el.div(*actions, class_name="af-row")] if actions else []),
        class_name="af-card-head",
    )
    body = content if flush else (rx.el.div(*content, class_name="af-card-body"),)
    return rx.el.section(*([head] if title else []), *body, class_name="af-card", **attributes)


def tile(label: str, value: Any, note: Any = "", *, colour: str | rx.Var[str] = "") -> rx.Component:
    """One number, what it counts, and a line under it."""
    return rx.el.div(
        rx.el.div(label, class_name="af-tile-label"),
        rx.el.div(
            value,
            class_name="af-tile-value",
            style={} if isinstance(colour, str) and not colour else {"color": colour},
        ),
        rx.el.div(note, class_name="af-tile-note"),
        class_name="af-card af-tile",
    )


def facts(*pairs: tuple[str, Any]) -> rx.Component:
    """Label and value pairs as a definition list."""
    parts: list[rx.Component] = []
    for label, value in pairs:
        parts += [rx.el.dt(label), rx.el.dd(value)]
    return rx.el.dl(*parts, class_name="af-facts")
