"""axe-core over the builder, each of its panels and everything that lies over it, in light and dark: no serious or critical fault."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from autoflows.domain.permissions import Role
from autoflows.models import VoiceAgent
from autoflows.models.database import open_session
from tests.e2e.builder import FLOWS, cards, expect_saved
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import make_execution, make_flow, make_lead, make_world
from tests.e2e.test_axe import faults_in_both

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180, func_only=True)]


async def close(page: Page) -> None:
    """Leave what lies over the page."""
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_builder_and_its_dialogs(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    await make_lead(owner, "IndiaMART", "+919876500163")
    flow = await make_flow(owner, "Checked", world)
    await make_execution(owner, flow, "Asha", "+919876500164")
    page = await open_page(owner, f"{FLOWS}/create")
    found = await faults_in_both(page)
    await page.goto(page.url.replace("/create", f"/{flow.id}/edit"))
    await ready(page)
    for card in ("When a lead arrives", "1. AI call", "2. Wait", "3. E-mail", "Flow settings"):
        await page.get_by_role("button", name=card).click()
        await expect(page.locator("#inspector h2")).to_have_text(card)
        found += await faults_in_both(page)
    await page.get_by_role("switch", name="This flow keeps its own hours").click()
    await expect(page.get_by_label("Opens")).to_be_visible()
    found += await faults_in_both(page)
    await page.get_by_role("radio", name="Chart").click()
    await expect(page.locator(".react-flow__node")).to_have_count(6)
    found += await faults_in_both(page)
    await page.get_by_role("radio", name="List").click()
    for button in ("Add a step", "Publish", "Version history", "Discard the draft"):
        await page.get_by_role("button", name=button, exact=True).click()
        await expect(page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))).to_be_visible()
        found += await faults_in_both(page)
        await close(page)
    await page.get_by_role("switch", name="New leads enter this flow").click()
    await expect(page.get_by_role("dialog", name="Switch off")).to_be_visible()
    found += await faults_in_both(page)
    await close(page)
    async with open_session() as session:
        agent = await session.get(VoiceAgent, world.agent)
        assert agent is not None
        agent.is_active = False
    await page.get_by_role("button", name="Remove step 3").click()
    await expect(page.get_by_role("button", name="To do: 0")).to_have_count(0)
    found += await faults_in_both(page)
    await page.locator("#problems").click()
    await expect(page.get_by_role("dialog", name="To do")).to_be_visible()
    found += await faults_in_both(page)
    await close(page)
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("the flow can be published, but not be on")
    found += await faults_in_both(page)
    assert found == [], "\n".join(found)


async def test_the_builder_of_two_and_of_who_may_only_look(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Shared", await make_world(owner))
    address = f"{FLOWS}/{flow.id}/edit"
    first = await open_page(owner, address)
    await first.get_by_role("button", name="Remove step 3").click()
    await expect_saved(first)
    second = await open_page(await make_person(Role.ADMIN, owner), address)
    await expect(second.get_by_text("is editing this flow")).to_be_visible()
    found = await faults_in_both(second)
    await second.get_by_role("button", name="Take over").click()
    await second.get_by_role("button", name="Remove step 2").click()
    await expect(cards(second)).to_have_count(1)
    await expect_saved(second)
    await first.get_by_role("button", name="Remove step 1").click()
    await expect(first.get_by_role("alertdialog")).to_be_visible()
    found += await faults_in_both(first)
    viewer = await open_page(await make_person(Role.VIEWER, owner), address)
    found += await faults_in_both(viewer)
    phone = await open_page(await make_person(Role.VIEWER, owner), address, width=390)
    await phone.get_by_role("button", name="2. Wait").click()
    await expect(phone.locator("#inspector h2")).to_have_text("2. Wait")
    found += await faults_in_both(phone)
    assert found == [], "\n".join(found)
