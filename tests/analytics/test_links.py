"""Every number that is a link leads to a list of exactly as many rows; one of attempts, to the executions that made them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from autoflows.analytics import service
from autoflows.analytics.headline import Figures
from autoflows.analytics.period import last_days
from autoflows.analytics.service import Narrowed
from autoflows.models.database import open_session
from autoflows.services import execution_counts, leads
from autoflows.services.access import Actor
from autoflows.ui.analytics_links import LINKS, MORE, Here, links_of, more_link
from autoflows.ui.analytics_tiles import overview_tiles
from autoflows.ui.states import executions_wanted, leads_wanted
from autoflows.ui.states.analytics_wanted import Wanted, narrowed_of
from tests.analytics.conftest import Accounts
from tests.analytics.recount import Recount
from tests.analytics.test_charts import recount_of, shown
from tests.analytics.world import NOW

ZONE = "Asia/Kolkata"
OF_ATTEMPTS = {"call_outcomes": {0, 1}, "funnel": {2, 3, 4, 5}, "drop_off": {0, 3}, "action_results": set(range(10))}
"""Cells whose number is of attempts: one execution may have made several."""


Linked = tuple[Here, dict[str, service.ChartView], Recount, str]


async def listed(actor: Actor, href: str, zone: str) -> int:
    """How many rows the list shows that an address asks for, to a reader in this zone."""
    asked = dict(parse_qsl(urlsplit(href).query))
    async with open_session() as session:
        if "/executions" in href:
            wanted, unknown = executions_wanted.read(asked)
            assert unknown == []
            counts = await execution_counts.count_by_status(actor, session, executions_wanted.filter_of(wanted, ZoneInfo(zone)))
            assert counts.capped == []
            return counts.by_status[wanted.status] if wanted.status else counts.total
        if "/leads" in href:
            behind = leads_wanted.read(asked)
            found = await leads.count_by_disposition(actor, session, leads_wanted.filter_of(behind, source=asked.get("source", "")))
            return found.by_disposition[asked["disposition"]] if "disposition" in asked else found.total
    raise AssertionError(href)


@pytest.fixture(params=["all", "elsewhere", "flow", "version", "source", "channel"])
async def here(request: pytest.FixtureRequest, accounts: Accounts) -> Linked:
    """A page's figures, narrowed; days of the reader's own zone, or (`elsewhere`) of another one."""
    flow, channel = str(accounts.world.flows[0].id), str(accounts.world.channels[0].id)
    wanted = {
        "all": Wanted(),
        "elsewhere": Wanted(zone=ZONE),
        "flow": Wanted(flow=flow),
        "version": Wanted(flow=flow, version="2"),
        "source": Wanted(source="IndiaMART"),
        "channel": Wanted(channel=channel),
    }[request.param]
    period, narrowed = last_days(30, zone=ZONE, now=NOW), narrowed_of(wanted)
    count = recount_of(accounts.actor, period, narrowed)
    charts = await shown((accounts.actor, period, narrowed, count))
    flows = {flow.name: str(flow.id) for flow in accounts.world.flows}
    return Here(wanted, period, flows), charts, count, "America/Los_Angeles" if request.param == "elsewhere" else ZONE


async def test_every_number_leads_to_as_many_rows(here: Linked, accounts: Accounts) -> None:
    asked, charts, _, zone = here
    followed: dict[str, int] = {}
    for slug in LINKS:
        rows = [row for row in charts[slug].rows if any(cell for cell in row[1:] if not isinstance(cell, str))]
        for row in rows[:6] + rows[-2:]:
            for place, (cell, href) in enumerate(zip(row, links_of(slug, row, asked), strict=True)):
                if not href or "/analytics?" in href:
                    continue
                number = await listed(accounts.actor, href, zone)
                followed[slug] = followed.get(slug, 0) + 1
                if place in OF_ATTEMPTS.get(slug, ()):
                    most = row[3] if slug == "drop_off" else row[1] if place == 0 else cell
                    assert 0 < number <= int(str(most)), (slug, row, place, href)
                elif place:
                    assert number == cell, (slug, row, place, href)
                else:
                    assert number > 0, (slug, row, href)
    assert followed.keys() == LINKS.keys()
    for slug, name in MORE:
        value = charts[slug].more[name]
        if href := more_link(slug, name, value, asked):
            assert await listed(accounts.actor, href, zone) == value


async def test_executions_behind_attempts_are_those_that_made_them(here: Linked, accounts: Accounts) -> None:
    asked, charts, count, zone = here
    calls = max(charts["call_outcomes"].rows[:4], key=lambda row: int(str(row[1])))
    where = f"AND l.action_type = 'ai_call' AND l.outcome = '{str(calls[0]).lower()}'"
    made = (await count.logs("count(DISTINCT e.id)", where))[0][0]
    assert await listed(accounts.actor, links_of("call_outcomes", calls, asked)[1], zone) == made > 0
    second = next(row for row in charts["funnel"].rows if str(row[0]).startswith("2 "))
    hrefs = links_of("funnel", second, asked)
    conditions = {1: "AND l.attempt = 1", 3: "AND l.status = 'skipped' AND NOT (l.action_type = 'ai_call' AND l.outcome IS NOT NULL)"}
    for place, more in conditions.items():
        rows = await count.logs("count(DISTINCT e.id)", f"AND l.action_order = 2 {more}", at="e.triggered_at")
        assert await listed(accounts.actor, hrefs[place], zone) == rows[0][0]


async def test_headline_figures_lead_to_as_many_rows(here: Linked, accounts: Accounts) -> None:
    asked, _, _, zone = here
    async with open_session() as session:
        page = await service.overview(accounts.actor, session, asked.period, narrowed_of(asked.wanted))
    tiles = overview_tiles(page.now, page.before, asked.wanted, asked.period)
    told = {tile.value: tile.href for tile in tiles if tile.href}
    told |= {part.text.split()[0]: part.href for tile in tiles for part in tile.note if part.href}
    assert len(told) >= 6
    for number, href in told.items():
        assert await listed(accounts.actor, href, zone) == int(number.replace(",", "")), href


def test_a_nought_has_nothing_behind_it(accounts: Accounts) -> None:
    asked = Here(Wanted(), last_days(30, zone=ZONE, now=NOW))
    assert links_of("speed_to_lead", ["0–1 min", 0, "–"], asked)[1:] == ["", ""]
    assert Narrowed() == narrowed_of(Wanted())
    nothing = Figures.model_validate({name: 0 for name in Figures.model_fields if not name.startswith("cost")} | {
        "cost": {}, "cost_per_contact": {}, "cost_per_conversation": {},
    })  # fmt: skip
    tiles = overview_tiles(nothing, nothing, Wanted(), asked.period)
    assert [tile.href for tile in tiles if tile.href] == []
    assert [part.href for tile in tiles for part in tile.note if part.href] == []
