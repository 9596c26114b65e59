"""Watching an experiment: however often one looks, chance is called a difference in 5 % of experiments at most, and truth is found."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.sequential import FEWEST, Finding, judge, people_needed, watch, watch_all
from autoflows.domain.statistics import Proportion, compare_proportions, sample_size
from tests.domain.settings import THOROUGH

proportions = st.integers(0, 5000).flatmap(lambda n: st.integers(0, n).map(lambda k: Proportion(k, n)))


def arriving(chance: random.Random, rates: Sequence[float], shares: Sequence[float], people: int, every: int) -> Iterator[list[Proportion]]:
    """An experiment as one who looks after every `every` people sees it."""
    counts = [[0, 0] for _ in rates]
    arms = chance.choices(range(len(rates)), shares, k=people)
    for number, arm in enumerate(arms, 1):
        counts[arm][1] += 1
        counts[arm][0] += chance.random() < rates[arm]
        if number % every == 0:
            yield [Proportion(*count) for count in counts]


CASES = [  # rate, shares: rare and common, even and very uneven
    (0.02, (1, 1)),
    (0.1, (1, 1)),
    (0.5, (1, 1)),
    (0.9, (1, 1)),
    (0.1, (9, 1)),
    (0.3, (1, 1, 1)),
]


@pytest.mark.parametrize(("rate", "shares"), CASES)
def test_looking_all_the_time_makes_no_differences(rate: float, shares: tuple[int, ...]) -> None:
    """Two thousand people, looked at after every ten. The tolerance is what chance does to so many experiments of a test that is exact."""
    chance, times = random.Random(11), 300
    false = naive = 0
    for _ in range(times):
        seen = [False, False]
        for control, *others in arriving(chance, [rate] * len(shares), shares, 2000, 10):
            seen[0] |= any(d.p_value <= 0.05 for d in watch_all(control, others))
            seen[1] |= any(compare_proportions(control, other).p_value <= 0.05 for other in others)
        false, naive = false + seen[0], naive + seen[1]
    assert false / times <= 0.05 + 0.02
    assert naive / times > 0.2, "the usual test, looked at so often, finds what is not there"


def test_what_is_there_is_found_and_soon() -> None:
    """Fifteen points more: found in nearly every experiment, and with fewer people than one would have planned for five points."""
    chance, needed = random.Random(5), []
    for _ in range(60):
        sizes = [a.total + b.total for a, b in arriving(chance, (0.2, 0.35), (1, 1), 4000, 20) if watch(a, b).p_value <= 0.05]
        needed.append(min(sizes, default=None))
    assert sum(n is None for n in needed) == 0
    assert sorted(n for n in needed if n is not None)[30] < 2 * sample_size(0.2, 0.05)


def test_the_interval_is_right_at_all_times_together() -> None:
    chance, missed, times = random.Random(2), 0, 200
    for _ in range(times):
        missed += any(0.1 not in watch(a, b).interval for a, b in arriving(chance, (0.15, 0.25), (2, 1), 1500, 10))
    assert missed / times <= 0.05 + 0.025


def test_the_people_it_says_are_needed_are_enough() -> None:
    """With so many, a difference of the stated size is found with the stated power or more."""
    chance, times = random.Random(8), 150
    people = people_needed(Proportion(30, 300), Proportion(45, 300), effect=0.05)
    found = 0
    for _ in range(times):
        found += any(watch(a, b).p_value <= 0.05 for a, b in arriving(chance, (0.1, 0.15), (1, 1), people, 100))
    assert found / times >= 0.8 - 0.06
    assert people > 2 * sample_size(0.1, 0.05), "looking whenever one likes has a price"
    assert people < 5 * sample_size(0.1, 0.05)


@THOROUGH
@given(st.lists(proportions, min_size=2, max_size=6))
def test_what_is_said_hangs_together(arms: list[Proportion]) -> None:
    control, *others = arms
    for difference in watch_all(control, others):
        assert 0 <= difference.p_value <= 1
        assert difference.estimate in difference.interval
        assert (difference.p_value <= 0.05) == (0 not in difference.interval) or abs(difference.p_value - 0.05) < 1e-9
    verdicts = judge({f"arm {n}": arm for n, arm in enumerate(arms)})
    for name, verdict in verdicts.items():
        assert verdict.sentence.endswith(".")
        assert name in verdict.sentence
        assert verdict.needed >= 0
        assert verdict.needed == 0 or verdict.finding is Finding.OPEN


@pytest.mark.parametrize(
    ("a", "b", "finding", "sentence"),
    [
        ((50, 500), (100, 500), "better", "B reaches 10 points more than A (95 %: 3.1 to 16.9)."),
        ((100, 500), (50, 500), "worse", "B reaches 10 points less than A (95 %: −16.9 to −3.1)."),
        ((5000, 50_000), (5010, 50_000), "same", "B and A differ by less than 5 points (95 %: −0.7 to 0.7)."),
        ((FEWEST - 1, FEWEST - 1), (0, 5000), "open", None),
        ((0, 0), (0, 0), "open", None),
        ((30, 300), (40, 300), "open", None),
    ],
)
def test_verdicts(a: tuple[int, int], b: tuple[int, int], finding: str, sentence: str | None) -> None:
    verdict = judge({"A": Proportion(*a), "B": Proportion(*b)})["B"]
    assert verdict.finding == finding
    if sentence is None:
        assert verdict.needed > 0
        expected = f"No clear difference between B and A yet; about {verdict.needed:,} more leads would show one of 5 points."
        assert verdict.sentence == expected
        assert len(str(verdict.needed).rstrip("0")) <= 2, "two digits"
    else:
        assert verdict.sentence == sentence


def test_what_would_have_shown_by_now() -> None:
    verdict = judge({"A": Proportion(1000, 10_000), "B": Proportion(1090, 10_000)}, effect=0.02)["B"]
    assert verdict.needed == 0
    assert verdict.sentence.startswith("No clear difference between B and A; one of 2 points would most likely have shown")


def test_one_arm_is_no_experiment() -> None:
    assert judge({"A": Proportion(1, 2)}) == {}


@given(proportions, st.lists(proportions, min_size=1, max_size=3))
def test_of_an_arm_that_nobody_came_to_nothing_would_have_shown(control: Proportion, others: list[Proportion]) -> None:
    nobody = Proportion(0, 0)
    arms = {"first": control, **{str(n): p for n, p in enumerate(others)}, "nobody": nobody}
    for verdict in (judge(arms)["nobody"], judge({**arms, "first": nobody})["nobody"]):
        assert verdict.finding is Finding.OPEN
        assert verdict.needed > 0
        assert "would most likely have shown" not in verdict.sentence
