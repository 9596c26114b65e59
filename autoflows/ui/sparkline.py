"""A line so small that it has no axes: the course of a figure over some days, as the path of an SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 84, 22
_EDGE = 3.0


def sparkline(values: Sequence[float | None]) -> str:
    """The path of a line through the values, low ones at the bottom; a day without one is bridged. Empty for fewer than two values."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(v for _, v in known), max(v for _, v in known)
    across = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    up = (HEIGHT - 2 * _EDGE) / (high - low) if high > low else 0.0
    points = [(_EDGE + place * across, (HEIGHT - _EDGE - (value - low) * up) if up else HEIGHT / 2) for place, value in known]
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
