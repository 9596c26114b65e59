"""Flows in a browser: build one, be told what is wrong with it, order, switch, delete; and what a viewer sees."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.async_api import Dialog, Page, expect

from autoflows.domain.permissions import Role
from autoflows.models import VoiceAgent
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import flow_named, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"


async def choose(page: Page, control: str, option: str) -> None:
    """Choose in a select by its accessible name."""
    await page.get_by_role("combobox", name=control, exact=True).click()
    await page.get_by_role("option", name=option).first.click()


async def test_build_a_flow_and_save_it(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_world(owner)
    page = await open_page(owner, f"{FLOWS}/create")
    await page.get_by_label("Name", exact=True).fill("IndiaMART first call")
    await page.get_by_label("Condition 1: value").fill("IndiaMART")
    for step in ("AI call", "Wait", "WhatsApp message", "E-mail"):
        await page.get_by_role("button", name=f"Add step: {step}").click()
    await expect(page.get_by_role("heading", name="4. E-mail")).to_be_visible()
    # What there is only one of is chosen already.
    await expect(page.get_by_role("combobox", name="Voice agent, step 1", exact=True)).to_contain_text("Priya")
    await choose(page, "Caller id, step 1", "Front desk")
    await page.get_by_label("Minutes", exact=True).fill("15")
    await choose(page, "When step 2 runs", "If the last call was…")
    await choose(page, "When step 3 runs", "If the last call was…")
    await choose(page, "When step 4 runs", "Always")
    await choose(page, "Source of variable 1 of step 3", "Name")
    await choose(page, "Source of variable 2 of step 3", "Custom field")
    await page.get_by_label("Custom field for variable 2 of step 3").fill("product")
    await page.get_by_label("Cooldown in minutes").fill("30")
    await expect(page.get_by_text("Then, if the last call was not answered, wait 15 minutes.").first).to_be_visible()
    await expect(page.get_by_text("Hello ‹Name›, about ‹product›: we tried to call.")).to_be_visible()
    await expect(page.get_by_text("Unsaved changes")).to_be_visible()
    await page.get_by_role("button", name="Move step 4 up").click()
    await expect(page.get_by_role("heading", name="3. E-mail")).to_be_visible()
    await page.get_by_role("button", name="Move step 3 down").click()
    await page.get_by_role("button", name="Create flow").click()
    await page.wait_for_url("**/edit**")
    await expect(page.get_by_text("Flow created")).to_be_visible()
    await expect(page.get_by_text("Version 1; no lead enters until it is on.")).to_be_visible()
    await expect(page.get_by_text("Unsaved changes")).to_have_count(0)

    stored = await flow_named(owner, "IndiaMART first call")
    assert stored is not None
    assert (stored.priority, stored.is_enabled, stored.cooldown_minutes) == (1, False, 30)
    await page.reload()
    await ready(page)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("IndiaMART first call")
    await expect(page.get_by_label("Minutes", exact=True)).to_have_value("15")
    await expect(page.get_by_role("combobox", name="Caller id, step 1", exact=True)).to_contain_text("Front desk")
    await expect(page.get_by_role("heading", name="3. WhatsApp message")).to_be_visible()
    await expect(page.get_by_label("Custom field for variable 2 of step 3")).to_have_value("product")


async def test_what_is_wrong_is_said_at_its_field(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, f"{FLOWS}/create")
    await page.get_by_label("Priority").fill("soon")
    await page.get_by_role("button", name="Add step: AI call").click()
    await expect(page.get_by_text("No voice agents yet.")).to_be_visible()  # and where to get one
    await page.get_by_role("button", name="Create flow").click()
    await expect(page.get_by_text("Not saved")).to_be_visible()
    fields = page.locator(".af-builder-main .af-field-error")
    await expect(fields.filter(has_text="Name")).to_be_visible()
    await expect(fields.filter(has_text="Priority must be a whole number")).to_be_visible()
    await expect(page.locator("[id^=condition-]").get_by_role("alert")).to_contain_text("a value is needed", ignore_case=True)
    # What is mended is no longer blamed; the rest is.
    await page.get_by_label("Name", exact=True).fill("Named")
    await page.get_by_label("Priority").fill("")
    await page.get_by_label("Condition 1: value").fill("Website")
    await page.get_by_role("button", name="Create flow").click()
    await expect(page.locator("[id^=step-]").get_by_role("alert")).to_contain_text("Voice agent is required")
    await expect(fields.filter(has_text="Name")).to_have_count(0)
    assert await flow_named(owner, "Named") is None


async def test_leaving_with_unsaved_changes_asks(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, f"{FLOWS}/create")
    await page.get_by_label("Name", exact=True).fill("Half done")
    await page.get_by_label("Description").click()
    await expect(page.get_by_text("Unsaved changes")).to_be_visible()
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.once("dialog", stay)
    await page.get_by_role("link", name="Contacts").click()
    assert "without saving" in asked[0]
    assert page.url.rstrip("/").endswith("/create")


async def test_order_switch_duplicate_delete(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    await make_flow(owner, "First", world)
    await make_flow(owner, "Second", world, enabled=False)
    page = await open_page(owner, FLOWS)
    names = page.get_by_role("list", name="Flows by priority").get_by_role("heading")
    await expect(names).to_have_text(["First", "Second"])
    await page.get_by_role("button", name="Raise priority of Second").click()
    await expect(names).to_have_text(["Second", "First"])

    switch = page.get_by_role("switch", name="Enable Second")
    await expect(switch).not_to_be_checked()
    await switch.click()
    await expect(page.get_by_text("“Second” is on")).to_be_visible()
    await expect(switch).to_be_checked()

    await page.get_by_role("button", name="More for Second").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await expect(names).to_have_text(["Second", "First", "Second (copy)"])

    await page.get_by_role("button", name="More for Second", exact=True).click()
    await page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Nothing is running in it now")
    await expect(dialog).to_contain_text("history stay")
    await dialog.get_by_role("button", name="Delete flow").click()
    await expect(names).to_have_text(["First", "Second (copy)"])
    deleted = await flow_named(owner, "Second")
    assert deleted is not None
    assert deleted.deleted_at is not None


async def test_a_refused_switch_springs_back_and_says_why(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    await make_flow(owner, "Broken", world, enabled=False)
    await _retire_agent(world.agent)
    page = await open_page(owner, FLOWS)
    switch = page.get_by_role("switch", name="Enable Broken")
    await switch.click()
    await expect(page.get_by_text("It cannot be turned on yet:")).to_be_visible()
    await expect(switch).not_to_be_checked()


async def test_a_viewer_sees_no_controls(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Read me", await make_world(owner))
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, FLOWS)
    await expect(page.get_by_role("heading", name="Read me")).to_be_visible()
    await expect(page.get_by_text("View only")).to_be_visible()
    for role, name in (("switch", "Enable Read me"), ("button", "Drag Read me"), ("link", "New flow")):
        await expect(page.get_by_role(role, name=name)).to_have_count(0)  # type: ignore[arg-type]
    await page.get_by_role("button", name="More for Read me").click()
    await expect(page.get_by_role("menuitem")).to_have_text(["View", "Executions", "Export as YAML"])
    await page.keyboard.press("Escape")
    await page.goto(page.url.split("/dashboard")[0] + f"{FLOWS}/{flow.id}/edit")
    await ready(page)
    await expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    for name in ("Save", "Remove step 1", "Add condition", "Add step: Wait"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)


async def _retire_agent(agent_id: UUID) -> None:
    """As a sync does when the vendor no longer lists it."""
    async with open_session() as session:
        agent = await session.get(VoiceAgent, agent_id)
        assert agent is not None
        agent.is_active = False
