"""A document as a workbook: its figures on the first sheet, and a sheet for each table."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from autoflows.analytics.chart import Cell
from autoflows.analytics.reports.document import Document, Figures, Grid, Heading, Paragraph

FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def as_xlsx(document: Document) -> bytes:
    """Numbers stay numbers, text that looks like a formula stays text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold: Any = book.add_format({"bold": True})
        first = book.add_worksheet("Report")
        lines: list[tuple[Cell, ...]] = [(document.title,), *document.facts, ()]
        title = "Numbers"
        for block in document.blocks:
            if isinstance(block, Figures):
                lines += [(one.label, one.value, one.note) for one in block.figures] + [()]
            elif isinstance(block, Heading):
                title = block.text
                lines.append((block.text,))
            elif isinstance(block, Paragraph):
                lines.append(("", block.text))
            elif isinstance(block, Grid):
                _sheet(book, title, block, bold)
        for number, line in enumerate(lines):
            first.write_row(number, 0, line, bold if len(line) == 1 else None)
        first.set_column(0, 0, 28)
        first.set_column(1, 1, 60)
    return out.getvalue()


def _sheet(book: Any, title: str, grid: Grid, bold: Any) -> None:
    known = {sheet.get_name().lower() for sheet in book.worksheets()}
    name = clean = title.translate(FORBIDDEN).strip()[:28] or "Numbers"
    number = 2
    while name.lower() in known:
        name, number = f"{clean[:26]} {number}", number + 1
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, list(grid.columns), bold)
    for n, row in enumerate(grid.rows, start=1):
        sheet.write_row(n, 0, row)
    sheet.freeze_panes(1, 0)
    sheet.autofit()
