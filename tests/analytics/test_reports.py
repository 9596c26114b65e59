"""Reports as PDF, page and workbook: what they say is what the API says."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from autoflows.analytics import service
from autoflows.analytics.charts import CHARTS, charts_of
from autoflows.analytics.period import Period, last_days
from autoflows.analytics.reports.document import Document, Figure, Figures, Grid, Heading, Paragraph, Picture
from autoflows.analytics.reports.drawing import WIDTH, Box, Drawing, Label, Line, drawing_of, steps_up_to
from autoflows.analytics.reports.figures import figures_report
from autoflows.analytics.reports.files import html_of, pdf_of, xlsx_of
from autoflows.domain.errors import Forbidden, Invalid, NotFound
from autoflows.domain.permissions import Permission, Role, permissions_of
from autoflows.domain.reports import Report
from autoflows.ids import new_id
from autoflows.models.database import open_session
from autoflows.services.access import Actor
from tests.analytics.conftest import Accounts, actor_of
from tests.analytics.test_exports import read_xlsx
from tests.analytics.world import NOW

PERIOD = last_days(30, zone="Asia/Kolkata", now=NOW)
REPORTS = list(Report)


def narrowed_for(report: Report, accounts: Accounts) -> service.Narrowed:
    return service.Narrowed(flow_id=accounts.world.flows[0].id) if report is Report.FLOW else service.EVERYTHING


async def document_of(
    actor: Actor, report: Report, narrowed: service.Narrowed, period: Period = PERIOD, *, whole: bool = False
) -> Document:
    async with open_session() as session:
        return await figures_report(actor, session, report, period, narrowed, whole=whole)


def text_of(pdf: bytes) -> str:
    """All text of a PDF in one line of words."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


class Texts(HTMLParser):
    """What a page says, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.fetched: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "link", "iframe"):
            self.fetched.append(tag)


@pytest.mark.parametrize("report", REPORTS)
async def test_the_pdf_says_what_the_api_says(accounts: Accounts, report: Report) -> None:
    narrowed = narrowed_for(report, accounts)
    document = await document_of(accounts.actor, report, narrowed)
    pdf = await pdf_of(document)
    text = text_of(pdf)
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 1
    assert "Asia/Kolkata" in text
    assert "asha" in text
    assert "01 Mar 2026 – 30 Mar 2026 (30 days)" in text
    async with open_session() as session:
        for chart in charts_of(report.value):
            scope = await service._scope(accounts.actor, session, PERIOD, narrowed)
            numbers = await service._numbers(session, scope, chart)
            assert numbers.total > 0, f"{chart.slug} shows nothing, so that nothing is tested"
            assert " ".join(numbers.summary.split()) in text, chart.slug
            assert chart.definition in text
        if report is Report.OVERVIEW:
            now = (await service.overview(accounts.actor, session, PERIOD)).now
            for figure in (now.executions, now.leads_received, now.failed, now.skipped, now.conversations):
                assert re.search(rf"(?<![\d,]){figure:,}(?![\d,])", text)
            assert f"{now.leads_contacted:,} contacted + {now.leads_not_contacted:,} not" in text
            assert f"{100 * (now.success_rate or 0):.0f}% " in text


@pytest.mark.parametrize("report", REPORTS)
async def test_an_account_without_history_gets_a_report_of_zeros(accounts: Accounts, report: Report) -> None:
    if report is Report.FLOW:
        with pytest.raises(Invalid) as raised:
            await document_of(accounts.empty, report, service.EVERYTHING)
        assert raised.value.errors[0].pointer == "/query/flow_id"
        return
    document = await document_of(accounts.empty, report, service.EVERYTHING)
    text = text_of(await pdf_of(document))
    assert text.count("Nothing in these days.") == len(charts_of(report.value))
    assert not any(isinstance(block, Picture) for block in document.blocks)


async def test_page_and_workbook_say_the_same(accounts: Accounts) -> None:
    document = await document_of(accounts.actor, Report.OVERVIEW, service.EVERYTHING, whole=True)
    page = Texts()
    page.feed(await html_of(document, "/report.pdf"))
    assert page.fetched == []
    said = " ".join(page.said)
    first = read_xlsx(await xlsx_of(document), 1)
    for figure in document.headline:
        assert figure.value in said
        assert [cell for cell in (figure.label, figure.value, figure.note) if cell] in first
    grids = [block for block in document.blocks if isinstance(block, Grid)]
    raw = await xlsx_of(document)
    for number, grid in enumerate(grids, start=2):
        sheet = read_xlsx(raw, number)
        assert sheet[0] == list(grid.columns)
        assert len(sheet) == 1 + len(grid.rows)


async def test_a_report_is_behind_the_gate_of_its_page_and_of_exports(accounts: Accounts) -> None:
    viewer = actor_of(accounts.world.user, Role.VIEWER)
    reader = replace(accounts.actor, permissions=permissions_of(Role.OWNER) - {Permission.EXPORT})
    exporter = replace(accounts.actor, permissions=frozenset({Permission.EXPORT}))
    for actor in (viewer, reader, exporter):
        with pytest.raises(Forbidden):
            await document_of(actor, Report.OVERVIEW, service.EVERYTHING)
    with pytest.raises(NotFound):
        await document_of(accounts.empty, Report.FLOW, service.Narrowed(flow_id=accounts.world.flows[0].id))
    with pytest.raises(NotFound):
        await document_of(accounts.actor, Report.OVERVIEW, service.Narrowed(channel_id=new_id()))


async def test_long_periods_are_cut_on_paper_and_say_so(accounts: Accounts) -> None:
    document = await document_of(accounts.actor, Report.OVERVIEW, service.EVERYTHING, last_days(365, zone="UTC", now=NOW))
    assert max(len(block.rows) for block in document.blocks if isinstance(block, Grid)) == 62
    assert "The last 62 of 365 rows; the Excel file has all of them." in text_of(await pdf_of(document))
    whole = await document_of(accounts.actor, Report.OVERVIEW, service.EVERYTHING, last_days(365, zone="UTC", now=NOW), whole=True)
    assert max(len(block.rows) for block in whole.blocks if isinstance(block, Grid)) == 365


NAMES = "Asha & <Sons> अनुष्का क्षत्रिय / தமிழ் செல்வன் / অনিতা / ગુજરાતી / ਪੰਜਾਬੀ / తెలుగు / ಕನ್ನಡ / മലയാളം / 🙂👩‍👩‍👧 / 漢字 / \x00\x07 / ₹ 1,250.00"


def document_named(name: str) -> Document:
    return Document(
        name,
        [("Account", name)],
        [
            Heading(name),
            Paragraph(name),
            Figures([Figure(name, name, name)]),
            Picture(Drawing(marks=[Label(360, 20, name)]), name),
            Grid((name, "Number"), [[name, 7]]),
        ],
        "/x?a=1&b=2",
    )


async def test_names_of_all_scripts_are_set_and_read_back() -> None:
    pdf = await pdf_of(document_named(NAMES))
    text = text_of(pdf)
    for name in ("Asha & <Sons>", "₹ 1,250.00", "Number"):
        assert name in text
    resources: list[Any] = [page["/Resources"] for page in PdfReader(io.BytesIO(pdf)).pages]
    fonts = {str(font["/BaseFont"]) for one in resources for font in one["/Font"].values()}
    for script in ("Devanagari", "Tamil", "Bengali", "Gujarati", "Gurmukhi", "Telugu", "Kannada", "Malayalam"):
        assert any(f"NotoSans{script}" in font for font in fonts), fonts
    page = Texts()
    page.feed(await html_of(document_named(NAMES), "/x.pdf"))
    assert NAMES in page.said


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_name_stops_a_report(name: str) -> None:
    from autoflows.analytics.reports.paper import as_pdf
    from autoflows.analytics.reports.web import as_html

    assert as_pdf(document_named(name), datetime(2026, 1, 1, tzinfo=UTC)).startswith(b"%PDF")
    assert as_html(document_named(name), "/x.pdf").startswith("<!doctype html>")


@pytest.mark.parametrize("text", ["a\n" * 2000, "word " * 3000, "x" * 9000, "अनुष्का " * 2000])
def test_a_text_longer_than_a_page_is_cut(text: str) -> None:
    from autoflows.analytics.reports.paper import as_pdf

    document = Document("Long", [("Account", "x")], [Grid(("A", "B", "C"), [["1", text, "2"], [text, "3", "4"]], (9, 60, 20))], "/x")
    assert "…" in text_of(as_pdf(document, datetime(2026, 1, 1, tzinfo=UTC)))


def within(drawing: Drawing) -> bool:
    edges: list[tuple[float, float]] = []
    for mark in drawing.marks:
        if isinstance(mark, Box):
            assert mark.width >= 0
            assert mark.height >= 0
            edges += [(mark.x, mark.y), (mark.x + mark.width, mark.y + mark.height)]
        elif isinstance(mark, Line):
            edges += list(mark.points)
        else:
            edges.append((mark.x, mark.y))
    return all(-1 <= x <= WIDTH + 1 and -1 <= y <= drawing.height + 1 for x, y in edges)


@pytest.mark.parametrize("slug", CHARTS)
async def test_every_chart_can_be_drawn_on_paper(accounts: Accounts, slug: str) -> None:
    async with open_session() as session:
        for actor, period in ((accounts.actor, PERIOD), (accounts.actor, last_days(365, zone="UTC", now=NOW)), (accounts.empty, PERIOD)):
            scope = await service._scope(actor, session, period, service.EVERYTHING)
            numbers = await service._numbers(session, scope, CHARTS[slug])
            drawing = drawing_of(CHARTS[slug].figure(numbers))
            assert within(drawing)
            if numbers.total:
                assert any(isinstance(mark, Box) and mark.width * mark.height > 0 for mark in drawing.marks)


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9)), min_size=1, max_size=40))
def test_bars_stand_as_high_as_their_numbers(values: list[int | None]) -> None:
    names = [f"n{n}" for n in range(len(values))]
    drawing = drawing_of(go.Figure([go.Bar(x=names, y=values)], {"yaxis": {"tickformat": ",d"}}))
    assert within(drawing)
    bars = [mark.height for mark in drawing.marks if isinstance(mark, Box)]
    most = max(value or 0 for value in values)
    for value, bar in zip(values, bars, strict=True):
        assert bar == pytest.approx(max(bars) * (value or 0) / most if most else 0, abs=1e-6)


@given(st.floats(1e-6, 1e12), st.booleans())
def test_axes_have_few_round_steps(highest: float, whole: bool) -> None:
    steps = steps_up_to(highest, whole=whole)
    assert steps[0] == 0
    assert steps[-1] >= highest * 0.999
    assert 2 <= len(steps) <= 7
    assert not whole or all(step == int(step) for step in steps)


def test_days_on_an_axis_do_not_crowd() -> None:
    days = [date(2026, 1, 1).toordinal() + n for n in range(365)]
    figure = go.Figure([go.Bar(x=[date.fromordinal(day).isoformat() for day in days], y=[1] * 365)], {"xaxis": {"type": "date"}})
    labels = sorted(mark.x for mark in drawing_of(figure).marks if isinstance(mark, Label) and mark.anchor == "middle")
    assert len(labels) > 5
    assert min(b - a for a, b in pairwise(labels)) > 40
