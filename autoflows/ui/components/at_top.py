"""Whether a reader has scrolled away from the top of a list: then rows must not move under their eyes."""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("at_top.jsx", shared=True)


class _AtTop(rx.Component):
    """The browser-side part: an empty line that is watched."""

    library = _js.importable_path
    tag = "AtTop"
    value: rx.Var[bool]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(bool)]  # type: ignore[valid-type]  # Reflex reads the spec here


def at_top(value: Any, on_change: Any) -> rx.Component:
    """Put it where the list begins. `value` is what the page believes; `on_change` is sent what is true."""
    return _AtTop.create(value=value, on_change=on_change)
