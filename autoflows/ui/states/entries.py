"""Forms that are known only at run time: a provider's credentials, a catalogue's columns."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from autoflows.ui.states.base import text_of


class Entry(BaseModel):
    """One field of a form, with its present value. `key` is its name in the form and its error's pointer: `credentials/api_key`.

    Types: text, area, integer, number, switch, choice, list (comma-separated). `choices` are (value, words) pairs.
    """

    key: str
    title: str
    description: str = ""
    type: str = "text"
    required: bool = False
    secret: bool = False
    advanced: bool = False
    value: str = ""
    is_on: bool = False
    placeholder: str = ""
    rows: str = "4"
    choices: list[tuple[str, str]] = []
    default: Any = None


def values_of(entries: list[Entry], form: dict[str, Any]) -> dict[str, Any]:
    """What a submitted form holds for these entries, by key. What was emptied by hand goes back to its default; only entries count."""
    values: dict[str, Any] = {}
    for entry in entries:
        raw = form.get(entry.key)
        if entry.type == "switch":
            values[entry.key] = raw in (True, "on", "true")
            continue
        text = text_of("" if raw is None else raw, 250_000)
        if text != "":
            values[entry.key] = [item.strip() for item in text.split(",") if item.strip()] if entry.type == "list" else text
        elif entry.value != "":
            values[entry.key] = entry.default
    return values
