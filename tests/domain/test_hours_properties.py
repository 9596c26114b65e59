"""Hours against the minute-by-minute clock, around every kind of change that clocks make."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.account import BusinessHours
from autoflows.domain.decide import wait_end
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.hours import Window, next_open_in_all
from tests.domain import clockwork
from tests.domain.build import flow, policy, wait
from tests.domain.settings import QUICK, THOROUGH

# A change forwards and one back of each zone's clocks, in UTC: by an hour, by half an hour, at midnight, for Ramadan, and none at all.
CHANGES = {
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Europe/London": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "America/Sao_Paulo": ["2017-10-15T03:00", "2018-02-18T02:00"],
    "Africa/Casablanca": ["2023-03-19T02:00", "2023-04-23T02:00"],
    "America/Havana": ["2025-03-09T05:00", "2025-11-02T05:00"],
    "Asia/Kolkata": ["2026-03-04T06:30", "2026-08-15T12:00"],
}
WALL_CLOCK = st.one_of(
    st.sampled_from([time(0), time(0, 30), time(1), time(1, 30), time(2), time(2, 15), time(2, 30), time(3), time(9), time(23, 30)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
Shop = tuple[frozenset[int], time, time, str, frozenset[date]]


@st.composite
def moments(draw: st.DrawFn, zone: str | None = None) -> tuple[str, datetime]:
    """A zone, and a moment within three days of a change of its clocks."""
    zone = zone or draw(st.sampled_from(list(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone]))).replace(tzinfo=UTC)
    return zone, change + timedelta(minutes=draw(st.integers(-3 * 1440, 3 * 1440)), seconds=draw(st.sampled_from([0, 0, 31])))


@st.composite
def shops(draw: st.DrawFn, zone: str, near: datetime) -> Shop:
    """Days, start, end (often past midnight), zone and up to three holidays near a moment."""
    start, end = draw(st.tuples(WALL_CLOCK, WALL_CLOCK).filter(lambda pair: pair[0] != pair[1]))
    days = frozenset(draw(st.sets(st.integers(1, 7), min_size=4)))
    around = [near.date() + timedelta(days=n) for n in range(-2, 4)]
    return days, start, end, zone, frozenset(draw(st.sets(st.sampled_from(around), max_size=3)))


@THOROUGH
@given(moments(), st.data())
def test_a_window_is_open_when_the_clock_on_the_wall_says_so(moment: tuple[str, datetime], data: st.DataObject) -> None:
    zone, at = moment
    shop = data.draw(shops(zone, at))
    window = Window(*shop)
    for minutes in (0, 1, 61, 1441):
        then = at + timedelta(minutes=minutes)
        assert window.is_open(then) == clockwork.is_open(*shop, then)


@THOROUGH
@given(moments(), st.data())
def test_a_window_opens_at_the_first_minute_it_is_open(moment: tuple[str, datetime], data: st.DataObject) -> None:
    zone, at = moment
    shop = data.draw(shops(zone, at))
    assert Window(*shop).next_open(at) == clockwork.next_open(*shop, at)


@QUICK
@given(moments(), st.data())
def test_windows_of_two_zones_open_together_at_the_first_such_minute(moment: tuple[str, datetime], data: st.DataObject) -> None:
    zone, at = moment
    chosen = [data.draw(shops(z, at)) for z in (zone, data.draw(st.sampled_from(list(CHANGES))))]
    found = next_open_in_all([Window(*shop) for shop in chosen], at)

    def open_together(moment: datetime) -> bool:
        return all(clockwork.is_open(*shop, moment) for shop in chosen)

    if found is None or found > at + timedelta(days=9):
        step = timedelta(minutes=7)
        assert not [n for n in range(9 * 1440 // 7) if open_together(at + n * step)]
    else:
        assert found == clockwork.first_moment(at, open_together)


@QUICK
@given(moments(), WALL_CLOCK, st.integers(0, 600), st.booleans(), st.data())
def test_a_wait_ends_at_the_first_minute_the_flow_means(
    moment: tuple[str, datetime], until: time, minutes: int, for_hours: bool, data: st.DataObject
) -> None:
    zone, now = moment
    days, start, end, _, closed = data.draw(shops(zone, now))
    own = {
        "use_custom_business_hours": True,
        "business_hours_start": start.isoformat(),
        "business_hours_end": end.isoformat(),
        "business_hours_timezone": zone,
        "business_days": sorted(days),
    }
    config = {"duration_minutes": minutes, "until_time": f"{until:%H:%M}", "wait_until_business_hours": for_hours}
    definition: FlowDefinition = flow(wait(**config), **own)
    rules = policy(holidays=[day.isoformat() for day in closed], default_hours=BusinessHours())
    after = now + timedelta(minutes=minutes)
    today = clockwork.wall(after, zone).date()
    expected = min(
        instant for instant in (clockwork.first_time(today + timedelta(days=n), until, zone) for n in range(-1, 3)) if instant >= after
    )
    if for_hours:
        expected = clockwork.next_open(days, start, end, zone, closed, expected)
    assert wait_end(definition.actions[0], definition, rules, now)[0] == expected


@QUICK
@given(moments(), st.data())
def test_the_holiday_that_is_named_is_what_keeps_it_closed(moment: tuple[str, datetime], data: st.DataObject) -> None:
    zone, at = moment
    days, start, end, _, closed = data.draw(shops(zone, at))
    window, always = Window(days, start, end, zone, closed), Window(days, start, end, zone)
    named = window.holiday_before(at)
    ordinary, kept = always.next_open(at), window.next_open(at)
    assert (named is not None) == (ordinary != kept)
    assert named is None or named in closed
    assert (window.holiday_at(at) is not None) == (always.is_open(at) and not window.is_open(at))


@pytest.mark.parametrize("zone", list(CHANGES))
def test_the_two_clocks_agree_on_the_changes(zone: str) -> None:
    """If the databases differed, the tests above would say so in a roundabout way."""
    for change in CHANGES[zone][:2]:
        at = datetime.fromisoformat(change).replace(tzinfo=UTC)
        before, after = (clockwork.wall(at + timedelta(minutes=n), zone) for n in (-1, 0))
        jumped = after - before - timedelta(minutes=1)
        assert (jumped == timedelta(0)) == (zone == "Asia/Kolkata")


@pytest.mark.parametrize("zone", [*CHANGES, "America/Vancouver", "America/Edmonton"])
def test_the_clocks_follow_the_rules_that_came_with_the_product(zone: str) -> None:
    """An older tz database, such as the operating system's, is an hour off where a country changed its mind since."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for hours in range(0, 24 * 365, 11):
        at = start + timedelta(hours=hours)
        assert at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == clockwork.wall(at, zone)
