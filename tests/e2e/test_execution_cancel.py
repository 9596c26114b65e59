"""Cancelling an execution in each of its states, and trying it again, in a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Page, expect

from autoflows.ids import new_id, utc_now
from autoflows.models import Channel
from autoflows.models.database import open_session
from autoflows.providers.vault import seal
from autoflows.sandbox.world import BOLNA_KEY
from tests.e2e.conftest import OpenPage, Person, Sandbox, make_person
from tests.e2e.flow_world import make_execution, make_flow, make_world
from tests.e2e.test_executions import HERE, attempt, change

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

PHONE = "+919876512345"


async def cancel_text(page: Page) -> str:
    await page.get_by_role("button", name="Cancel execution").click()
    return await page.get_by_role("dialog").inner_text()


async def confirm(page: Page) -> None:
    await page.get_by_role("dialog").get_by_role("button", name="Cancel execution").click()


async def test_cancel_while_it_waits(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Waits", await make_world(owner))
    execution = await make_execution(owner, flow, "Neha Joshi", PHONE)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    assert "It waits, and the wait ends: nothing more is sent" in await cancel_text(page)
    await confirm(page)
    await expect(page.get_by_text("Nothing more is sent. What was sent already stays sent.")).to_be_visible()
    await expect(page.get_by_label("Summary")).to_contain_text("Cancelled")


async def on_the_sandbox(owner: Person, sandbox: Sandbox) -> UUID:
    """A channel that can stop calls there."""
    async with open_session() as session:
        channel = Channel(
            user_id=owner.account_id, provider="bolna", name="Sandbox", status="active", webhook_secret=new_id().hex,
            credentials=seal({"api_key": BOLNA_KEY}), settings={"base_url": f"{sandbox.url}/bolna"},
        )  # fmt: skip
        session.add(channel)
    return channel.id


async def queued_call(sandbox: Sandbox) -> str:
    """A call that the provider has taken and not begun."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {BOLNA_KEY}"}, trust_env=False) as client:
        agents = (await client.get(f"{sandbox.url}/bolna/v2/agent/all")).json()
        due = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
        body = {"agent_id": agents[0]["id"], "recipient_phone_number": PHONE, "scheduled_at": due}
        answer = await client.post(f"{sandbox.url}/bolna/call", json=body)
        answer.raise_for_status()
        return str(answer.json()["execution_id"])


async def test_cancel_while_the_call_queues_at_the_provider(open_page: OpenPage, sandbox: Sandbox) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Queued", await make_world(owner))
    execution = await make_execution(owner, flow, "Ravi Kumar", PHONE)
    call = attempt(execution, 1, "ai_call", "running", result_data={"status": "queued"})
    call.channel_id, call.provider_ref = await on_the_sandbox(owner, sandbox), await queued_call(sandbox)
    await change(execution, call, waiting_reason="Call in progress", waiting_until=None)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    assert "stands in the provider's queue. The provider is asked to drop it" in await cancel_text(page)
    await confirm(page)
    await expect(page.get_by_text("Its call was dropped from the provider's queue. Nothing more is sent.")).to_be_visible()
    step = page.locator('[data-step="1"]')
    await expect(step).to_have_attribute("data-status", "cancelled")
    await expect(step).to_contain_text("Yes, before it was placed")


@pytest.mark.parametrize(
    ("ref", "status", "before", "after"),
    [
        (None, "", "is going out at this moment and may still reach the contact", "may have begun; the provider is asked to drop it"),
        ("call-in-progress", "in-progress", "is in progress. It goes on to its end", "may have begun; the provider is asked to drop it"),
    ],
)
async def test_cancel_while_it_goes_out(open_page: OpenPage, ref: str | None, status: str, before: str, after: str) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Out", await make_world(owner))
    execution = await make_execution(owner, flow, "Meera Shah", PHONE)
    call = attempt(execution, 1, "ai_call", "running", provider_ref=ref, result_data={"status": status} if status else {})
    await change(execution, call, waiting_reason=None, waiting_until=None)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    assert before in await cancel_text(page)
    await confirm(page)
    await expect(page.get_by_text(after)).to_be_visible()
    await expect(page.get_by_label("Summary")).to_contain_text("Cancelled")
    await expect(page.locator('[data-step="1"]')).to_have_attribute("data-status", "running")  # what is out stays out


async def test_cancel_what_ended_meanwhile(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Ended", await make_world(owner))
    execution = await make_execution(owner, flow, "Kiran Rao", PHONE)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await cancel_text(page)
    await change(execution, status="completed", due_at=None, completed_at=utc_now(), waiting_reason=None)
    await expect(page.get_by_role("dialog")).to_contain_text("It is over already (completed), so there is nothing to cancel.")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel execution")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Cancel execution")).to_have_count(0)


async def test_a_failed_one_is_tried_again_from_what_failed(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Fails", await make_world(owner))
    execution = await make_execution(owner, flow, "Sunil Das", PHONE)
    call = attempt(execution, 1, "ai_call", "success", outcome="answered", completed_at=utc_now())
    mail = attempt(execution, 3, "email", "failed", error_message="The mail server was away.", completed_at=utc_now())
    await change(execution, call)
    await change(execution, mail, status="failed", due_at=None, completed_at=utc_now(), waiting_reason=None, current_action_step=3)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await page.get_by_role("button", name="Try again").click()
    dialog = page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("It goes on from step 3 (E-mail).")
    await expect(dialog).to_contain_text("Nothing that was sent is sent again.")
    await dialog.get_by_role("button", name="Try again").click()
    await expect(page.get_by_label("Summary")).to_contain_text("Running")
    await expect(page.locator(".af-acts li")).to_contain_text("Had step 3 tried again")
    await expect(page.locator('[data-step="3"]')).to_contain_text("Tried again by hand")


async def test_what_is_unknown_has_to_be_said_before_a_retry(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Unknown", await make_world(owner))
    execution = await make_execution(owner, flow, "Lata Iyer", PHONE)
    call = attempt(execution, 1, "ai_call", "unknown", outcome="unknown", completed_at=utc_now())
    await change(execution, call, status="failed", due_at=None, completed_at=utc_now(), waiting_reason=None)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await expect(page.get_by_role("button", name="Try again")).to_be_disabled()
    await expect(page.get_by_role("note").filter(has_text="What became of step 1 is unknown.")).to_be_visible()
    await expect(page.get_by_text("What was sent was not recorded")).to_be_visible()
    await page.get_by_role("button", name="It did not").click()
    await page.get_by_label("How do you know?").fill("Nothing on the bill")
    await page.get_by_role("dialog").get_by_role("button", name="It did not reach them").click()
    await expect(page.locator(".af-acts li")).to_contain_text("Said that step 1 did not reach them (not connected)")
    await expect(page.locator(".af-acts li")).to_contain_text("Nothing on the bill")
    await expect(page.get_by_role("button", name="Try again")).to_be_enabled()
