"""Comparisons and experiments in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect
from sqlmodel import col, select

from autoflows.domain.permissions import Role
from autoflows.models import FlowDraft
from autoflows.models.database import open_session
from autoflows.ui.states.experiments import ExperimentsState
from tests.e2e.builder import cards
from tests.e2e.conftest import OpenPage, Site, make_person, ready
from tests.e2e.experiment_world import make_experiment
from tests.e2e.flow_world import flow_named
from tests.e2e.hands import Cable
from tests.e2e.test_axe import faults

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

HERE = "/dashboard/auto-engagement/analytics"


async def rows_behind(page: Page, link: str) -> tuple[str, str]:
    """The number that is a link in the named row, and how many the list behind it says it has."""
    number = page.get_by_role("row", name=re.compile(link)).get_by_role("link").first
    told = await number.inner_text()
    await number.click()
    await ready(page)
    await expect(page.get_by_text("Only the executions behind a number")).to_be_visible()
    return told, await page.get_by_role("tab", name=re.compile("^All")).locator(".af-status-tab-count").inner_text()


async def test_a_comparison_is_in_its_address_and_leads_to_what_it_counts(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    await make_experiment(owner, 60)
    page = await open_page(owner, f"{HERE}/compare")
    await expect(page.get_by_text("No clear difference yet; about")).to_be_visible()
    await page.get_by_role("radio", name="Flows").click()
    await expect(page).to_have_url(re.compile(r"kind=flows&flows="))
    await ready(page)
    await page.get_by_role("radio", name="90 days").click()
    await expect(page).to_have_url(re.compile(r"kind=flows&span=90&flows=[0-9a-f-]+%2C[0-9a-f-]+$"))
    chart = page.locator('[data-chart="rates"]')
    await expect(chart.locator(".scatterlayer .point").first).to_be_attached()
    shared = await open_page(owner, page.url.removeprefix(site.url))
    await expect(shared.get_by_role("row", name=re.compile("Executions begun 30 30"))).to_be_visible()
    assert await faults(shared) == []
    told, listed = await rows_behind(shared, "^Contacted")
    assert told == listed
    await page.goto(f"{site.url}{HERE}/compare?span=own&from=2026-03-02&to=2026-03-01")
    await ready(page)
    await expect(page.get_by_role("alert")).to_contain_text("on or after the first day")
    await page.get_by_role("radio", name="Before and after a version").click()
    await expect(page.get_by_text("No flow has a second version yet.")).to_be_visible()


async def test_an_experiment_says_how_its_arms_fare_and_who_is_behind_each_number(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_experiment(owner, 60)
    page = await open_page(owner, f"{HERE}/experiments")
    await page.get_by_role("link", name="First touch").click()
    await expect(page.get_by_role("region", name="Result")).to_contain_text("The lead replies, within 7 days.")
    await expect(page.get_by_text("It should go on: about")).to_be_visible()
    await expect(page.locator('[data-chart="rates"] .scatterlayer .point').first).to_be_attached()
    assert await faults(page) == []
    manager = await open_page(await make_person(Role.MANAGER, owner), page.url.split("/", 3)[3].join(["/", ""]), width=390)
    await expect(manager.get_by_role("heading", name="First touch")).to_be_visible()
    await expect(manager.get_by_role("button", name="Change the split")).to_have_count(0)
    assert await manager.evaluate("document.documentElement.scrollWidth") <= 390
    told, listed = await rows_behind(page, "^Mail")
    assert told == listed


async def test_nothing_to_compare_and_no_experiment_say_what_will_appear(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    page = await open_page(owner, f"{HERE}/experiments")
    await expect(page.get_by_text("No experiment yet")).to_be_visible()
    await page.goto(f"{site.url}{HERE}/compare?kind=flows")
    await ready(page)
    await expect(page.get_by_text("There are not two published flows yet.")).to_be_visible()
    viewer = await open_page(await make_person(Role.VIEWER, owner), f"{HERE}/experiments")
    await expect(viewer.get_by_text("You cannot open this page")).to_be_visible()


async def test_a_click_while_another_kind_is_shown_is_not_lost(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_experiment(owner, 20)
    page = await open_page(owner, f"{HERE}/compare")
    period = page.get_by_role("radio", name="90 days")
    await period.hover()
    await page.mouse.down()
    await page.get_by_role("radio", name="Flows").evaluate("kind => kind.click()")
    await expect(page.get_by_role("list", name="Flows compared")).to_be_visible()
    await page.mouse.up()
    await expect(page).to_have_url(re.compile(r"kind=flows&span=90&flows="))
    await expect(period).to_be_checked()


async def test_what_the_pages_show_is_printed_and_downloaded(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_experiment(owner, 60)
    page = await open_page(owner, f"{HERE}/compare?kind=flows&span=90")
    told = await page.locator(".af-verdict-text").inner_text()
    for item, name in (("Download as PDF", "compare_flows.pdf"), ("Differences as CSV", "compare_flows_differences.csv")):
        await page.get_by_role("button", name="Report", exact=True).click()
        async with page.expect_download() as download:
            await page.get_by_role("menuitem", name=item).click()
        assert (await download.value).suggested_filename == name
    async with page.expect_download() as picture:
        await page.get_by_role("button", name="Picture of Differences in rates as PNG").click()
    assert (await picture.value).suggested_filename == "compare_rates.png"
    await page.get_by_role("button", name="Report", exact=True).click()
    async with page.expect_popup() as popup:
        await page.get_by_role("menuitem", name="Print").click()
    printed = await popup.value
    await expect(printed.get_by_text(told).first).to_be_visible()
    await printed.get_by_role("link", name="Back to the page").click()
    await ready(printed)
    await expect(printed.locator(".af-verdict-text")).to_have_text(told)
    tests = await open_page(owner, f"{HERE}/experiments")
    await tests.get_by_role("button", name="Report", exact=True).click()
    async with tests.expect_download() as all_tests:
        await tests.get_by_role("menuitem", name="Numbers as CSV").click()
    assert (await all_tests.value).suggested_filename == "ab_tests.csv"


async def test_the_chosen_figures_are_in_sight_on_a_phone(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    page = await open_page(owner, HERE, width=390)
    for path in ("/experiments", "?view=performance", "/compare?kind=flows", "/compare?kind=day"):  # a tab keeps what it showed before
        await page.goto(f"{site.url}{HERE}{path}")
        await ready(page)
        await expect(page.get_by_role("navigation", name="Figures").locator("[aria-current=page]")).to_be_in_viewport(ratio=0.95)
    await expect(page.get_by_role("radio", name="Before and after a day")).to_be_in_viewport(ratio=0.95)


async def test_an_arm_is_kept_as_a_draft_that_is_looked_at_before_it_is_published(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    made = await make_experiment(owner, 60)
    page = await open_page(owner, f"{HERE}/experiments?split={made.split}")
    ending = page.get_by_role("group", name="End the test")
    await expect(ending.get_by_role("button")).to_have_text(["Keep Mail", "Keep Call first"])  # and not the hold-out
    await ending.get_by_role("button", name="Keep Call first").click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text("The split goes, and with it the steps of “Mail”.")
    await expect(asked).to_contain_text("Nothing runs in the flow now.")
    await expect(asked).to_contain_text("“Nobody” is the hold-out. Who is in it gets no contact in the execution that runs")
    assert await faults(page) == []
    await asked.get_by_role("button", name="Keep Call first as draft").click()
    changes = page.get_by_role("dialog").get_by_role("region", name="What changes")
    await expect(changes).to_contain_text("Step 1 'Split' is removed")
    await expect(changes).to_contain_text("Step 2 'E-mail' is removed")
    assert (await flow_named(owner, "Website: mail or call first")).version == 1, "nothing is live"  # type: ignore[union-attr]
    await page.get_by_role("button", name="Not now").click()
    await expect(cards(page)).to_have_text(["1. E-mail"])

    # With that draft there, the question says so and loses nothing of it.
    again = await open_page(owner, f"{HERE}/experiments?split={made.split}")
    await again.get_by_role("button", name="Keep Mail").click()
    await expect(again.get_by_role("dialog")).to_contain_text("The flow has unpublished changes, last saved by Test owner")
    await again.get_by_role("button", name="Keep Mail beside the changes").click()
    await expect(again.get_by_role("alert")).to_contain_text("not in the unpublished changes any more")
    await again.get_by_role("dialog").get_by_role("link", name="Open the draft").click()
    await again.get_by_role("button", name="Publish now").click()
    await expect(again.get_by_text("Version 2 is live.")).to_be_visible()
    await expect(again.get_by_role("dialog")).to_have_count(0)
    await expect(cards(again)).to_have_text(["1. E-mail"])


async def test_who_may_not_edit_can_keep_no_arm(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    made = await make_experiment(owner, 20)
    path = f"{HERE}/experiments?split={made.split}"
    page = await open_page(await make_person(Role.MANAGER, owner), path)
    await expect(page.get_by_role("heading", name="First touch")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^Keep"))).to_have_count(0)
    cable = Cable()
    await cable.lead_through(page)
    await page.reload()
    await ready(page)
    state = ExperimentsState.get_full_name()
    cable.forge(f"{state}.ask_keep", path, arm="Nobody")
    await expect(page.get_by_text("This arm cannot be kept")).to_be_visible()
    cable.forge(f"{state}.ask_keep", path, arm="Mail")
    await expect(page.get_by_role("dialog")).to_contain_text("The split goes")
    cable.forge(f"{state}.keep", path)
    await expect(page.get_by_text("does not include 'flows:write'")).to_be_visible()
    async with open_session() as session:
        assert (await session.exec(select(FlowDraft).where(col(FlowDraft.flow_id) == made.flow))).first() is None
