"""The panel and the header in a browser: problems that lead somewhere, waits, previews, the switch, the flowchart, settings."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from sqlmodel import col, select

from autoflows.models import EmailTemplate, Execution, VoiceAgent
from autoflows.models.database import open_session
from tests.e2e.builder import FLOWS, choose, expect_saved, panel_title, select_card, steps
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import flow_named, make_execution, make_flow, make_lead, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]


async def test_what_is_wrong_is_a_list_that_leads_there(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, f"{FLOWS}/create")
    await page.get_by_role("button", name="Add step: AI call").click()
    await expect(page.get_by_text("No voice agents yet.")).to_be_visible()  # and where to get one
    await page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_contain_text("must be mended first")
    await dialog.get_by_role("button", name="Condition 1").click()
    await expect(page.get_by_label("Condition 1: value")).to_be_focused()
    await page.keyboard.type("Website")
    await page.keyboard.press("Tab")
    await page.locator("#problems").click()
    await page.get_by_role("dialog").get_by_role("button", name="Name").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("Named <script>alert(1)</script>")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Named <script>alert(1)</script>")
    await page.locator("#problems").click()
    problems = page.get_by_role("list", name="Problems")
    await expect(problems).to_contain_text("Voice agent is required")
    await expect(problems).not_to_contain_text("Name")


async def test_the_throttle_and_the_field_that_ends_it(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Limited", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    field, value, hourly = (page.get_by_label(name) for name in ("Stop when the contact’s field", "has the value", "Contacts per hour"))
    await field.fill("stage")
    await value.fill("won")
    await hourly.fill("many")
    await page.get_by_label("Name", exact=True).click()
    await expect(page.get_by_text("must be a whole number").first).to_be_visible()
    await hourly.fill("30")
    await page.get_by_label("Name", exact=True).click()
    await expect(page.get_by_text("asks for 'stage', which no contact has").first).to_be_visible()
    await field.fill("custom_fields.stage")
    await page.get_by_label("Name", exact=True).click()
    await expect(page.get_by_text("asks for 'stage'")).to_have_count(0)
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live. New leads enter it.")).to_be_visible()
    stored = await flow_named(owner, "Limited")
    assert stored is not None
    assert stored.max_contacts_per_hour == 30
    assert (stored.exit_rules["on_field"], stored.exit_rules["on_field_value"]) == ("custom_fields.stage", "won")
    await page.reload()
    await ready(page)
    await expect(hourly).to_have_value("30")
    await expect(value).to_have_value("won")


async def test_the_flowchart_has_a_lane_for_each_outcome(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Pictured", await make_world(owner))
    await make_execution(owner, flow, "Asha Patel", "+919876500150")
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await expect(page.get_by_role("link", name="1 here")).to_have_attribute("href", re.compile(f"executions.*flow={flow.id}"))
    await page.get_by_role("radio", name="Chart").click()
    chart = page.get_by_role("region", name="Flowchart")
    await expect(chart.locator(".react-flow__node")).to_have_count(6)  # trigger, steps, who goes by, end
    await expect(chart.get_by_text("if the call was not answered")).to_be_visible()
    await expect(chart.get_by_text("otherwise")).to_be_visible()
    await chart.get_by_text("2. Wait").click()
    await expect(panel_title(page)).to_have_text("2. Wait")


async def test_an_agent_deleted_while_its_panel_is_open_is_a_problem(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    flow = await make_flow(owner, "Orphan", world)
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await expect(page.get_by_role("button", name="To do: 0")).to_be_visible()
    await select_card(page, "1. AI call")
    async with open_session() as session:
        agent = await session.get(VoiceAgent, world.agent)
        assert agent is not None
        agent.is_active = False
    await expect(page.get_by_role("button", name="To do: 1")).to_be_visible(timeout=15_000)
    await expect(page.locator(".af-fb-wrong")).to_contain_text("AI call")
    await expect(page.locator("#inspector")).to_contain_text("No voice agents yet.")
    # It is an error, so the flow cannot be on; but it can be published, as the service has it.
    await page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("the flow can be published, but not be on")
    await dialog.get_by_role("button", name="Publish now").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("problems are mended")
    await dialog.get_by_role("switch", name="New leads that match enter it").click()
    await dialog.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("No lead enters until it is on.")).to_be_visible()
    await page.get_by_role("switch", name="New leads enter this flow").click()
    await expect(page.get_by_text("It cannot be turned on yet:")).to_be_visible()
    await expect(page.get_by_role("switch", name="New leads enter this flow")).not_to_be_checked()


async def test_a_wait_is_one_number_and_one_unit(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Patient", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await select_card(page, "2. Wait")
    amount, unit = page.get_by_label("Wait for"), page.get_by_role("combobox", name="Unit")
    await expect(amount).to_have_value("10")
    await expect(unit).to_have_text("minutes")
    await choose(page, "Unit", "hours")
    await expect(steps(page)).to_contain_text("Wait 10 hours")
    await amount.fill("2")
    await amount.press("Tab")
    await expect(steps(page)).to_contain_text("Wait 2 hours")
    await expect(unit).to_have_text("hours")
    await amount.fill("soon")
    await amount.press("Tab")
    await expect(page.locator("#inspector").get_by_role("alert")).to_contain_text("number")
    await expect(amount).to_have_value("soon")
    await page.get_by_role("button", name="1 day").click()
    await expect(amount).to_have_value("1")
    await expect(unit).to_have_text("days")
    await page.get_by_role("button", name="until 09:00").click()
    await expect(page.get_by_label("Then until")).to_have_value("09:00")
    await expect(steps(page)).to_contain_text(re.compile("Wait 1 day.*09:00"))
    await expect_saved(page)
    await page.reload()
    await ready(page)
    await page.get_by_role("button", name="2. Wait").click()
    await expect(amount).to_have_value("1")
    await expect(unit).to_have_text("days")


async def test_an_e_mail_is_shown_as_html_in_which_nothing_runs(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    await make_lead(owner, "IndiaMART", "+919876500161")
    async with open_session() as session:
        mail = (await session.exec(select(EmailTemplate).where(col(EmailTemplate.id) == world.mail))).one()
        mail.subject = "For {{ contact.name }}"
        mail.html = (
            "<h1>Dear {{ contact.name }}</h1><img src=x onerror=\"document.body.textContent='owned'\">"
            "<script>document.body.textContent = 'owned'; parent.document.title = 'owned'</script>"
        )
    flow = await make_flow(owner, "Mailed", world)
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await select_card(page, "3. E-mail")
    preview = page.get_by_role("group", name="Preview")
    await expect(preview).to_contain_text("For ‹Name›")
    frame = preview.locator("iframe")
    await expect(frame).to_have_attribute("sandbox", "")
    await expect(frame).to_have_attribute("srcdoc", re.compile("default-src &#x27;none&#x27;|default-src 'none'"))
    await choose(page, "Preview with", "Asha Patel")
    await expect(preview).to_contain_text("For Asha Patel")
    await expect(preview.locator(".af-preview-text")).to_have_text("Dear Asha Patel")
    await expect(preview.frame_locator("iframe").get_by_role("heading")).to_have_text("Dear Asha Patel")
    await page.wait_for_timeout(300)
    await expect(preview.frame_locator("iframe").locator("body")).not_to_contain_text("owned")
    assert "owned" not in await page.title()


async def test_switching_off_in_the_header_asks_about_the_leads_in_it(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Running", await make_world(owner))
    execution = await make_execution(owner, flow, "Asha Patel", "+919876500162")
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    switch = page.get_by_role("switch", name="New leads enter this flow")
    await switch.click()
    dialog = page.get_by_role("dialog", name="Switch off “Running”?")
    await expect(dialog).to_contain_text("1 lead is in this flow now.")
    await dialog.get_by_role("button", name="Keep as it is").click()
    await expect(switch).to_be_checked()
    await switch.click()
    await dialog.get_by_role("radio", name="Cancel them").click()
    await dialog.get_by_role("button", name="Switch off and cancel 1").click()
    await expect(page.get_by_text("“Running” is off")).to_be_visible()
    await expect(switch).not_to_be_checked()
    await expect(page.get_by_text("1 lead is in this flow now.")).to_have_count(0)
    async with open_session() as session:
        after = await session.get(Execution, execution.id)
    assert after is not None
    assert after.status == "cancelled"
    await switch.click()
    await expect(page.get_by_text("On · version 1")).to_be_visible()
