"""How a choice is read that stands in a page's address, whether it comes from there or from a socket."""

from __future__ import annotations

from datetime import date
from typing import Any

from autoflows.domain.errors import Invalid
from autoflows.ui.states.base import id_of, text_of


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
