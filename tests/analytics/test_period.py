"""Periods of local days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from autoflows.analytics.period import between, last_days, period_of
from autoflows.domain.errors import Invalid

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def test_today_is_the_readers_today() -> None:
    assert last_days(1, zone="Asia/Kolkata", now=NOW).first == date(2026, 3, 2)
    assert last_days(1, zone="UTC", now=NOW).first == date(2026, 3, 1)


def test_period_is_whole_local_days_and_the_one_before_touches_it() -> None:
    period = last_days(7, zone="Asia/Kolkata", now=NOW)
    assert period.start == datetime(2026, 2, 23, 18, 30, tzinfo=UTC)
    assert len(period.days) == 7
    assert period.before.end == period.start
    assert len(period.before.days) == 7


def test_without_dates_it_is_the_last_30_days_and_half_named_ones_are_completed() -> None:
    assert len(period_of(None, None, zone="UTC", now=NOW).days) == 30
    assert period_of(date(2026, 2, 1), None, zone="UTC", now=NOW).last == date(2026, 3, 1)
    assert len(period_of(None, date(2026, 1, 31), zone="UTC", now=NOW).days) == 30


@pytest.mark.parametrize(
    ("first", "last", "zone", "pointer"),
    [
        (date(2026, 2, 2), date(2026, 2, 1), "UTC", "/query/to"),
        (date(2020, 1, 1), date(2026, 2, 1), "UTC", "/query/from"),
        (date(2026, 1, 1), date(2026, 2, 1), "Mars/Base", "/query/tz"),
    ],
)
def test_wrong_periods_name_the_field(first: date, last: date, zone: str, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        between(first, last, zone=zone)
    assert caught.value.errors[0].pointer == pointer
