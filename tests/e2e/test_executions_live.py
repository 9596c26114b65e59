"""The list of executions while others act: it moves by itself, not under the reader's eyes, and shows each what they may see."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.models import AuditEntry, Execution
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, Site, make_person, signed_in, until
from tests.e2e.executions_world import HERE, LIST, over, people, rows_of, table_of, told, with_flow
from tests.e2e.flow_world import make_execution, make_executions
from tests.e2e.forged import forged_socket

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]


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
    await page.wait_for_timeout(1000)  # the page tells the server that it is scrolled
    await over(made[20], "failed", error_message="Refused.")
    await expect(page.get_by_role("row", name="Lead 020")).to_contain_text("Failed")
    await expect(page.get_by_role("tab", name="Failed")).to_contain_text("1")
    await page.evaluate("window.scrollTo(0, 0)")
    await told(made[0])
    await expect(page.get_by_role("row", name="Lead 020")).to_have_count(0)
