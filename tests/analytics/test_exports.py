"""Charts as files."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.etree import ElementTree as ET

import pytest

from autoflows.analytics import service
from autoflows.analytics.chart import Cell, Table
from autoflows.analytics.charts import CHARTS
from autoflows.analytics.export import as_csv, as_xlsx
from autoflows.analytics.period import last_days
from autoflows.models.database import open_session
from tests.analytics.conftest import Accounts
from tests.analytics.world import NOW

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_xlsx(raw: bytes, sheet: int) -> list[list[str | float]]:
    """The cells of one sheet, by the format's own definition: numbers in place, texts by their number in the shared strings."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        texts = ["".join(t.text or "" for t in si.iter(f"{SHEET}t")) for si in ET.fromstring(book.read("xl/sharedStrings.xml"))]
        rows = ET.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml")).iter(f"{SHEET}row")
        cells = [[(cell.get("t"), cell.findtext(f"{SHEET}v"), cell.find(f"{SHEET}f")) for cell in row] for row in rows]
    assert all(formula is None for row in cells for _, _, formula in row)
    return [[texts[int(v or 0)] if kind == "s" else float(v) for kind, v, _ in row if v is not None] for row in cells]


@pytest.mark.parametrize("slug", CHARTS)
async def test_files_hold_the_same_numbers(accounts: Accounts, slug: str) -> None:
    period = last_days(30, zone="Asia/Kolkata", now=NOW)
    async with open_session() as session:
        scope = await service._scope(accounts.actor, session, period, service.EVERYTHING)
        numbers = await service._numbers(session, scope, CHARTS[slug])
        text = await service.export_csv(accounts.actor, session, period, slug)
        raw = await service.export_xlsx(accounts.actor, session, period, slug)
    lines: list[list[Cell]] = [list(numbers.columns), *numbers.rows, *([name, value] for name, value in numbers.more)]
    assert len(lines) > 2
    assert list(csv.reader(io.StringIO(text))) == [["" if cell is None else str(cell) for cell in line] for line in lines]
    for read, line in zip(read_xlsx(raw, 1), lines, strict=True):
        assert read == [pytest.approx(cell, rel=1e-12) if isinstance(cell, float) else cell for cell in line if cell is not None]
    about = {str(name): str(said) for name, said in read_xlsx(raw, 2)}
    assert about["What is counted"] == CHARTS[slug].definition
    assert "Asia/Kolkata" in about["Days"]


async def test_a_name_is_never_taken_for_a_formula() -> None:
    numbers = Table(("Flow", "Runs"), [["=1+1", 2], ["@cmd", -3]], 2, "x")
    assert list(csv.reader(io.StringIO(as_csv(numbers))))[1:] == [["'=1+1", "2"], ["'@cmd", "-3"]]
    sheet = read_xlsx(as_xlsx(CHARTS["active_flows"], numbers, last_days(7, zone="UTC", now=NOW)), 1)
    assert sheet[1:] == [["=1+1", 2.0], ["@cmd", -3.0]]
