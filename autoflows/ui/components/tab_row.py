"""Tabs that change what a list shows."""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("tab_row.jsx", shared=True)


class _TabRow(rx.Component):
    """The browser-side part: the keys, and scrolling to the chosen tab on a narrow screen."""

    library = _js.importable_path
    tag = "TabRow"
    label: rx.Var[str]
    chosen: rx.Var[str]


def tab_row(*tabs: Any, label: str, chosen: Any, class_name: str = "") -> rx.Component:
    """The tabs, each made by `tab`."""
    return _TabRow.create(*tabs, label=label, chosen=chosen, class_name=class_name)


def tab(*content: Any, is_chosen: Any, panel: str, **props: Any) -> rx.Component:
    """One tab; `panel` is the id of what it changes."""
    return rx.el.button(
        *content,
        type="button",
        role="tab",
        tab_index=rx.cond(is_chosen, 0, -1),
        custom_attrs={"aria-selected": is_chosen.to_string(), "aria-controls": panel},
        **props,
    )
