"""Choosing one of an account's items, with search and a word of warning at those that would not work."""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("picker.jsx", shared=True)


class Picker(rx.Component):
    """`options` have a value, a label and a note; `none` names the choice of nothing, which is sent as "none"."""

    library = _js.importable_path
    tag = "Picker"
    label: rx.Var[str]
    value: rx.Var[str]
    options: rx.Var[list[Any]]
    none: rx.Var[str]
    on_choose: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore[valid-type]
