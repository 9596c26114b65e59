"""The list of executions in a browser: it shows what its address asks for, moves by itself, and does things to many."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.engine import live
from autoflows.ids import utc_now
from autoflows.models import AuditEntry, Execution, Flow
from autoflows.models.database import open_session
from autoflows.services.views.flows import FlowView
from tests.e2e.conftest import OpenPage, Person, Site, make_person, ready, signed_in, until
from tests.e2e.flow_world import make_execution, make_executions, make_flow, make_world
from tests.e2e.forged import forged_socket
from tests.e2e.test_axe import faults
from tests.e2e.test_executions import attempt, change
from tests.e2e.test_pages import NAMELESS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

HERE = "/dashboard/auto-engagement/executions"
LIST = "reflex___state____state.autoflows___ui___states___base____base.autoflows___ui___states___executions____execution_list"


def people(count: int, word: str = "Lead", numbers: str = "+9198765") -> list[tuple[str, str]]:
    return [(f"{word} {number:03}", f"{numbers}{number:05}") for number in range(count)]


def table_of(page: Page) -> Locator:
    return page.get_by_role("table", name="Executions")


def rows_of(page: Page) -> Locator:
    return table_of(page).locator("tbody tr")


async def choose(page: Page, label: str, option: str) -> None:
    await page.get_by_role("combobox", name=label).click()
    await page.get_by_role("option", name=option).click()


async def told(*executions: Execution) -> None:
    """Announce them, as a worker does."""
    live.publish([live.LiveChange(execution.user_id, execution_id=execution.id) for execution in executions])


async def over(execution: Execution, status: str, **values: Any) -> None:
    ended: dict[str, Any] = {"due_at": None, "completed_at": utc_now(), "waiting_reason": None, "waiting_rule": None, "waiting_until": None}
    await change(execution, status=status, **ended | values)


async def with_flow(owner: Person, name: str = "First call") -> FlowView:
    return await make_flow(owner, name, await make_world(owner))


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


async def test_a_viewer_watches_what_an_admin_does(open_page: OpenPage, site: Site, chromium: Browser) -> None:
    owner = await make_person()
    admin, viewer = await make_person(Role.ADMIN, owner), await make_person(Role.VIEWER, owner)
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(3))
    seen, page = await open_page(viewer, HERE), await open_page(admin, HERE)
    await expect(table_of(seen)).to_contain_text("Lead 002")
    content = await seen.content()
    assert "+9198765" not in content
    await expect(table_of(page)).to_contain_text("+919876500002")
    await expect(seen.get_by_text("View only")).to_be_visible()
    await expect(seen.get_by_role("checkbox")).to_have_count(0)
    await expect(seen.get_by_role("link", name="Export CSV")).to_have_count(0)

    await page.get_by_role("checkbox", name="Choose Lead 001").click()
    await page.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog", name="Cancel 1 execution?")).to_be_visible()
    await page.get_by_role("dialog").get_by_label("Reason").fill("Wrong list")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel 1").click()
    await expect(page.get_by_text("1 cancelled.")).to_be_visible()
    await expect(rows_of(seen).nth(1)).to_contain_text("Cancelled")
    await expect(rows_of(seen).nth(1)).to_have_class(re.compile("af-flash"))
    await expect(seen.get_by_role("tab", name="Cancelled")).to_contain_text("1")

    context = await chromium.new_context()
    async with signed_in(site, viewer) as client:
        await context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()])
    socket = await forged_socket(site, context, str(uuid4()))
    await socket.send("reflex___state____state.hydrate")  # a tab that has not begun so keeps nothing
    await socket.send(f"{LIST}.load")

    async def said(text: str) -> bool:
        return text in await socket.answers()

    await until(lambda: said("Lead 002"), "the list is read", 20)
    await socket.send(f"{LIST}.tick", execution_id=str(made[0].id), on=True)
    await socket.send(f"{LIST}.ask_bulk", kind="cancel")
    await socket.send(f"{LIST}.run_bulk", form={"bulk-reason": "mine"})
    await socket.send(f"{LIST}.choose_all_fitting")
    await socket.send(f"{LIST}.ask_bulk", kind="retry")
    await socket.send(f"{LIST}.run_bulk", form={})
    await until(lambda: said("Your role may look at executions but not change them"), "the refusal", 20)
    await socket.settle()
    assert "+9198765" not in await socket.answers()
    async with open_session() as session:
        statuses = (await session.exec(select(Execution.status).where(Execution.flow_id == flow.id))).all()
    assert sorted(statuses) == ["cancelled", "running", "running"]
    await context.close()


async def test_no_handler_takes_nonsense(site: Site, chromium: Browser) -> None:
    owner = await make_person()
    await make_executions(owner, await with_flow(owner), people(2))
    context = await chromium.new_context()
    async with signed_in(site, owner) as client:
        await context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()])
    socket = await forged_socket(site, context, str(uuid4()))
    await socket.send("reflex___state____state.hydrate")
    await socket.send(f"{LIST}.load")
    handlers = {
        "choose": ("name", "value"), "tick": ("execution_id", "on"), "tick_page": ("on",), "ask_bulk": ("kind",), "run_bulk": ("form",),
        "close_bulk": ("is_open",), "set_at_top": ("is_at_top",), "set_views_open": ("is_open",), "ask_name": ("view_id",),
        "close_naming": ("is_open",), "save_view": ("form",), "keep_filters": ("view_id",), "ask_drop": ("view_id",),
        "close_drop": ("is_open",),
    }  # fmt: skip
    for value in (None, 5, "x" * 3000, ["x"], {"a": 1}, str(uuid4()), "__class__"):
        for handler, arguments in handlers.items():
            await socket.send(f"{LIST}.{handler}", **dict.fromkeys(arguments, value))
    for name in ("status", "flow", "size", "sort", "first", "within", "rule"):
        await socket.send(f"{LIST}.choose", name=name, value="nonsense")
    await socket.settle()
    assert "The fault is ours" not in await socket.answers()
    async with open_session() as session:
        found = (await session.exec(select(AuditEntry.action).where(AuditEntry.user_id == owner.account_id))).all()
    assert not [action for action in found if "execution" in action or "saved_view" in action]
    await context.close()


async def test_new_rows_wait_while_somebody_reads(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(60))
    page = await open_page(owner, HERE)
    await expect(rows_of(page)).to_have_count(25)
    fresh = await make_execution(owner, flow, "At once", "+919876600001")
    await told(fresh)
    await expect(rows_of(page).first).to_contain_text("At once")  # at the top it comes by itself,
    await expect(rows_of(page).first).to_have_class(re.compile("af-flash"))

    await rows_of(page).nth(20).scroll_into_view_if_needed()
    await page.mouse.wheel(0, 900)
    await page.wait_for_function("window.scrollY > 300")
    shown = await rows_of(page).all_inner_texts()
    later = await make_executions(owner, flow, people(2, "Later", "+9198764"))
    await told(*later)
    await expect(page.get_by_role("button", name="2 new")).to_be_visible()  # further down it is announced,
    await over(made[50], "completed")  # while what is shown changes in its place
    await expect(page.get_by_role("row", name="Lead 050")).to_contain_text("Completed")
    assert [text.split("\n")[0] for text in await rows_of(page).all_inner_texts()] == [text.split("\n")[0] for text in shown]
    await page.get_by_role("button", name="2 new").click()
    await expect(rows_of(page).first).to_contain_text("Later 001")
    await page.wait_for_function("window.scrollY === 0")
    await expect(page.get_by_role("button", name="2 new")).to_have_count(0)

    await page.get_by_role("button", name="Older").click()
    await expect(rows_of(page).first).to_contain_text("Lead 037")
    await told(await make_execution(owner, flow, "Last", "+919876600009"))
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()  # and so on a later page
    await expect(rows_of(page).first).to_contain_text("Lead 037")
    await page.get_by_role("button", name="1 new").click()
    await expect(rows_of(page).first).to_contain_text("Last")
    await expect(page).to_have_url(re.compile(r"executions/?$"))


async def test_a_row_that_leaves_its_tab_stays_until_the_reader_is_back_at_the_top(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(30))
    page = await open_page(owner, f"{HERE}?status=waiting")
    await expect(rows_of(page)).to_have_count(25)
    await page.mouse.wheel(0, 900)
    await page.wait_for_function("window.scrollY > 300")
    await over(made[20], "failed", error_message="Refused.")
    await expect(page.get_by_role("row", name="Lead 020")).to_contain_text("Failed")
    await expect(page.get_by_role("tab", name="Failed")).to_contain_text("1")
    await page.evaluate("window.scrollTo(0, 0)")
    await told(made[0])
    await expect(page.get_by_role("row", name="Lead 020")).to_have_count(0)


async def test_many_are_cancelled_and_tried_again(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(40))
    for execution in made[:3]:
        await over(execution, "failed")
    page = await open_page(owner, HERE)
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    bar = page.get_by_role("group", name="Chosen executions")
    await expect(bar).to_contain_text("25 chosen")
    await page.get_by_role("checkbox", name="Choose Lead 039").click()
    await expect(bar).to_contain_text("24 chosen")
    await page.get_by_role("checkbox", name="Choose Lead 039").click()
    await bar.get_by_role("button", name="Choose all 40 that fit the filters").click()
    await expect(bar).to_contain_text("All 40 that fit are chosen")
    await bar.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel 37 executions?")  # three of the forty run no more
    await dialog.get_by_label("Reason").fill("Wrong import")
    await dialog.get_by_role("button", name="Cancel 37").click()
    await expect(page.get_by_text("37 cancelled.")).to_be_visible()
    await expect(page.get_by_role("tab", name="Cancelled")).to_contain_text("37")
    await expect(table_of(page)).to_contain_text("Wrong import")
    await page.get_by_role("button", name="Dismiss").click()

    await page.get_by_role("tab", name="Failed").click()
    await expect(rows_of(page)).to_have_count(3)
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    await bar.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog", name="Nothing to cancel")).to_be_visible()
    await page.get_by_role("button", name="Close").first.click()
    await make_execution_of(made[0])  # somebody else was quicker
    await bar.get_by_role("button", name="Try again…").click()
    await page.get_by_role("dialog", name="Try 3 executions again?").get_by_role("button", name="Try 3 again").click()
    await expect(page.get_by_text("2 tried again.")).to_be_visible()
    await expect(page.get_by_text("1 not tried again: Another execution of this flow runs for this person now")).to_be_visible()
    await page.get_by_role("tab", name="All").click()
    await expect(page.get_by_role("tab", name="Active now")).to_contain_text("2")


async def make_execution_of(before: Execution) -> None:
    """Another run of the same flow for the same person."""
    async with open_session() as session:
        ids = {name: getattr(before, name) for name in ("flow_id", "flow_version_id", "contact_id", "user_id")}
        far = utc_now() + timedelta(days=1)
        session.add(Execution(**ids, due_at=far, waiting_until=far, waiting_reason="Flow hours", waiting_rule="flow_hours"))


async def test_what_ends_between_the_question_and_the_answer_is_told(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(12))
    page = await open_page(owner, HERE)
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    await page.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog", name="Cancel 12 executions?")).to_be_visible()
    async with open_session() as session:  # unannounced, so that the page cannot know
        row = await session.get(Execution, made[4].id)
        assert row is not None
        row.status, row.due_at, row.completed_at = "completed", None, utc_now()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel 12").click()
    await expect(page.get_by_text("11 cancelled, 1 had ended already.")).to_be_visible()
    await expect(page.get_by_role("row", name="Lead 004")).to_contain_text("Completed")


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_it_is_fit_for_a_phone_and_for_a_screen_reader(open_page: OpenPage, dark: bool) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(30))
    await change(made[-1], attempt(made[-1], 1, "ai_call", "unknown"))
    phone = await open_page(owner, f"{HERE}?status=waiting", width=390, dark=dark)
    await expect(rows_of(phone)).to_have_count(25)
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert await phone.evaluate(NAMELESS) == []
    found = await faults(phone)
    page = await open_page(owner, f"{HERE}?status=waiting&flow={uuid4()}", dark=dark)
    found += await faults(page)
    await page.get_by_role("button", name="All flows").click()
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    found += await faults(page)
    await page.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults(page, is_trapped=True)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Saved views", exact=True).click()
    found += await faults(page, is_trapped=True)
    assert found == [], "\n".join(found)
