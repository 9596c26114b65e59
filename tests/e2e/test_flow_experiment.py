"""An A/B test is built in a browser: a split with its arms, steps for each, a goal to measure by, and its picture."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.builder import FLOWS, cards, choose, select_card
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import flow_named, make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]


async def test_build_an_experiment(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Tried", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await page.get_by_role("button", name="Insert before step 1").click()
    await page.get_by_role("dialog").get_by_role("button", name="Insert Split").click()
    await expect(cards(page)).to_have_text(["1. Split", "2. AI call", "3. Wait", "4. E-mail"])
    steps = page.get_by_role("list", name="Steps")
    await expect(steps).to_contain_text("Divide the leads: A 50 % and B 50 %")

    # A third arm shares alike; a share that breaks the whole is told at the arms, and mended there.
    await page.get_by_role("button", name="Add arm").click()
    await expect(page.get_by_label("Percent of arm 3")).to_have_value("33")
    await page.get_by_label("Name of arm 3").fill("Nobody")
    await page.get_by_label("Percent of arm 3").fill("20")
    await page.get_by_label("Percent of arm 1").click()
    await expect(page.get_by_text("add up to 87").first).to_be_visible()
    for number, percent in ((1, "40"), (2, "40")):
        await page.get_by_label(f"Percent of arm {number}").fill(percent)
    await page.get_by_role("switch", name="Arm 3 is the hold-out").click()
    await expect(steps).to_contain_text("A 40 %, B 40 % and Nobody 20 % without contact")
    await expect(page.get_by_text("100 % in all")).to_be_visible()

    await select_card(page, "2. AI call")
    await choose(page, "Run this step", "If the lead is in an arm")
    await expect(page.get_by_role("combobox", name="Arm", exact=True)).to_contain_text("A")
    await select_card(page, "3. Wait")
    await choose(page, "Run this step", "If the lead is in an arm")
    await choose(page, "Arm", "B")
    await expect(steps).to_contain_text("in arm B")
    await page.get_by_role("radio", name="Chart").click()
    chart = page.get_by_role("region", name="Flowchart")
    await expect(chart.get_by_text("in arm A")).to_be_visible()
    await expect(chart.get_by_text("otherwise")).to_be_visible()
    await page.get_by_role("radio", name="List").click()

    await page.get_by_role("button", name="Flow settings").click()
    await choose(page, "A lead is converted when", "The contact gets a tag")
    await page.get_by_label("Tag", exact=True).fill("won")
    await page.get_by_label("Within days").fill("14")
    await page.get_by_label("Name", exact=True).click()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Version 2 is live. New leads enter it.")).to_be_visible()
    stored = await flow_named(owner, "Tried")
    assert stored is not None
    assert stored.goal == {
        "kind": "tag_added", "tag": "won", "field": None, "value": None, "min_seconds": 0, "window_days": 14, "stops": False,
    }  # fmt: skip
    await page.reload()
    await ready(page)
    await expect(page.get_by_label("Within days")).to_have_value("14")
    await select_card(page, "1. Split")
    await expect(page.get_by_label("Name of arm 3")).to_have_value("Nobody")
    await expect(page.get_by_role("switch", name="Arm 3 is the hold-out")).to_be_checked()
