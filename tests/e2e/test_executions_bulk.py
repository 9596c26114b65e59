"""Doing things to many executions in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from autoflows.ids import utc_now
from autoflows.models import Execution
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, make_person
from tests.e2e.executions_world import HERE, over, people, rows_of, table_of, with_flow
from tests.e2e.flow_world import make_executions

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]


async def test_many_are_cancelled_and_tried_again(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(40))
    for execution in made[:3]:
        await over(execution, "failed")
    page = await open_page(owner, HERE)
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    bar = page.get_by_role("group", name="Chosen executions")
    await expect(bar).to_contain_text("25 chosen")
    await page.get_by_role("checkbox", name="Choose Lead 039").click()
    await expect(bar).to_contain_text("24 chosen")
    await page.get_by_role("checkbox", name="Choose Lead 039").click()
    await bar.get_by_role("button", name="Choose all 40 that fit the filters").click()
    await expect(bar).to_contain_text("All 40 that fit are chosen")
    await bar.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel 37 executions?")  # three of the forty run no more
    await dialog.get_by_label("Reason").fill("Wrong import")
    await dialog.get_by_role("button", name="Cancel 37").click()
    await expect(page.get_by_text("37 cancelled.")).to_be_visible()
    await expect(page.get_by_role("tab", name="Cancelled")).to_contain_text("37")
    await expect(table_of(page)).to_contain_text("Wrong import")
    await page.get_by_role("button", name="Dismiss").click()

    await page.get_by_role("tab", name="Failed").click()
    await expect(rows_of(page)).to_have_count(3)
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    await bar.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog", name="Nothing to cancel")).to_be_visible()
    await page.get_by_role("button", name="Close").first.click()
    await make_execution_of(made[0])  # somebody else was quicker
    await bar.get_by_role("button", name="Try again…").click()
    await page.get_by_role("dialog", name="Try 3 executions again?").get_by_role("button", name="Try 3 again").click()
    await expect(page.get_by_text("2 tried again.")).to_be_visible()
    await expect(page.get_by_text("1 not tried again: Another execution of this flow runs for this person now")).to_be_visible()
    await page.get_by_role("tab", name="All").click()
    await expect(page.get_by_role("tab", name="Active now")).to_contain_text("2")


async def make_execution_of(before: Execution) -> None:
    """Another run of the same flow for the same person."""
    async with open_session() as session:
        ids = {name: getattr(before, name) for name in ("flow_id", "flow_version_id", "contact_id", "user_id")}
        far = utc_now() + timedelta(days=1)
        session.add(Execution(**ids, due_at=far, waiting_until=far, waiting_reason="Flow hours", waiting_rule="flow_hours"))


async def test_what_ends_between_the_question_and_the_answer_is_told(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await with_flow(owner)
    made = await make_executions(owner, flow, people(12))
    page = await open_page(owner, HERE)
    await page.get_by_role("checkbox", name="Choose every execution on this page").click()
    await page.get_by_role("button", name="Cancel…").click()
    await expect(page.get_by_role("dialog", name="Cancel 12 executions?")).to_be_visible()
    async with open_session() as session:  # unannounced, so that the page cannot know
        row = await session.get(Execution, made[4].id)
        assert row is not None
        row.status, row.due_at, row.completed_at = "completed", None, utc_now()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel 12").click()
    await expect(page.get_by_text("11 cancelled, 1 had ended already.")).to_be_visible()
    await expect(page.get_by_role("row", name="Lead 004")).to_contain_text("Completed")
