"""The list of flows in a browser: order, switch, delete, start from an example; and what a viewer sees."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.async_api import expect

from autoflows.domain.permissions import Role
from autoflows.models import VoiceAgent
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, make_person
from tests.e2e.flow_world import flow_named, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"


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
    await make_flow(owner, "Read me", await make_world(owner))
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, FLOWS)
    await expect(page.get_by_role("heading", name="Read me")).to_be_visible()
    await expect(page.get_by_text("View only")).to_be_visible()
    for role, name in (("switch", "Enable Read me"), ("button", "Drag Read me"), ("link", "New flow")):
        await expect(page.get_by_role(role, name=name)).to_have_count(0)  # type: ignore[arg-type]
    await page.get_by_role("button", name="More for Read me").click()
    await expect(page.get_by_role("menuitem")).to_have_text(["View", "Executions", "Export as YAML"])
    await page.keyboard.press("Escape")


async def _retire_agent(agent_id: UUID) -> None:
    """As a sync does when the vendor no longer lists it."""
    async with open_session() as session:
        agent = await session.get(VoiceAgent, agent_id)
        assert agent is not None
        agent.is_active = False
