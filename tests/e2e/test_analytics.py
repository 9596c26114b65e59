"""The analytics pages in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from autoflows.analytics.rollups.fold import fold
from autoflows.domain.permissions import Role
from autoflows.engine.pool import close_pool
from tests.e2e.conftest import OpenPage, Person, Site, make_person, ready
from tests.e2e.flow_world import make_execution, make_flow, make_world
from tests.e2e.forged import forged_socket

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

HERE = "/dashboard/auto-engagement/analytics"
STATE = "reflex___state____state.autoflows___ui___states___base____base.autoflows___ui___states___analytics____analytics_state"


async def account_with_a_run() -> Person:
    owner = await make_person()
    flow = await make_flow(owner, "Counted", await make_world(owner))
    await make_execution(owner, flow, "Asha Patel", "+919876500001")
    await fold()  # a worker's task
    await close_pool()
    return owner


async def test_charts_are_drawn_and_the_numbers_are_in_tables_and_files(open_page: OpenPage) -> None:
    page = await open_page(await account_with_a_run(), f"{HERE}?span=7")
    chart = page.locator('[data-chart="executions_per_day"]')
    await expect(chart.locator(".js-plotly-plot .bars path").first).to_be_attached()
    await expect(chart.get_by_role("row")).to_have_count(8)
    await expect(chart).to_contain_text("1 executions")
    await chart.get_by_role("button", name="Definition of Executions per day").click()
    await expect(page.get_by_role("dialog")).to_contain_text("the local day on which they began")
    await page.keyboard.press("Escape")
    for kind, name in (("Numbers as CSV", ".csv"), ("Numbers as Excel", ".xlsx"), ("Picture as PNG", ".png")):
        await expect(page.get_by_role("menu")).to_have_count(0)  # no person is quicker than its fading
        await chart.get_by_role("button", name="Download Executions per day").click()
        async with page.expect_download() as download:
            await page.get_by_role("menuitem", name=kind).click()
        assert (await download.value).suggested_filename.endswith(name)


async def test_the_address_says_what_is_shown_and_numbers_lead_to_what_they_count(open_page: OpenPage) -> None:
    owner = await account_with_a_run()
    page = await open_page(owner, HERE)
    await page.get_by_role("radio", name="7 days").click()
    await page.get_by_role("button", name="Speed to lead", exact=True).click()
    await expect(page.get_by_text("Target: 90 % of leads within")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"view=speed&span=7"))
    other = await open_page(owner, page.url.split("/", 3)[3].join(["/", ""]))
    await expect(other.get_by_role("button", name="Speed to lead", exact=True)).to_have_attribute("aria-current", "page")
    await page.go_back()
    await expect(page.get_by_text("Leads received").first).to_be_visible()
    await page.get_by_role("button", name="Per flow").click()
    await expect(page.locator('[data-chart="funnel"]')).to_be_visible()
    await expect(page.get_by_text("Counted v1")).to_be_visible()
    await page.get_by_role("button", name="Performance").click()
    await expect(page.get_by_role("region", name="Peak times", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Overview").click()
    await page.locator('.af-tile:has(.af-tile-label:text-is("Executions")) .af-tile-value').get_by_role("link").click()
    await ready(page)
    await expect(page).to_have_url(re.compile(r"/executions\?from="))
    await expect(page.get_by_role("link", name="Asha Patel")).to_be_visible()


async def test_an_account_without_leads_is_told_what_will_appear(open_page: OpenPage) -> None:
    page = await open_page(await make_person(), HERE)
    await expect(page.get_by_text("Nothing in this period").first).to_be_visible()
    await page.get_by_role("button", name="Per flow").click()
    await expect(page.get_by_text("There is no flow yet")).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_days_that_make_no_period_are_named_and_viewers_are_told(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, HERE)
    await page.get_by_label("From day").fill("2031-01-01")
    await expect(page.get_by_text("choose a day on or after the first day")).to_be_visible()
    await expect(page.locator("[data-chart]")).to_have_count(0)  # of the days before
    linked = await open_page(owner, f"{HERE}?span=own&from=2026-03-02&to=2026-03-01")
    await linked.wait_for_timeout(500)  # what an arrival clears is cleared by now
    await expect(linked.get_by_text("choose a day on or after the first day")).to_be_visible()
    viewer = await make_person(Role.VIEWER, owner)
    other = await open_page(viewer, HERE)
    await expect(other.get_by_text("You cannot open this page")).to_be_visible()


async def test_a_forged_choice_is_refused_in_a_sentence_and_shows_nothing(site: Site, open_page: OpenPage) -> None:
    owner = await account_with_a_run()
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, HERE)
    socket = await forged_socket(site, page.context, "forged-analytics")
    for name, value in (("view", "../secrets"), ("flow", "1 OR 1=1"), ("nonsense", "x"), ("span", {"a": 1}), ("view", "speed")):
        await socket.send(f"{STATE}.choose", name=name, value=value)
    await socket.settle()
    assert "Asha" not in await socket.answers()
    assert "executions_per_day" not in await socket.answers()


async def test_a_report_is_downloaded_printed_and_sent_by_email(open_page: OpenPage) -> None:
    page = await open_page(await account_with_a_run(), f"{HERE}?span=7&source=IndiaMART")
    await page.get_by_role("button", name="Report", exact=True).click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="Download as PDF").click()
    assert (await download.value).suggested_filename.startswith("overview_")
    await page.get_by_role("button", name="Report", exact=True).click()
    async with page.expect_popup() as popup:
        await page.get_by_role("menuitem", name="Print").click()
    printed = await popup.value
    await expect(printed.get_by_text("Source IndiaMART. Test runs are never counted.")).to_be_visible()
    await printed.close()
    await page.get_by_role("button", name="Report", exact=True).click()
    await page.get_by_role("menuitem", name="Send by e-mail").click()
    panel = page.get_by_role("dialog")
    await expect(panel.get_by_text("Sent by the channel")).to_be_visible()
    await panel.get_by_role("button", name="Send this by e-mail").click()
    await expect(panel.get_by_text("Overview, source IndiaMART")).to_be_visible()
    await panel.get_by_label("Name", exact=True).fill("Monday figures")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_text("Each Monday at 09:00 (Asia/Kolkata), about the seven days before, as PDF")).to_be_visible()
    await panel.get_by_role("button", name="Pause Monday figures").click()
    await expect(panel.get_by_text("Paused · not sent yet")).to_be_visible()
    await panel.get_by_role("button", name="Delete Monday figures").click()
    await page.get_by_role("button", name="Delete report").click()
    await expect(panel.get_by_text("No report is sent yet")).to_be_visible()
