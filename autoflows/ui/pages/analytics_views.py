"""What every page of figures has at its top: the row of pages, and what is wrong with what the address asks for."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.components.in_sight import keep_in_sight
from autoflows.ui.shell import FLOWS
from autoflows.ui.states.analytics_wanted import VIEWS

HERE = f"{FLOWS}/analytics"
OTHERS = {f"{HERE}/compare": "Compare", f"{HERE}/experiments": "A/B tests"}


def view_tabs(*views: rx.Component, current: str = "") -> rx.Component:
    """The views of the page of figures, as links unless they are given, and the pages beside it; `current` is one of these."""
    links = views or tuple(_link(label, HERE if value == "overview" else f"{HERE}?view={value}") for value, label in VIEWS.items())
    others = (_link(label, href, is_current=href == current) for href, label in OTHERS.items())
    return rx.el.nav(
        *links,
        *others,
        class_name="af-status-tabs af-view-tabs",
        aria_label="Figures",
        on_mount=keep_in_sight(".af-view-tabs", ".af-spans"),
    )


def wrong(state: Any, name: str) -> rx.Component:
    """Why a choice of the page, or of the link to it, cannot be."""
    said = rx.cond(state.faults.contains(name), state.faults[name], state.problems[name])
    return rx.cond(said, rx.el.div(said, class_name="af-field-error", role="alert"), rx.fragment())


def beside_field(text: str) -> rx.Component:
    """A word between the fields of a row, which makes a sentence of them."""
    return rx.el.span(text, class_name="af-muted af-beside-field")


def _link(label: str, href: str, *, is_current: bool = False) -> rx.Component:
    return rx.link(
        label, href=href, class_name="af-status-tab", underline="none", custom_attrs={"aria-current": "page"} if is_current else {}
    )
