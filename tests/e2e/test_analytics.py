"""The analytics page in a browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from autoflows.analytics.charts import charts_of
from autoflows.analytics.rollups.fold import fold
from autoflows.domain.permissions import Role
from autoflows.engine.pool import close_pool
from tests.e2e.conftest import OpenPage, make_person
from tests.e2e.flow_world import make_execution, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

HERE = "/dashboard/auto-engagement/analytics"


async def test_charts_are_drawn_and_the_numbers_are_in_tables(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, HERE)
    await expect(page.get_by_text("Nothing in this period")).to_have_count(len(charts_of("overview")))
    flow = await make_flow(owner, "Counted", await make_world(owner))
    await make_execution(owner, flow, "Asha Patel", "+919876500001")
    await fold()  # a worker's task
    await close_pool()
    await page.get_by_role("radio", name="7 days").click()
    chart = page.locator('[data-chart="executions_per_day"]')
    await expect(chart.locator(".js-plotly-plot .bars path").first).to_be_attached()
    await expect(chart.get_by_role("table")).to_have_count(1)
    await expect(chart.get_by_role("row")).to_have_count(8)
    await expect(chart).to_contain_text("1 executions")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download Executions per day as CSV").click()
    assert (await download.value).suggested_filename.startswith("executions_per_day_")


async def test_days_that_make_no_period_are_named_and_viewers_are_told(open_page: OpenPage) -> None:
    owner = await make_person()
    page = await open_page(owner, HERE)
    await page.get_by_label("From day").fill("2031-01-01")
    await expect(page.get_by_text("choose a day on or after the first day")).to_be_visible()
    viewer = await make_person(Role.VIEWER, owner)
    other = await open_page(viewer, HERE)
    await expect(other.get_by_text("You cannot open this page")).to_be_visible()
