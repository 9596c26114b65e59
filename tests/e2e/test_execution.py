"""One execution in a browser: what happened, to whom, and what two people with different rights may see and do at once."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect
from sqlmodel import select

from autoflows.domain.outcomes import EventKind, MessageState, ProviderEvent
from autoflows.domain.permissions import Role
from autoflows.engine import outcome
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Channel, Execution, FlowVersion
from autoflows.models.database import open_session
from tests.e2e.conftest import OpenPage, Person, Site, make_person, ready, signed_in
from tests.e2e.flow_world import make_execution, make_flow, make_world
from tests.e2e.test_axe import faults_in_both
from tests.e2e.test_executions import HERE, attempt, change

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

PHONE = "+919876512345"


STATES = "reflex___state____state.autoflows___ui___states___base____base.autoflows___ui___states___execution____execution_page"


SENT = {"subject": "Thank you, Divya", "text": "Dear Divya, the pump is yours.", "to": "divya@example.com", "template": "Thank you"}


SAID = {"transcript": "assistant: Hello.\nuser: I want the pump.", "summary": "Wants the pump.", "to": PHONE, "agent": "Priya"}


KEEP_SOCKET = """
window.kept = [];
window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); window.kept.push(this); } };
"""


async def story(owner: Person, name: str = "Divya Nair") -> tuple[Execution, list[ActionLog]]:
    """A run whose call was missed and whose mail is out: a failed call, a held one, a wait, and the mail."""
    flow = await make_flow(owner, f"Flow of {name}", await make_world(owner))
    execution = await make_execution(owner, flow, name, PHONE)
    async with open_session() as session:
        smtp = (await session.exec(select(Channel).where(Channel.user_id == owner.account_id, Channel.provider == "smtp"))).one()
        (await session.get_one(Execution, execution.id)).triggered_at = start = utc_now() - timedelta(hours=3)
        for version in (await session.exec(select(FlowVersion).where(FlowVersion.flow_id == flow.id))).all():
            version.created_at = start - timedelta(days=1)
    logs = [
        attempt(execution, 1, "ai_call", "failed", error_message="The line was refused.", cost_amount=150, cost_currency="INR"),
        attempt(execution, 1, "ai_call", "success", attempt=2, outcome="missed", result_data=SAID, cost_amount=300, cost_currency="INR"),
        attempt(execution, 2, "wait", "success"),
        attempt(
            execution, 3, "email", "success", channel_id=smtp.id, provider_ref=f"<{uuid4()}@mail>", message_state="sent", result_data=SENT
        ),
    ]
    for log, (begin, took) in zip(logs, ((2, 2), (3600, 30), (3630, 600), (4230, 1)), strict=True):
        log.started_at = start + timedelta(seconds=begin)
        log.completed_at = log.started_at + timedelta(seconds=took)
    async with open_session() as session:
        session.add_all(logs)
    await change(execution, current_action_step=3, waiting_reason=None, waiting_until=None)
    return execution, logs


async def tell(log: ActionLog, *events: tuple[str, EventKind, MessageState, str | None]) -> None:
    """What a provider's webhook tells of a message."""
    assert log.channel_id is not None
    for name, kind, state, text in events:
        raw = {"vendor-says": name, "for": PHONE}
        event = ProviderEvent(
            event_id=f"{name}-{uuid4()}", kind=kind, attempt_id=log.id, message_state=state, text=text, occurred_at=utc_now(), raw=raw
        )
        await outcome.record(log.channel_id, [event])


async def test_what_happened_is_all_there(open_page: OpenPage) -> None:
    owner = await make_person()
    execution, _ = await story(owner)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    summary = page.get_by_label("Summary")
    for fact in ("Divya Nair", PHONE, "4.50 INR", "3 of 3 steps settled", "Asia/Kolkata, from the phone number", "33.0 s"):
        await expect(summary).to_contain_text(fact)
    timeline = page.get_by_role("region", name="Timeline")
    for said in ("The line was refused.", "Attempt 2", "Wants the pump.", "Thank you, Divya", "Dear Divya, the pump is yours."):
        await expect(timeline).to_contain_text(said)
    rows = timeline.locator(".af-bars li")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(1)).to_contain_text("1. AI call, attempt 2: pause before trying again for 59 min 56 s")
    await expect(rows.nth(2)).to_contain_text("took 10 min")
    assert await rows.nth(1).locator(".af-bar-held").count() == 1
    call, wait = [await rows.nth(n).locator(f".af-bar-{kind}").bounding_box() for n, kind in ((0, "contact"), (2, "wait"))]
    assert call is not None
    assert wait is not None
    assert 8 < call["width"] < wait["width"]
    await expect(page.get_by_text("Nobody did anything to it by hand.")).to_be_visible()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_text("Copied the link")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == page.url


async def test_two_people_look_while_one_cancels(open_page: OpenPage, site: Site, chromium: Browser) -> None:
    owner = await make_person()
    admin, viewer = await make_person(Role.ADMIN, owner), await make_person(Role.VIEWER, owner)
    execution, logs = await story(owner)
    acting = await open_page(admin, f"{HERE}/{execution.id}")
    watching = await open_page(viewer, f"{HERE}/{execution.id}")
    for name in ("Cancel execution", "Try again"):
        await expect(watching.get_by_role("button", name=name)).to_have_count(0)
    await expect(watching.get_by_text("What was written is hidden from your role.")).to_be_visible()
    await expect(watching.get_by_text("Your role (viewer) sees what happened")).to_be_visible()

    await tell(logs[3], ("m1", EventKind.MESSAGE, MessageState.DELIVERED, None), ("m2", EventKind.MESSAGE, MessageState.READ, None))
    await tell(logs[3], ("m3", EventKind.REPLY, MessageState.REPLIED, f"Yes, call {PHONE} please"))
    for page in (acting, watching):
        states = page.get_by_label("What the provider told").get_by_role("listitem")
        await expect(states).to_have_count(3)
        await expect(states.nth(1)).to_contain_text("Read")
        await expect(states.nth(2)).to_contain_text("Replied")
    await expect(acting.get_by_text(f"Yes, call {PHONE} please")).to_be_visible()

    await acting.get_by_role("button", name="Cancel execution").click()
    await acting.get_by_label("Reason").fill("They bought elsewhere")
    await acting.get_by_role("dialog").get_by_role("button", name="Cancel execution").click()
    for page in (acting, watching):
        await expect(page.get_by_label("Summary")).to_contain_text("Cancelled")
        acts = page.locator(".af-acts li")
        await expect(acts).to_have_count(1)
        await expect(acts).to_contain_text("Cancelled it")
        await expect(acts).to_contain_text("They bought elsewhere")
        await expect(acts).to_contain_text("Test admin")
    await expect(acting.get_by_role("button", name="Cancel execution")).to_have_count(0)
    shown = await watching.content()
    for secret in ("9876512345", "divya@example.com", "the pump is yours", "I want the pump", "Wants the pump", "Yes, call", "vendor-says"):
        assert secret not in shown, secret


async def test_a_viewers_forged_events_are_refused(open_page: OpenPage) -> None:
    owner = await make_person()
    viewer = await make_person(Role.VIEWER, owner)
    execution, logs = await story(owner)
    page = await open_page(viewer, "/dashboard")
    await page.add_init_script(KEEP_SOCKET)
    await page.goto(page.url.split("/dashboard")[0] + f"{HERE}/{execution.id}")
    await ready(page)
    for handler, payload in (
        ("cancel", {"form": {"reason": "Forged"}}),
        ("retry", {}),
        ("ask_resolve", {"log_id": str(logs[1].id), "reached": True}),
        ("resolve", {"form": {"note": "Forged"}}),
        ("open_record", {"log_id": str(logs[3].id)}),
    ):
        router = {"pathname": f"{HERE}/[id]", "asPath": f"{HERE}/{execution.id}", "query": {}}
        event = {"name": f"{STATES}.{handler}", "payload": payload, "router_data": router}
        await page.evaluate("(text) => window.kept.at(-1).send(text)", "42/_event," + json.dumps(["event", event]))
    await expect(page.get_by_text("Not allowed")).to_have_count(3)
    panel = page.get_by_role("dialog", name="Step 3, attempt 1")
    await expect(panel).to_contain_text("Events as the provider sent them are for admins and owners.")
    shown = await page.content()
    for secret in ("9876512345", "vendor-says", "I want the pump", "Dear Divya"):
        assert secret not in shown, secret
    async with open_session() as session:
        assert (await session.get_one(Execution, execution.id)).status == "running"
        assert (await session.get_one(ActionLog, logs[1].id)).status == "success"


async def test_what_the_provider_sent_is_fetched_when_asked_for_and_only_for_admins(open_page: OpenPage) -> None:
    owner = await make_person()
    manager = await make_person(Role.MANAGER, owner)
    execution, logs = await story(owner)
    await tell(logs[3], ("m1", EventKind.MESSAGE, MessageState.DELIVERED, None))
    page = await open_page(owner, "/dashboard")
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(str(data))))
    await page.goto(page.url.split("/dashboard")[0] + f"{HERE}/{execution.id}")
    await ready(page)
    mail = page.locator(f'[data-attempt="{logs[3].id}"]')
    await expect(mail).to_contain_text("Delivered")
    assert frames
    assert not any("vendor-says" in frame for frame in frames)
    await mail.get_by_role("button", name="Everything recorded").click()
    panel = page.get_by_role("dialog", name="Step 3, attempt 1")
    await expect(panel).to_contain_text("Dear Divya, the pump is yours.")
    await panel.get_by_text("Message ·").click()
    await expect(panel).to_contain_text('"vendor-says": "m1"')
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    less = await open_page(manager, f"{HERE}/{execution.id}")
    await less.locator(f'[data-attempt="{logs[3].id}"]').get_by_role("button", name="Everything recorded").click()
    await expect(less.get_by_text("Events as the provider sent them are for admins and owners.")).to_be_visible()
    await expect(less.get_by_role("dialog")).to_contain_text("Dear Divya")
    assert "vendor-says" not in await less.content()


async def test_the_chart_shows_the_way_it_took(open_page: OpenPage) -> None:
    owner = await make_person()
    execution, _ = await story(owner)
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await page.get_by_role("radio", name="Chart").click()
    boxes = page.locator(".react-flow__node")
    await expect(boxes.filter(has_text="1. AI call")).to_contain_text("✓ Done · missed · 2 attempts")
    await expect(page.locator(".react-flow__edge.af-rc-edge-taken").first).to_be_attached()
    call = page.get_by_label("1. AI call: Done · missed")
    await expect(call).to_have_attribute("data-tip", re.compile("Call with Priya. Done · missed · 2 attempts"))
    for _ in range(8):
        await page.keyboard.press("Tab")
        if await call.evaluate("node => node === document.activeElement"):
            break
    tip = await call.evaluate("node => getComputedStyle(node, '::after').content")
    assert "Call with Priya" in tip  # on focus as on hover
    await expect(page.locator(".af-rc-told li")).to_have_count(3)
    await call.click()
    await expect(page.locator(".af-rc-chosen")).to_contain_text("The line was refused.")
    await page.get_by_role("button", name="3. E-mail").click()
    await expect(page.locator(".af-rc-chosen")).to_contain_text("Dear Divya")


async def test_the_chart_says_what_it_waits_for_and_moves(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Held", await make_world(owner))
    held = await make_execution(owner, flow, "Om Puri", "+919876512346")
    page = await open_page(owner, f"{HERE}/{held.id}")
    boxes = page.locator(".react-flow__node")
    await expect(page.locator('[data-step="1"]')).to_contain_text("(flow hours)")
    await page.get_by_role("radio", name="Chart").click()
    await expect(boxes.filter(has_text="1. AI call")).to_contain_text("❚❚ Held until")
    await change(held, attempt(held, 1, "ai_call", "running"), waiting_reason=None, waiting_until=None)
    await expect(boxes.filter(has_text="1. AI call")).to_contain_text("▶ Running")


async def test_the_version_it_ran_on_opens_read_only(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    execution, _ = await story(owner)
    async with signed_in(site, owner) as client:
        flow = (await client.get(f"/api/automation/flows/{execution.flow_id}")).json()
        actions = [*flow["actions"][:1], *flow["actions"][2:]]
        changed = {**flow, "actions": [{**action, "action_order": n} for n, action in enumerate(actions, 1)]}
        answer = await client.put(f"/api/automation/flows/{execution.flow_id}", json=changed)
        assert answer.status_code == 200, answer.text
    page = await open_page(owner, f"{HERE}/{execution.id}")
    await page.get_by_role("link", name="Flow of Divya Nair v1").click()
    await page.wait_for_url("**/edit?version=1")
    await expect(page.get_by_text("Version 1, read-only.")).to_be_visible()
    await expect(page.get_by_role("button", name="2. Wait")).to_be_visible()


async def test_a_link_of_another_account_says_so(open_page: OpenPage) -> None:
    owner, stranger = await make_person(), await make_person()
    execution, _ = await story(owner)
    page = await open_page(stranger, f"{HERE}/{execution.id}")
    await expect(page.get_by_role("alert")).to_contain_text("There is no execution with the id")
    await expect(page.get_by_role("alert")).to_contain_text("may work in another account")
    assert "Divya" not in await page.content()
    broken = await open_page(stranger, f"{HERE}/not-an-id")
    await expect(broken.get_by_role("alert")).to_contain_text("the address is not complete")


async def test_the_page_has_no_serious_fault(open_page: OpenPage) -> None:
    owner = await make_person()
    execution, logs = await story(owner)
    await tell(logs[3], ("m1", EventKind.MESSAGE, MessageState.DELIVERED, None))
    page = await open_page(owner, f"{HERE}/{execution.id}")
    found = await faults_in_both(page)
    await page.locator(f'[data-attempt="{logs[3].id}"]').get_by_role("button", name="Everything recorded").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults_in_both(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("radio", name="Chart").click()
    await expect(page.locator(".react-flow__node").first).to_be_visible()
    found += await faults_in_both(page)
    phone = await open_page(owner, f"{HERE}/{execution.id}", width=390)
    found += await faults_in_both(phone)
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert found == [], "\n".join(found)
