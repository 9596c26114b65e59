"""Reading what vendors send: JSON of any shape becomes plain values, and nothing here raises but `WebhookRejected`.

Vendors change their payloads without notice, so every reader gives a plain default for what is missing or of another type.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from autoflows.providers.base import WebhookRejected

MAX_DEPTH = 100
"""Deepest nesting that is read; vendors stay far below it."""

MAX_EVENT_ID = 200
"""Longest event id kept as it is; a longer one is replaced by its hash, since a database index has a limit per entry."""


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`, made safe to store (see `storable`).

    Raises `WebhookRejected` when it is not JSON (RFC 8259) or not an object.
    """
    try:
        value = json.loads(raw, parse_constant=lambda _: None)
        cleaned = storable(value)
    except (ValueError, RecursionError) as error:
        raise WebhookRejected(f"not JSON: {type(error).__name__}") from error
    if not isinstance(cleaned, dict):
        raise WebhookRejected("not a JSON object")
    return cleaned


def storable(value: Any, depth: int = 0) -> Any:
    """`value` without what PostgreSQL's jsonb refuses: NUL characters, lone surrogates, infinities.

    Raises `ValueError` where it is nested deeper than `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(key): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in `value` if it is a list, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """`value` as text if it is text or a number (some vendors send ids as integers), None if empty or of another type."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # an integer too long to be printed
            return None
    return None


def number(value: Any) -> float | None:
    """`value` as a finite number of zero or more, also when it came as text ("28", "27.2"); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def truth(value: Any) -> bool:
    """Whether `value` says yes, as a boolean or as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def moment(value: Any) -> datetime | None:
    """A UTC time from ISO 8601 text or unix seconds (as number or digits); a time without an offset is taken as UTC."""
    try:
        if (seconds := number(value)) is not None:
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def attempt_id(value: Any) -> UUID | None:
    """Our attempt id, if `value` is one."""
    if not isinstance(value, str):
        return None
    try:
        return UUID(value.strip())
    except ValueError:
        return None


def fingerprint(*values: Any) -> str:
    """Twelve hex digits that are equal for equal values: tells repeated deliveries from changed content."""
    canonical = json.dumps(values, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def event_id(*parts: str) -> str:
    """The parts joined with `:`, or their hash where that would be too long to index."""
    joined = ":".join(parts)
    return joined if len(joined) <= MAX_EVENT_ID else f"{parts[0][:40]}:sha256:{hashlib.sha256(joined.encode()).hexdigest()}"


def known(**values: Any) -> dict[str, Any]:
    """The values that are there, for an event's `data`."""
    return {name: value for name, value in values.items() if value is not None}
