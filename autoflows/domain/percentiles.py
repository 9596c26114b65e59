"""Percentiles from histograms that can be added to one another: bins that grow by a constant factor, so that the relative error is fixed.

The idea is that of DDSketch (Masson, Rim and Lee, 2019). A value of `MIN_SECONDS` or more is told within `RELATIVE_ERROR` of what it was;
a shorter one, bin 0, is told as zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

RELATIVE_ERROR = 0.01
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
MIN_SECONDS = 0.001
BIN_OF_MICROS = f"(CASE WHEN {{0}} < 1000 THEN 0 ELSE 1 + ceil(ln({{0}} / 1000.0::float8) / {math.log(GAMMA)!r}::float8)::int END)"
"""`bin_of` in SQL, for microseconds."""


def bin_of(seconds: float) -> int:
    """The bin that a value lies in."""
    return 0 if seconds < MIN_SECONDS else 1 + math.ceil(math.log(seconds / MIN_SECONDS) / math.log(GAMMA))


def value_of(number: int) -> float:
    """What a value in this bin is told as: nowhere in the bin is farther from it than `RELATIVE_ERROR`."""
    return 0.0 if number == 0 else 2 * MIN_SECONDS * GAMMA ** (number - 1) / (1 + GAMMA)


def percentile(counts: Mapping[int, int], fraction: float) -> float | None:
    """The value that so many of all do not exceed, as the SQL standard's `percentile_disc`; None for no values."""
    total = sum(counts.values())
    if not total:
        return None
    rank, seen = max(math.ceil(fraction * total - 1e-9), 1), 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= rank:
            return value_of(number)
    raise AssertionError("ranks do not exceed the total")
