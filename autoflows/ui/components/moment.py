"""Times and durations as people read them, in the viewer's own zone."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.ui.states.base import Base

_js = rx.asset("moment.jsx", shared=True)


class _Moment(rx.Component):
    """The browser-side part: formats in the zone and keeps relative times fresh."""

    library = _js.importable_path
    tag = "Moment"
    value: rx.Var[Any]
    zone: rx.Var[str]
    mode: rx.Var[str]
    empty: rx.Var[str]


def moment(value: Any, mode: str = "ago", *, zone: Any = None, empty: str = "—") -> rx.Component:
    """A point in time, in the viewer's zone unless `zone` is given (a lead's own, for example).

    Modes: ago, full, seconds, time, short, date, soon (the time, with its date unless that is today).
    """
    return _Moment.create(value=value, zone=Base.me.timezone if zone is None else zone, mode=mode, empty=empty)


def duration_text(milliseconds: float | None) -> str:
    """A duration for people: `412 ms`, `3.4 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`; an em dash for none."""
    if milliseconds is None:
        return "—"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
