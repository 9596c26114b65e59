"""When reports are due, against the clock on the wall, around every kind of change that clocks make."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.reports import Every, Rhythm
from tests.domain.settings import THOROUGH
from tests.domain.test_hours_properties import CHANGES, WALL_CLOCK, moments


@st.composite
def rhythms(draw: st.DrawFn, zone: str) -> Rhythm:
    every = draw(st.sampled_from(Every))
    return Rhythm(every, draw(WALL_CLOCK), draw(st.integers(1, 7 if every is Every.WEEK else 31)), zone)


def period_of(rhythm: Rhythm, due: datetime) -> tuple[int, int]:
    """The local day, week or month that a due time is of, by the day on which the wall clock was to show it."""
    day = due.astimezone(ZoneInfo(rhythm.zone)).date()
    if rhythm.every is Every.DAY:
        return day.toordinal(), 0
    return day.isocalendar()[:2] if rhythm.every is Every.WEEK else (day.year, day.month)


@THOROUGH
@given(moments(), st.data())
def test_there_is_one_due_time_in_each_period_and_the_clock_shows_it(moment: tuple[str, datetime], data: st.DataObject) -> None:
    zone, at = moment
    rhythm = data.draw(rhythms(zone))
    dues, due = [], at
    for _ in range(5):
        due = rhythm.next_due(due)
        dues.append(due)
    assert dues == sorted(set(dues))
    assert dues[0] > at
    periods = [period_of(rhythm, due) for due in dues]
    assert len(set(periods)) == len(periods)
    for due in dues:
        local = due.astimezone(ZoneInfo(zone))
        shown = local.time().replace(second=0, microsecond=0)
        if shown != rhythm.at:  # the clock jumped over it: it is the first moment after the jump
            before = (due - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
            assert before.utcoffset() != local.utcoffset()
            assert before.time() < rhythm.at < shown or shown < before.time()
        elif local.fold:
            pytest.fail("the second pass of an hour that came twice")
        if rhythm.every is Every.WEEK:
            assert local.isoweekday() == rhythm.day
        if rhythm.every is Every.MONTH:
            assert local.day == min(rhythm.day, monthrange(local.year, local.month)[1])


@THOROUGH
@given(moments(), st.data())
def test_nothing_is_due_between_two_due_times(moment: tuple[str, datetime], data: st.DataObject) -> None:
    zone, at = moment
    rhythm = data.draw(rhythms(zone))
    first = rhythm.next_due(at)
    second = rhythm.next_due(first)
    share = data.draw(st.floats(0, 0.999))
    between = first + share * (second - first)
    assert rhythm.next_due(between) == second
    longest = {Every.DAY: timedelta(days=1, hours=3), Every.WEEK: timedelta(days=7, hours=3), Every.MONTH: timedelta(days=34)}
    assert second - first <= longest[rhythm.every]


@THOROUGH
@given(moments(), st.data(), st.one_of(st.none(), st.integers(1, 366)))
def test_the_days_end_before_the_day_it_is_due(moment: tuple[str, datetime], data: st.DataObject, days: int | None) -> None:
    zone, at = moment
    rhythm = data.draw(rhythms(zone))
    due = rhythm.next_due(at)
    first, last = rhythm.days_before(due, days)
    today = due.astimezone(ZoneInfo(zone)).date()
    length = (last - first).days + 1
    if days is None and rhythm.every is Every.MONTH:
        assert first.day == 1
        assert (last + timedelta(days=1)).day == 1
        assert (last + timedelta(days=1)).replace(day=1) == today.replace(day=1)
    else:
        assert last == today - timedelta(days=1)
        assert length == (days or (1 if rhythm.every is Every.DAY else 7))


@pytest.mark.parametrize("zone", CHANGES)
def test_daily_reports_with_days_left_open_tell_each_day_once(zone: str) -> None:
    rhythm = Rhythm(Every.DAY, time(2, 30), 1, zone)
    due = datetime(2026, 1, 1, tzinfo=UTC)
    told: list[date] = []
    for _ in range(370):
        due = rhythm.next_due(due)
        told.append(rhythm.days_before(due, None)[1])
    assert [b - a for a, b in pairwise(told)] == [timedelta(days=1)] * 369


def test_a_gap_and_a_fold() -> None:
    gap = Rhythm(Every.DAY, time(2, 30), 1, "Europe/Berlin").next_due(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert gap == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    fold = Rhythm(Every.DAY, time(2, 30), 1, "Europe/Berlin")
    first = fold.next_due(datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert fold.next_due(first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_short_months_have_it_on_their_last_day() -> None:
    rhythm = Rhythm(Every.MONTH, time(9), 31, "Asia/Kolkata")
    due = rhythm.next_due(datetime(2028, 2, 1, tzinfo=UTC))
    assert due == datetime(2028, 2, 29, 3, 30, tzinfo=UTC)
    assert rhythm.days_before(due, None) == (date(2028, 1, 1), date(2028, 1, 31))
