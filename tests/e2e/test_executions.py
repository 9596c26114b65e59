"""One execution in a browser: its page moves by itself when rows change."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import pytest
from playwright.async_api import Page, expect

from autoflows.domain.permissions import Role
from autoflows.engine import live
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Execution
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import make_execution, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

HERE = "/dashboard/auto-engagement/executions"

WATCH = """
() => {
  window.seen = [];
  const note = () => document.querySelectorAll('[data-step]').forEach((step) => {
    const key = `${step.dataset.step}:${step.dataset.status}`;
    if (!window.seen.some(([k]) => k === key)) window.seen.push([key, Date.now()]);
  });
  note();
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-status']});
}
"""


async def change(execution: Execution, log: ActionLog | None = None, **values: object) -> float:
    """Change the rows as a worker does, in one transaction and then the announcement; gives when it was committed."""
    async with open_session() as session:
        row = await session.get(Execution, execution.id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
        if log is not None:
            await session.merge(log)
    committed = time.time() * 1000
    live.publish([live.LiveChange(execution.user_id, execution_id=execution.id)])
    return committed


def attempt(execution: Execution, order: int, kind: str, status: str, **values: Any) -> ActionLog:
    return ActionLog(
        flow_execution_id=execution.id,
        user_id=execution.user_id,
        contact_id=execution.contact_id,
        flow_version_id=execution.flow_version_id,
        action_type=kind,
        action_order=order,
        started_at=utc_now(),
        status=status,
        gates=[{"gate": "dnc", "passed": True, "detail": "", "next_allowed_at": None}],
        **values,
    )


async def pixels(page: Page, key: str) -> float:
    """When the page first showed a step in a state, in milliseconds of the same clock."""
    handle = await page.wait_for_function("key => (window.seen.find(([k]) => k === key) || [])[1]", arg=key)
    return float(await handle.json_value())


async def test_the_page_moves_by_itself_within_300_ms(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Live", await make_world(owner))
    execution = await make_execution(owner, flow, "Asha Patel", "+919876500001")
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await expect(page.get_by_role("heading", name="Asha Patel")).to_be_visible()
    await expect(page.get_by_text("Flow hours: opens 09:00 Asia/Kolkata")).to_be_visible()
    await expect(page.get_by_role("timer").first).to_contain_text("in 59 min")
    await expect(page.locator("[data-step]")).to_have_count(3)  # what is still to come is shown too
    await page.evaluate(WATCH)

    call = attempt(execution, 1, "ai_call", "running")
    lags = []
    committed = await change(execution, call, waiting_reason="Call in progress", waiting_until=None)
    lags.append(await pixels(page, "1:running") - committed)
    await asyncio.sleep(0.1)
    call.status, call.outcome, call.completed_at = "success", "answered", utc_now()
    call.result_data = {
        "summary": "Wants a quote for a pump.",
        "transcript": "assistant: Hello, this is Priya.\nuser: Hello.",
        "recording_url": "https://recordings.example/1.mp3",
    }
    committed = await change(execution, call, current_action_step=2)
    lags.append(await pixels(page, "1:success") - committed)
    await asyncio.sleep(0.1)
    skipped = attempt(execution, 2, "wait", "skipped", skip_reason="Call was answered", completed_at=utc_now())
    committed = await change(execution, skipped, current_action_step=3)
    lags.append(await pixels(page, "2:skipped") - committed)
    await asyncio.sleep(0.1)
    failed = attempt(execution, 3, "email", "failed", error_message="The mail server refused the address.", completed_at=utc_now())
    committed = await change(execution, failed, status="failed", due_at=None, completed_at=utc_now(), waiting_reason=None)
    lags.append(await pixels(page, "3:failed") - committed)

    timeline = page.get_by_role("region", name="Timeline")
    await expect(timeline).to_contain_text("Wants a quote for a pump.")
    await expect(timeline).to_contain_text("Skipped: Call was answered")
    await expect(timeline).to_contain_text("The mail server refused the address.")
    await expect(timeline.get_by_role("link", name="Listen to the recording")).to_have_attribute("href", "https://recordings.example/1.mp3")
    await timeline.get_by_text("Transcript", exact=True).click()
    await expect(timeline).to_contain_text("Hello, this is Priya.")
    print(f"commit to pixel: {[round(lag) for lag in lags]} ms")
    assert statistics.median(lags) < 300


async def test_cancel_with_a_reason(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Stopped", await make_world(owner))
    execution = await make_execution(owner, flow, "Neha Joshi", "+919876500004")
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await page.get_by_role("button", name="Cancel execution").click()
    await page.get_by_label("Reason").fill("Asked us to stop")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel execution").click()
    await expect(page.get_by_label("Summary")).to_contain_text("Cancelled")
    await expect(page.get_by_role("main")).to_contain_text("Asked us to stop")
    await expect(page.get_by_role("button", name="Cancel execution")).to_have_count(0)
    await expect(page.locator("[data-step]").first).to_contain_text("Not reached")


async def test_a_viewer_sees_masked_people_and_cannot_cancel(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Seen", await make_world(owner))
    execution = await make_execution(owner, flow, "Divya Nair", "+919876512345")
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, f"{HERE}/{execution.id}")
    await expect(page.get_by_label("Summary")).to_contain_text("Divya Nair")
    assert "9876512345" not in await page.content()
    await expect(page.get_by_role("button", name="Cancel execution")).to_have_count(0)
    await page.goto(page.url.split("/dashboard")[0] + f"{HERE}/{'0' * 8}-0000-7000-8000-{'0' * 12}")
    await ready(page)
    await expect(page.get_by_text("There is no execution with the id")).to_be_visible()
