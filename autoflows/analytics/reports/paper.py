"""A document as PDF: A4, light, for the printer and the archive. Imported at the first report, so that no process starts slower for it.

Letters come from the fonts beside this file (Noto, OFL): Latin, Greek, Cyrillic and the scripts of India, whose letters join by the rules
of their fonts. What none of them has, such as an emoji, is set as a question mark.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, TableBordersLayout, TableCellFillMode, VAlign, XPos, YPos
from fpdf.fonts import FontFace

from autoflows.analytics.reports.document import Block, Document, Figures, Grid, Heading, Paragraph, Picture, cell_text, is_number
from autoflows.analytics.reports.drawing import Box, Drawing, Label, Line, width_of

for chatty in ("fpdf", "fontTools"):  # a line per letter that no font has
    logging.getLogger(chatty).setLevel(logging.ERROR)

FONTS = Path(__file__).with_name("fonts")
SCRIPTS = {
    "Devanagari": (0x0900, 0x097F),
    "Bengali": (0x0980, 0x09FF),
    "Gurmukhi": (0x0A00, 0x0A7F),
    "Gujarati": (0x0A80, 0x0AFF),
    "Tamil": (0x0B80, 0x0BFF),
    "Telugu": (0x0C00, 0x0C7F),
    "Kannada": (0x0C80, 0x0CFF),
    "Malayalam": (0x0D00, 0x0D7F),
}
SHAPELESS = "\n\u200c\u200d"
"""What is not printed and means something: the end of a line, and how Indian letters join."""
MARGIN, BOTTOM, WIDTH, LINE = 15.0, 18.0, 180.0, 4.6
INK, QUIET, RULE = (28, 32, 36), (96, 100, 108), (227, 228, 233)
ROOMY, MOST_LINES = 60, 45
"""A cell of so few letters fits a page in any column; of a longer one, so many lines are set."""
PER_ROW = 4
"""Headline figures side by side."""


def as_pdf(document: Document, made_at: datetime) -> bytes:
    """The document on pages with numbers. Takes some tenths of a second: call it in a thread."""
    paper = _Paper(document.title)
    paper.set_title(document.title)
    paper.set_creator("Autoflows")
    paper.set_creation_date(made_at)
    paper.set_lang("en")
    paper.speak(_letters(document))
    paper.add_page()
    paper.head(document)
    blocks = [*document.blocks]
    for n, block in enumerate(blocks):
        paper.put(block, blocks[n + 1 : n + 4])
    return bytes(paper.output())


def _letters(document: Document) -> set[str]:
    """All letters it is set with."""
    return {letter for text in _texts(document) for letter in text}


def _texts(document: Document) -> Iterator[str]:
    yield document.title
    for pair in document.facts:
        yield from pair
    for block in document.blocks:
        if isinstance(block, Heading | Paragraph):
            yield block.text
        elif isinstance(block, Figures):
            yield from (text for figure in block.figures for text in (figure.label, figure.value, figure.note))
        elif isinstance(block, Picture):
            yield from (mark.text for mark in block.drawing.marks if isinstance(mark, Label))
        else:
            yield from block.columns
            yield from (cell_text(cell) for row in block.rows for cell in row)


class _Paper(FPDF):
    def __init__(self, title: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.running = title
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=BOTTOM)
        self.add_font("Noto", "", FONTS / "NotoSans-Regular.ttf")
        self.add_font("Noto", "B", FONTS / "NotoSans-Bold.ttf")
        self.set_font("Noto", size=9)
        self.known: set[str] = set()
        self._learn("noto")

    def speak(self, letters: set[str]) -> None:
        """Load the fonts that these letters need beside the Latin one."""
        spoken = [name for name, (first, last) in SCRIPTS.items() if any(first <= ord(letter) <= last for letter in letters)]
        for name in spoken:
            self.add_font(name, "", FONTS / f"NotoSans{name}-Regular.ttf")
            self._learn(name.lower())
        if spoken:
            self.set_fallback_fonts(spoken, exact_match=False)
            self.set_text_shaping(True)

    def _clean(self, text: str) -> str:
        """Without what has no shape, such as control characters; lines stay lines."""
        plain = "".join(letter if letter in self.known or not letter.isprintable() else "\ufffd" for letter in text)
        return re.sub("\ufffd+", "?", "".join(letter if letter.isprintable() or letter in SHAPELESS else " " for letter in plain))

    def _learn(self, key: str) -> None:
        font: Any = self.fonts[key]
        self.known |= {*map(chr, font.cmap)}

    def footer(self) -> None:
        """The title and the number of the page."""
        self.set_y(-12)
        self._ink(QUIET, size=7.5)
        self.cell(WIDTH / 2, 5, self._fit(self.running, WIDTH / 2))
        self.cell(WIDTH / 2, 5, f"Page {self.page_no()} of {{nb}}", align="R")

    def head(self, document: Document) -> None:
        """The title, and whose, which days, narrowed to what."""
        self._ink(INK, size=18, bold=True)
        self.multi_cell(WIDTH, 8, self._clean(document.title), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)
        for name, value in document.facts:
            self._ink(QUIET, size=8.5)
            self.cell(30, LINE, name)
            self._ink(INK, size=8.5)
            self.multi_cell(WIDTH - 30, LINE, self._clean(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def put(self, block: Block, following: list[Block]) -> None:
        """One block, on a new page where it or what belongs to it does not fit any more."""
        if isinstance(block, Heading):
            self._heading(block, following)
        elif isinstance(block, Paragraph):
            self._ink(QUIET if block.quiet else INK, size=7.5 if block.quiet else 9)
            self.multi_cell(WIDTH, 3.8 if block.quiet else LINE, self._clean(block.text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(1.2)
        elif isinstance(block, Figures):
            self._figures(block)
        elif isinstance(block, Picture):
            self._picture(block.drawing)
        else:
            self._grid(block)

    def _ink(self, colour: tuple[int, int, int], *, size: float, bold: bool = False) -> None:
        self.set_font("Noto", "B" if bold else "", size)
        self.set_text_color(*colour)

    def _fit(self, text: str, width: float) -> str:
        text = self._clean(text)
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(text + "…") > width:
            text = text[:-1]
        return text + "…"

    def _need(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()

    def _heading(self, block: Heading, following: list[Block]) -> None:
        pictures = [one.drawing.height * WIDTH / one.drawing.width for one in following if isinstance(one, Picture)]
        self._need(34 + sum(pictures[:1]))
        self.ln(3)
        self._ink(INK, size=12, bold=True)
        self.multi_cell(WIDTH, 6, self._clean(block.text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(0.8)

    def _figures(self, block: Figures) -> None:
        wide, high, gap = (WIDTH - 3 * (PER_ROW - 1)) / PER_ROW, 22.0, 3.0
        for n in range(0, len(block.figures), PER_ROW):
            self._need(high + gap)
            top = self.get_y()
            for place, figure in enumerate(block.figures[n : n + PER_ROW]):
                left = MARGIN + place * (wide + 3)
                self.set_draw_color(*RULE)
                self.rect(left, top, wide, high, style="D", round_corners=True, corner_radius=1.5)
                for text, at, size, ink, bold in (
                    (figure.label, 1.5, 7.5, QUIET, False),
                    (figure.value, 6.0, 12.5, INK, True),
                ):
                    self._ink(ink, size=size, bold=bold)
                    while size > 6 and self.get_string_width(self._clean(text)) > wide - 4:
                        size -= 0.5
                        self._ink(ink, size=size, bold=bold)
                    self.set_xy(left + 1.5, top + at)
                    self.cell(wide - 3, 5, self._fit(text, wide - 4))
                self._ink(QUIET, size=6.5)
                self.set_xy(left + 1.5, top + 11.4)
                lines: Any = self.multi_cell(wide - 3, 3, self._clean(figure.note), align="L", dry_run=True, output=MethodReturnValue.LINES)
                self.multi_cell(wide - 3, 3, "\n".join(lines[:3]), align="L")
            self.set_xy(MARGIN, top + high + gap)
        self.ln(0.5)

    def _picture(self, drawing: Drawing) -> None:
        scale = WIDTH / drawing.width
        self._need(drawing.height * scale + 2)
        top = self.get_y()
        self.set_auto_page_break(False)  # letters at its foot stay with it
        for mark in drawing.marks:
            if isinstance(mark, Box) and mark.width * mark.height == 0:
                continue  # a printer would draw it as a hair line
            if isinstance(mark, Box):
                self.set_fill_color(mark.colour)
                self.rect(MARGIN + mark.x * scale, top + mark.y * scale, mark.width * scale, mark.height * scale, style="F")
            elif isinstance(mark, Line):
                self.set_draw_color(mark.colour)
                self.set_line_width(mark.width * scale * 0.8)
                self.polyline([(MARGIN + x * scale, top + y * scale) for x, y in mark.points])
            else:
                self._label(mark, scale, top)
        self.set_line_width(0.2)
        self.set_auto_page_break(True, margin=BOTTOM)
        self.set_xy(MARGIN, top + drawing.height * scale + 2)

    def _label(self, mark: Label, scale: float, top: float) -> None:
        self._ink(QUIET, size=mark.size * scale / 0.3528)
        text = self._clean(mark.text)
        wide = self.get_string_width(text)
        left = {"start": 0.0, "middle": wide / 2, "end": wide}[mark.anchor]
        self.c_margin, kept = 0.0, self.c_margin
        self.set_xy(MARGIN + mark.x * scale - left, top + mark.y * scale - 0.8 * self.font_size)
        self.cell(wide, self.font_size, text)  # not `text`, which knows one font only
        self.c_margin = kept

    def _grid(self, grid: Grid) -> None:
        rows = [[self._clean(cell_text(cell)) for cell in row] for row in grid.rows]
        numbers = [any(is_number(row[n]) for row in grid.rows) for n in range(len(grid.columns))]
        shares = grid.shares or [_share([name, *(row[n] for row in rows)]) for n, name in enumerate(grid.columns)]
        self._ink(INK, size=7.5)
        rows = [[self._short(text, WIDTH * share / sum(shares) - 2) for text, share in zip(row, shares, strict=True)] for row in rows]
        self.set_draw_color(*RULE)
        self.set_fill_color(255)
        heads: Any = FontFace(emphasis="BOLD", color=QUIET)
        with self.table(
            width=WIDTH,
            col_widths=tuple(shares),
            text_align=tuple("RIGHT" if number else "LEFT" for number in numbers),
            headings_style=heads,
            line_height=3.9,
            padding=(0.5, 1, 0.5, 1),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            cell_fill_mode=TableCellFillMode.NONE,
            v_align=VAlign.T,
        ) as table:
            table.row([self._clean(name) for name in grid.columns])
            for row in rows:
                table.row(row)
        self.ln(2)

    def _short(self, text: str, width: float) -> str:
        """What of a cell's text a page can hold."""
        if len(text) < ROOMY and text.count("\n") < MOST_LINES:
            return text
        lines: Any = self.multi_cell(max(width, 5), 3.9, text, align="L", dry_run=True, output=MethodReturnValue.LINES)
        return text if len(lines) <= MOST_LINES else "\n".join([*lines[:MOST_LINES], "…"])


def _share(texts: list[str]) -> int:
    """How wide a column of these texts should be: as its longest, within reason."""
    return int(min(max((width_of(line) for text in texts for line in text.split("\n")), default=0) * 1.15, 300)) + 24
