"""The builder under bad input: forged events, pasted novels and script tags."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from autoflows.ui.states.flow_builder import FlowBuilder
from tests.e2e.builder import FLOWS, cards, draft_of, expect_saved, select_card
from tests.e2e.conftest import OpenPage, Site, make_person, ready, signed_in
from tests.e2e.flow_world import make_flow, make_world
from tests.e2e.forged import forged_socket
from tests.e2e.hands import Cable

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

SCRIPT = "<script>alert(1)</script>"


async def test_forged_events_change_nothing(open_page: OpenPage, site: Site, chromium: Browser) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Safe", await make_world(owner))
    other = await make_person()
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    token = await page.evaluate("sessionStorage.getItem('token')")
    await page.get_by_role("button", name="Remove step 3").click()
    await expect_saved(page)
    draft = await draft_of(flow)
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
        ("leave", {"draft_id": str(draft.id), "flow_id": str(flow.id)}), ("leave", {"draft_id": ["x"], "flow_id": {}}),
        ("toggle", {"flow_id": str(flow.id), "on": False}), ("ask_delete", {"flow_id": str(flow.id)}), ("stop", {}),
        ("set_duration", {"step_id": ids[1], "amount": "5", "unit": "fortnights"}),
        ("set_duration", {"step_id": ids[1], "amount": ["5"], "unit": "minutes"}), ("beat", {}), ("select", {"what": "../etc"}),
    ]  # fmt: skip
    for name, arguments in forged:
        await socket.send(f"{state}.{name}", **arguments)
    await socket.settle()
    after = await draft_of(flow)
    assert after.definition == draft.definition
    assert after.revision == draft.revision
    assert after.locked_by == owner.user_id
    assert token
    await context.close()


async def test_forged_orders_and_types_in_ones_own_tab_are_refused(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Mine", await make_world(owner))
    path = f"{FLOWS}/{flow.id}/edit"
    page = await open_page(owner, path)
    cable = Cable()
    await cable.lead_through(page)
    await page.reload()
    await ready(page)
    before = await draft_of(flow)
    ids = [action["id"] for action in before.definition["actions"]]
    state = FlowBuilder.get_full_name()
    forged: list[tuple[str, dict[str, Any]]] = [
        ("order_steps", {"step_ids": [ids[0], ids[0], ids[2]]}), ("order_steps", {"step_ids": ids[:2]}),
        ("order_steps", {"step_ids": None}), ("order_steps", {"step_ids": [[], {}, 1]}),
        ("insert_step", {"kind": "rm -rf", "place": 0}), ("insert_step", {"kind": "wait", "place": -1}),
        ("insert_step", {"kind": ["wait"], "place": 0}), ("remove_step", {"step_id": str(uuid4())}),
        ("set_config", {"step_id": str(uuid4()), "name": "agent_id", "value": "x"}), ("set_text", {"name": "_draft", "value": "x"}),
        ("set_text", {"name": "name", "value": "x" * 100_000}), ("set_when", {"step_id": ids[0], "kind": "sometimes"}),
        ("set_duration", {"step_id": ids[1], "amount": "5", "unit": "fortnights"}), ("toggle_day", {"day": 8}),
        ("set_choice", {"name": "on_unknown", "value": "panic"}), ("view_version", {"version": 10**9}),
    ]  # fmt: skip
    for name, arguments in forged:
        cable.forge(f"{state}.{name}", path, **arguments)
    # What makes sense is done, so the others were not refused for another reason.
    cable.forge(f"{state}.order_steps", path, step_ids=ids[::-1])
    await expect(cards(page)).to_have_text(["1. E-mail", "2. Wait", "3. AI call"])
    await expect_saved(page)
    after = await draft_of(flow)
    assert [action["id"] for action in after.definition["actions"]] == ids[::-1]
    assert {**after.definition, "actions": []} == {**before.definition, "actions": []}
    assert after.revision == before.revision + 1


async def test_a_pasted_novel_is_cut_where_one_sees_it(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Long", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    novel = "It was a dark night. " * 5000
    for label, kept in (("Name", 255), ("Description", 5000), ("Stop when the contact has the tag", 100)):
        field = page.get_by_label(label, exact=label == "Name")
        await field.fill("")
        await page.keyboard.insert_text(novel)
        await page.keyboard.press("Tab")
        assert len(await field.input_value()) == kept
    await select_card(page, "3. E-mail")
    await page.get_by_label("Subject").fill("")
    await page.keyboard.insert_text(novel)
    await page.keyboard.press("Tab")
    await expect_saved(page)
    definition = (await draft_of(flow)).definition
    assert (len(definition["name"].strip()), len(definition["description"].strip())) == (254, 5000)  # a space at the end goes
    await page.reload()
    await ready(page)
    await expect(cards(page)).to_have_count(3)


async def test_script_tags_are_text_wherever_they_are_shown(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Tagged", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    await page.get_by_label("Name", exact=True).fill(SCRIPT)
    await select_card(page, "3. E-mail")
    await page.get_by_label("Subject").fill(f"{SCRIPT} {{{{ contact.name }}}}")
    await page.get_by_role("button", name="When a lead arrives").click()
    await page.get_by_label("Condition 1: value").fill(SCRIPT)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    await expect(page.locator("#step-trigger")).to_contain_text(SCRIPT)
    await page.get_by_role("radio", name="Chart").click()
    await expect(page.get_by_role("region", name="Flowchart")).to_contain_text(SCRIPT)
    await page.get_by_role("radio", name="List").click()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_role("region", name="What changes")).to_contain_text(SCRIPT)
    await page.get_by_label("Version name").fill(SCRIPT)
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live.")).to_be_visible()
    await page.get_by_role("button", name="Version history").click()
    await expect(page.get_by_role("dialog")).to_contain_text(f"2. {SCRIPT}")
    assert alerts == []
