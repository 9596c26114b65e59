"""Histograms that can be added to one another, and what they promise."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.percentiles import MIN_SECONDS, RELATIVE_ERROR, bin_of, percentile, value_of
from autoflows.domain.speed import EDGES, burn, burns_too_fast, within

SECONDS = st.floats(min_value=0, max_value=4e7, allow_nan=False)


@given(SECONDS)
def test_a_value_is_told_within_the_promised_error(seconds: float) -> None:
    told = value_of(bin_of(seconds))
    if seconds < MIN_SECONDS:
        assert told == 0
    else:
        assert abs(told - seconds) <= seconds * RELATIVE_ERROR * (1 + 1e-6)


@given(st.lists(SECONDS, min_size=1, max_size=60), st.lists(SECONDS, max_size=60), st.floats(min_value=0.01, max_value=0.99))
def test_percentiles_of_a_sum_are_those_of_all_values(some: list[float], more: list[float], fraction: float) -> None:
    together = Counter(map(bin_of, some)) + Counter(map(bin_of, more))
    ordered = sorted([*some, *more])
    true = next(v for n, v in enumerate(ordered, start=1) if n >= fraction * len(ordered) - 1e-9)
    told = percentile(together, fraction)
    assert told is not None
    assert abs(told - true) <= max(true * RELATIVE_ERROR * (1 + 1e-6), MIN_SECONDS)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


def test_within_counts_whole_bands() -> None:
    bands = {0: 1, 2: 2, 3: 4, len(EDGES): 8}
    assert [within(bands, seconds) for seconds in (15, 30, 60, 120, 3600)] == [1, 1, 3, 7, 7]


def test_burn_is_a_multiple_of_what_is_allowed_and_an_alarm_needs_both_windows() -> None:
    assert burn(0, 0, 90) is None
    assert round(burn(30, 100, 90) or 0, 6) == 3
    assert burns_too_fast((40, 100), (12, 20), 90)
    assert not burns_too_fast((40, 100), (0, 20), 90)  # it is over
    assert not burns_too_fast((2, 100), (12, 20), 90)  # it has only begun
    assert not burns_too_fast((9, 9), (9, 9), 90)  # too few to say
    assert burns_too_fast((80, 100), (8, 10), 50)  # where three times as many cannot be
    assert not burns_too_fast((70, 100), (7, 10), 50)
