"""Comparisons and experiments in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from autoflows.domain.permissions import Role
from tests.e2e.conftest import OpenPage, Site, make_person, ready
from tests.e2e.experiment_world import make_experiment
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
