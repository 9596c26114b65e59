"""What the small lines of the flow list say."""

from __future__ import annotations

from autoflows.services.views.flow_trends import TREND_DAYS, FlowTrend
from autoflows.ui.flow_row import running_by_day


def trend(began: list[int], ended: list[int]) -> FlowTrend:
    """A trend whose last days were like this."""
    quiet = [0] * (TREND_DAYS - len(began))
    nothing: list[float | None] = [None] * TREND_DAYS
    return FlowTrend(median_seconds=None, medians=nothing, success=nothing, began=quiet + began, ended=quiet + ended)


def test_what_ran_at_the_end_of_each_day_is_counted_back_from_what_runs_now() -> None:
    assert running_by_day(trend([5, 3], [1, 4]), 3)[-3:] == [0, 4, 3]


def test_it_is_never_less_than_nothing() -> None:
    assert running_by_day(trend([9], [0]), 2)[-2:] == [0, 2]
