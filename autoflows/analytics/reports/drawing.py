"""Charts as lines, boxes and letters on paper: what plotly draws in a browser, drawn here from the same figure.

Only what charts are made of (see the README of the package): bars, upright or lying, stacked or in groups; points, with lines or without;
axes of words, days and numbers. Letters are measured roughly, since two programs set them: what does not fit is cut.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Literal

import plotly.graph_objects as go

WIDTH, HEIGHT = 720.0, 230.0
SMALL = 10.0
WIDEST = 110.0
"""A bar, or a group of them, is no broader than this, however few there are."""
INK, GRID, BLUE = "#60646c", "#e3e4e9", "#0072B2"
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: Sequence[tuple[float, float]]
    colour: str
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Label:
    """Letters; `y` is their base line."""

    x: float
    y: float
    text: str
    anchor: Anchor = "middle"
    size: float = SMALL
    colour: str = INK


Mark = Box | Line | Label


@dataclass(slots=True)
class Drawing:
    """Marks on a sheet of this size, the first undermost."""

    width: float = WIDTH
    height: float = HEIGHT
    marks: list[Mark] = field(default_factory=list)


def width_of(text: str, size: float = SMALL) -> float:
    """How wide letters are, roughly, and rather too wide."""
    return sum(0.35 if letter in " .,:;il|'" else 0.62 for letter in text) * size


def cut(text: str, width: float, size: float = SMALL) -> str:
    """What of a text fits."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def drawing_of(figure: go.Figure) -> Drawing:
    """A figure of a chart, drawn. It fits the sheet whatever its numbers are."""
    traces, layout = list(figure.data), figure.layout
    if traces and all(trace.type == "bar" and trace.orientation == "h" for trace in traces):
        return _Lying(traces, layout).draw()
    return _Upright(traces, layout).draw()


class _Sheet:
    """What all charts share: the legend over the plot, and the plot's edges."""

    def __init__(self, traces: Sequence[Any], layout: Any, height: float = HEIGHT) -> None:
        self.traces, self.layout = traces, layout
        self.drawing = Drawing(height=height)
        self.add = self.drawing.marks.append
        self.left, self.right, self.top, self.bottom = 46.0, WIDTH - 8, 16.0, height - 24

    def legend(self) -> None:
        """Names of the traces with their colours, in as many lines as they need."""
        if self.layout.showlegend is False or not any(trace.name for trace in self.traces):
            return
        x, y = self.left, 11.0
        for trace in self.traces:
            name = cut(str(trace.name), WIDTH / 3)
            step = width_of(name) + 30
            if x + step > self.right and x > self.left:
                x, y = self.left, y + 15
            self.add(Box(x, y - 8, 9, 9, _colour_of(trace)))
            self.add(Label(x + 14, y, name, "start"))
            x += step
        self.top = y + 16

    def number(self, axis: Any) -> Callable[[float], str]:
        """How numbers on an axis are written."""
        form, suffix = axis.tickformat or "", axis.ticksuffix or ""
        if form.endswith("%"):
            return lambda value: f"{100 * value:.0f}%"
        return lambda value: f"{value:,.10g}{suffix}"


class _Upright(_Sheet):
    """Bars, lines and points over an axis of words or days."""

    def draw(self) -> Drawing:
        self.legend()
        self.names = list(dict.fromkeys(x for trace in self.traces for x in trace.x if x is not None))
        self.slot = (self.right - self.left) / max(len(self.names), 1)
        rows = self.layout.yaxis.type == "category"
        self._words() if rows else self._numbers()
        self._ticks()
        bars = [trace for trace in self.traces if trace.type == "bar"]
        self._bars(bars)
        for trace in self.traces:
            if trace.type == "scatter":
                self._squares(trace) if rows else self._points(trace)
        return self.drawing

    def _numbers(self) -> None:
        bars = [trace for trace in self.traces if trace.type == "bar"]
        self.stacked = self.layout.barmode == "stack"
        heights: dict[Any, float] = defaultdict(float)
        for trace in bars:
            for x, y in zip(trace.x, trace.y, strict=False):
                heights[x] = heights[x] + (y or 0) if self.stacked else max(heights[x], y or 0)
        tops = [*heights.values()]
        for trace in self.traces:
            if trace.type == "scatter":
                above = trace.error_y.array or [0] * len(trace.y)
                tops += [y + (more or 0) for y, more in zip(trace.y, above, strict=False) if y is not None]
        write = self.number(self.layout.yaxis)
        steps = steps_up_to(max(tops, default=0), whole=self.layout.yaxis.tickformat == ",d")
        self.left = max(self.left, 8 + max(width_of(write(step)) for step in steps))
        self.slot = (self.right - self.left) / max(len(self.names), 1)
        self.highest = steps[-1]
        for step in steps:
            self.add(Line([(self.left, self.y(step)), (self.right, self.y(step))], GRID))
            self.add(Label(self.left - 6, self.y(step) + 3.5, write(step), "end"))

    def _words(self) -> None:
        self.rows = list(dict.fromkeys(y for trace in self.traces for y in trace.y))
        self.step = (self.bottom - self.top) / max(len(self.rows), 1)
        self.left = max(self.left, 10 + max((width_of(str(row)) for row in self.rows), default=0))
        self.slot = (self.right - self.left) / max(len(self.names), 1)
        for n, row in enumerate(self.rows):
            self.add(Label(self.left - 6, self.top + (n + 0.5) * self.step + 3.5, str(row), "end"))

    def y(self, value: float) -> float:
        """Where a value stands."""
        return self.bottom - (self.bottom - self.top) * value / self.highest

    def x(self, name: Any) -> float:
        """The middle of a name's slot."""
        return self.left + (self.names.index(name) + 0.5) * self.slot

    def _ticks(self) -> None:
        days = self.layout.xaxis.type == "date"
        names = [f"{date.fromisoformat(str(name)[:10]):%d %b}" if days else str(name) for name in self.names]
        widest = max((width_of(name) for name in names), default=0) + 8
        every = max(1, math.ceil(min(widest, 60) / self.slot)) if days or len(names) > 12 else 1
        for n in range(0, len(names), every):
            first, second = _two_lines(names[n], self.slot * every - 4)
            middle = self.left + (n + 0.5) * self.slot
            self.add(Label(middle, self.bottom + 12, first))
            if second:
                self.add(Label(middle, self.bottom + 22, second))

    def _bars(self, bars: Sequence[Any]) -> None:
        grouped = not self.stacked and len(bars) > 1 if bars else False
        broad = min(self.slot * 0.72, WIDEST)
        wide = broad / (len(bars) if grouped else 1)
        stood: dict[Any, float] = defaultdict(float)
        for number, trace in enumerate(bars):
            for n, (x, y) in enumerate(zip(trace.x, trace.y, strict=False)):
                if not y:
                    y = 0
                left = self.x(x) - broad / 2 + (number * wide if grouped else 0)
                base = stood[x] if self.stacked else 0.0
                stood[x] = base + y
                self.add(Box(left, self.y(base + y), wide, self.y(base) - self.y(base + y), _colour_of(trace, n)))
                if trace.text:
                    self.add(Label(left + wide / 2, self.y(base + y) - 4, cut(str(trace.text[n]), self.slot)))

    def _points(self, trace: Any) -> None:
        colour, line = _colour_of(trace), list[tuple[float, float]]()
        errors = trace.error_y
        for n, (x, y) in enumerate(zip(trace.x, trace.y, strict=False)):
            if y is None:
                self._line(line, colour)
                line = []
                continue
            at = (self.x(x), self.y(y))
            line.append(at)
            if errors.array is not None:
                low, high = self.y(max(y - (errors.arrayminus[n] or 0), 0)), self.y(y + (errors.array[n] or 0))
                self.add(Line([(at[0], low), (at[0], high)], colour, 0.8))
            self.add(Box(at[0] - 2, at[1] - 2, 4, 4, colour))
        self._line(line, colour)

    def _line(self, points: list[tuple[float, float]], colour: str) -> None:
        if len(points) > 1:
            self.add(Line(points, colour, 1.6))

    def _squares(self, trace: Any) -> None:
        most = max(trace.marker.cmax or 0, 1)
        for x, y, size, count in zip(trace.x, trace.y, trace.marker.size, trace.marker.color, strict=False):
            middle = self.top + (self.rows.index(y) + 0.5) * self.step
            if size:
                self.add(Box(self.x(x) - size / 2, middle - size / 2, size, size, _between(trace.marker.colorscale, count / most)))


class _Lying(_Sheet):
    """One or several bars that lie on each other's ends."""

    def __init__(self, traces: Sequence[Any], layout: Any) -> None:
        super().__init__(traces, layout, height=110.0)

    def draw(self) -> Drawing:
        self.legend()
        self.left = 8.0
        names = list(dict.fromkeys(y for trace in self.traces for y in trace.y))
        total = max((sum(t.x[n] or 0 for t in self.traces) for n in range(len(names))), default=0)
        steps = steps_up_to(total)
        write = self.number(self.layout.xaxis)
        scale = (self.right - self.left - 24) / steps[-1]
        for step in steps:
            x = self.left + step * scale
            self.add(Line([(x, self.top), (x, self.bottom)], GRID))
            self.add(Label(x, self.bottom + 12, write(step), "start" if not step else "middle"))
        slot = (self.bottom - self.top) / max(len(names), 1)
        for n in range(len(names)):
            x = self.left
            for trace in self.traces:
                wide = (trace.x[n] or 0) * scale
                self.add(Box(x, self.top + (n + 0.15) * slot, wide, slot * 0.7, _colour_of(trace)))
                x += wide
        return self.drawing


def steps_up_to(highest: float, *, whole: bool = False) -> list[float]:
    """About four round numbers from 0 to at least `highest`."""
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= rough * 0.999999)
    if whole:
        step = float(max(1, math.ceil(step)))
    return [round(step * n, 10) for n in range(math.ceil(highest / step - 1e-9) + 1)]


def _two_lines(text: str, width: float) -> tuple[str, str]:
    if width_of(text) <= width:
        return text, ""
    words = text.split()
    first = ""
    while words and width_of(f"{first} {words[0]}".strip()) <= width:
        first = f"{first} {words.pop(0)}".strip()
    return (first, cut(" ".join(words), width)) if first else (cut(text, width), "")


def _colour_of(trace: Any, n: int = 0) -> str:
    colour = trace.marker.color
    if colour is None and trace.type == "scatter":
        colour = trace.line.color
    if isinstance(colour, str):
        return colour
    return str(colour[n]) if colour is not None and len(colour) > n else BLUE


def _between(scale: Sequence[Any], place: float) -> str:
    """The colour at a place (0 to 1) of a scale of places and colours."""
    steps = [(float(at), [int(colour[n : n + 2], 16) for n in (1, 3, 5)]) for at, colour in scale]
    for (low, dark), (high, light) in pairwise(steps):
        if place <= high:
            share = (place - low) / (high - low)
            return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(dark, light, strict=True))
    return str(scale[-1][1])
