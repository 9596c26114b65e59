"""Figures in words: shares, money, and how a figure moved against the period before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autoflows.analytics.chart import Cell

MINOR = " (minor units)"
"""How the name of a column of money ends."""


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


def with_amounts(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], more: Mapping[str, Cell]
) -> tuple[list[str], list[list[Cell]], dict[str, Cell]]:
    """A chart's numbers for people: money as amounts, which files and the API have in minor units."""
    money = {n for n, name in enumerate(columns) if name.endswith(MINOR)}
    shown: list[list[Cell]] = [[_amount(cell) if n in money else cell for n, cell in enumerate(row)] for row in rows]
    further = {name: _amount(value) if money else value for name, value in more.items()}
    return [name.removesuffix(MINOR) for name in columns], shown, further


def _amount(cell: Cell) -> Cell:
    return f"{cell / 100:,.2f}" if isinstance(cell, int) else cell
