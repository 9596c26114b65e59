"""WhatsApp templates: what Graph lists becomes our columns, and variables become the components of a message.

A variable is named as the template has it (`1`, `first_name`) in the body, with its place elsewhere: `header:1`, `button:0`.
Source: developers.facebook.com, WhatsApp Business Platform, template components.
"""

from __future__ import annotations

import re
from typing import Any

from autoflows.providers.base import TemplateMessage
from autoflows.providers.payload import objects, text

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def template_columns(item: dict[str, Any]) -> dict[str, Any]:
    """A listed template as columns; `parameter_format` is POSITIONAL where Graph leaves it out."""
    components = objects(item.get("components"))
    body = next((part for part in components if text(part.get("type")) == "BODY"), {})
    return {
        "provider_template_id": text(item.get("id")),
        "name": text(item.get("name")),
        "language": text(item.get("language")) or "en",
        "status": (text(item.get("status")) or "UNKNOWN").upper(),
        "category": text(item.get("category")) or "",
        "body": text(body.get("text")) or "",
        "variables": variables_of(components),
        "named_parameters": (text(item.get("parameter_format")) or "POSITIONAL").upper() == "NAMED",
        "components": components,
    }


def variables_of(components: list[dict[str, Any]]) -> list[str]:
    """The variables that a message of this template must fill, in order and each once."""
    found: list[str] = []
    for part in components:
        kind = (text(part.get("type")) or "").upper()
        if kind == "BODY":
            found += VARIABLE.findall(text(part.get("text")) or "")
        elif kind == "HEADER" and (text(part.get("format")) or "TEXT").upper() == "TEXT":
            found += [f"header:{name}" for name in VARIABLE.findall(text(part.get("text")) or "")]
        elif kind == "BUTTONS":
            buttons = objects(part.get("buttons"))
            found += [f"button:{index}" for index, button in enumerate(buttons) if VARIABLE.search(text(button.get("url")) or "")]
    return list(dict.fromkeys(found))


def template_components(message: TemplateMessage) -> list[dict[str, Any]]:
    """The `components` of a send: those given as they are, then header, body and buttons built from `variables`."""
    given = {(text(part.get("type")) or "").lower() for part in message.components}
    placed: dict[str, dict[str, str]] = {}
    for name, value in message.variables.items():
        place, _, rest = name.rpartition(":")
        placed.setdefault(place or "body", {})[rest] = value
    built: list[dict[str, Any]] = [
        {"type": place, "parameters": _parameters(placed[place], message.named_parameters)}
        for place in ("header", "body")
        if place in placed and place not in given
    ]
    built += [
        {"type": "button", "sub_type": "url", "index": index, "parameters": [{"type": "text", "text": _one_line(value)}]}
        for index, value in _ordered(placed.get("button", {}))
    ]
    return [*message.components, *built]


def _parameters(variables: dict[str, str], named: bool) -> list[dict[str, str]]:
    if named:
        return [{"type": "text", "parameter_name": name, "text": _one_line(value)} for name, value in variables.items()]
    return [{"type": "text", "text": _one_line(value)} for _, value in _ordered(variables)]


def _ordered(variables: dict[str, str]) -> list[tuple[str, str]]:
    """Positional variables by their number: `2` before `10`."""
    return sorted(variables.items(), key=lambda item: (not item[0].isdecimal(), int(item[0]) if item[0].isdecimal() else 0, item[0]))


def _one_line(value: str) -> str:
    """Graph refuses a parameter with line breaks, tabs or more than four spaces in a row."""
    return " ".join(value.split())
