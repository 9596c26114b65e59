"""Base of request bodies: unknown fields are refused, and so is what PostgreSQL cannot hold."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

MAX_DEPTH = 20


class Body(BaseModel):
    """A request body. Spaces around texts are dropped where `Trimmed` is used instead."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value)
        return value


class Trimmed(Body):
    """A request body whose texts lose the spaces around them."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def check_storable(value: Any, depth: int = 0) -> None:
    """Raise ValueError, in words for the sender, for text or numbers that JSONB and TEXT columns refuse.

    PostgreSQL documentation, 8.14.1: no NUL, no unpaired surrogates; JSON (RFC 8259, 6) has no NaN or infinity.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"must not be nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("must not contain the NUL character")
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("must not contain half of a surrogate pair; send the text as UTF-8")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("numbers must be finite")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_storable(key, depth + 1)
            check_storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_storable(item, depth + 1)
