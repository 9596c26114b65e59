"""Reports of comparisons and A/B tests: what they say is what the API and the pages say."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoflows.analytics.comparison import Comparison
from autoflows.analytics.experiments import ExperimentView
from autoflows.analytics.interval_figure import Line, interval_figure
from autoflows.analytics.reports.drawing import Box, Label
from autoflows.analytics.reports.drawing import Line as Stroke
from autoflows.analytics.reports.interval_drawing import interval_drawing
from autoflows.domain.permissions import Role
from autoflows.ids import new_id, utc_now
from autoflows.ui.compare_rows import difference_rows, side_rows
from autoflows.ui.experiment_rows import card_of
from autoflows.ui.states.compare_wanted import Wanted, read, report_links
from tests.analytics.test_experiments import COMPARE, EXPERIMENTS, FLOWS, divided, history, made, past_of
from tests.analytics.test_exports import read_xlsx
from tests.analytics.test_reports import Texts, text_of, within
from tests.api.conftest import OWNER, Catalogue, FlowBody, People, app, catalogue, environment, flow_body, owner, people

__all__ = ["app", "catalogue", "environment", "flow_body", "owner", "people"]

ENDINGS = ("pdf", "html", "xlsx", "csv")


async def said(owner: httpx.AsyncClient, path: str, query: Any) -> tuple[str, str]:
    """What the PDF and the page to print say."""
    pdf, page = [await owner.get(f"{path}/report.{ending}", params=query) for ending in ("pdf", "html")]
    assert (pdf.status_code, page.status_code) == (200, 200), (pdf.text[:200], page.text[:200])
    texts = Texts()
    texts.feed(page.text)
    assert texts.fetched == []
    return text_of(pdf.content), " ".join(" ".join(texts.said).split())


def squeezed(text: str) -> str:
    """Without what a line of a narrow column may break at."""
    return re.sub(r"\s+", "", text)


def holds(text: str, *wanted: str) -> None:
    """Whether all of these stand there, each as often as it is wanted."""
    letters = squeezed(text)
    for one in set(wanted):
        assert letters.count(squeezed(one)) >= wanted.count(one), (one, wanted.count(one))


async def numbers(owner: httpx.AsyncClient, path: str, query: Any) -> list[dict[str, str]]:
    answer = await owner.get(f"{path}/report.csv", params=query)
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_comparisons_report_says_what_its_page_says(owner: httpx.AsyncClient, flow_body: FlowBody) -> None:
    first, second = await made(owner, flow_body(name="One")), await made(owner, flow_body(name="Two"))
    chance, since = random.Random(1), utc_now() - timedelta(days=15)
    for number, (flow, rate) in enumerate(((first, 0.2), (second, 0.5))):
        past = await past_of(flow)
        past.number = 5000 * number
        await history(past, chance, since, 90, rate)
    query = {"flow_id": [first["id"], second["id"]], "tz": "Asia/Kathmandu"}
    found = Comparison.model_validate((await owner.get(COMPARE, params=query)).json())
    shown = [*(n for row in side_rows(found.sides) for n in row.numbers)]
    for text in await said(owner, COMPARE, query):
        holds(text, found.verdict, found.note, "Asia/Kathmandu", *(n.text for n in shown), *(n.beside for n in shown if n.beside))
        for row in difference_rows(found.differences):
            holds(text, row.name, row.difference, row.interval)
    sides = await numbers(owner, COMPARE, query)
    assert [(s["side"], int(s["executions"])) for s in sides] == [(side.label, side.entered) for side in found.sides]
    assert [float(s["answered_rate"]) for s in sides] == pytest.approx([side.answered.rate for side in found.sides])
    differences = await numbers(owner, COMPARE, {**query, "table": "differences"})
    assert [float(row["difference"]) for row in differences] == pytest.approx([one.difference for one in found.differences])
    book = (await owner.get(f"{COMPARE}/report.xlsx", params=query)).content
    assert [row[3] for row in read_xlsx(book, 2)] == ["executions", 90, 90]
    page = (await owner.get(f"{COMPARE}/report.html", params=query)).text
    back = re.search(r'href="/dashboard/auto-engagement/analytics/compare\?([^"]+)"', page)
    assert back is not None
    wanted, unknown = read(dict(httpx.QueryParams(back[1].replace("&amp;", "&"))))
    assert (wanted.kind, wanted.flows, unknown) == ("flows", f"{first['id']},{second['id']}", [])


@pytest.mark.parametrize("kind", ["periods", "version", "day"])
async def test_every_kind_of_comparison_has_a_report_at_the_address_its_page_gives(
    owner: httpx.AsyncClient, flow_body: FlowBody, kind: str
) -> None:
    flow = await made(owner, flow_body(name="Ours"))
    assert (await owner.put(f"{FLOWS}/{flow['id']}", json=flow_body(name="Ours", cooldown_minutes=7))).status_code == 200
    days = [str((utc_now() - timedelta(days=n)).date()) for n in (13, 1, 26, 14)]
    wanted = Wanted(kind=kind, flow=flow["id"], version="2", on=days[1])
    links = report_links(wanted, "Asia/Kolkata", (days[0], days[1], days[2], days[3]))
    for form, link in links.items():
        answer = await owner.get(link)
        assert answer.status_code == 200, (form, answer.text)
    page = (await owner.get(links["html"])).text
    back = re.search(r'href="/dashboard/auto-engagement/analytics/compare\?([^"]+)"', page)
    assert back is not None
    again, unknown = read(dict(httpx.QueryParams(back[1].replace("&amp;", "&"))))
    assert (again.kind, again.flow, unknown) == (kind, flow["id"], [])
    assert "There is nothing to compare yet" in page


async def test_an_experiments_report_says_what_its_page_says(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    flow = await made(owner, divided(catalogue))
    past, chance, now = await past_of(flow), random.Random(4), utc_now()
    for _ in range(300):
        arm = chance.choices(["A", "B", "None"], (45, 45, 10))[0]
        hit = chance.random() < {"A": 0.1, "B": 0.4, "None": 0.05}[arm]
        past.run(past.person(), now - timedelta(days=chance.randrange(2, 40)), arm, contacted=arm != "None", converted=hit, cost=7)
    await past.write()
    query = {"flow_id": flow["id"], "split_id": flow["actions"][0]["id"], "effect": 0.1}
    view = ExperimentView.model_validate((await owner.get(f"{EXPERIMENTS}/{flow['id']}", params={"effect": 0.1})).json()["data"][0])
    card = card_of(view)
    for text in await said(owner, EXPERIMENTS, query):
        holds(text, "A/B test: Opening", card.summary, card.stop, card.goal, f"{card.people} leads", "None (hold-out)", "10 points")
        for row in card.arms:
            holds(text, row.share, row.entered.text, row.converted.text, row.won.text, row.rate, row.difference, row.verdict, row.cost)
    rows = await numbers(owner, EXPERIMENTS, query)
    assert [(r["arm"], int(r["leads"]), int(r["measured"]), int(r["won"]), int(r["cost"])) for r in rows] == [
        (arm.arm, arm.entered, arm.measured.total, arm.measured.count, arm.cost) for arm in view.arms
    ]
    book = (await owner.get(f"{EXPERIMENTS}/report.xlsx", params=query)).content
    assert [row[5] for row in read_xlsx(book, 2)] == ["leads", *(arm.entered for arm in view.arms)]
    whole = await said(owner, EXPERIMENTS, {})
    assert all("Opening, in the flow Opening" in text for text in whole)


async def test_reports_have_the_errors_and_the_gate_of_their_pages(owner: httpx.AsyncClient, people: People, flow_body: FlowBody) -> None:
    flow = await made(owner, flow_body(name="One"))
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    manager = await people.add("manager@example.com", Role.MANAGER, OWNER)
    for ending in ENDINGS:
        for path in (COMPARE, EXPERIMENTS):
            assert (await viewer.get(f"{path}/report.{ending}")).status_code == 403
            assert (await manager.get(f"{path}/report.{ending}")).status_code == 200
        wrong = await owner.get(f"{COMPARE}/report.{ending}", params={"flow_id": [flow["id"], flow["id"]]})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/query/flow_id")
        assert (await owner.get(f"{EXPERIMENTS}/report.{ending}", params={"split_id": str(new_id())})).status_code == 404
        assert (await owner.get(f"{EXPERIMENTS}/report.{ending}", params={"flow_id": flow["id"]})).status_code == 404
    assert "No flow has a split" in (await owner.get(f"{EXPERIMENTS}/report.html")).text


LINES = st.lists(
    st.tuples(st.floats(-1e4, 1e4), st.floats(0, 500), st.floats(0, 500), st.booleans(), st.text(max_size=60)), min_size=1, max_size=8
)


@settings(deadline=None)  # the first figure brings the library along
@example([(6e-05, 0.0, 0.0, False, "")], None)  # small, but written out
@given(LINES, st.sampled_from([None, 0.0, 1.0]))
def test_intervals_are_drawn_in_order_and_within_the_sheet(
    lines: Sequence[tuple[float, float, float, bool, str]], neutral: float | None
) -> None:
    given = [Line(label, value, value - less, value + more, sure) for value, less, more, sure, label in lines]
    drawing = interval_drawing(interval_figure(given, unit="percentage points", neutral=neutral))
    assert within(drawing)
    dots = [mark.x + mark.width / 2 for mark in drawing.marks if isinstance(mark, Box)]
    assert len(dots) == sum(line.is_sure for line in given), "a dot of which nothing is sure is hollow"
    values = [line.value for line in given if line.is_sure]
    ranked = sorted(range(len(values)), key=lambda n: values[n])
    assert all(dots[low] <= dots[high] + 1e-6 for low, high in pairwise(ranked))
    assert any(isinstance(mark, Stroke) for mark in drawing.marks)
    texts = [mark.text for mark in drawing.marks if isinstance(mark, Label)]
    assert "percentage points" in texts
    assert [text for text in texts if re.fullmatch(r"−?[\d,.]+", text)], "the axis has numbers"
