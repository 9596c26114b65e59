"""The list of executions in a browser: it shows what its address asks for, moves by itself, and does things to many."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from autoflows.domain.permissions import Role
from autoflows.ids import utc_now
from autoflows.models import Flow
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, Site, make_person, ready
from tests.e2e.executions_world import HERE, choose, over, people, rows_of, table_of, told, with_flow
from tests.e2e.flow_world import make_execution, make_executions, make_flow, make_world
from tests.e2e.test_axe import faults_in_both
from tests.e2e.test_executions import attempt, change
from tests.e2e.test_pages import NAMELESS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]


async def test_tabs_filters_and_search(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    first, other = await make_flow(owner, "First call", world), await make_flow(owner, "Second call", world)
    asha, ravi, meera = await make_executions(
        owner, first, [("Asha Patel", "+919876500001"), ("Ravi Kumar", "+919876500002"), ("Meera Shah", "+919876500003")]
    )
    await make_execution(owner, other, "Neha Joshi", "+919876500004", metadata_={"trigger_source": "TradeIndia"})
    await make_execution(owner, other, "Test Person", "+919876500005", is_test_run=True)
    page = await open_page(owner, HERE)
    await expect(rows_of(page)).to_have_count(4)
    await expect(table_of(page)).to_contain_text("Flow hours: opens 09:00 Asia/Kolkata")
    await expect(table_of(page)).to_contain_text("Step 1 of 3")
    await expect(rows_of(page).first.get_by_role("timer")).to_contain_text("in 59 min")
    await over(asha, "completed", last_outcome="answered")
    await over(ravi, "failed", error_message="The number does not exist.", last_outcome="failed")
    await change(meera, waiting_reason="Call in progress", waiting_rule=None, waiting_until=None)
    for tab, count in (
        ("All", 4),
        ("Active now", 1),
        ("Waiting", 1),
        ("Needs a person", 0),
        ("Completed", 1),
        ("Failed", 1),
        ("Cancelled", 0),
    ):
        await expect(page.get_by_role("tab", name=tab)).to_contain_text(str(count))

    await page.get_by_role("tab", name="Failed").click()
    await expect(rows_of(page)).to_have_count(1)
    await expect(table_of(page)).to_contain_text("The number does not exist.")
    await page.keyboard.press("Home")  # the tabs are one stop for the keyboard, and arrows go between them
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("tab", name="Active now")).to_have_attribute("aria-selected", "true")
    await expect(rows_of(page)).to_have_count(1)
    await expect(table_of(page)).to_contain_text("Call in progress")
    await expect(page.get_by_label("The next hour")).to_contain_text("2 that wait are due")  # of the account: the test run, too
    await page.get_by_role("tab", name="Waiting").click()
    await page.get_by_label("The next hour").get_by_role("button", name="Flow hours").click()
    await expect(page).to_have_url(re.compile(r"status=waiting&rule=flow_hours"))
    await expect(rows_of(page)).to_have_count(1)
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_role("tab", name="All").click()

    await page.get_by_role("combobox", name="Filter by flow").click()
    await page.get_by_role("option", name="Second call").click()
    await expect(rows_of(page)).to_have_count(1)
    await choose(page, "Real executions or test runs", "Real and test runs")
    await expect(rows_of(page)).to_have_count(2)
    await choose(page, "Filter by source", "TradeIndia")
    await expect(rows_of(page)).to_have_count(1)
    await page.get_by_role("button", name="Clear filters").click()
    await choose(page, "Filter by last call", "Answered")
    await expect(table_of(page)).to_contain_text("Asha Patel")
    await page.get_by_role("button", name="Clear filters").click()
    for text in ("ravi", "98765 00002", "+91 98765-00002"):
        await page.get_by_label("Search name or phone").fill(text)
        await expect(rows_of(page)).to_have_count(1)
        await expect(table_of(page)).to_contain_text("Ravi Kumar")
    await page.get_by_label("Search name or phone").fill("nobody")
    await expect(page.get_by_text("No execution fits these filters")).to_be_visible()


async def test_reload_back_and_a_link_show_the_same(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    await make_executions(owner, flow, people(60))
    page = await open_page(owner, f"{HERE}?flow={flow.id}")
    await expect(page.get_by_role("combobox", name="Filter by flow")).to_contain_text("First call")
    await expect(rows_of(page)).to_have_count(25)
    await expect(rows_of(page).first).to_contain_text("Lead 059")
    await page.get_by_role("button", name="Triggered").click()
    await expect(rows_of(page).first).to_contain_text("Lead 000")
    await expect(page.get_by_role("columnheader", name="Triggered")).to_have_attribute("aria-sort", "ascending")
    await page.get_by_role("button", name="Next").click()
    await expect(rows_of(page).first).to_contain_text("Lead 025")
    await expect(page).to_have_url(re.compile("after="))
    await page.reload()
    await ready(page)
    await expect(rows_of(page).first).to_contain_text("Lead 025")
    other = await open_page(owner, page.url.removeprefix(site.url))
    await expect(rows_of(other).first).to_contain_text("Lead 025")
    await other.get_by_role("button", name="Previous").click()  # it does not know the way here: to the first page
    await expect(rows_of(other).first).to_contain_text("Lead 000")

    await page.go_back()
    await expect(rows_of(page).first).to_contain_text("Lead 000")
    await page.go_back()
    await expect(rows_of(page).first).to_contain_text("Lead 059")
    await expect(page.get_by_role("columnheader", name="Triggered")).to_have_attribute("aria-sort", "descending")
    await page.go_forward()
    await expect(rows_of(page).first).to_contain_text("Lead 000")
    await page.get_by_role("link", name="Lead 000").click()
    await expect(page.get_by_role("heading", level=1, name="Lead 000")).to_be_visible()
    await page.go_back()
    await expect(rows_of(page).first).to_contain_text("Lead 000")
    await choose(page, "Rows on a page", "50 a page")
    await expect(rows_of(page)).to_have_count(50)

    strange = await open_page(owner, f"{HERE}?flow={uuid4()}&status=asleep&after=no-cursor&outcome=busy")
    await expect(strange.get_by_text("The flow of this filter is gone")).to_be_visible()
    await expect(strange.get_by_text("not known here (status)")).to_be_visible()
    await strange.get_by_role("button", name="All flows").click()
    await expect(strange.get_by_text("The flow of this filter is gone")).to_have_count(0)
    await expect(strange).to_have_url(re.compile(r"executions/?\?outcome=busy$"))


async def test_a_view_is_saved_shared_and_opened_in_another_tab(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(3))
    await over(made[0], "failed")
    page = await open_page(owner, f"{HERE}?status=failed&within=24")
    await expect(rows_of(page)).to_have_count(1)
    await page.get_by_role("button", name="Saved views", exact=True).click()
    await page.get_by_role("button", name="Save what you see here").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name").fill("Failed today")
    await dialog.get_by_label("Share with the team").click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Failed today", exact=True)).to_be_visible()  # the picker says which view this is
    await page.get_by_role("button", name="Failed today", exact=True).click()
    await page.get_by_role("button", name="Save what you see here").click()
    await page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("failed TODAY")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog").get_by_role("alert").first).to_contain_text("Choose another name")
    await page.keyboard.press("Escape")

    viewer = await make_person(Role.VIEWER, owner)
    seen = await open_page(viewer, HERE)
    await expect(rows_of(seen)).to_have_count(3)
    await seen.get_by_role("button", name="Saved views", exact=True).click()
    link = seen.get_by_role("link", name="Failed today")
    await expect(link).to_contain_text("Shared by Test owner")
    await expect(seen.get_by_role("button", name="Delete Failed today")).to_have_count(0)
    async with seen.context.expect_page() as opened:
        await link.click(modifiers=["Control"])
    tab = await opened.value
    await ready(tab)
    await expect(rows_of(tab)).to_have_count(1)
    await expect(tab.get_by_role("tab", name="Failed")).to_have_attribute("aria-selected", "true")
    await seen.get_by_role("button", name="Saved views", exact=True).click()
    await link.click()
    await expect(rows_of(seen)).to_have_count(1)
    await expect(seen.get_by_role("button", name="Failed today", exact=True)).to_be_visible()

    await page.get_by_role("tab", name="All").click()
    await page.get_by_role("button", name="Saved views", exact=True).click()
    await page.get_by_role("button", name="Keep what you see here as Failed today").click()
    await expect(page.get_by_role("button", name="Failed today", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Failed today", exact=True).click()
    await page.get_by_role("button", name="Rename or share Failed today").click()
    await page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Everything of today")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Everything of today", exact=True).click()
    await page.get_by_role("button", name="Delete Everything of today").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete view").click()
    await expect(page.get_by_role("button", name="Saved views", exact=True)).to_be_visible()


async def test_the_file_holds_what_is_shown(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(30))
    await over(made[7], "failed")
    page = await open_page(owner, f"{HERE}?status=failed")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export CSV").click()
    text = (await (await download.value).path()).read_text()
    assert "Lead 007" in text
    assert len(text.strip().splitlines()) == 2


async def test_nothing_to_show_says_what_would_be_here(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    page = await open_page(owner, HERE)
    await expect(page.get_by_role("heading", name="No executions yet")).to_be_visible()
    for tab, said in (
        ("Active now", "Nothing is going on right now"),
        ("Waiting", "Nothing waits"),
        ("Needs a person", "Nothing needs a person"),
        ("Failed", "None ended like this"),
    ):
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_role("heading", name=said)).to_be_visible()
    await page.get_by_role("tab", name="All").click()
    flow = await with_flow(owner)
    await told(await make_execution(owner, flow, "First of all", "+919876500001"))
    await expect(rows_of(page)).to_have_count(1)

    async with open_session() as session:  # a deleted flow: its executions are history
        row = await session.get(Flow, flow.id)
        assert row is not None
        row.is_enabled, row.deleted_at = False, utc_now()
    gone = await open_page(owner, f"{HERE}?flow={flow.id}")
    await expect(gone.get_by_text("The flow of this filter is gone")).to_be_visible()
    await expect(rows_of(gone)).to_have_count(1)


async def test_it_is_fit_for_a_phone_and_for_a_screen_reader(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(30))
    await change(made[-1], attempt(made[-1], 1, "ai_call", "unknown"))
    phone = await open_page(owner, f"{HERE}?status=waiting", width=390)
    await expect(rows_of(phone)).to_have_count(25)
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert await phone.evaluate(NAMELESS) == []
    found = await faults_in_both(phone)
    await expect(phone.get_by_label("From day")).to_be_hidden()
    await phone.get_by_role("button", name="Filters").click()
    await expect(phone.get_by_label("From day")).to_be_visible()
    page = await open_page(owner, f"{HERE}?status=waiting&flow={uuid4()}")
    found += await faults_in_both(page)
    await page.get_by_role("button", name="All flows").click()
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    found += await faults_in_both(page)
    await page.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults_in_both(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Saved views", exact=True).click()
    found += await faults_in_both(page)
    assert found == [], "\n".join(found)
