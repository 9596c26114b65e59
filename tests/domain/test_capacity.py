"""Limits: never exceeded, never unfair, and never for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.capacity import Allowance, BreakerState, Health, Lines, Rate, fails_too_often, pause_after
from tests.domain.build import NOW
from tests.domain.settings import THOROUGH

MINUTE = timedelta(minutes=1)


@THOROUGH
@given(st.integers(1, 3000), st.lists(st.integers(0, 4000), min_size=1, max_size=300))
def test_no_window_ever_holds_more_than_the_limit(limit: int, pauses: list[int]) -> None:
    """Whoever asks at any times: in each half-open minute at most `limit` go."""
    rate, now, went = Rate("x", "q", limit, MINUTE, NOW), NOW, []
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        while rate.wait(now) is None:
            went.append(now)
            rate = Rate("x", "q", limit, MINUTE, rate.taken(now))
    for first, start in enumerate(went):
        assert sum(1 for at in went[first:] if at < start + MINUTE) <= limit


@THOROUGH
@given(st.integers(1, 600), st.integers(0, 50), st.integers(0, 90))
def test_the_time_told_is_the_time_it_goes(limit: int, ahead: int, used: int) -> None:
    """Those ahead go first, each when told; then the one who waited goes exactly when told, and not before."""
    rate, now = Rate("x", "q", limit, MINUTE, NOW), NOW
    for _ in range(used):
        now = rate.wait(now) or now
        rate = Rate("x", "q", limit, MINUTE, rate.taken(now))
    promised = Rate("x", "q", limit, MINUTE, rate.next_at, ahead).wait(now) or now
    for _ in range(ahead):
        now = rate.wait(now) or now
        assert now <= promised
        rate = Rate("x", "q", limit, MINUTE, rate.taken(now))
    assert (rate.wait(now) or now) == promised


def test_a_limit_that_is_raised_or_a_clock_that_is_set_back_holds_nobody_to_the_old_one() -> None:
    hour = timedelta(hours=1)
    slow = Rate("x", "q", 1, hour, NOW)
    raised = Rate("x", "q", 60, hour, slow.taken(NOW))
    assert raised.bounded(NOW) == NOW + raised.interval
    assert Rate("x", "q", 60, MINUTE, NOW + timedelta(days=1)).bounded(NOW) == NOW + timedelta(seconds=1)


@given(st.integers(1, 3000), st.lists(st.integers(0, 400), max_size=100))
def test_what_a_limit_itself_did_is_within_its_bound(limit: int, pauses: list[int]) -> None:
    rate, now = Rate("x", "q", limit, MINUTE, NOW), NOW
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        if rate.wait(now) is None:
            rate = Rate("x", "q", limit, MINUTE, rate.taken(now))
        assert rate.bounded(now) == rate.next_at


def test_a_slow_rate_is_spread_and_a_fast_one_bursts_for_a_second() -> None:
    assert Rate("x", "q", 2, timedelta(hours=1), NOW).interval == timedelta(minutes=30)
    assert Rate("x", "q", 600, MINUTE, NOW).burst == 10


@given(st.integers(1, 40), st.integers(0, 50), st.integers(0, 50), st.booleans())
def test_lines(limit: int, in_use: int, ahead: int, bulk: bool) -> None:
    free = Lines("x", "q", limit, in_use, ahead, bulk).wait(NOW) is None
    if free:
        assert in_use + ahead < limit
        assert not bulk or limit == 1 or in_use + ahead < limit - max(1, limit // 10)
    if not bulk and in_use + ahead < limit:
        assert free


def test_bulk_leaves_a_line_to_fresh_leads() -> None:
    assert Lines("x", "q", limit=2, in_use=1, bulk=True).wait(NOW) is not None
    assert Lines("x", "q", limit=2, in_use=1).wait(NOW) is None
    assert Lines("x", "q", limit=1, in_use=0, bulk=True).wait(NOW) is None, "a single line is shared, or bulk would never be called"


@THOROUGH
@given(st.integers(1, 50), st.integers(0, 60), st.integers(1, 10), st.integers(0, 200))
def test_an_allowance_is_kept_each_day_and_everybody_has_a_day(limit: int, used: int, cost: int, ahead: int) -> None:
    midnight = NOW + timedelta(hours=6)
    allowance = Allowance("x", "q", limit, used, midnight, cost, ahead)
    when = allowance.wait(NOW)
    if allowance.hopeless:
        return
    if when is None:
        assert used + cost * (ahead + 1) <= limit
        return
    day = (when - midnight) // timedelta(days=1)
    capacity = max(limit - used, 0) // cost + (day + 1) * (limit // cost)
    assert ahead < capacity, "those ahead and this one fit into the days until then"
    assert day == 0 or ahead >= capacity - limit // cost, "and not into one day less"


def test_a_breaker_lets_one_through_after_its_pause() -> None:
    health = Health("x", "q", BreakerState.OPEN, NOW + MINUTE)
    assert health.wait(NOW) == NOW + MINUTE
    assert health.wait(NOW + MINUTE) is None
    assert Health("x", "q", BreakerState.OPEN, NOW + MINUTE, ahead=9).wait(NOW) == NOW + MINUTE + timedelta(seconds=9)
    assert Health("x", "q", BreakerState.CLOSED, NOW + MINUTE).wait(NOW) is None


@pytest.mark.parametrize(("failed", "attempts", "opens"), [(9, 9, False), (5, 10, True), (4, 10, False), (10, 20, True), (0, 0, False)])
def test_when_failures_are_too_many(failed: int, attempts: int, opens: bool) -> None:
    assert fails_too_often(failed, attempts) is opens


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    base = timedelta(seconds=30)
    assert [pause_after(n, base).total_seconds() for n in (1, 2, 3, 5, 6, 99)] == [30, 60, 120, 480, 900, 900]
