"""A duration as a person says it: one number and one unit, where a wait keeps minutes and seconds. Pure."""

from __future__ import annotations

import math

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
PRESETS = (
    ("5 min", "5", "minutes"), ("10 min", "10", "minutes"), ("30 min", "30", "minutes"),
    ("1 hour", "1", "hours"), ("4 hours", "4", "hours"), ("1 day", "1", "days"),
)  # fmt: skip
MINUTES, SECONDS = "duration_minutes", "duration_seconds"
"""The fields of a config that a duration is made of."""


def shown(minutes: str, seconds: str, unit: str = "") -> tuple[str, str]:
    """The number and its unit: the unit asked for, else the largest that needs no fraction. What is no number stays as typed."""
    try:
        total = float(minutes or 0) * 60 + float(seconds or 0)
    except ValueError:
        return minutes or seconds, unit or "minutes"
    if not math.isfinite(total):
        return minutes or seconds, unit or "minutes"
    if unit not in UNITS:
        unit = next((name for name in reversed(UNITS) if total and total % UNITS[name] == 0), "seconds" if total else "minutes")
    return _text(total / UNITS[unit]), unit


def stored(amount: str, unit: str) -> tuple[str, str]:
    """Minutes and seconds. What is no number stays as typed, for the service to refuse at its field."""
    try:
        total = float(amount or 0) * UNITS[unit]
    except ValueError:
        return amount, ""
    if not math.isfinite(total):
        return amount, ""
    return ("", _text(total)) if unit == "seconds" else (_text(total / 60), "")


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6f}".rstrip("0")
