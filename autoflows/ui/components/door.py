"""The form at the door (sign-in, first owner), and the browser's list of time zones."""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("door.jsx", shared=True)


class DoorForm(rx.Component):
    """Posts JSON to `endpoint` and loads the next page; shows what was wrong beside its field. `zone` adds the browser's time zone."""

    library = _js.importable_path
    tag = "DoorForm"
    endpoint: rx.Var[str]
    fields: rx.Var[list[dict[str, Any]]]
    submit: rx.Var[str]
    zone: rx.Var[bool]


class _ZoneOptions(rx.NoSSRComponent):
    """A datalist of every IANA zone the browser knows."""

    library = _js.importable_path
    tag = "ZoneOptions"


def zone_options(list_id: str) -> rx.Component:
    """Suggestions for an input with `list=list_id`."""
    return _ZoneOptions.create(id=list_id)
