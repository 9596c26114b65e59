"""What a report says, before it is drawn: the same document becomes the PDF, the page to print, the workbook and the e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autoflows.analytics.chart import Cell
from autoflows.analytics.reports.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part. What follows it stays on its page."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences; `quiet` ones explain, and are set smaller."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure, how it stands against before, and what belongs to it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Headline figures in rows."""

    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, and in a sentence what it shows."""

    drawing: Drawing
    said: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers or texts in columns, whose names are repeated on each page. `shares`: how wide columns are against each other."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    shares: Sequence[int] = ()


Block = Heading | Paragraph | Figures | Picture | Grid


@dataclass(frozen=True, slots=True)
class Document:
    """A report. `facts` are the lines of its head: account, days, filters, zone, and when it was made."""

    title: str
    facts: Sequence[tuple[str, str]]
    blocks: Sequence[Block]
    href: str
    """The page that shows the same, as an address of this product."""
    slug: str = field(default="report")
    """What files of it are called, without their ending."""

    @property
    def headline(self) -> Sequence[Figure]:
        """Its first figures."""
        return next((block.figures for block in self.blocks if isinstance(block, Figures)), ())


def cell_text(cell: Cell) -> str:
    """A cell for people; a dash for none."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.3f}".rstrip("0").rstrip(".")
    return f"{cell:,}" if isinstance(cell, int) else cell


def is_number(cell: Cell) -> bool:
    """Whether a cell is set to the right: a number, or a share in words."""
    return isinstance(cell, int | float) or (isinstance(cell, str) and cell.endswith("%") and cell[:-1].isdigit())
