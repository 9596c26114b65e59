"""Our statistics against scipy's and statsmodels', by a table that `make_statistics_table.py` wrote, and by what must hold for all."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.statistics import (
    Proportion,
    compare_durations,
    compare_proportions,
    difference_in_differences,
    holm,
    rank_test,
    sample_size,
    student_quantile,
    student_two_sided,
    wilson,
    z_of,
)
from tests.domain.settings import THOROUGH

TABLE: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("statistics_table.json").read_text())


def close(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


proportions = st.integers(0, 5000).flatmap(lambda n: st.integers(0, n).map(lambda k: Proportion(k, n)))


def test_wilson_as_statsmodels_has_it() -> None:
    for case in TABLE["wilson"]:
        found = wilson(Proportion(case["k"], case["n"]), case["confidence"])
        assert (found.low, found.high) == close((case["low"], case["high"]))


def test_two_proportions_as_statsmodels_has_them() -> None:
    for case in TABLE["two_proportions"]:
        found = compare_proportions(Proportion(*case["a"]), Proportion(*case["b"]))
        assert (found.interval.low, found.interval.high) == close((case["low"], case["high"]))
        assert found.p_value == close(case["p"])


def test_newcombes_own_example() -> None:
    """Newcombe (1998), table II, case (a): 56 of 70 against 48 of 80, method 10 gives 0.0524 to 0.3339."""
    found = compare_proportions(Proportion(48, 80), Proportion(56, 70))
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (0.0524, 0.3339)


def test_durations_as_scipy_has_them() -> None:
    for case in TABLE["durations"]:
        found = compare_durations(case["a"], case["b"])
        assert found is not None
        assert (found.estimate, found.interval.low, found.interval.high, found.p_value) == pytest.approx(
            (case["ratio"], case["low"], case["high"], case["p"]), rel=1e-7
        )
        ranks = rank_test(case["a"], case["b"])
        assert ranks is not None
        assert (ranks.estimate, ranks.p_value) == pytest.approx((case["share"], case["rank_p"]), rel=1e-9)
        assert ranks.estimate in ranks.interval


def test_students_distribution_as_scipy_has_it() -> None:
    for case in TABLE["student"]:
        assert student_two_sided(case["t"], case["freedom"]) == pytest.approx(case["p"], rel=1e-8)
        p = 1 - student_two_sided(case["quantile"], case["freedom"]) / 2
        assert student_quantile(p, case["freedom"]) == pytest.approx(case["quantile"], rel=1e-7, abs=1e-8)


def test_sample_sizes() -> None:
    """Fleiss, "Statistical Methods for Rates and Proportions": 0.6 against 0.7 at 95 % and 80 % takes 356 per group. The arcsine formula
    of statsmodels, which is another approximation, is within some percent."""
    assert sample_size(0.6, 0.1) == 356
    for case in TABLE["sizes"]:
        assert sample_size(case["base"], case["effect"], power=case["power"]) == pytest.approx(case["arcsine"], rel=0.06)
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample_size(0.9, 0.2)


def test_holm_as_statsmodels_has_it() -> None:
    for case in TABLE["adjusted"]:
        assert holm(case["p"]) == pytest.approx(case["holm"])


@THOROUGH
@given(proportions, proportions)
def test_differences_hang_together(a: Proportion, b: Proportion) -> None:
    found, turned = compare_proportions(a, b), compare_proportions(b, a)
    assert -1 <= found.interval.low <= found.estimate <= found.interval.high <= 1
    assert (turned.interval.low, turned.p_value) == pytest.approx((-found.interval.high, found.p_value))
    assert 0 <= found.p_value <= 1
    inside = wilson(a)
    assert 0 <= inside.low <= inside.high <= 1
    assert a.rate in inside or not a.total


@THOROUGH
@given(st.lists(st.floats(0, 1e6), max_size=30), st.lists(st.floats(0, 1e6), max_size=30))
def test_any_durations_can_be_compared(a: list[float], b: list[float]) -> None:
    found, ranks = compare_durations(a, b), rank_test(a, b)
    if found is not None:
        assert 0 < found.interval.low <= found.estimate * (1 + 1e-9)
        assert found.estimate <= found.interval.high * (1 + 1e-9)
        assert 0 <= found.p_value <= 1
    assert (ranks is None) == (not a or not b)
    if ranks is not None:
        assert 0 <= ranks.interval.low <= ranks.estimate <= ranks.interval.high <= 1
        assert 0 <= ranks.p_value <= 1
        turned = rank_test(b, a)
        assert turned is not None
        assert turned.estimate == pytest.approx(1 - ranks.estimate)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_adjusted_p_values_keep_their_order(raw: list[float]) -> None:
    adjusted = holm(raw)
    assert all(p <= q <= 1 for p, q in zip(raw, adjusted, strict=True))
    ordered = [adjusted[n] for n in sorted(range(len(raw)), key=lambda n: raw[n])]
    assert all(p <= q for p, q in pairwise(ordered))


def test_what_changed_for_all_is_no_effect() -> None:
    """A season lifts both by ten points; the flow's new version adds another ten."""
    found = difference_in_differences(Proportion(200, 1000), Proportion(400, 1000), Proportion(300, 1000), Proportion(400, 1000))
    assert found.estimate == pytest.approx(0.1)
    assert found.p_value < 0.001
    assert 0 not in found.interval
    none = difference_in_differences(Proportion(200, 1000), Proportion(300, 1000), Proportion(300, 1000), Proportion(400, 1000))
    assert none.p_value == pytest.approx(1)
    assert difference_in_differences(Proportion(1, 2), Proportion(0, 0), Proportion(0, 1), Proportion(1, 1)).p_value == 1


def test_its_interval_covers_the_truth_as_often_as_it_says() -> None:
    chance, rates, covered, times = random.Random(3), (0.1, 0.25, 0.2, 0.3), 0, 800
    for _ in range(times):
        a, b, c, d = [Proportion(sum(chance.random() < rate for _ in range(150)), 150) for rate in rates]
        covered += (0.25 - 0.1 - (0.3 - 0.2)) in difference_in_differences(a, b, c, d).interval
    assert covered / times == pytest.approx(0.95, abs=0.025)


def test_a_proportion_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        Proportion(2, 1)
    assert z_of(0.95) == pytest.approx(1.959964)
