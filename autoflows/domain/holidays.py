"""Public holidays by country and region, and the days on which an account is closed.

The `holidays` library is a rule book: which days are holidays in a year follows from the year alone, so asking it is pure. It is loaded
at the first question about a country, because most processes never ask one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import FieldError
from autoflows.domain.regions import country_names

MAX_NAME = 120
A_HOLIDAY = "a holiday"
"""What an account's own date is called: it has no name."""


@cache
def holiday_countries() -> Mapping[str, str]:
    """ISO 3166 code -> English name of the countries whose public holidays are known, by name."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    return dict(sorted(((code, name) for code, name in country_names().items() if code in known), key=lambda pair: pair[1]))


@lru_cache(maxsize=300)
def holiday_regions(country: str) -> Mapping[str, str]:
    """Code -> name of a country's regions with holidays of their own; empty if it has none, or is not known."""
    import holidays

    if country not in holiday_countries():
        return {}
    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    names = {code: next((name for name in said if len(name) > len(code)), code) for code, said in aliases.items()}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=2_000)
def public_holidays(country: str, region: str | None, year: int) -> Mapping[date, str]:
    """The public holidays of a year with their names, English where the library has them; none of a country that is not known."""
    import holidays

    if country not in holiday_countries() or (region and region not in holiday_regions(country)):
        return {}
    found = holidays.country_holidays(country, subdiv=region, years=year, language="en_US")
    return {day: str(name)[:MAX_NAME] for day, name in sorted(found.items()) if day.year == year}


@lru_cache(maxsize=2_000)
def _closed(country: str | None, region: str | None, own: frozenset[date], working: frozenset[date], year: int) -> frozenset[date]:
    public = {day for of in range(year - 1, year + 3) for day in public_holidays(country, region, of)} if country else set()
    return frozenset((public - working) | own)


def closed_days(account: AccountSettings, year: int) -> frozenset[date]:
    """The dates without contacts as seen from a year: its own, and the public holidays it keeps of that year and those around it."""
    own = frozenset(account.holidays)
    if account.holiday_country is None:
        return own
    return _closed(account.holiday_country, account.holiday_subdivision, own, frozenset(account.working_holidays), year)


def holiday_name(account: AccountSettings, day: date) -> str:
    """What the holiday is called on which the account is closed that day."""
    if account.holiday_country is None:
        return A_HOLIDAY
    return public_holidays(account.holiday_country, account.holiday_subdivision, day.year).get(day, A_HOLIDAY)


def holiday_problems(account: AccountSettings) -> list[FieldError]:
    """What is wrong with the choice of public holidays: a country or region that the rule book does not have."""
    country, region = account.holiday_country, account.holiday_subdivision
    if country is None:
        return [FieldError("/holiday_subdivision", "needs holiday_country; set it too, or set this to null")] if region else []
    if country not in holiday_countries():
        message = f"'{country}' is no country whose holidays are known; use its ISO 3166 code, such as IN or GB"
        return [FieldError("/holiday_country", message)]
    regions = holiday_regions(country)
    if region is None or region in regions:
        return []
    choice = f"choose one of {', '.join(regions)}, or null" if regions else "it has no regions, so set this to null"
    return [FieldError("/holiday_subdivision", f"'{region}' is no region of {holiday_countries()[country]}; {choice}")]
