"""Public holidays as the settings page shows them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel


class HolidayView(BaseModel):
    """A public holiday to come. `open`: the account works on it all the same."""

    day: date
    name: str
    open: bool


class HolidayChoices(BaseModel):
    """Code and name of the countries whose holidays are known, of the chosen one's regions, and the holidays of the next year."""

    countries: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    next: list[HolidayView]
