"""A chart's numbers as files for spreadsheets. Text that a spreadsheet would take for a formula is kept text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import xlsxwriter

from autoflows.analytics.chart import Cell, Chart, Table
from autoflows.analytics.period import Period

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _lines(numbers: Table) -> Iterable[list[Cell]]:
    yield list(numbers.columns)
    yield from numbers.rows
    yield from ([name, value] for name, value in numbers.more)


def as_csv(numbers: Table) -> str:
    """The table, and the further figures a line each (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(
        [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in line] for line in _lines(numbers)
    )
    return out.getvalue()


def as_xlsx(chart: Chart, numbers: Table, period: Period) -> bytes:
    """A workbook of two sheets: the numbers, and what they are."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold: Any = book.add_format({"bold": True})
        sheet = book.add_worksheet("Numbers")
        for number, line in enumerate(_lines(numbers)):
            sheet.write_row(number, 0, line, bold if number == 0 else None)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
        about = book.add_worksheet("About")
        days = f"{period.first} to {period.last}, {period.zone}"
        for number, pair in enumerate(
            (("Chart", chart.title), ("Days", days), ("Answer", numbers.summary), ("What is counted", chart.definition))
        ):
            about.write_row(number, 0, pair)
        about.autofit()
    return out.getvalue()
