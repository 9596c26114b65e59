"""The example flow from nothing to its third version: once with the mouse, typing only what is text, and once without any mouse."""

from __future__ import annotations

from datetime import time

import pytest
from playwright.async_api import Page, expect

from autoflows.models import Flow
from tests.e2e.builder import FLOWS, cards, choose, expect_saved, handle, panel_title, saved, select_card, steps
from tests.e2e.conftest import OpenPage, Person, make_person, ready
from tests.e2e.flow_world import flow_named, make_lead, make_world
from tests.e2e.hands import drag, pick_by_keys, tab_to

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180, func_only=True)]

EXAMPLE = ["1. AI call", "2. Wait", "3. WhatsApp message", "4. E-mail"]


async def newcomer() -> Person:
    """An owner with channels, and a lead that came from IndiaMART."""
    owner = await make_person()
    await make_world(owner)
    await make_lead(owner, "IndiaMART", "+919876500160")
    return owner


async def expect_example(page: Page) -> None:
    """Everything that the example asks for, as one reads it on the canvas and in the panel."""
    await expect(cards(page)).to_have_text(EXAMPLE)
    await expect(page.locator("#step-trigger")).to_contain_text("When lead source is IndiaMART")
    sequence = steps(page).get_by_role("listitem")
    for place in (1, 2):
        await expect(sequence.nth(place)).to_contain_text("if the call was not answered")
    await expect(sequence.nth(1)).to_contain_text("Wait 10 minutes")
    await expect(sequence.nth(3)).to_contain_text("always")
    await expect(page.locator("#step-settings")).to_contain_text("Mon–Sat, 09:00–19:00 Asia/Kolkata")


async def published(owner: Person, version: int) -> Flow:
    """The flow as it is stored, at this version."""
    flow = await flow_named(owner, "IndiaMART first call")
    assert flow is not None
    assert flow.version == version
    assert flow.use_custom_business_hours
    assert (flow.business_hours_start, flow.business_hours_end, flow.business_hours_timezone) == (time(9), time(19), "Asia/Kolkata")
    assert flow.business_days == [1, 2, 3, 4, 5, 6]
    return flow


async def test_with_the_mouse(open_page: OpenPage) -> None:
    owner = await newcomer()
    page = await open_page(owner, f"{FLOWS}/create")
    await page.get_by_label("Name", exact=True).fill("IndiaMART first call")
    await page.get_by_role("switch", name="This flow keeps its own hours").click()
    await page.get_by_label("Time zone", exact=True).fill("Asia/Kolkata")
    await page.get_by_role("button", name="When a lead arrives").click()
    await page.get_by_role("button", name="Condition 1: take IndiaMART").click()
    for step in ("AI call", "Wait", "WhatsApp message"):
        await page.get_by_role("button", name=f"Add step: {step}").click()
        await expect(page.locator("[aria-pressed=true]")).to_contain_text(step)
    # Each comes after the selected one; another by the "+" before the first.
    await page.get_by_role("button", name="Insert before step 1").click()
    await page.get_by_role("dialog").get_by_role("button", name="Insert E-mail").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(cards(page)).to_have_text(["1. E-mail", "2. AI call", "3. Wait", "4. WhatsApp message"])
    await drag(page, handle(page, "1, E-mail"), handle(page, "4, WhatsApp message"))
    await expect(cards(page)).to_have_text(EXAMPLE)

    await select_card(page, "1. AI call")
    await expect(page.get_by_role("combobox", name="Voice agent", exact=True)).to_contain_text("Priya")  # there is only one
    await choose(page, "Caller id", "Front desk")
    await select_card(page, "2. Wait")
    await page.get_by_role("button", name="30 min").click()
    await expect(page.get_by_label("Wait for")).to_have_value("30")
    await page.get_by_role("button", name="10 min").click()
    await choose(page, "Run this step", "If the last call was…")
    await select_card(page, "3. WhatsApp message")
    await choose(page, "Run this step", "If the last call was…")
    await choose(page, "Source of variable 1", "Name")
    await choose(page, "Source of variable 2", "Custom field")
    await page.get_by_label("Custom field for variable 2").fill("product")
    await select_card(page, "4. E-mail")
    await choose(page, "Run this step", "Always")
    await expect_example(page)
    await select_card(page, "3. WhatsApp message")
    await expect(page.get_by_text("Hello ‹Name›, about ‹product›: we tried to call.")).to_be_visible()
    await choose(page, "Preview with", "Asha Patel")
    await expect(page.get_by_text("Hello Asha Patel, about —: we tried to call.")).to_be_visible()
    await expect_saved(page)
    await page.reload()
    await ready(page)
    await expect_example(page)

    await page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("region", name="What it means")).to_contain_text("1 of the last 30 days' 1 lead")
    await dialog.get_by_label("Version name").fill("First")
    await dialog.get_by_role("button", name="Publish now").click()
    await page.wait_for_url("**/edit**")
    await expect(page.get_by_text("Version 1 is live. No lead enters until it is on.")).to_be_visible()
    await expect(saved(page)).to_have_text("As published")
    flow = await published(owner, 1)
    assert (flow.priority, flow.is_enabled) == (1, False)
    await page.get_by_role("switch", name="New leads enter this flow").click()
    await expect(page.get_by_text("On · version 1")).to_be_visible()

    await select_card(page, "2. Wait")
    await page.get_by_role("button", name="5 min", exact=True).click()
    await drag(page, handle(page, "4, E-mail"), handle(page, "3, WhatsApp message"))
    await expect(cards(page)).to_have_text([*EXAMPLE[:2], "3. E-mail", "4. WhatsApp message"])
    await page.get_by_role("button", name="Publish", exact=True).click()
    changes = dialog.get_by_role("region", name="What changes")
    await expect(changes).to_contain_text("wait 10 minutes → wait 5 minutes")
    await expect(changes).to_contain_text("Step 3 'WhatsApp message' moved to the end")
    await dialog.get_by_label("Version name").fill("Quicker")
    await dialog.get_by_label("Note").fill("Ten was too long")
    await dialog.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live. New leads enter it.")).to_be_visible()

    await page.get_by_role("button", name="Version history").click()
    await expect(dialog).to_contain_text("Ten was too long")
    await page.get_by_role("button", name="View version 1").click()
    await expect_example(page)
    await expect(page.get_by_role("button", name="Publish", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="Restore as draft").click()
    await expect(page.get_by_text("Version 1 is in the draft")).to_be_visible()
    await expect_example(page)
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()
    await published(owner, 2)
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(steps(page)).to_contain_text("Wait 5 minutes")
    await expect(page.get_by_text("Unpublished changes")).to_have_count(0)


async def walk_to(page: Page, card: str) -> None:
    """Arrow down from the first card, and see it in the panel."""
    here = page.locator("[data-stop]:focus")
    for _ in range(9):
        await page.keyboard.press("ArrowUp")
    for _ in range(9):
        assert await here.count() == 1, "an arrow key left no card with the focus"
        if card in await here.inner_text():
            await expect(panel_title(page)).to_have_text(card)
            return
        await page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never came to {card}")


async def edit(page: Page, card: str) -> None:
    """Walk to a card and into its panel."""
    await walk_to(page, card)
    await page.keyboard.press("Enter")
    await expect(page.locator("#inspector :focus")).to_have_count(1)


async def back_to_the_card(page: Page) -> None:
    """Out of the panel; Escape is for a list first, while one is still fading."""
    await expect(page.get_by_role("listbox")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-stop]:focus")).to_have_count(1)


async def when(page: Page, condition: str) -> None:
    """Choose when the step in the panel runs."""
    await tab_to(page, page.get_by_role("combobox", name="Run this step", exact=True))
    await pick_by_keys(page, condition)


async def test_with_the_keyboard_alone(open_page: OpenPage) -> None:
    owner = await newcomer()
    page = await open_page(owner, f"{FLOWS}/create")
    keys, dialog = page.keyboard, page.get_by_role("dialog")
    await keys.press("?")
    await expect(dialog).to_contain_text("Walk the cards")
    await keys.press("Escape")
    await expect(dialog).to_have_count(0)

    await edit(page, "When a lead arrives")
    await tab_to(page, page.get_by_label("Condition 1: value"))
    await keys.type("IndiaMART")
    await back_to_the_card(page)
    # Each after the one before, found by typing; the e-mail a place too early.
    for place, (search, title) in enumerate((("call", "AI call"), ("wait", "Wait"), ("e-mail", "E-mail")), start=1):
        await keys.press("Tab")
        await expect(dialog.get_by_label("Search steps")).to_be_focused()
        await keys.type(search)
        await expect(dialog.get_by_role("button", name="Insert ")).to_have_count(1)
        await keys.press("Enter")
        await expect(dialog).to_have_count(0)
        await expect(page.locator("[data-stop]:focus")).to_contain_text(f"{place}. {title}")
    # A step between others: Tab comes to the "+" from below.
    await tab_to(page, page.get_by_role("button", name="Insert before step 3"), back=True)
    await keys.press("Enter")
    await expect(dialog.get_by_label("Search steps")).to_be_focused()
    await tab_to(page, dialog.get_by_role("button", name="Insert WhatsApp message"))
    await keys.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(cards(page)).to_have_text(EXAMPLE)
    await expect(page.locator("[data-stop]:focus")).to_contain_text("3. WhatsApp message")
    await edit(page, "1. AI call")
    await tab_to(page, page.get_by_role("combobox", name="Caller id", exact=True))
    await keys.press("Enter")
    await keys.type("Front")
    await keys.press("Enter")
    await expect(page.get_by_role("combobox", name="Caller id", exact=True)).to_contain_text("Front desk")
    await back_to_the_card(page)
    await edit(page, "2. Wait")
    await expect(page.get_by_label("Wait for")).to_be_focused()
    await when(page, "If the last call was…")
    await back_to_the_card(page)
    await edit(page, "3. WhatsApp message")
    await tab_to(page, page.get_by_role("combobox", name="Source of variable 1"))
    await pick_by_keys(page, "Name")
    await tab_to(page, page.get_by_role("combobox", name="Source of variable 2"))
    await pick_by_keys(page, "Custom field")
    await tab_to(page, page.get_by_label("Custom field for variable 2"))
    await keys.type("product")
    await when(page, "If the last call was…")
    await back_to_the_card(page)
    await edit(page, "4. E-mail")
    await when(page, "Always")
    await back_to_the_card(page)
    await edit(page, "Flow settings")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await keys.type("IndiaMART first call")
    await tab_to(page, page.get_by_role("switch", name="This flow keeps its own hours"))
    await keys.press("Space")
    await expect(page.get_by_label("Opens")).to_have_value("09:00")
    await tab_to(page, page.get_by_label("Time zone", exact=True))
    await keys.press("Control+a")
    await keys.type("Asia/Kolkata")
    await back_to_the_card(page)
    await expect_example(page)

    async def publish(*told: str, name: str, note: str) -> None:
        await keys.press("Control+s")
        for text in told:
            await expect(dialog).to_contain_text(text)
        await tab_to(page, dialog.get_by_label("Version name"))
        await keys.type(name)
        await tab_to(page, dialog.get_by_label("Note"))
        await keys.type(note)
        await tab_to(page, dialog.get_by_role("button", name="Publish now"))
        await keys.press("Enter")
        await expect(dialog).to_have_count(0)

    await publish("A new flow.", name="First", note="By keys")
    await page.wait_for_url("**/edit**")
    await expect(saved(page)).to_have_text("As published")
    await published(owner, 1)
    # The e-mail goes up by its handle, is removed and had back; the wait is shorter.
    await walk_to(page, "4. E-mail")
    await tab_to(page, handle(page, "4, E-mail"), back=True)
    await keys.press("Space")
    await expect(page.get_by_text("step 4, E-mail is lifted.")).to_be_attached()
    await page.wait_for_timeout(300)  # a row takes arrows a moment after it was lifted, sooner than any hand
    await keys.press("ArrowUp")
    await expect(page.get_by_text("step 4, E-mail would be at place 3 of 4.")).to_be_attached()
    await keys.press("Space")
    await expect(cards(page)).to_have_text([*EXAMPLE[:2], "3. E-mail", "4. WhatsApp message"])
    await keys.press("Tab")
    await expect(page.locator("[data-stop]:focus")).to_contain_text("3. E-mail")
    await keys.press("Delete")
    await expect(cards(page)).to_have_text(EXAMPLE[:3])
    await expect(page.locator("[data-stop]:focus")).to_contain_text("3. WhatsApp message")
    await keys.press("Control+z")
    await expect(cards(page)).to_have_text([*EXAMPLE[:2], "3. E-mail", "4. WhatsApp message"])
    await edit(page, "2. Wait")
    await keys.press("Control+a")
    await keys.type("5")
    await back_to_the_card(page)
    await publish("wait 10 minutes → wait 5 minutes", "Step 3 'WhatsApp message' moved to the end", name="Quicker", note="Ten was too long")
    await expect(page.get_by_text("On · version 2").or_(page.get_by_text("Off", exact=True))).to_be_visible()
    await expect(saved(page)).to_have_text("As published")
    await published(owner, 2)

    await walk_to(page, "When a lead arrives")
    await tab_to(page, page.get_by_role("button", name="Version history"), back=True)
    await keys.press("Enter")
    await expect(dialog).to_contain_text("Ten was too long")
    await tab_to(page, dialog.get_by_role("button", name="View version 1"))
    await keys.press("Enter")
    await expect_example(page)
    await tab_to(page, page.get_by_role("button", name="Restore as draft"))
    await keys.press("Enter")
    await expect(page.get_by_text("Version 1 is in the draft")).to_be_visible()
    await expect_example(page)
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()
