"""An account's settings as they are shown and sent."""

from __future__ import annotations

from pydantic import field_validator

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.flow import check_timezone


class SettingsView(AccountSettings):
    """All that is set for an account. `default_business_hours` null: always open. `timezone` is the account's own."""

    default_business_hours: BusinessHours | None = None
    timezone: str = "Asia/Kolkata"

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return check_timezone(value)
