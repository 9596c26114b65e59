"""Comparing the arms of an experiment while it runs, as often as one likes: 5 % at most of what is called clear is chance.

The mixture sequential probability ratio test of Johari, Koomen, Pekelis and Walsh, "Always Valid Inference: Continuous Monitoring of A/B
Tests" (Operations Research 70(3), 2022; Robbins, 1970, for the mixture), on the difference of two proportions. Why this one, and what it
costs: docs/adr/0016-experiments-may-be-watched.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, exp, log, sqrt

from autoflows.domain.statistics import NORMAL, Difference, Interval, Proportion, holm, variance_of

TYPICAL_EFFECT = 0.05
"""The spread of the differences one expects, as a rate: the test is at its best around it, and right for any. Never chosen by the data."""
FEWEST = 100
"""People per arm before anything is said: the test is right for many. With 30, simulated, up to 9 % were false where one arm is small."""
SMALLEST_EFFECT = 0.05
"""The difference worth finding unless somebody says another."""
POWER = 0.8


def watch(a: Proportion, b: Proportion, confidence: float = 0.95) -> Difference:
    """`b` minus `a`: the estimate, an interval that is right at all times together, and an always valid p-value.

    The interval leaves 0 out exactly when the p-value is below `1 - confidence`. Fewer than `FEWEST` in either: anything is possible.
    """
    estimate = b.rate - a.rate
    if min(a.total, b.total) < FEWEST:
        return Difference(estimate, Interval(-1.0, 1.0), 1.0)
    spread, prior = variance_of(a) + variance_of(b), TYPICAL_EFFECT**2
    half = _half_width(spread, 1 - confidence)
    evidence = log(spread / (spread + prior)) / 2 + prior * estimate**2 / (2 * spread * (spread + prior))
    return Difference(estimate, Interval(max(estimate - half, -1.0), min(estimate + half, 1.0)), exp(-max(evidence, 0.0)))


def watch_all(control: Proportion, others: Sequence[Proportion], confidence: float = 0.95) -> list[Difference]:
    """Each of the others against the control, with p-values adjusted for being several (Holm): the chance that any of what is called
    clear is not so stays below `1 - confidence`. Each interval is at the level its own p-value was held to."""
    raw = [watch(control, other).p_value for other in others]
    ranks = {place: rank for rank, place in enumerate(sorted(range(len(raw)), key=lambda place: raw[place]))}
    adjusted, found = holm(raw), []
    for place, other in enumerate(others):
        level = 1 - (1 - confidence) / (len(others) - ranks[place])
        at_level = watch(control, other, level)
        is_clear = adjusted[place] <= 1 - confidence
        interval = at_level.interval
        if not is_clear and 0 not in interval:  # held back by one before it: its own interval must not say more than the verdict
            interval = Interval(min(interval.low, 0.0), max(interval.high, 0.0))
        found.append(Difference(at_level.estimate, interval, adjusted[place]))
    return found


def _half_width(spread: float, significance: float) -> float:
    prior = TYPICAL_EFFECT**2
    return sqrt(spread * (spread + prior) / prior * (2 * log(1 / significance) + log((spread + prior) / spread)))


def people_needed(a: Proportion, b: Proportion, *, effect: float = SMALLEST_EFFECT, power: float = POWER, confidence: float = 0.95) -> int:
    """How many people of both arms together show a difference of `effect`, if there is one, with that probability, at the rate and the
    division seen so far (a half each while there is nobody)."""
    if not 0 < effect < 1:
        raise ValueError("the effect must be between 0 and 1")
    low, high = 1e-12, 1.0
    for _ in range(200):  # the variance of the difference at which the boundary and the luck of the draw leave room for the effect
        middle = sqrt(low * high)
        if _half_width(middle, 1 - confidence) + NORMAL.inv_cdf(power) * sqrt(middle) <= effect:
            low = middle
        else:
            high = middle
    seen = a.total + b.total
    rate = (a.successes + b.successes + 1) / (seen + 2)
    share = (a.total + 1) / (seen + 2)
    return max(ceil(rate * (1 - rate) * (1 / share + 1 / (1 - share)) / low), ceil(FEWEST / min(share, 1 - share)))


class Finding(StrEnum):
    """What can be said of an arm against the first."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"  # whatever difference there is, it is smaller than the one worth finding
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one arm by now. `needed`: about so many more people of the whole experiment; 0 when it is decided."""

    finding: Finding
    difference: Difference
    needed: int
    sentence: str


def judge(
    arms: Mapping[str, Proportion], *, effect: float = SMALLEST_EFFECT, confidence: float = 0.95, reaches: str = "reaches"
) -> dict[str, Verdict]:
    """Each arm after the first against the first, the control. Empty for fewer than two."""
    if len(arms) < 2:
        return {}
    (first, control), *others = arms.items()
    differences = watch_all(control, [p for _, p in others], confidence)
    everyone = sum(p.total for p in arms.values())
    found: dict[str, Verdict] = {}
    for (name, p), difference in zip(others, differences, strict=True):
        finding = _finding(difference, effect, 1 - confidence)
        needed = 0
        if finding is Finding.OPEN:
            level = 1 - (1 - confidence) / len(others)
            both = control.total + p.total
            share = both / everyone if both else 2 / len(arms)
            whole = people_needed(control, p, effect=effect, confidence=level) / share
            needed = max(rounded(whole - everyone), 0)
        found[name] = Verdict(finding, difference, needed, _sentence(name, first, finding, difference, needed, effect, reaches, confidence))
    return found


def _finding(difference: Difference, effect: float, significance: float) -> Finding:
    if difference.p_value <= significance:
        return Finding.BETTER if difference.estimate > 0 else Finding.WORSE
    return Finding.SAME if -effect < difference.interval.low and difference.interval.high < effect else Finding.OPEN


def rounded(count: float) -> int:
    """To two digits: more would claim to know more."""
    size: int = 10 ** max(len(str(max(ceil(count), 0))) - 2, 0)
    return ceil(count / size) * size


def points(rate: float) -> str:
    """A rate in percentage points: `6.2`."""
    return f"{abs(100 * rate):.1f}".removesuffix(".0")


def interval_in_words(interval: Interval, confidence: float = 0.95) -> str:
    """`95 %: 2.1 to 10.3`, in points."""
    low, high = (f"{100 * side:.1f}".removesuffix(".0").replace("-", "−") for side in (interval.low, interval.high))
    return f"{100 * confidence:g} %: {low} to {high}"


def _sentence(
    name: str, first: str, finding: Finding, difference: Difference, needed: int, effect: float, reaches: str, confidence: float
) -> str:
    surely = f"({interval_in_words(difference.interval, confidence)})"
    match finding:
        case Finding.BETTER:
            return f"{name} {reaches} {points(difference.estimate)} points more than {first} {surely}."
        case Finding.WORSE:
            return f"{name} {reaches} {points(difference.estimate)} points less than {first} {surely}."
        case Finding.SAME:
            return f"{name} and {first} differ by less than {points(effect)} points {surely}."
        case Finding.OPEN if needed:
            more = f"about {needed:,} more leads would show one of {points(effect)} points"
            return f"No clear difference between {name} and {first} yet; {more}."
    return f"No clear difference between {name} and {first}; one of {points(effect)} points would most likely have shown by now."
