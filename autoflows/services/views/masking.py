"""The one place that decides what a person without `pii:read` sees of people's data.

Each view is built in full, then passed through `shown(view, pii=...)`. Without the permission, the fields a view names in its
`personal` table are masked or emptied, and every other text in it, however deeply nested, is scrubbed of phone numbers and e-mail
addresses; so a new field is safe before anyone has thought about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from autoflows.domain.people import mask_email, mask_phone

_EMAIL = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+\.[^\s@<>\"'(),;:=]+")
_PHONE = re.compile(r"(?<![\w-])(?!\d{4}-\d\d-\d\d)\+?\d(?:[\s().-]{0,2}\d){6,17}(?![\w-])")

Mask = Callable[[Any], Any]


def scrub(text: str) -> str:
    """`text` with whatever looks like a phone number or an e-mail address masked."""
    without_emails = _EMAIL.sub(lambda m: mask_email(m.group()) or "", text)
    return _PHONE.sub(lambda m: mask_phone(re.sub(r"[\s().-]", "", m.group())) or "", without_emails)


def scrub_all(value: Any) -> Any:
    """`scrub` for every text inside lists and mappings; numbers long enough to be a phone number are masked too."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: scrub_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_all(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000_000:
        return mask_phone(str(value))
    return value


def phones(value: Any) -> Any:
    """Each phone number of a list, masked."""
    return [mask_phone(item) for item in value]


def emails(value: Any) -> Any:
    """Each e-mail address of a list, masked."""
    return [mask_email(item) for item in value]


def nothing(value: Any) -> None:
    """Hidden altogether."""
    return


RESULT_KEYS_SHOWN = ("outcome", "status", "state", "duration_seconds", "duration", "hangup_reason", "lookups", "retry_after_seconds")


def result(value: Any) -> dict[str, Any]:
    """A result without transcripts, texts, recordings and addresses; vendor ids go too, since WhatsApp's contain the number."""
    return {key: scrub_all(value[key]) for key in RESULT_KEYS_SHOWN if key in value}


def scrub_trace(trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ids and flow names stay; what the lead's own values were is hidden where it is a person's data."""
    return [flow | {"conditions": [_scrub_condition(condition) for condition in flow.get("conditions", [])]} for flow in trace]


def _scrub_condition(condition: dict[str, Any]) -> dict[str, Any]:
    if condition.get("condition_type") in ("contact_field", "custom_field"):
        return condition | {"actual": None if condition.get("actual") is None else "•••"}
    return condition


def as_is(value: Any) -> Any:
    """Surely not personal: ids, links and words of our own."""
    return value


class View(BaseModel):
    """Base of all views. `personal` says how a field is treated for people without `pii:read`; the others are scrubbed."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    personal: ClassVar[dict[str, Mask]] = {}


V = TypeVar("V", bound=View)


def shown(view: V, *, pii: bool) -> V:
    """The view as a person with (`pii`) or without `pii:read` may see it."""
    if pii:
        return view
    return view.model_copy(update={name: _masked(view, name, getattr(view, name)) for name in type(view).model_fields})


def _masked(view: View, name: str, value: Any) -> Any:
    if (mask := view.personal.get(name)) is not None:
        return mask(value)
    if isinstance(value, View):
        return shown(value, pii=False)
    if isinstance(value, list) and value and isinstance(value[0], View):
        return [shown(item, pii=False) for item in value]
    return scrub_all(value) if isinstance(value, str | list | tuple | Mapping) else value
