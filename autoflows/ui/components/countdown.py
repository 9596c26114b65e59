"""Time that runs: until something is due, or since something began."""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("countdown.jsx", shared=True)


class _Countdown(rx.Component):
    """The browser-side part: one tick a second for the whole page."""

    library = _js.importable_path
    tag = "Countdown"
    value: rx.Var[Any]
    mode: rx.Var[str]


def countdown(value: Any) -> rx.Component:
    """`in 9 min 42 s`, and `any moment now` once it is due."""
    return _Countdown.create(value=value, mode="until")


def elapsed(value: Any) -> rx.Component:
    """`12 s`, growing."""
    return _Countdown.create(value=value, mode="since")
