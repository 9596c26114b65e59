"""A flow as a picture: its trigger on top, its steps below, and aside the steps that run only in some case. Pure.

The colours are those of the page: the drawing has classes and no colour of its own. Every text is escaped, for it may be anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from autoflows.domain.flow_words import ACTION_TITLES, action_in_words, trigger_in_words, when_in_words

WIDTH = 300
_HEIGHT, _GAP = 34, 20
_MAIN, _ASIDE, _BOX = 8, 76, 216
_LETTERS = 30


def flow_picture(definition: Mapping[str, Any]) -> str:
    """The SVG of a definition, complete or not."""
    actions: Sequence[Mapping[str, Any]] = definition.get("actions") or []
    parts = [_box(_MAIN, 0, "trigger", trigger_in_words(definition.get("conditions") or []))]
    for place, action in enumerate(actions, 1):
        parts.append(_step(place, action, is_last=place == len(actions)))
    height = len(actions) * (_HEIGHT + _GAP) + _HEIGHT
    about = escape(f"Trigger and {len(actions)} step{'' if len(actions) == 1 else 's'}", quote=True)
    size = f'viewBox="0 -1 {WIDTH} {height + 2}" width="{WIDTH}" height="{height + 2}"'
    return f'<svg class="af-picture" {size} role="img" aria-label="{about}">{"".join(parts)}</svg>'


def _step(place: int, action: Mapping[str, Any], *, is_last: bool) -> str:
    """A step and the lines that lead to it. A step with a condition stands aside of the main line, which goes on past it."""
    kind = str(action.get("action_type") or "")
    when = when_in_words(action.get("condition_type"), action.get("condition_value"), action.get("condition_field"))
    is_aside = bool(when) and action.get("condition_type") != "always"
    top = place * (_HEIGHT + _GAP)
    above, axis = top - _GAP, _MAIN + 22
    lines = [_line(f"M{axis} {above} V{top}")]
    if is_aside:
        middle = top + _HEIGHT / 2
        onward = "" if is_last else _line(f"M{axis} {top} V{top + _HEIGHT}")
        lines.append(onward + _line(f"M{axis} {top} V{middle - 8} q0 8 8 8 H{_ASIDE}"))
        lines.append(f'<text class="af-picture-when" x="{_ASIDE + 4}" y="{top - 5}">{escape(_short(when, 38))}</text>')
    title = ACTION_TITLES.get(kind, kind)
    text = action_in_words(kind, action.get("action_config") or {}, {}) if kind == "wait" else title
    return "".join(lines) + _box(_ASIDE if is_aside else _MAIN, top, kind, text[:1].upper() + text[1:])


def _box(left: int, top: float, kind: str, text: str) -> str:
    known = kind if kind in ACTION_TITLES or kind == "trigger" else "other"
    return (
        f'<g class="af-picture-{known}"><rect x="{left}" y="{top}" width="{_BOX}" height="{_HEIGHT}" rx="8"/>'
        f'<circle cx="{left + 17}" cy="{top + _HEIGHT / 2}" r="5"/>'
        f'<text x="{left + 32}" y="{top + _HEIGHT / 2 + 4}">{escape(_short(text, _LETTERS))}</text></g>'
    )


def _line(path: str) -> str:
    return f'<path d="{path}"/>'


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
