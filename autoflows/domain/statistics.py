"""How sure a difference is: intervals and tests for the two kinds of figures flows have, proportions and durations. Standard library only.

Every test here is for one look at the end, but for those in `sequential`, which hold however often one looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, exp, inf, isfinite, lgamma, log, log1p, sqrt
from statistics import NormalDist, fmean, variance

NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many."""

    successes: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.total:
            raise ValueError(f"{self.successes} of {self.total} is no proportion")

    @property
    def rate(self) -> float:
        """0 to 1; 0 of nothing is 0."""
        return self.successes / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value is, at the level it was asked for."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Difference:
    """What is estimated of `b` against `a`, how sure, and the probability of so much by chance alone."""

    estimate: float
    interval: Interval
    p_value: float


def z_of(confidence: float) -> float:
    """The two-sided normal quantile: 1.96 for 0.95."""
    return NORMAL.inv_cdf(0.5 + confidence / 2)


def two_sided(z: float) -> float:
    """The probability of at least so many standard errors either way."""
    return 2 * NORMAL.cdf(-abs(z))


def wilson(p: Proportion, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (1927): right also for few, and for none or all. Of nothing: everything."""
    if not p.total:
        return Interval(0.0, 1.0)
    z2, n = z_of(confidence) ** 2, p.total
    middle = (p.rate + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(p.rate * (1 - p.rate) / n * z2 + z2 * z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if p.successes == 0 else max(middle - half, 0.0)
    return Interval(low, 1.0 if p.successes == n else min(middle + half, 1.0))


def compare_proportions(a: Proportion, b: Proportion, confidence: float = 0.95) -> Difference:
    """`b` minus `a`: Newcombe's hybrid score interval (1998, method 10), and the p-value of the pooled z test."""
    first, second = wilson(a, confidence), wilson(b, confidence)
    difference = b.rate - a.rate
    low = difference - sqrt((b.rate - second.low) ** 2 + (first.high - a.rate) ** 2)
    high = difference + sqrt((second.high - b.rate) ** 2 + (a.rate - first.low) ** 2)
    return Difference(difference, Interval(max(low, -1.0), min(high, 1.0)), _pooled_p(a, b))


def _pooled_p(a: Proportion, b: Proportion) -> float:
    if not a.total or not b.total:
        return 1.0
    pooled = (a.successes + b.successes) / (a.total + b.total)
    spread = pooled * (1 - pooled) * (1 / a.total + 1 / b.total)
    return two_sided((b.rate - a.rate) / sqrt(spread)) if spread > 0 else 1.0


def compare_durations(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Difference | None:
    """How many times as long `b` takes as `a`: the ratio of typical (geometric mean) durations, by Welch's t test of their logarithms.

    Durations of leads are skewed over orders of magnitude (seconds, or the next morning): on the log scale one night does not outweigh a
    thousand calls, and of log-normal times the geometric mean is the median. Below a millisecond counts as one. None if either has fewer
    than two, or none varies.
    """
    if len(a) < 2 or len(b) < 2:
        return None
    left, right = ([log(max(value, 0.001)) for value in values] for values in (a, b))
    errors = variance(left) / len(left), variance(right) / len(right)
    if not (spread := sum(errors)) > 0:
        return None
    freedom = spread**2 / (errors[0] ** 2 / (len(left) - 1) + errors[1] ** 2 / (len(right) - 1))
    shift, half = fmean(right) - fmean(left), student_quantile(0.5 + confidence / 2, freedom) * sqrt(spread)
    return Difference(exp(shift), Interval(exp(shift - half), exp(shift + half)), student_two_sided(shift / sqrt(spread), freedom))


def rank_test(a: Sequence[float], b: Sequence[float]) -> Difference | None:
    """The probability that one of `b` is greater than one of `a` (ties half), by the Mann-Whitney test: normal approximation with tie and
    continuity correction. Its interval is DeLong's. None if either is empty."""
    m, n = len(a), len(b)
    if not m or not n:
        return None
    ranked = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    rank_sum, ties, before = 0.0, 0.0, 0
    within: dict[int, int] = {0: 0, 1: 0}
    wins: tuple[list[float], list[float]] = ([], [])  # for each of a: the share of b below it; for each of b: the share of a below it
    for _, group in groupby(ranked, key=lambda item: item[0]):
        sides = [side for _, side in group]
        count, of_b = len(sides), sum(sides)
        rank_sum += of_b * (before + (count + 1) / 2)
        ties += count**3 - count
        wins[0].extend([(within[1] + of_b / 2) / n] * (count - of_b))
        wins[1].extend([(within[0] + (count - of_b) / 2) / m] * of_b)
        within = {0: within[0] + count - of_b, 1: within[1] + of_b}
        before += count
    u, total = rank_sum - n * (n + 1) / 2, m + n
    spread = m * n / 12 * (total + 1 - ties / (total * (total - 1))) if total > 1 else 0.0
    distance = max(abs(u - m * n / 2) - 0.5, 0.0)
    p_value = two_sided(distance / sqrt(spread)) if spread > 0 else 1.0
    share = u / (m * n)
    error = sum(variance(side) / len(side) for side in wins if len(side) > 1)
    half = z_of(0.95) * sqrt(error)
    return Difference(share, Interval(max(share - half, 0.0), min(share + half, 1.0)), p_value)


def sample_size(base_rate: float, effect: float, *, power: float = 0.8, significance: float = 0.05) -> int:
    """How many per group show a difference of `effect` from `base_rate` with that power in a single look at the end (Fleiss)."""
    other = base_rate + effect
    if not (0 <= base_rate <= 1 and 0 <= other <= 1) or effect == 0:
        raise ValueError("the effect must be a change of the rate that leaves it between 0 and 1")
    middle = (base_rate + other) / 2
    by_chance = NORMAL.inv_cdf(1 - significance / 2) * sqrt(2 * middle * (1 - middle))
    by_effect = NORMAL.inv_cdf(power) * sqrt(base_rate * (1 - base_rate) + other * (1 - other))
    return ceil(((by_chance + by_effect) / effect) ** 2)


def difference_in_differences(
    before: Proportion, after: Proportion, control_before: Proportion, control_after: Proportion, confidence: float = 0.95
) -> Difference:
    """How much more a rate changed than the control's did, so that what changed for all (a season, a campaign) is not taken for an effect.

    The four groups are different people, so their variances add up; each is taken from (k + 1) of (n + 2), which is sane for few.
    """
    estimate = (after.rate - before.rate) - (control_after.rate - control_before.rate)
    spread = sum(variance_of(p) for p in (before, after, control_before, control_after))
    if not isfinite(spread):
        return Difference(estimate, Interval(-2.0, 2.0), 1.0)
    half = z_of(confidence) * sqrt(spread)
    return Difference(estimate, Interval(max(estimate - half, -2.0), min(estimate + half, 2.0)), two_sided(estimate / sqrt(spread)))


def variance_of(p: Proportion) -> float:
    """The variance of a rate's estimate; infinite for nothing, never 0: that none of ten converted does not say that nobody ever will."""
    smoothed = (p.successes + 1) / (p.total + 2)
    return smoothed * (1 - smoothed) / p.total if p.total else inf


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for being several (Holm, 1979), in their order: all that stay below 5 % are sure together at 95 %."""
    ordered = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(ordered):
        worst = max(worst, min((len(p_values) - rank) * p_values[place], 1.0))
        adjusted[place] = worst
    return adjusted


def off_balance(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The probability of people being divided so far from their shares by chance: the worst of the arms' own, times their number."""
    total, whole = sum(counts), sum(shares)
    worst = 1.0
    for count, part in zip(counts, shares, strict=True):
        share = part / whole if whole else 0.0
        if 0 < share < 1 and total:
            worst = min(worst, two_sided((count - total * share) / sqrt(total * share * (1 - share))))
    return min(worst * len(counts), 1.0)


def student_two_sided(t: float, freedom: float) -> float:
    """The probability of at least `t` either way, by Student's distribution."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def student_quantile(p: float, freedom: float) -> float:
    """The `t` below which lies `p`, for `p` of at least a half; by halving, as the distribution has no closed inverse."""
    low, high = 0.0, 1.0
    while 1 - student_two_sided(high, freedom) / 2 < p:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - student_two_sided(middle, freedom) / 2 < p else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction (Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    tiny, c, fraction = 1e-300, 1.0, 1.0
    d = 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    fraction = d
    for step in range(1, 500):
        for term in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return front * fraction
