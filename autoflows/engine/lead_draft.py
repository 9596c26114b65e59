"""A lead as a source gives it, checked."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from autoflows.domain.flow import Strict, check_timezone
from autoflows.domain.leads import EntryType

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""A source's time beyond these is no time, and could not be shown in every zone."""
MAX_CUSTOM_FIELDS = 100


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_storable)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_storable)]


class Consent(Strict):
    """What the person agreed to, in their source's words."""

    channels: list[Annotated[str, StringConstraints(pattern="^(call|whatsapp|sms|email)$")]] | None = Field(
        default=None, description="call, whatsapp, sms, email; null = not asked"
    )
    text: Annotated[str, StringConstraints(max_length=5000), AfterValidator(_storable)] = ""
    at: datetime | None = None


class LeadDraft(Strict):
    """A lead as a source gives it: the body of `POST /api/contacts`. One of `phone` and `email` is needed."""

    name: Text = ""
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_storable)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320), AfterValidator(_storable)] | None = None
    company: Text = ""
    lead_source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_storable)] = "API"
    entry_type: EntryType = EntryType.API
    external_id: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_storable)] | None
    ) = None
    source_created_at: datetime | None = None
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    custom_fields: dict[str, Any] = Field(default_factory=dict)
    timezone: str | None = None
    consent: Consent | None = None

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return check_timezone(value) if value else None

    @field_validator("source_created_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("must carry its zone, such as 2026-11-22T10:14:28Z")
        if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValueError(f"must be between the years {FIRST_YEAR} and {LAST_YEAR}")
        return value

    @field_validator("custom_fields")
    @classmethod
    def _fields(cls, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) > MAX_CUSTOM_FIELDS:
            raise ValueError(f"at most {MAX_CUSTOM_FIELDS} fields")
        text = json.dumps(value, default=str)
        if "\\u0000" in text:
            raise ValueError("must not contain the NUL character")
        if len(text) > 50_000:
            raise ValueError("at most 50,000 characters in all")
        return value
