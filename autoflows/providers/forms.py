"""Field types that the credentials and settings of several providers share. The models are also drawn as forms."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SECRET: dict[str, Any] = {"secret": True}
"""`json_schema_extra` of a field that is typed hidden and never shown again."""

ADVANCED: dict[str, Any] = {"advanced": True}
"""`json_schema_extra` of a field that few people need to touch."""


class Form(BaseModel):
    """Base of credentials and settings: spaces around values are dropped, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Limits(Form):
    """Base of the settings of channels that contact people: how much may go out by one. The engine reads them."""

    max_per_minute: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Contacts per minute",
        description="No more than this many a minute, evenly spread; the rest waits its turn. Empty: no limit.",
    )
    daily_limit: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        title="Contacts per day",
        description="No more than this many a day in your time zone; the rest waits for tomorrow. Empty: no limit.",
    )


def _header_safe(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be plain letters, digits and signs without spaces; copy it again from the provider")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("must be a web address such as https://api.example.com") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_ok or not value.isascii() or " " in value:
        raise ValueError("must be a web address such as https://api.example.com")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must be only the address: no user, password, ? or #")
    return value.rstrip("/")


Token = Annotated[str, AfterValidator(_header_safe)]
"""A key or token that travels in an HTTP header."""

WebAddress = Annotated[str, AfterValidator(_web_address)]
"""An http(s) address without a slash at its end."""
