"""A dot and an interval for each of several numbers, one under another: what is known, how surely, and on which side of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from autoflows.analytics.chart import OKABE_ITO, bare_figure, scatter

ROW, EDGES = 58, 54
"""Pixels of a line, and of all that is not lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number with its interval. `is_sure`: drawn full, else hollow, so that no colour has to tell it."""

    label: str
    value: float
    low: float
    high: float
    is_sure: bool = True


def interval_figure(lines: Sequence[Line], *, unit: str, neutral: float | None = None, suffix: str = "") -> go.Figure:
    """Lines from above to below; `neutral` is where there is no difference. What each is stands over it, so that phones have room."""
    places = list(range(len(lines)))
    dots = scatter(
        x=[line.value for line in lines],
        y=places,
        customdata=[[line.low, line.high] for line in lines],
        mode="markers",
        marker={
            "size": 11,
            "color": OKABE_ITO["blue"],
            "symbol": ["circle" if line.is_sure else "circle-open" for line in lines],
            "line": {"width": 2, "color": OKABE_ITO["blue"]},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [line.high - line.value for line in lines],
            "arrayminus": [line.value - line.low for line in lines],
            "color": OKABE_ITO["blue"],
            "thickness": 2,
            "width": 5,
        },
        hovertemplate=f"%{{x:.2f}}{suffix} (95 %: %{{customdata[0]:.2f}} to %{{customdata[1]:.2f}})<extra></extra>",
    )
    marks = [] if neutral is None else [_neutral(neutral, place) for place in places]
    figure = bare_figure(
        [dots],
        xaxis={
            "title": {"text": unit, "standoff": 6}, "showgrid": True, "ticksuffix": suffix, "zeroline": False,
        },
        yaxis={
            "autorange": False, "range": [len(lines) - 0.45, -0.75], "showticklabels": False, "showgrid": False, "rangemode": "normal",
            "tickformat": None,
        },
        hovermode="closest",
        showlegend=False,
        height=ROW * max(len(lines), 1) + EDGES,
        margin={"l": 14, "r": 14, "t": 6, "b": 44},
        shapes=marks,
        annotations=[
            {
                "x": 0, "xref": "paper", "xanchor": "left", "y": place, "yshift": 19, "text": _short(line.label), "showarrow": False,
                "font": {"size": 12},
            }
            for place, line in zip(places, lines, strict=True)
        ],
    )  # fmt: skip
    return go.Figure(figure)


def _neutral(at: float, place: int) -> dict[str, object]:
    """A piece beside each dot, so that no line goes through what stands over it."""
    line = {"color": OKABE_ITO["vermillion"], "width": 1.5, "dash": "dash"}
    return {"type": "line", "x0": at, "x1": at, "y0": place - 0.14, "y1": place + 0.4, "line": line}


def _short(label: str, most: int = 46) -> str:
    """What fits over a line on a phone; plotly reads `<` as markup."""
    cut = label if len(label) <= most else label[: most - 1] + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
