"""Choosing a file whose text is wanted."""

from __future__ import annotations

from typing import Any

import reflex as rx

_js = rx.asset("text_file.jsx", shared=True)


class _TextFile(rx.Component):
    """Reads the file in the browser."""

    library = _js.importable_path
    tag = "TextFile"
    label: rx.Var[str]
    accept: rx.Var[str]
    limit: rx.Var[int]
    on_text: rx.EventHandler[rx.event.passthrough_event_spec(str, str)]  # type: ignore[valid-type]  # Reflex reads the spec here


def text_file(label: str, on_text: Any, *, accept: str, limit: int) -> rx.Component:
    """A place to choose or drop a file; `on_text` gets its text and its name. Files of more than `limit` bytes are refused."""
    return _TextFile.create(label=label, accept=accept, limit=limit, on_text=on_text)
