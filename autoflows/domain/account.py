"""What an account has set for all its flows."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from autoflows.domain.flow import Strict, check_timezone, check_wall_clock
from autoflows.domain.people import has_phones

DEFAULT_COOLDOWN_MINUTES = 60
MAX_BUDGET = 1_000_000_000_000
MAX_PRICE = 1_000_000_000
"""Minor units of one action's price: room for any currency, and far from what a column can hold."""


class BusinessHours(Strict):
    """When contacts may be made: days 1 (Monday) to 7, wall-clock start and end (end before start crosses midnight), IANA zone."""

    days: list[int] = Field(default_factory=lambda: [1, 2, 3, 4, 5, 6])
    start: time = time(9)
    end: time = time(19)
    timezone: str = "Asia/Kolkata"

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return check_timezone(value)

    @field_validator("start", "end")
    @classmethod
    def _naive(cls, value: time) -> time | None:
        return check_wall_clock(value)

    @field_validator("days")
    @classmethod
    def _days(cls, value: list[int]) -> list[int]:
        if not value or any(d not in range(1, 8) for d in value):
            raise ValueError("name at least one day, 1 (Monday) to 7 (Sunday)")
        return sorted(set(value))

    @model_validator(mode="after")
    def _span(self) -> Self:
        if self.start == self.end:
            raise ValueError("end must differ from start; for no hours at all set default_business_hours to null")
        return self


class AccountSettings(Strict):
    """Limits and rules over all flows of an account. Amounts of money are integer minor units of `currency`."""

    default_country: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")] = Field(
        default="IN", description="ISO 3166 country assumed for phone numbers without a country code"
    )
    legal_hours: Literal["on", "off"] = Field(default="on", description="keep to the legal calling hours of the contact's country")
    cooldown_minutes: int = Field(default=DEFAULT_COOLDOWN_MINUTES, ge=0, le=525_600)
    max_concurrent_calls: int | None = Field(default=None, ge=1, le=10_000)
    frequency_cap: int | None = Field(
        default=None, ge=1, le=1000, description="contact attempts a person may get in any 24 hours, all flows together"
    )
    frequency_cap_week: int | None = Field(
        default=None, ge=1, le=1000, description="contact attempts a person may get in any 7 days, all flows together"
    )
    daily_budget: int | None = Field(
        default=None, ge=1, le=MAX_BUDGET,
        description="money for contacts in a day of the account's time zone, in minor units, by `prices`; contacts beyond it wait",
    )  # fmt: skip
    holidays: list[date] = Field(
        default_factory=list, max_length=400, description="the account's own closed dates: no contacts then, in the hours' zone"
    )
    holiday_country: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")] | None = Field(
        default=None, description="ISO 3166 country whose public holidays close the hours too"
    )
    holiday_subdivision: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = Field(
        default=None, description="state or province of that country, by its code, whose own holidays count as well"
    )
    working_holidays: list[date] = Field(default_factory=list, max_length=400, description="public holidays on which the hours are kept")
    kill_switch: bool = Field(default=False, description="hold every outgoing contact of the account")
    currency: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")] = "INR"
    prices: dict[str, Annotated[int, Field(ge=0, le=MAX_PRICE)]] = Field(
        default_factory=dict, description="price per action type in minor units, such as {'ai_call': 400}; added to the analytics"
    )
    speed_target_seconds: Literal[15, 30, 60, 120, 300, 600, 900, 1800, 3600] = Field(
        default=60, description="speed to lead: within how many seconds a new lead is to have its first contact attempt"
    )
    speed_target_percent: int = Field(default=90, ge=1, le=99, description="and of how many leads in a hundred that is to be true")

    @field_validator("default_country")
    @classmethod
    def _country(cls, value: str) -> str:
        if not has_phones(value):
            raise ValueError(f"'{value}' is not a country of the telephone network; use its ISO 3166 code, such as IN or GB")
        return value
