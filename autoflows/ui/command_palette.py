"""The command palette and the list of shortcuts, there on every page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from autoflows.ui.states.palette import PaletteState

_js = rx.asset("command_palette.jsx", shared=True)

EVERYWHERE = (
    ("Ctrl K or ⌘ K", "Go to a page, a flow or a contact, or do something"),
    ("/", "Search this page, if it can be searched"),
    ("?", "This list"),
    ("Esc", "Close what lies over the page"),
)


class _CommandPalette(rx.Component):
    """Listens to the keys of the window."""

    library = _js.importable_path
    tag = "CommandPalette"
    commands: rx.Var[Any]
    found: rx.Var[Any]
    query: rx.Var[str]
    shortcuts: rx.Var[Any]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore[valid-type]  # Reflex reads the spec here


def command_palette(shortcuts: Sequence[tuple[str, str]] = ()) -> rx.Component:
    """Both dialogs; `shortcuts` are the page's own, as keys and what they do."""
    return _CommandPalette.create(
        commands=PaletteState.commands,
        found=PaletteState.found,
        query=PaletteState.query,
        shortcuts=[{"keys": keys, "text": text} for keys, text in (*shortcuts, *EVERYWHERE)],
        on_search=PaletteState.search,
    )


def palette_button() -> rx.Component:
    """For who does not know the keys."""
    return rx.el.button(
        rx.icon("search", size=15),
        rx.el.span("Go to…"),
        rx.el.kbd("Ctrl K"),
        type="button",
        class_name="af-palette-button",
        aria_label="Go to or do",
        custom_attrs={"aria-keyshortcuts": "Control+K Meta+K"},
        on_click=rx.call_script("window.dispatchEvent(new Event('af-palette'))"),
    )
