"""What a chart is: a question, one SQL statement, and how its rows become a table, a sentence and a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from autoflows.analytics.period import Period

Row = Mapping[str, Any]
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart. The figure is drawn from this and nothing else, so that both always say the same."""

    columns: tuple[str, ...]
    rows: list[list[Cell]]
    total: int
    """How many things were counted; 0 means that there is nothing to draw."""
    summary: str
    """The answer in one sentence."""
    more: tuple[tuple[str, Cell], ...] = ()
    """Further named figures, such as percentiles."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. `sql` may name `:account`, `:start`, `:end` (excluded) and `:zone`, and must leave test runs out."""

    slug: str
    title: str
    question: str
    sql: str
    table: Callable[[Sequence[Row], Period], Table]
    figure: Callable[[Table], go.Figure]


OKABE_ITO = {
    "green": "#009E73",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#8B8D98",
}
"""Colours told apart with any common colour blindness: Okabe and Ito, "Color Universal Design", 2008 (grey is ours)."""

BARE_LAYOUT: dict[str, Any] = {
    "template": None,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 44, "r": 12, "t": 12, "b": 36},
    "height": 300,
    "bargap": 0.28,
    "hovermode": "x unified",
    "legend": {"orientation": "h", "y": 1.12, "x": 0, "traceorder": "normal"},
    "xaxis": {"fixedrange": True, "showgrid": False},
    "yaxis": {"fixedrange": True, "rangemode": "tozero", "zeroline": False, "tickformat": ",d"},
}
"""Ink and grid colours are left out: the page's theme gives them, so that one figure serves light and dark."""


def bare_figure(traces: Sequence[Any], **layout: Any) -> go.Figure:
    """A figure with the house's layout; keyword arguments add to it (`xaxis={"type": "category"}` is merged)."""
    merged = {key: {**value, **layout[key]} if isinstance(value, dict) and key in layout else value for key, value in BARE_LAYOUT.items()}
    return go.Figure(data=list(traces), layout=merged | {k: v for k, v in layout.items() if k not in merged})


def duration_in_words(seconds: float | None) -> str:
    """A span for people: `850 ms`, `42 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`; a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def share(part: int, whole: int) -> str:
    """A percentage for people; a dash if there is nothing to share."""
    return f"{100 * part / whole:.0f}%" if whole else "–"
