"""Stopping in a browser: holding, switching off and deleting flows with leads in them, attempts in doubt, another try, held channels."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Locator, Page, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Channel, Execution, Flow
from autoflows.models.database import open_session
from autoflows.services.views.flows import FlowView
from tests.e2e.conftest import OpenPage, Person, make_person, ready
from tests.e2e.flow_world import flow_named, make_execution, make_flow, make_world
from tests.e2e.test_executions import attempt

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"
HERE = f"{FLOWS}/executions"
PEOPLE = (("Asha Patel", "+919876500101"), ("Ravi Kumar", "+919876500102"), ("Meera Shah", "+919876500103"))


async def busy_flow(owner: Person, name: str = "First call") -> FlowView:
    """A flow with three leads in it."""
    flow = await make_flow(owner, name, await make_world(owner))
    for person, phone in PEOPLE:
        await make_execution(owner, flow, person, phone)
    return flow


async def statuses(flow: FlowView) -> list[str]:
    async with open_session() as session:
        return list((await session.exec(select(Execution.status).where(Execution.flow_id == flow.id))).all())


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog")


async def test_a_flow_is_held_and_resumed(open_page: OpenPage) -> None:
    owner = await make_person()
    await busy_flow(owner)
    page = await open_page(owner, FLOWS)
    await page.get_by_role("button", name="More for First call").click()
    await page.get_by_role("menuitem", name="Hold every contact").click()
    await expect(page.get_by_text("nothing is sent by this flow. 3 leads wait in it where they are.")).to_be_visible()
    flow = await flow_named(owner, "First call")
    assert flow is not None
    assert (flow.is_held, flow.is_enabled) == (True, True)
    await page.get_by_role("link", name="First call", exact=True).click()
    await ready(page)
    await expect(page.get_by_text("Leads in it wait where they are.")).to_be_visible()
    await page.get_by_role("link", name="Flows", exact=True).click()
    await page.get_by_role("button", name="Resume First call").click()
    await expect(page.get_by_text("nothing is sent by this flow")).to_have_count(0)
    viewer = await make_person(Role.VIEWER, owner)
    async with open_session() as session:
        row = await session.get(Flow, flow.id)
        assert row is not None
        assert row.is_held is False
        row.is_held = True
    seen = await open_page(viewer, FLOWS)
    await expect(seen.get_by_text("nothing is sent by this flow")).to_be_visible()
    await expect(seen.get_by_role("button", name="Resume First call")).to_have_count(0)


async def test_switching_off_asks_what_becomes_of_the_leads_in_it(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await busy_flow(owner)
    page = await open_page(owner, FLOWS)
    switch = page.get_by_role("switch", name="Enable First call")
    await switch.click()
    dialog = dialog_of(page)
    await expect(dialog).to_contain_text("3 leads are in this flow now.")
    await expect(dialog.get_by_role("radio", name="Let them finish")).to_be_checked()
    await dialog.get_by_role("button", name="Keep as it is").click()
    await expect(dialog).to_have_count(0)
    await expect(switch).to_be_checked()

    await switch.click()
    await dialog.get_by_role("radio", name="Hold them").click()
    await dialog.get_by_role("button", name="Switch off and hold 3").click()
    await expect(page.get_by_text("3 leads in it are held until you resume it.")).to_be_visible()
    await expect(switch).not_to_be_checked()
    assert await statuses(flow) == ["running"] * 3
    await switch.click()  # on again: what was held goes on
    await expect(page.get_by_text("“First call” is on")).to_be_visible()
    await expect(page.get_by_role("button", name="Resume First call")).to_have_count(0)

    await switch.click()
    await dialog.get_by_role("radio", name="Cancel them").click()
    await dialog.get_by_role("button", name="Switch off and cancel 3").click()
    await expect(page.get_by_text("3 leads in it were cancelled.")).to_be_visible()
    assert await statuses(flow) == ["cancelled"] * 3
    await expect(switch).not_to_be_checked()


async def test_deleting_lets_them_finish_or_cancels_them(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await busy_flow(owner)
    page = await open_page(owner, FLOWS)
    await page.get_by_role("button", name="More for First call").click()
    await page.get_by_role("menuitem", name="Delete").click()
    dialog = dialog_of(page)
    await expect(dialog).to_contain_text("3 leads are in this flow now.")
    await expect(dialog.get_by_role("radio")).to_have_count(2)
    await dialog.get_by_role("radio", name="Cancel them").click()
    await dialog.get_by_role("button", name="Delete flow and cancel 3").click()
    await expect(page.get_by_text("“First call” was deleted")).to_be_visible()
    assert await statuses(flow) == ["cancelled"] * 3
    deleted = await flow_named(owner, "First call")
    assert deleted is not None
    assert deleted.deleted_at is not None


async def add_attempt(execution: Execution, status: str, **values: object) -> UUID:
    log = attempt(execution, 1, "ai_call", status, completed_at=utc_now(), **values)
    async with open_session() as session:
        session.add(log)
    return log.id


async def test_a_person_says_what_became_of_an_attempt(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "In doubt", await make_world(owner))
    execution = await make_execution(owner, flow, *PEOPLE[0])
    log_id = await add_attempt(execution, "unknown", outcome="unknown", provider_ref="call-1", error_message="No outcome came")
    page = await open_page(owner, f"{HERE}?status=needs_person")
    table = page.get_by_role("table", name="Executions")
    await expect(page.get_by_role("tab", name="Needs a person")).to_contain_text("1")
    await table.get_by_role("link", name="Asha Patel").click()
    await ready(page)
    timeline = page.get_by_role("region", name="Timeline")
    await expect(timeline).to_contain_text("The lead may have been called already, so a second try could reach them twice")
    await timeline.get_by_role("button", name="It reached them").click()
    dialog = dialog_of(page)
    await dialog.get_by_role("combobox").click()
    await page.get_by_role("option", name="It rang, and nobody answered").click()
    await dialog.get_by_label("How do you know?").fill("Seen on the bill")
    await dialog.get_by_role("button", name="It reached them").click()
    await expect(timeline).to_contain_text("Test owner said it reached them (missed): “Seen on the bill”")
    await expect(timeline.get_by_role("button", name="It reached them")).to_have_count(0)
    async with open_session() as session:
        log = await session.get(ActionLog, log_id)
        assert log is not None
        assert (log.status, log.outcome) == ("success", "missed")
    await page.goto(page.url.split("/dashboard")[0] + f"{HERE}?status=needs_person")
    await ready(page)
    await expect(page.get_by_text("Nothing needs a person")).to_be_visible()


async def test_a_failed_execution_is_tried_again(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Failed", await make_world(owner))
    execution = await make_execution(owner, flow, *PEOPLE[0])
    await add_attempt(execution, "failed", error_message="The number is not in service")
    async with open_session() as session:
        row = await session.get(Execution, execution.id)
        assert row is not None
        row.status, row.due_at, row.completed_at, row.waiting_reason = "failed", None, utc_now(), None
    viewer = await make_person(Role.VIEWER, owner)
    seen = await open_page(viewer, f"{HERE}/{execution.id}")
    await expect(seen.get_by_role("button", name="Try again")).to_have_count(0)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await page.get_by_role("button", name="Try again").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Try again").click()
    await expect(page.get_by_label("Summary")).to_contain_text("Running")
    await expect(page.get_by_role("region", name="Timeline")).to_contain_text("Tried again by hand")
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)


async def test_a_held_channel_says_why_and_is_tried_now(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_world(owner)
    async with open_session() as session:
        channel = (await session.exec(select(Channel).where(Channel.user_id == owner.account_id, Channel.provider == "bolna"))).one()
        channel.breaker_state, channel.breaker_reason = "open", "The provider refused our key"
        channel.breaker_opened_at, channel.breaker_until = utc_now(), utc_now() + timedelta(minutes=10)
    viewer = await make_person(Role.VIEWER, owner)
    seen = await open_page(viewer, "/dashboard/channels")
    await expect(seen.get_by_role("region", name="bolna")).to_contain_text("Held: The provider refused our key. Next try")
    await expect(seen.get_by_role("button", name="Try now")).to_have_count(0)
    page = await open_page(owner, "/dashboard/channels")
    card = page.get_by_role("region", name="bolna")
    await card.get_by_role("button", name="Try now").click()
    await expect(card).to_contain_text("One contact tries it now")
    await expect(card.get_by_role("button", name="Try now")).to_have_count(0)
    async with open_session() as session:
        row = await session.get(Channel, channel.id)
        assert row is not None
        assert row.breaker_until is not None
        assert row.breaker_until <= utc_now()
