"""The flow builder in a browser: a flow from nothing with the mouse, and again with the keyboard; drafts, publishing, versions."""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Locator, Page, WebSocket, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.models import FlowDraft, VoiceAgent
from autoflows.models.database import open_session
from autoflows.services import auth, flows, users
from autoflows.services.views.flows import FlowCreate
from autoflows.ui.states.flow_builder import FlowBuilder
from tests.e2e.conftest import OpenPage, Site, make_person, ready, signed_in
from tests.e2e.flow_world import flow_named, make_execution, make_flow, make_world
from tests.e2e.forged import forged_socket

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"


async def choose(page: Page, control: str, option: str) -> None:
    """Choose in a select by its accessible name."""
    await page.get_by_role("combobox", name=control, exact=True).click()
    await page.get_by_role("option", name=option).first.click()


async def select_card(page: Page, card: str) -> None:
    """Click a card, and wait until the panel shows it."""
    await page.get_by_role("button", name=card).click()
    await expect(page.locator("#inspector h2")).to_have_text(card)


def cards(page: Page) -> Locator:
    """The titles of the steps, in the order one sees them."""
    return page.get_by_role("list", name="Steps").locator("strong")


def saved(page: Page) -> Locator:
    """Where the header says how the draft stands."""
    return page.locator("#save-state")


async def drag(page: Page, handle: Locator, target: Locator) -> None:
    """Take a handle with the mouse and drop it on another."""
    start, end = await handle.bounding_box(), await target.bounding_box()
    assert start is not None
    assert end is not None
    await page.mouse.move(start["x"] + 10, start["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(start["x"] + 10, start["y"] + 20, steps=3)
    await page.mouse.move(end["x"] + 10, end["y"] + 12, steps=12)
    await page.wait_for_timeout(150)
    await page.mouse.up()


async def test_build_the_example_flow_with_the_mouse(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_world(owner)
    page = await open_page(owner, f"{FLOWS}/create")
    await page.get_by_label("Name", exact=True).fill("IndiaMART first call")
    await page.get_by_role("button", name="When a lead arrives").click()
    await page.get_by_label("Condition 1: value").fill("IndiaMART")
    for step in ("AI call", "Wait", "WhatsApp message"):
        await page.get_by_role("button", name=f"Add step: {step}").click()
        await expect(page.locator("[aria-pressed=true]")).to_contain_text(step)
    # Each comes after the selected one; another by the "+" before the first.
    await page.get_by_role("button", name="Insert before step 1").click()
    await page.get_by_role("dialog").get_by_role("button", name="Insert E-mail").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(cards(page)).to_have_text(["1. E-mail", "2. AI call", "3. Wait", "4. WhatsApp message"])
    await drag(page, page.get_by_role("button", name="Reorder step 1, E-mail"), page.get_by_role("button", name="Reorder step 4, WhatsApp"))
    await expect(cards(page)).to_have_text(["1. AI call", "2. Wait", "3. WhatsApp message", "4. E-mail"])

    await select_card(page, "1. AI call")
    await expect(page.get_by_role("combobox", name="Voice agent", exact=True)).to_contain_text("Priya")  # there is only one
    await choose(page, "Caller id", "Front desk")
    await select_card(page, "2. Wait")
    await page.get_by_label("Minutes", exact=True).fill("15")
    await choose(page, "Run this step", "If the last call was…")
    await select_card(page, "3. WhatsApp message")
    await choose(page, "Run this step", "If the last call was…")
    await choose(page, "Source of variable 1", "Name")
    await choose(page, "Source of variable 2", "Custom field")
    await page.get_by_label("Custom field for variable 2").fill("product")
    await select_card(page, "4. E-mail")
    await choose(page, "Run this step", "Always")
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("if the call was not answered")
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("Wait 15 minutes")
    await select_card(page, "3. WhatsApp message")
    await expect(page.get_by_text("Hello ‹Name›, about ‹product›: we tried to call.")).to_be_visible()
    await expect(page.get_by_text("Draft, not published")).to_be_visible()
    await expect(saved(page)).to_contain_text("not live")

    await page.reload()
    await ready(page)
    await expect(cards(page)).to_have_text(["1. AI call", "2. Wait", "3. WhatsApp message", "4. E-mail"])
    await page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Version name").fill("First")
    await dialog.get_by_role("button", name="Publish now").click()
    await page.wait_for_url("**/edit**")
    await expect(page.get_by_text("Version 1 is live. No lead enters until it is on.")).to_be_visible()
    await expect(saved(page)).to_have_text("As published")
    flow = await flow_named(owner, "IndiaMART first call")
    assert flow is not None
    assert (flow.priority, flow.is_enabled, flow.version) == (1, False, 1)


async def test_undo_and_redo_take_back_everything(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Undone", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    await expect(undo).to_be_disabled()
    whole = ["1. AI call", "2. Wait", "3. E-mail"]
    await select_card(page, "2. Wait")
    await page.get_by_label("Minutes", exact=True).fill("5")
    await select_card(page, "3. E-mail")
    await page.get_by_role("button", name="Remove step 1").click()
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail"])
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()
    await undo.click()
    await expect(cards(page)).to_have_text(whole)
    await page.locator("#canvas").click(position={"x": 4, "y": 4})
    await page.keyboard.press("Control+z")
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("Wait 10 minutes")
    await expect(page.get_by_text("Unpublished changes")).to_have_count(0)
    await redo.click()
    await page.keyboard.press("Control+Shift+z")
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail"])
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("Wait 5 minutes")
    # Leaving keeps the draft.
    await page.get_by_role("link", name="Flows", exact=True).click()
    await page.wait_for_url(f"**{FLOWS}*")
    await page.go_back()
    await ready(page)
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail"])
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()


async def test_publish_says_what_changes_and_a_version_comes_back(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Told", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await select_card(page, "2. Wait")
    await page.get_by_label("Minutes", exact=True).fill("5")
    await page.get_by_label("Minutes", exact=True).press("Control+s")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("region", name="What changes")).to_contain_text("wait 10 minutes → wait 5 minutes")
    await dialog.get_by_label("Note").fill("Ten was too long")
    await dialog.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live. New leads enter it.")).to_be_visible()

    await page.get_by_role("button", name="Version history").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Ten was too long")
    await page.get_by_role("button", name="View version 1").click()
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("Wait 10 minutes")
    await expect(page.get_by_role("button", name="Publish", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="Restore as draft").click()
    await expect(page.get_by_text("Version 1 is in the draft")).to_be_visible()
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()
    stored = await flow_named(owner, "Told")
    assert stored is not None
    assert stored.version == 2
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(page.get_by_role("list", name="Steps")).to_contain_text("Wait 5 minutes")
    await expect(page.get_by_text("Unpublished changes")).to_have_count(0)


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


async def test_a_viewer_sees_the_flow_read_only(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Read me", await make_world(owner))
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, f"{FLOWS}/{flow.id}/edit")
    await expect(page.get_by_text("View only")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    await select_card(page, "2. Wait")
    await expect(page.get_by_label("Minutes", exact=True)).to_be_disabled()
    for name in ("Publish", "Undo", "Remove step 1", "Add a step", "Add step: Wait", "Reorder step 1, AI call"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)


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


async def test_build_a_flow_with_the_keyboard_only(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_world(owner)
    page = await open_page(owner, f"{FLOWS}/create")
    keys = page.keyboard
    await keys.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Walk the cards")
    await keys.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    async def walk_to(card: str) -> None:
        """Arrow down from the first card."""
        for _ in range(8):
            await keys.press("ArrowDown")
            await page.wait_for_timeout(120)
            if card in (await page.evaluate("document.activeElement.innerText")):
                await expect(page.locator("#inspector h2")).to_have_text(card)
                return
        raise AssertionError(f"the arrows never came to {card}")

    await page.evaluate("document.activeElement.blur()")
    await keys.press("ArrowDown")
    await expect(page.locator("#step-trigger")).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator("#inspector h2")).to_have_text("When a lead arrives")
    await expect(page.get_by_role("combobox", name="Condition 1: what to look at")).to_be_focused()
    await keys.press("Tab")
    await keys.press("Tab")
    await keys.type("IndiaMART")
    await keys.press("Escape")
    await expect(page.locator("#step-trigger")).to_be_focused()
    await expect(page.locator("#step-trigger")).to_contain_text("When lead source is IndiaMART")
    for place, (search, title) in enumerate((("call", "AI call"), ("wait", "Wait"), ("e-mail", "E-mail")), start=1):
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await keys.press("Tab")
        await expect(page.get_by_role("dialog").get_by_label("Search steps")).to_be_focused()
        await keys.type(search)
        await expect(page.get_by_role("dialog").get_by_role("button", name="Insert ")).to_have_count(1)
        await keys.press("Enter")
        await expect(page.locator("[data-stop]:focus")).to_contain_text(f"{place}. {title}")
    # The e-mail comes before the wait: lifted by its handle, one up, dropped.
    await page.get_by_role("button", name="Reorder step 3, E-mail").focus()
    await keys.press("Space")
    await page.wait_for_timeout(250)
    await keys.press("ArrowUp")
    await page.wait_for_timeout(250)
    await keys.press("Space")
    await expect(cards(page)).to_have_text(["1. AI call", "2. E-mail", "3. Wait"])
    await page.locator("#step-trigger").focus()
    await walk_to("3. Wait")
    await keys.press("Delete")
    await expect(cards(page)).to_have_text(["1. AI call", "2. E-mail"])
    await expect(page.locator("[data-stop]:focus")).to_contain_text("2. E-mail")
    await keys.press("Control+z")
    await expect(cards(page)).to_have_text(["1. AI call", "2. E-mail", "3. Wait"])
    await page.locator("#step-trigger").focus()
    await walk_to("Flow settings")
    await keys.press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await keys.type("By keys")
    await keys.press("Control+s")
    await expect(page.get_by_role("dialog")).to_contain_text("A new flow.")
    await page.get_by_role("button", name="Publish now").focus()
    await keys.press("Enter")
    await page.wait_for_url("**/edit**")
    flow = await flow_named(owner, "By keys")
    assert flow is not None


async def test_two_people_and_one_pen(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Shared", await make_world(owner))
    admin = await make_person(Role.ADMIN, owner)
    first = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await first.get_by_role("button", name="Remove step 3").click()
    await expect(cards(first)).to_have_text(["1. AI call", "2. Wait"])
    await expect(saved(first)).to_contain_text("not live")

    second = await open_page(admin, f"{FLOWS}/{flow.id}/edit")
    await expect(second.get_by_text("is editing this flow")).to_contain_text("Test owner")
    await expect(cards(second)).to_have_text(["1. AI call", "2. Wait"])
    await expect(second.get_by_role("button", name="Remove step 1")).to_have_count(0)
    await second.get_by_role("button", name="Take over").click()
    await second.get_by_role("button", name="Remove step 2").click()
    await expect(cards(second)).to_have_text(["1. AI call"])
    await expect(saved(second)).to_contain_text("not live")

    # The first did not see that: what they do now is not saved over it, and they are told.
    await first.get_by_role("button", name="Remove step 1").click()
    dialog = first.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("Your last change is not saved")
    await expect(dialog).to_contain_text("Test admin")
    await dialog.get_by_role("button", name="Show what is saved").click()
    await expect(cards(first)).to_have_text(["1. AI call"])
    await expect(first.get_by_text("is editing this flow")).to_contain_text("Test admin")


async def test_two_windows_of_one_person_never_overwrite_unseen(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Twice", await make_world(owner))
    one = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    two = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await one.get_by_role("button", name="Remove step 3").click()
    await expect(saved(one)).to_contain_text("not live")
    await two.get_by_role("button", name="Remove step 1").click()
    dialog = two.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("nothing was overwritten")
    await dialog.get_by_role("button", name="Keep mine").click()
    await expect(dialog).to_have_count(0)
    await expect(saved(two)).to_contain_text("not live")
    await two.reload()
    await ready(two)
    await expect(cards(two)).to_have_text(["1. Wait", "2. E-mail"])


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
    await expect(page.locator("#inspector h2")).to_have_text("2. Wait")


async def test_an_agent_deleted_while_the_flow_is_open_is_a_problem(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_world(owner)
    flow = await make_flow(owner, "Orphan", world)
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await expect(page.get_by_role("button", name="To do: 0")).to_be_visible()
    async with open_session() as session:
        agent = await session.get(VoiceAgent, world.agent)
        assert agent is not None
        agent.is_active = False
    await expect(page.get_by_role("button", name="To do: 1")).to_be_visible(timeout=15_000)
    await expect(page.locator(".af-fb-wrong")).to_contain_text("AI call")


async def test_forged_events_change_nothing(open_page: OpenPage, site: Site, chromium: Browser) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Safe", await make_world(owner))
    other = await make_person()
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    token = await page.evaluate("sessionStorage.getItem('token')")
    await page.get_by_role("button", name="Remove step 3").click()
    await expect(saved(page)).to_contain_text("not live")
    async with open_session() as session:
        (draft,) = (await session.exec(select(FlowDraft).where(FlowDraft.flow_id == flow.id))).all()
    context = await chromium.new_context()
    async with signed_in(site, other) as client:
        await context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()])
    socket = await forged_socket(site, context, str(uuid4()))
    state = FlowBuilder.get_full_name()
    ids = [action["id"] for action in draft.definition["actions"]]
    forged: list[tuple[str, dict[str, Any]]] = [
        ("order_steps", {"step_ids": ids[::-1]}), ("order_steps", {"step_ids": [ids[0], ids[0]]}), ("order_steps", {"step_ids": "x"}),
        ("order_steps", {"step_ids": [1, None]}), ("insert_step", {"kind": "wait", "place": 10**9}),
        ("insert_step", {"kind": "rm -rf", "place": 0}), ("insert_step", {"kind": "wait", "place": True}),
        ("set_text", {"name": "_draft", "value": "x"}), ("set_text", {"name": "name", "value": "x" * 100_000}),
        ("set_config", {"step_id": ids[0], "name": "agent_id", "value": ["x"]}), ("set_open", {"what": "_past", "is_open": True}),
        ("take_over", {}), ("save", {}), ("publish", {}), ("discard", {}), ("restore", {"version": "1"}),
        ("leave", {"draft_id": str(draft.id)}),
    ]  # fmt: skip
    for name, arguments in forged:
        await socket.send(f"{state}.{name}", **arguments)
    await socket.settle()
    async with open_session() as session:
        (after,) = (await session.exec(select(FlowDraft).where(FlowDraft.flow_id == flow.id))).all()
    assert after.definition == draft.definition
    assert after.revision == draft.revision
    assert after.locked_by == owner.user_id
    assert token
    await context.close()


async def test_an_edit_of_a_hundred_steps_is_quick(open_page: OpenPage) -> None:
    owner = await make_person()
    actions = [{"action_order": n, "action_type": "wait", "action_config": {"duration_minutes": n}} for n in range(1, 101)]
    body = {"name": "Long", "conditions": [], "actions": actions}
    async with open_session() as session:
        user = await users.find_user(session, owner.email)
        assert user is not None
        flow = await flows.create_flow(auth.actor_of(user, "session"), session, FlowCreate.model_validate(body))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
    await page.reload()
    await ready(page)
    await page.locator("[data-stop]").nth(1).click()
    await expect(page.locator("#inspector h2")).to_have_text("1. Wait")
    sent: list[float] = []
    answered: list[tuple[float, int]] = []
    for socket in sockets:
        socket.on("framesent", lambda text: sent.append(time.perf_counter()) if "duration_minutes" in str(text) else None)
        socket.on("framereceived", lambda text: answered.append((time.perf_counter(), len(text))) if "cards" in str(text) else None)
    for n in range(20):
        await page.get_by_label("Minutes", exact=True).fill(str(200 + n))
        await page.get_by_label("Seconds", exact=True).focus()
        await page.wait_for_function(f"document.querySelectorAll('[data-stop]')[1].innerText.includes('{(200 + n) % 60} minutes')")
        await expect(saved(page)).to_contain_text("not live")
    took = [min(at for at, _ in answered if at > began) - began for began in sent]
    assert len(took) == 20
    print("an edit of 100 steps, ms:", [round(t * 1000) for t in sorted(took)], "bytes:", max(size for _, size in answered))
    assert sorted(took)[18] < 1.0
    assert max(size for _, size in answered) < 40_000


async def test_a_drag_while_the_connection_is_lost_is_neither_lost_nor_doubled(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Patchy", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await page.get_by_role("button", name="Reorder step 3, E-mail").focus()
    await page.keyboard.press("Space")
    await page.wait_for_timeout(250)
    await page.context.set_offline(True)
    await page.keyboard.press("ArrowUp")
    await page.wait_for_timeout(250)
    await page.keyboard.press("Space")
    await page.wait_for_timeout(1500)
    await page.context.set_offline(False)
    await page.reload()
    await ready(page)
    order = await cards(page).all_inner_texts()
    assert sorted(text[3:] for text in order) == ["AI call", "E-mail", "Wait"]
    await page.get_by_role("button", name="Remove step 3").click()
    await expect(cards(page)).to_have_count(2)
    await expect(saved(page)).to_contain_text("not live")
