"""Dots with intervals on paper, from the figure that a page shows of them (see `interval_figure`)."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from autoflows.analytics.reports.drawing import BLUE, GRID, WIDTH, Box, Drawing, Label, Line, cut, steps_up_to

ROW, FOOT, LEFT, RIGHT = 34.0, 34.0, 8.0, WIDTH - 8
DOT, HALF_CAP, DASH = 4.0, 3.0, 3.0
VERMILLION = "#D55E00"


def interval_drawing(figure: go.Figure) -> Drawing:
    """A line for each number: what it is over it, its interval, and a dot that is hollow where nothing is sure."""
    dots: Any = figure.data[0]
    intervals: list[tuple[float, float]] = [(low, high) for low, high in dots.customdata]
    neutral: list[float] = [shape.x0 for shape in figure.layout.shapes[:1]]
    steps = _steps(min([low for low, _ in intervals] + neutral), max([high for _, high in intervals] + neutral))
    scale = (RIGHT - LEFT - 40) / (steps[-1] - steps[0])
    drawing = Drawing(height=ROW * len(intervals) + FOOT)
    add, bottom = drawing.marks.append, ROW * len(intervals) + 2

    def x(value: float) -> float:
        return LEFT + 20 + (value - steps[0]) * scale

    suffix = figure.layout.xaxis.ticksuffix or ""
    for step in steps:
        add(Line([(x(step), 2), (x(step), bottom)], GRID))
        add(Label(x(step), bottom + 12, f"{_written(step)}{suffix}"))
    if unit := figure.layout.xaxis.title.text:
        add(Label((LEFT + RIGHT) / 2, bottom + 26, unit))
    for place, (low, high) in enumerate(intervals):
        y = place * ROW + 24
        for at in neutral:
            for dash in range(4):
                add(Line([(x(at), y - 8 + dash * 2 * DASH), (x(at), y - 8 + (dash * 2 + 1) * DASH)], VERMILLION, 1.2))
        add(Label(LEFT, y - 12, cut(_plain(figure.layout.annotations[place].text), RIGHT - LEFT), "start"))
        add(Line([(x(low), y), (x(high), y)], BLUE, 1.6))
        for end in (low, high):
            add(Line([(x(end), y - HALF_CAP), (x(end), y + HALF_CAP)], BLUE, 1.6))
        middle = x(dots.x[place])
        if dots.marker.symbol[place] == "circle":
            add(Box(middle - DOT, y - DOT, 2 * DOT, 2 * DOT, BLUE))
        else:
            corners = [(-DOT, -DOT), (DOT, -DOT), (DOT, DOT), (-DOT, DOT), (-DOT, -DOT)]
            add(Line([(middle + right, y + down) for right, down in corners], BLUE, 1.6))
    return drawing


def _steps(low: float, high: float) -> list[float]:
    """Round numbers from at most `low` to at least `high`."""
    size = steps_up_to(max(high - low, 1e-6))[1]
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [round(size * n, 10) for n in range(first, max(last, first + 1) + 1)]


def _written(step: float) -> str:
    """In full, for an exponent is nothing that people read on an axis."""
    return f"{step + 0.0:,.10f}".rstrip("0").rstrip(".").replace("-", "−")


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
