"""What a chart is: a question, one SQL statement over the rollups, and how its rows become a table, a sentence and a figure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import plotly.graph_objects as go
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.period import By, Period
from autoflows.analytics.query import Scope

Row = Mapping[str, Any]
Cell = str | int | float | None
Plot = dict[str, Any]
"""A figure, or a trace in one, as plotly writes it in JSON. Plotly's own objects check each property, which takes longer than counting."""


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
    """One chart. `sql` reads `counted` or `spread` (see `query.py`), which hold the period cut as `by` says."""

    slug: str
    title: str
    question: str
    definition: str
    """What exactly is counted, in words: shown beside the chart and by `/definitions`."""
    sql: str
    table: Callable[[Sequence[Row], Period], Table]
    draw: Callable[[Table], Plot]
    pages: tuple[str, ...] = ("overview",)
    by: By = "total"
    also: Callable[[AsyncSession, Scope], Awaitable[Sequence[Row]]] | None = None
    """Further rows, of what no rollup keeps."""
    is_over_time: bool = False
    """Whether its x axis is dates, where versions that were published can be marked."""

    def figure(self, table: Table) -> go.Figure:
        """What `draw` gives as plotly's own object, every property of it checked. Raises ValueError for one that plotly does not know."""
        return go.Figure(self.draw(table))


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

SCALE = ((0.0, "#CFE3F1"), (0.5, OKABE_ITO["sky"]), (1.0, OKABE_ITO["blue"]))
"""Little to much, in one hue, so that it is read without colours as well."""

FEW = 5
"""Up to so many each has a tick of its own."""

BARE_LAYOUT: dict[str, Any] = {
    "template": None,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 44, "r": 12, "t": 12, "b": 36},
    "height": 300,
    "bargap": 0.28,
    "hovermode": "x unified",
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    "xaxis": {"fixedrange": True, "showgrid": False},
    "yaxis": {"fixedrange": True, "rangemode": "tozero", "zeroline": False, "tickformat": ",d"},
}
"""Ink and grid colours are left out: the page's theme gives them, so that one figure serves light and dark."""


def bare_figure(traces: Sequence[Plot], **layout: Any) -> Plot:
    """A figure with the house's layout; keyword arguments add to it (`xaxis={"type": "category"}` is merged)."""
    merged = {key: {**value, **layout[key]} if isinstance(value, dict) and key in layout else value for key, value in BARE_LAYOUT.items()}
    merged |= {key: value for key, value in layout.items() if not isinstance(BARE_LAYOUT.get(key), dict)}
    if merged["yaxis"].get("tickformat") == ",d" and _highest(traces) <= FEW:
        merged["yaxis"] = {**merged["yaxis"], "dtick": 1}  # or halves would be rounded to numbers that stand twice
    return {"data": list(traces), "layout": merged}


def _highest(traces: Sequence[Plot]) -> float:
    """The highest bar, as if all stood on one another."""
    heights = [trace["y"] for trace in traces if trace["type"] == "bar"]
    return max((sum(value for value in column if isinstance(value, int)) for column in zip_longest(*heights)), default=0)


def bar(**properties: Any) -> Plot:
    """A trace of bars."""
    return {"type": "bar", **properties}


def scatter(**properties: Any) -> Plot:
    """A trace of points or lines."""
    return {"type": "scatter", **properties}


def counted_bars(x: Sequence[Cell], y: Sequence[Cell], colours: Sequence[str] | str, unit: str, texts: Sequence[str] | None = None) -> Plot:
    """One bar per thing with its number written on it."""
    return bar(
        x=list(x),
        y=list(y),
        text=list(texts) if texts is not None else [f"{value:,}" for value in y],
        textposition="outside",
        cliponaxis=False,
        marker={"color": colours if isinstance(colours, str) else list(colours), "line": {"width": 0}},
        hovertemplate=f"%{{y:,}} {unit}<extra></extra>",
    )


def stacked_days(table: Table, series: Sequence[tuple[str, str]]) -> Plot:
    """One bar a day (the table's first column), a colour per series (its further columns)."""
    days = [row[0] for row in table.rows]
    traces = [
        bar(name=title, x=days, y=[row[n] for row in table.rows], marker={"color": colour, "line": {"width": 0}}, hovertemplate="%{y:,}")
        for n, (title, colour) in enumerate(series, start=1)
    ]
    return bare_figure(traces, barmode="stack", xaxis={"type": "date", "tickformat": "%d %b"})


def rate_line(x: Sequence[Cell], y: Sequence[Cell], name: str, colour: str, **more: Any) -> Plot:
    """A share, 0 to 1, from point to point; where there is none, the line is broken."""
    return scatter(
        name=name, x=list(x), y=list(y), mode="lines+markers", line={"color": colour, "width": 2}, marker={"size": 5},
        hovertemplate="%{y:.1%}", connectgaps=False, **more,
    )  # fmt: skip


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


def rate(part: int, whole: int) -> float | None:
    """A share as a number, 0 to 1; None if there is nothing to share."""
    return round(part / whole, 6) if whole else None
