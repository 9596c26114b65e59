"""Beginning a flow: from a template, and from a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from autoflows.domain.permissions import Role
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import flow_named, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"
FILE = """autoflows: 1
name: Wait a while
conditions:
- condition_type: lead_source
  condition_operator: any
actions:
- action_type: wait
  action_config: {duration_minutes: 10}
"""


async def test_a_template_becomes_a_flow(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_world(owner)
    page = await open_page(owner, FLOWS)
    await expect(page.get_by_role("heading", name="Create your first flow")).to_be_visible()
    await page.get_by_role("link", name="Missed-call rescue").click()
    dialog = page.get_by_role("dialog", name="Missed-call rescue")
    await expect(dialog.get_by_role("img", name="Trigger and 6 steps")).to_be_visible()
    # What there is only one of is chosen already.
    await expect(dialog.get_by_role("combobox", name="Voice agent")).to_contain_text("Priya")
    await dialog.get_by_role("combobox", name="Caller id").click()
    await page.get_by_role("option", name="None").click()
    await dialog.get_by_label("Name").fill("Rescue & call")
    await dialog.get_by_role("button", name="Make the flow").click()
    await page.wait_for_url("**/edit**")
    await ready(page)
    await expect(page.get_by_text("“Rescue & call” was made")).to_be_visible()
    flow = await flow_named(owner, "Rescue & call")
    assert flow is not None
    assert (flow.is_enabled, flow.priority, flow.version) == (False, 1, 1)


async def test_what_a_template_lacks_is_told(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), f"{FLOWS}/gallery?template=email-only")
    dialog = page.get_by_role("dialog", name="E-mail only")
    await expect(dialog.get_by_text("There is none in this account yet.")).to_have_count(2)
    await expect(dialog.get_by_role("link", name="Set one up").first).to_have_attribute("href", re.compile("/dashboard/templates"))
    await expect(dialog.get_by_role("button", name="Make the flow")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("2 things are missing").first).to_be_visible()


async def test_a_viewer_can_look_at_templates(open_page: OpenPage) -> None:
    viewer = await make_person(Role.VIEWER, await make_person())
    page = await open_page(viewer, f"{FLOWS}/gallery")
    await page.get_by_role("button", name="Look at E-mail only").click()
    await expect(page.get_by_role("dialog").get_by_role("button", name="Make the flow")).to_have_count(0)
    await page.goto(page.url.split("/dashboard")[0] + f"{FLOWS}/import")
    await expect(page.get_by_text("does not include 'flows:write'")).to_be_visible()


async def test_a_file_says_what_it_would_do_and_does_it(open_page: OpenPage, tmp_path: Path) -> None:
    owner = await make_person()
    page = await open_page(owner, f"{FLOWS}/import")
    await page.get_by_label("The flow as YAML").fill(FILE.replace("10", "soon"))
    wrong = page.get_by_role("alert").filter(has_text="/actions/0/action_config/duration_minutes")
    await expect(wrong).to_contain_text("Line 8")
    await expect(page.get_by_role("button", name="Import")).to_be_disabled()
    file = tmp_path / "flow.yaml"
    file.write_text(FILE, encoding="utf-8")
    await page.get_by_label("Choose a YAML file").set_input_files(file)
    await expect(page.get_by_text("A new flow, “Wait a while”.")).to_be_visible()
    await expect(page.get_by_label("The flow as YAML")).to_have_value(FILE)
    assert await flow_named(owner, "Wait a while") is None  # nothing was done yet
    await page.get_by_role("button", name="Import").click()
    await page.wait_for_url("**/edit**")
    await ready(page)
    flow = await flow_named(owner, "Wait a while")
    assert flow is not None
    assert not flow.is_enabled

    await page.goto(page.url.split("/dashboard")[0] + f"{FLOWS}/import")
    await ready(page)
    await page.get_by_label("The flow as YAML").fill(FILE.replace("10", "5"))
    await expect(page.get_by_text("Compared with “Wait a while” as it is now.")).to_be_visible()
    await expect(page.get_by_text("wait 10 minutes → wait 5 minutes")).to_be_visible()


async def test_too_large_a_file_is_refused_in_the_browser(open_page: OpenPage, tmp_path: Path) -> None:
    owner = await make_person()
    await make_flow(owner, "First", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/import")
    file = tmp_path / "large.yaml"
    file.write_bytes(b"x" * 600_000)
    await page.get_by_label("Choose a YAML file").set_input_files(file)
    await expect(page.get_by_text("large.yaml is too large: at most 500 kB.")).to_be_visible()
