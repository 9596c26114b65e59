"""Public holidays and an account's own dates."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.holidays import (
    closed_days,
    holiday_countries,
    holiday_name,
    holiday_problems,
    holiday_regions,
    public_holidays,
)
from autoflows.domain.hours import window_of

DIWALI = date(2026, 11, 8)


def account(**settings: Any) -> AccountSettings:
    return AccountSettings(**settings)


def test_the_rule_book_names_the_holidays_of_a_country_and_of_its_regions() -> None:
    assert public_holidays("IN", None, 2026)[DIWALI] == "Diwali"
    assert date(2026, 5, 1) in public_holidays("IN", "MH", 2026)
    assert public_holidays("GB", "SCT", 2026)[date(2026, 11, 30)] == "Saint Andrew's Day"
    assert date(2026, 11, 30) not in public_holidays("GB", "ENG", 2026)
    assert holiday_countries()["IN"] == "India"
    assert holiday_regions("IN")["MH"] == "Maharashtra"


def test_what_is_not_known_has_no_holidays() -> None:
    """Settings outlive a release of the rule book: a code it dropped must not stop the engine."""
    assert public_holidays("XX", None, 2026) == {}
    assert public_holidays("IN", "NOWHERE", 2026) == {}
    assert holiday_regions("XX") == {}
    assert closed_days(account(holiday_country="XX", holidays=[DIWALI]), 2026) == {DIWALI}


def test_the_days_an_account_is_closed() -> None:
    own, republic_day = date(2026, 3, 4), date(2026, 1, 26)
    assert closed_days(account(holidays=[own]), 2026) == {own}
    kept = closed_days(account(holidays=[own], holiday_country="IN", working_holidays=[DIWALI]), 2026)
    assert {own, republic_day} <= kept
    assert DIWALI not in kept
    both = account(holidays=[DIWALI], holiday_country="IN", working_holidays=[DIWALI])
    assert DIWALI in closed_days(both, 2026), "an own closed date stays closed"
    years = {day.year for day in closed_days(account(holiday_country="IN"), 2026)}
    assert years == {2025, 2026, 2027, 2028}, "as far as an opening is looked for"
    assert closed_days(account(holiday_country="IN"), 2026) is closed_days(account(holiday_country="IN"), 2026)


def test_names() -> None:
    assert holiday_name(account(holiday_country="IN"), DIWALI) == "Diwali"
    assert holiday_name(account(holiday_country="IN"), date(2026, 3, 5)) == "a holiday"
    assert holiday_name(account(), DIWALI) == "a holiday"


@pytest.mark.parametrize(
    ("settings", "pointer", "said"),
    [
        ({}, None, ""),
        ({"holiday_country": "IN"}, None, ""),
        ({"holiday_country": "in", "holiday_subdivision": "MH"}, None, ""),
        ({"holiday_country": "UK"}, "/holiday_country", "such as IN or GB"),
        ({"holiday_country": "GB", "holiday_subdivision": "MH"}, "/holiday_subdivision", "choose one of ENG, NIR, SCT, WLS, or null"),
        ({"holiday_country": "SG", "holiday_subdivision": "1"}, "/holiday_subdivision", "it has no regions"),
        ({"holiday_subdivision": "MH"}, "/holiday_subdivision", "needs holiday_country"),
    ],
)
def test_a_wrong_choice_is_named(settings: dict[str, Any], pointer: str | None, said: str) -> None:
    found = holiday_problems(account(**settings))
    assert [problem.pointer for problem in found] == ([pointer] if pointer else [])
    assert not found or said in found[0].detail


@pytest.mark.parametrize("country", sorted(holiday_countries()))
def test_every_country_on_offer_has_an_answer_for_the_years_to_come(country: str) -> None:
    found = [public_holidays(country, region, year) for region in (None, *holiday_regions(country)) for year in (2026, 2028)]
    assert all(name and day.year in (2026, 2028) for holidays in found for day, name in holidays.items())


def test_the_rule_book_is_not_loaded_before_an_account_asks() -> None:
    code = "import sys, workers.worker; sys.exit('holidays' in sys.modules or 'phonenumbers.geodata' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)


def test_default_hours_and_holidays_live_together() -> None:
    """The date is the local one of the hours: in Kolkata it is Diwali while London still has the day before."""
    hours = BusinessHours(days=[1, 2, 3, 4, 5, 6, 7], start=time(0), end=time(23, 59), timezone="Asia/Kolkata")
    window = window_of(hours, closed_days(account(holiday_country="IN"), 2026))
    assert not window.is_open(datetime(2026, 11, 7, 19, 0, tzinfo=UTC))
    assert window.is_open(datetime(2026, 11, 8, 19, 0, tzinfo=UTC))
