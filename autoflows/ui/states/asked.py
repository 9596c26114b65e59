"""How a choice is read that stands in a page's address, whether it comes from there or from a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from autoflows.domain.errors import Invalid
from autoflows.ui.states.base import id_of, text_of

Wanted = TypeVar("Wanted")


def read_choices(
    address: Mapping[str, str],
    plain: Wanted,
    names: Mapping[str, Any],
    in_address: Mapping[str, str],
    with_choice: Callable[[Wanted, str, Any], Wanted],
) -> tuple[Wanted, list[str]]:
    """What an address asks for, choice by choice from a plain page, and the names of what in it means nothing here. `in_address` has the
    names that are others there."""
    wanted, unknown = plain, []
    for name in names:
        said = in_address.get(name, name)
        if value := address.get(said, ""):
            try:
                wanted = with_choice(wanted, name, value)
            except Invalid:
                unknown.append(said)
    return wanted, unknown


def told_choices(wanted: Any, plain: Any, names: Mapping[str, Any], in_address: Mapping[str, str]) -> dict[str, str]:
    """What an address has to say so that this is asked for: nothing of what the plain page shows anyway."""
    return {in_address.get(name, name): str(value) for name in names if (value := getattr(wanted, name)) != getattr(plain, name)}


def day_asked(value: Any) -> str:
    """A day as ISO text; empty for none. Raises Invalid."""
    text = text_of(value, 10)
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise Invalid("This is not a day.") from None


def id_asked(value: Any) -> str:
    """An id as text; empty for all or none. Raises Invalid."""
    return "" if value in ("", "all", "none") else str(id_of(value))


def moment_asked(value: Any) -> str:
    """A point in time as ISO text in UTC; empty for none. Raises Invalid."""
    text = text_of(value, 40)
    try:
        at = datetime.fromisoformat(text) if text else None
        return "" if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise Invalid("This is not a point in time.") from None


def number_asked(value: Any) -> str:
    """A whole number as text; empty for none. Raises Invalid."""
    text = text_of(value, 9)
    if text and not (text.isascii() and text.isdigit()):
        raise Invalid("This is not a number.")
    return str(int(text)) if text else ""


def span_in_words(verb: str, since: str, until: str, zone: ZoneInfo) -> str:
    """Two moments on a clock, after a word for what they bound: `begun 12 Mar 2026, 00:00 – 13 Mar 2026, 00:00`; empty for none."""
    low, high = (f"{datetime.fromisoformat(text).astimezone(zone):%d %b %Y, %H:%M}" if text else "" for text in (since, until))
    said = f"{low} – {high}" if low and high else f"from {low}" if low else f"before {high}" if high else ""
    return f"{verb} {said}".strip() if said else ""
