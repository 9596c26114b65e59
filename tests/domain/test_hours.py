"""Opening hours against a clock on the wall that is read minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.account import BusinessHours
from autoflows.domain.hours import (
    EVERY_DAY,
    Window,
    instant_of,
    next_open_in_all,
    next_time,
    window_of,
)
from tests.domain import clockwork
from tests.domain.settings import QUICK, THOROUGH

# Two hours before and after midnight, each change of daylight saving 2026, and a plain day.
CHANGES = {
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Europe/London": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "Asia/Kolkata": ["2026-03-04T06:30"],
    "America/Havana": ["2026-03-08T05:00", "2026-11-01T05:00"],  # the gap and the fold are at midnight
}
WALL_CLOCK = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and a moment near a change of its clocks."""
    zone = draw(st.sampled_from(list(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone]))).replace(tzinfo=UTC)
    return zone, change + timedelta(minutes=draw(st.integers(-2 * 1440, 2 * 1440)), seconds=draw(st.sampled_from([0, 0, 31])))


@st.composite
def windows(draw: st.DrawFn, zone: str) -> Window:
    start, end = draw(st.tuples(WALL_CLOCK, WALL_CLOCK).filter(lambda pair: pair[0] != pair[1]))
    days = draw(st.sets(st.integers(1, 7), min_size=1))
    closed = draw(st.sets(st.sampled_from([date(2026, 3, 8), date(2026, 10, 25), date(2026, 11, 1), date(2026, 4, 5)]), max_size=2))
    return Window(frozenset(days), start, end, zone, frozenset(closed))


@QUICK
@given(moments(), st.data())
def test_several_windows_open_together(moment: tuple[str, datetime], data: st.DataObject) -> None:
    _, at = moment
    chosen = [data.draw(windows(data.draw(st.sampled_from(list(CHANGES))))) for _ in range(data.draw(st.integers(0, 3)))]
    opening = next_open_in_all(chosen, at)
    if opening is None:
        return
    assert all(w.is_open(opening) for w in chosen)
    assert opening >= at
    between = [at + (opening - at) * n / 97 for n in range(97)]
    assert not [moment for moment in between if moment < opening and all(w.is_open(moment) for w in chosen)]
    assert all(next_open_in_all(chosen, moment) == opening for moment in between)


def test_windows_that_never_meet() -> None:
    day, night = Window(EVERY_DAY, time(9), time(17), "UTC"), Window(EVERY_DAY, time(17), time(9), "UTC")
    assert next_open_in_all([day, night], datetime(2026, 3, 4, tzinfo=UTC)) is None
    assert next_open_in_all([], at := datetime(2026, 3, 4, tzinfo=UTC)) == at


def test_a_window_of_holidays_only_never_opens() -> None:
    monday = date(2026, 3, 2)
    mondays = frozenset(monday + timedelta(weeks=n) for n in range(80))
    closed = Window(frozenset({1}), time(9), time(17), "UTC", mondays)
    assert closed.next_open(datetime(2026, 3, 4, tzinfo=UTC)) is None
    assert next_open_in_all([closed], datetime(2026, 3, 4, tzinfo=UTC)) is None


def test_a_window_over_midnight_belongs_to_the_day_it_began() -> None:
    friday_night = Window(frozenset({5}), time(22), time(2), "Asia/Kolkata")
    local = ZoneInfo("Asia/Kolkata")
    assert friday_night.is_open(datetime(2026, 3, 7, 1, 59, tzinfo=local))  # Saturday by the calendar
    assert not friday_night.is_open(datetime(2026, 3, 7, 2, 0, tzinfo=local))
    assert not friday_night.is_open(datetime(2026, 3, 6, 1, 0, tzinfo=local))
    holiday = Window(frozenset({5}), time(22), time(2), "Asia/Kolkata", frozenset({date(2026, 3, 6)}))
    assert not holiday.is_open(datetime(2026, 3, 7, 1, 0, tzinfo=local))


@THOROUGH
@given(moments(), WALL_CLOCK)
def test_the_next_time_the_clock_shows_something(moment: tuple[str, datetime], shown: time) -> None:
    zone, after = moment
    found = next_time(after, shown, zone)
    assert after <= found <= after + timedelta(hours=49)
    day = found.astimezone(ZoneInfo(zone)).date()
    assert found == clockwork.first_time(day, shown, zone)
    today = after.astimezone(ZoneInfo(zone)).date()
    assert found in {clockwork.first_time(today + timedelta(days=n), shown, zone) for n in range(3)}
    assert clockwork.first_time(day - timedelta(days=1), shown, zone) < after


@pytest.mark.parametrize(
    ("zone", "day", "shown", "instant"),
    [
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:00+00:00"),
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30+00:00"),
        ("Europe/London", date(2026, 3, 29), time(1, 59), "2026-03-29T01:00+00:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30+00:00"),  # a gap of half an hour
        ("Asia/Kolkata", date(2026, 3, 4), time(9), "2026-03-04T03:30+00:00"),
    ],
)
def test_instants(zone: str, day: date, shown: time, instant: str) -> None:
    assert instant_of(day, shown, ZoneInfo(zone)) == datetime.fromisoformat(instant)


def test_the_accounts_hours_as_a_window() -> None:
    hours = BusinessHours(days=[1, 3], start=time(10), end=time(18), timezone="Europe/London")
    window = window_of(hours, [date(2026, 3, 4)])
    assert window == Window(frozenset({1, 3}), time(10), time(18), "Europe/London", frozenset({date(2026, 3, 4)}))
