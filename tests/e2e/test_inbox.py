"""The inbox in a browser: what needs a person by cause, dealing with it alone, in bulk, and two people at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.engine import live
from autoflows.engine.causes import name_causes
from autoflows.engine.pool import transact
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Channel, Execution
from autoflows.models.database import open_session
from autoflows.services.views.flows import FlowView
from tests.e2e.conftest import OpenPage, Person, Site, make_person, ready, signed_in
from tests.e2e.flow_world import make_execution, make_flow, make_world
from tests.e2e.forged import forged_socket
from tests.e2e.test_axe import faults_in_both
from tests.e2e.test_executions import attempt

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

INBOX = "/dashboard/auto-engagement/inbox"
NAMES = ("Asha Patel", "Ravi Kumar", "Meera Shah", "Vikram Rao", "Neha Singh", "Imran Khan")
EXPIRED = {"error_class": "account", "error_code": "535", "error_message": "Authentication failed"}


async def over(execution: Execution, ending: str, order: int, kind: str, **log: Any) -> UUID:
    """Let the run end with this one attempt; gives the attempt's id."""
    provider = {"ai_call": "bolna", "email": "smtp"}[kind]
    async with open_session() as session:
        mine = select(Channel.id).where(Channel.user_id == execution.user_id, Channel.provider == provider)
        made = attempt(execution, order, kind, completed_at=utc_now(), channel_id=(await session.exec(mine)).one(), **log)
        session.add(made)
        row = await session.get(Execution, execution.id)
        assert row is not None
        row.status, row.due_at, row.completed_at, row.waiting_reason, row.waiting_until = ending, None, utc_now(), None, None
    if ending == "failed":
        await transact(lambda connection: name_causes(connection, [execution.id]))
    live.publish([live.LiveChange(execution.user_id, execution_id=execution.id)])
    return made.id


async def in_doubt(owner: Person, flow: FlowView, name: str, phone: str) -> UUID:
    execution = await make_execution(owner, flow, name, phone)
    told = {"agent": "Priya", "to": phone, "lookups": 3}
    return await over(
        execution, "completed", 1, "ai_call", status="unknown", provider_ref=f"call-{phone}", result_data=told,
        error_message="No outcome came, by webhook or by asking", answered_at=utc_now() - timedelta(minutes=9),
    )  # fmt: skip


async def failed(owner: Person, flow: FlowView, name: str, phone: str) -> UUID:
    execution = await make_execution(owner, flow, name, phone)
    await over(execution, "failed", 3, "email", status="failed", answered_at=utc_now(), result_data={"template": "Thank you"}, **EXPIRED)
    return execution.id


async def busy(owner: Person) -> FlowView:
    """Three runs that failed by one cause, then two calls in doubt."""
    flow = await make_flow(owner, "First call", await make_world(owner))
    for number, name in enumerate(NAMES[:3]):
        await failed(owner, flow, name, f"+91987650020{number}")
    for number, name in enumerate(NAMES[3:5]):
        await in_doubt(owner, flow, name, f"+91987650021{number}")
    return flow


def group(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title)


def line(page: Page, name: str) -> Locator:
    return page.locator(".af-inbox-item").filter(has_text=name)


async def test_one_after_the_other_is_dealt_with(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    await busy(owner)
    page = await open_page(owner, "/dashboard")
    entry = page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox")
    await expect(entry).to_contain_text("5 need a person")
    await entry.click()
    await page.wait_for_url(f"**{INBOX}")
    await ready(page)
    calls = group(page, "2 AI calls taken by the provider, outcome never told")
    await expect(calls.locator(".af-inbox-item")).to_have_count(2)  # the newest cause is open
    neha, meera, ravi = (line(page, name) for name in ("Neha Singh", "Meera Shah", "Ravi Kumar"))
    await expect(neha).to_contain_text("Step 1: AI call “Priya” to +919876500211 by bolna.")
    await expect(neha).to_contain_text("The provider was asked 3 times what became of it, and could not tell.")
    await expect(neha).to_contain_text("The call may have rung: calling again could reach them twice.")
    await neha.get_by_role("button", name="It reached them").click()
    await page.get_by_role("menuitem", name="It went to voicemail").click()
    await expect(neha).to_contain_text("You said: it reached them: it went to voicemail")
    await expect(neha.get_by_role("button")).to_have_count(0)
    await expect(entry).to_contain_text("4 need a person")
    mails = group(page, "3 e-mails failed: Authentication failed")
    await mails.get_by_role("button", name="3 e-mails failed").click()
    await expect(meera).to_contain_text("Tries step 3 (E-mail) once more. Nothing that was sent is sent again.")
    await meera.get_by_role("button", name="Leave it").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Leave Meera Shah as it is?")
    await dialog.get_by_label("Why?").fill("They bought elsewhere")
    await dialog.get_by_role("button", name="Leave it").click()
    await expect(meera).to_contain_text("You left it as it is")
    await expect(group(page, "2 e-mails failed: Authentication failed")).to_be_visible()
    await ravi.get_by_role("button", name="Try again").click()
    await expect(ravi).to_contain_text("You had it tried again")
    await page.get_by_role("tab", name="Left as they are").click()
    await expect(page.locator(".af-inbox-item")).to_have_count(1)
    await expect(page.locator(".af-inbox-item")).to_contain_text("Left as it is by Test owner: “They bought elsewhere”")
    await page.locator(".af-inbox-item").get_by_role("button", name="Try again").click()
    await expect(page.locator(".af-inbox-item")).to_contain_text("You had it tried again")
    await page.reload()
    await ready(page)
    await page.get_by_role("tab", name="Left as they are").click()
    await expect(page.get_by_text("Nothing was left")).to_be_visible()


async def test_all_of_one_cause_the_number_first(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await busy(owner)
    page = await open_page(owner, f"{INBOX}?kind=failed")
    mails = group(page, "3 e-mails failed: Authentication failed")
    await mails.get_by_role("button", name="Try all again").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Try 3 again?")
    await failed(owner, flow, NAMES[5], "+919876500205")  # came after the number was said
    await dialog.get_by_role("button", name="Try 3 again").click()
    await expect(page.get_by_text("3 run again")).to_be_visible()
    await expect(group(page, "1 e-mail failed: Authentication failed")).to_contain_text(NAMES[5])
    await page.get_by_role("combobox", name="Filter by kind").click()
    await page.get_by_role("option", name="In doubt").click()
    calls = group(page, "2 AI calls taken by the provider")
    await calls.get_by_role("button", name="Answer for all").click()
    await expect(dialog).to_contain_text("What became of 2?")
    await dialog.get_by_role("combobox").click()
    await page.get_by_role("option", name="It was never placed").click()
    await dialog.get_by_role("button", name="Answer for 2").click()
    await expect(page.get_by_text("2 noted")).to_be_visible()
    await expect(page.get_by_text("Nothing of these filters")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(group(page, "1 e-mail failed")).to_be_visible()


async def test_nothing_needs_anybody(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), INBOX)
    await expect(page.get_by_text("Nothing needs you")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox")).to_have_text("Inbox")


async def test_two_people_at_once(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await busy(owner)
    admin = await make_person(Role.ADMIN, owner)
    pages = [await open_page(person, INBOX) for person in (owner, admin)]
    first, second = pages
    for page in pages:
        await line(page, "Neha Singh").get_by_role("button", name="It reached them").click()
        await expect(page.get_by_role("menuitem", name="They answered")).to_be_visible()
    async with open_session() as session:  # as the other's word lands, just before the news of it
        log = (
            await session.exec(
                select(ActionLog).where(ActionLog.provider_ref == "call-+919876500211", ActionLog.user_id == owner.account_id)
            )
        ).one()
        log.status, log.outcome = "success", "missed"
    await second.get_by_role("menuitem", name="They answered").click()
    await expect(second.get_by_text("It is known by now")).to_be_visible()
    for page in pages:
        await page.keyboard.press("Escape")
    live.publish([live.LiveChange(owner.account_id)])
    for page in pages:
        await expect(line(page, "Neha Singh")).to_contain_text("Dealt with meanwhile")
        await expect(line(page, "Neha Singh").get_by_role("button")).to_have_count(0)
    await line(first, "Vikram Rao").get_by_role("button", name="It did not").click()
    await first.get_by_role("menuitem", name="It was never placed").click()
    await expect(second.get_by_text("Vikram Rao")).to_have_count(0)  # live: that cause is dealt with, so the next one opens
    await expect(group(second, "3 e-mails failed")).to_contain_text("Asha Patel")
    await failed(owner, flow, NAMES[5], "+919876500205")
    await first.get_by_role("button", name="Try again: Asha Patel").click()
    await expect(group(second, "3 e-mails failed").locator(".af-inbox-gone")).to_contain_text("Dealt with meanwhile")
    await expect(second.get_by_text(NAMES[5])).to_have_count(0)  # nothing moves under the pointer
    await second.get_by_role("button", name="Show what came since").click()
    await expect(second.get_by_text(NAMES[5])).to_be_visible()


async def test_viewers_read_and_their_forged_events_are_refused(open_page: OpenPage, site: Site, chromium: Browser) -> None:
    owner = await make_person()
    flow = await busy(owner)
    execution_id = await failed(owner, flow, NAMES[5], "+919876500205")
    log_id = await in_doubt(owner, flow, "Zoya", "+919876500219")
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, INBOX)
    await expect(page.get_by_text("View only")).to_be_visible()
    await expect(page.locator(".af-inbox-item").first).to_contain_text("The call may have rung")
    assert "98765002" not in await page.content()
    await expect(page.locator("main").get_by_role("button", name="It reached them")).to_have_count(0)
    await expect(page.locator("main").get_by_role("button", name="Answer for all")).to_have_count(0)

    context = await chromium.new_context()
    async with signed_in(site, viewer) as client:
        await context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()])
        cause = (await client.get("/api/automation/inbox/causes")).json()["data"][-1]["cause"]
    socket = await forged_socket(site, context, str(uuid4()))
    state = "reflex___state____state.autoflows___ui___states___base____base.autoflows___ui___states___inbox____inbox_state"
    await socket.send(f"{state}.load")
    await socket.send(f"{state}.resolve", log_id=str(log_id), status="failed", outcome="")
    await socket.send(f"{state}.retry", execution_id=str(execution_id))
    await socket.send(f"{state}.ask_leave", execution_id=str(execution_id))
    await socket.send(f"{state}.leave", form={"note": "x"})
    await socket.send(f"{state}.ask_all", act="retry", key=cause)
    await socket.send(f"{state}.do_all", form={})
    await socket.settle(told="Not allowed")
    await context.close()
    async with open_session() as session:
        log, execution = await session.get(ActionLog, log_id), await session.get(Execution, execution_id)
        assert log is not None
        assert execution is not None
        assert (log.status, execution.status, execution.dismissed_at) == ("unknown", "failed", None)


async def test_the_list_and_the_notice_lead_here(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    await busy(owner)
    page = await open_page(owner, "/dashboard/auto-engagement/executions?status=needs_person")
    await page.get_by_role("link", name="Open the inbox").click()
    await page.wait_for_url(f"**{INBOX}")
    await page.goto(f"{site.url}/dashboard/notifications")
    await ready(page)
    await page.locator("main").get_by_role("link", name="Not known whether 2 contact attempts reached anyone").click()
    await page.wait_for_url(f"**{INBOX}?kind=unknown")
    await ready(page)
    await expect(page.locator(".af-cause-head")).to_have_count(1)
    await page.goto(f"{site.url}/dashboard")
    await ready(page)
    await page.locator("main").get_by_role("link", name="Inbox (5)").click()
    await page.wait_for_url(f"**{INBOX}")


@pytest.mark.parametrize("width", [1440, 390])
async def test_axe_finds_no_serious_fault(open_page: OpenPage, width: int) -> None:
    owner = await make_person()
    await busy(owner)
    page = await open_page(owner, INBOX, width=width)
    found = await faults_in_both(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.get_by_role("button", name="Answer for all").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults_in_both(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="3 e-mails failed").click()
    await page.get_by_role("button", name="Leave it: Meera Shah").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults_in_both(page)
    assert found == [], "\n".join(found)
