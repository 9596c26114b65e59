"""Speed to lead as a promise: the share of leads that must have had their first attempt in time, and how fast its slack is used up."""

from __future__ import annotations

from collections.abc import Mapping

EDGES = (15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Seconds at which a first attempt passes from one band to the next: band n ends at `EDGES[n]`, the last one has no end.

A target is one of them, so that it is counted exactly.
"""
FAST = 3.0
"""Burning this many times as fast as the target allows is too fast."""
FEWEST = 10
"""With fewer leads than this in an hour, one slow call is no alarm."""


def within(bands: Mapping[int, int], seconds: int) -> int:
    """How many of these, by band, had their first attempt in less than `seconds`, one of `EDGES`."""
    return sum(number for band, number in bands.items() if band < len(EDGES) and EDGES[band] <= seconds)


def burn(late: int, counted: int, percent: int) -> float | None:
    """How many times as fast as the target allows leads are late: 1 uses the slack up just so. None if none were counted."""
    return late / counted / (1 - percent / 100) if counted else None


def burns_too_fast(hour: tuple[int, int], quarter: tuple[int, int], percent: int) -> bool:
    """Whether the team must be told: (late, counted) of the last hour, and of the last quarter of one, so that it ends when it is over."""
    allowed = 1 - percent / 100
    limit = min(FAST * allowed, (1 + allowed) / 2)
    return hour[1] >= FEWEST and all(counted > 0 and late / counted >= limit for late, counted in (hour, quarter))
