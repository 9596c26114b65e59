"""The builder at its limits: the longest flow there can be, a finger, and a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from autoflows.domain.flow import MAX_ACTIONS
from autoflows.models.database import open_session
from autoflows.services import auth, flows, users
from autoflows.services.views.flows import FlowCreate, FlowView
from tests.e2e.builder import FLOWS, cards, expect_saved, handle, panel_title, saved, select_card, steps
from tests.e2e.conftest import OpenPage, Person, make_person, ready
from tests.e2e.flow_world import flow_named, make_flow, make_world
from tests.e2e.hands import drag, drag_with_finger

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120, func_only=True)]


async def make_waits(owner: Person, count: int) -> FlowView:
    """A flow of so many waits."""
    actions = [{"action_order": n, "action_type": "wait", "action_config": {"duration_minutes": n}} for n in range(1, count + 1)]
    async with open_session() as session:
        user = await users.find_user(session, owner.email)
        assert user is not None
        body = {"name": "Long", "conditions": [], "actions": actions}
        return await flows.create_flow(auth.actor_of(user, "session"), session, FlowCreate.model_validate(body))


async def test_the_longest_flow_is_opened_edited_and_published(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_waits(owner, MAX_ACTIONS)
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await expect(cards(page)).to_have_count(MAX_ACTIONS)
    last = page.get_by_role("button", name=f"{MAX_ACTIONS}. Wait")
    await last.scroll_into_view_if_needed()
    await last.click()
    await expect(panel_title(page)).to_have_text(f"{MAX_ACTIONS}. Wait")
    await page.get_by_label("Wait for").fill("45")
    await page.get_by_label("Wait for").press("Tab")
    await expect(last).to_contain_text("Wait 45 minutes")
    await drag(page, handle(page, f"{MAX_ACTIONS}, Wait"), handle(page, f"{MAX_ACTIONS - 1}, Wait"))
    await expect(page.get_by_role("button", name=f"{MAX_ACTIONS - 1}. Wait")).to_contain_text("Wait 45 minutes")
    await page.get_by_role("button", name="Add a step").click()
    await page.get_by_role("dialog").get_by_role("button", name="Insert Wait").click()
    await expect(page.get_by_text(f"A flow may have {MAX_ACTIONS} steps at most.")).to_be_visible()
    await expect_saved(page)
    await page.reload()
    await ready(page)
    await expect(page.get_by_role("button", name=f"{MAX_ACTIONS - 1}. Wait")).to_contain_text("Wait 45 minutes")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live.")).to_be_visible()
    await expect(saved(page)).to_have_text("As published")
    stored = await flow_named(owner, "Long")
    assert stored is not None
    assert stored.version == 2


async def test_steps_are_put_in_order_with_a_finger(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Touched", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit", width=390)
    await steps(page).scroll_into_view_if_needed()
    await drag_with_finger(page, handle(page, "1, AI call"), handle(page, "2, Wait"))
    await expect(cards(page)).to_have_text(["1. Wait", "2. AI call", "3. E-mail"])
    await drag_with_finger(page, handle(page, "3, E-mail"), handle(page, "2, AI call"))
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail", "3. AI call"])
    await expect_saved(page)


async def test_a_phone_looks_switches_and_edits(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flow(owner, "Pocket", await make_world(owner))
    page = await open_page(owner, FLOWS, width=390)

    async def expect_no_sideways_scroll() -> None:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390

    await expect_no_sideways_scroll()
    await page.get_by_role("switch", name="Enable Pocket").click()
    await expect(page.get_by_text("“Pocket” is off")).to_be_visible()
    await page.get_by_role("link", name="Pocket", exact=True).click()
    await page.wait_for_url("**/edit*")
    await ready(page)
    await expect(cards(page)).to_have_count(3)
    await expect_no_sideways_scroll()
    await page.get_by_role("switch", name="New leads enter this flow").click()
    await expect(page.get_by_text("On · version 1")).to_be_visible()
    await page.get_by_role("button", name="Flow settings").click()
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_be_in_viewport()
    await name.fill("Pocket, renamed")
    await page.get_by_label("Contacts per hour").fill("30")
    await page.get_by_role("button", name="Close the panel").click()
    await expect(name).to_be_hidden()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Pocket, renamed")
    await select_card(page, "2. Wait")
    await page.get_by_role("button", name="1 hour").click()
    await page.get_by_role("button", name="Close the panel").click()
    await expect(steps(page)).to_contain_text("Wait 1 hour")
    await page.get_by_role("button", name="Add a step").click()
    await page.get_by_role("dialog").get_by_role("button", name="Insert WhatsApp message").click()
    await expect(panel_title(page)).to_have_text("4. WhatsApp message")
    await page.get_by_role("button", name="Close the panel").click()
    await expect(cards(page)).to_have_count(4)
    await expect_saved(page)
    await page.get_by_role("button", name="Remove step 4").click()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live. New leads enter it.")).to_be_visible()
    await expect_no_sideways_scroll()
    stored = await flow_named(owner, "Pocket, renamed")
    assert stored is not None
    assert stored.max_contacts_per_hour == 30
