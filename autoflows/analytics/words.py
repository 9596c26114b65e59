"""Figures in words: shares, money, and how a figure moved against the period before. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def change_of(new: float | None, old: float | None) -> str:
    """How much more or less, in percent; empty if there is nothing to compare with."""
    if new is None or not old:
        return ""
    percent = round(100 * (new - old) / old)
    return "unchanged" if percent == 0 else f"{'▲' if percent > 0 else '▼'} {abs(percent):,}%"


def percent_text(share: float | None) -> str:
    """A share for people; a dash for none."""
    return "–" if share is None else f"{100 * share:.0f}%"


def money_text(cost: Mapping[str, int] | Mapping[str, float]) -> str:
    """Minor units by currency as amounts; a dash for none."""
    return " + ".join(f"{currency} {amount / 100:,.2f}" for currency, amount in cost.items()) or "–"
