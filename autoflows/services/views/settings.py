"""An account's settings as they are shown and sent."""

from __future__ import annotations

from datetime import time
from typing import Any

from pydantic import field_serializer, field_validator

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.flow import check_timezone


def wall_clock(value: time | None) -> str | None:
    """A time of day as people write it: 09:00, with seconds only where there are some."""
    return None if value is None else value.isoformat("auto" if value.second or value.microsecond else "minutes")


class SettingsView(AccountSettings):
    """All that is set for an account. `default_business_hours` null: always open. `timezone` is the account's own."""

    default_business_hours: BusinessHours | None = None
    timezone: str = "Asia/Kolkata"

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return check_timezone(value)

    @field_serializer("default_business_hours", when_used="json-unless-none")
    def _hours(self, value: BusinessHours) -> dict[str, Any]:
        return {**value.model_dump(mode="json"), "start": wall_clock(value.start), "end": wall_clock(value.end)}
