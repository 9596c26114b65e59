"""Drafts in a browser: undo, two people and one pen, who is here, and what is asked before typed text is lost."""

from __future__ import annotations

import pytest
from playwright.async_api import Dialog, expect

from autoflows.domain.permissions import Role
from tests.e2e.builder import FLOWS, cards, expect_saved, select_card, steps
from tests.e2e.conftest import OpenPage, make_person, ready
from tests.e2e.flow_world import make_flow, make_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]


async def test_undo_and_redo_take_back_everything(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Undone", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    await expect(undo).to_be_disabled()
    whole = ["1. AI call", "2. Wait", "3. E-mail"]
    await select_card(page, "2. Wait")
    await page.get_by_label("Wait for").fill("5")
    await select_card(page, "3. E-mail")
    await page.get_by_role("button", name="Remove step 1").click()
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail"])
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()
    await undo.click()
    await expect(cards(page)).to_have_text(whole)
    await page.locator("#canvas").click(position={"x": 4, "y": 4})
    await page.keyboard.press("Control+z")
    await expect(steps(page)).to_contain_text("Wait 10 minutes")
    await expect(page.get_by_text("Unpublished changes")).to_have_count(0)
    await redo.click()
    await page.keyboard.press("Control+Shift+z")
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail"])
    await expect(steps(page)).to_contain_text("Wait 5 minutes")
    # Leaving keeps the draft.
    await page.get_by_role("link", name="Flows", exact=True).click()
    await page.wait_for_url(f"**{FLOWS}*")
    await page.go_back()
    await ready(page)
    await expect(cards(page)).to_have_text(["1. Wait", "2. E-mail"])
    await expect(page.get_by_text("Unpublished changes")).to_be_visible()


async def test_a_viewer_sees_the_flow_read_only(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Read me", await make_world(owner))
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, f"{FLOWS}/{flow.id}/edit")
    await expect(page.get_by_text("View only")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    await select_card(page, "2. Wait")
    await expect(page.get_by_label("Wait for")).to_be_disabled()
    await page.keyboard.press("Tab")  # which adds a step for who may
    await expect(page.locator("[data-stop]:focus")).to_contain_text("3. E-mail")
    for name in ("Publish", "Undo", "Remove step 1", "Add a step", "Add step: Wait", "Reorder step 1, AI call"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    await expect(page.get_by_role("switch", name="New leads enter this flow")).to_have_count(0)


async def test_two_people_and_one_pen(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Shared", await make_world(owner))
    admin = await make_person(Role.ADMIN, owner)
    first = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await first.get_by_role("button", name="Remove step 3").click()
    await expect(cards(first)).to_have_text(["1. AI call", "2. Wait"])
    await expect_saved(first)

    second = await open_page(admin, f"{FLOWS}/{flow.id}/edit")
    await expect(second.get_by_text("is editing this flow")).to_contain_text("Test owner")
    await expect(cards(second)).to_have_text(["1. AI call", "2. Wait"])
    await expect(second.get_by_role("button", name="Remove step 1")).to_have_count(0)
    await second.get_by_role("button", name="Take over").click()
    await second.get_by_role("button", name="Remove step 2").click()
    await expect(cards(second)).to_have_text(["1. AI call"])
    await expect_saved(second)

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
    await expect_saved(one)
    await two.get_by_role("button", name="Remove step 1").click()
    dialog = two.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("nothing was overwritten")
    await dialog.get_by_role("button", name="Keep mine").click()
    await expect(dialog).to_have_count(0)
    await expect_saved(two)
    await two.reload()
    await ready(two)
    await expect(cards(two)).to_have_text(["1. Wait", "2. E-mail"])


async def test_everybody_sees_who_else_is_here(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Watched", await make_world(owner))
    address = f"{FLOWS}/{flow.id}/edit"
    first = await open_page(owner, address)
    await expect(first.get_by_role("img", name="Also here")).to_have_count(0)
    second = await open_page(await make_person(Role.ADMIN, owner), address)
    await expect(second.get_by_role("img", name="Also here: Test owner")).to_be_visible()
    third = await open_page(await make_person(Role.VIEWER, owner), address)
    await expect(third.get_by_role("img", name="Also here: Test admin, Test owner")).to_be_visible()
    again = await open_page(owner, address)  # the owner's second window is nobody else
    await expect(again.get_by_role("img", name="Also here: Test admin, Test viewer")).to_be_visible()
    await expect(first.get_by_role("img", name="Also here: Test admin, Test viewer")).to_be_visible(timeout=15_000)
    await second.get_by_role("link", name="Flows", exact=True).click()
    await second.wait_for_url(f"**{FLOWS}*")
    await expect(first.get_by_role("img", name="Also here: Test viewer")).to_be_visible(timeout=15_000)


async def test_a_viewer_sees_what_was_published_meanwhile(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Followed", await make_world(owner))
    viewer = await open_page(await make_person(Role.VIEWER, owner), f"{FLOWS}/{flow.id}/edit")
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await page.get_by_role("button", name="Remove step 3").click()
    await expect_saved(page)
    await expect(cards(viewer)).to_have_count(3)  # a draft is not theirs to see
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("button", name="Publish now").click()
    await expect(cards(viewer)).to_have_text(["1. AI call", "2. Wait"], timeout=15_000)
    await expect(viewer.get_by_text("On · version 2")).to_be_visible()


async def test_closing_the_page_with_text_that_was_not_sent_asks_first(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Guarded", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    name = page.get_by_label("Name", exact=True)
    await name.fill("Guarded well")
    await page.close(run_before_unload=True)
    await page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert not page.is_closed()
    # Who stays goes on: the connection is there still.
    await page.get_by_role("button", name="Remove step 3").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Guarded well")
    await expect(cards(page)).to_have_count(2)
    await expect_saved(page)
    async with page.expect_event("close"):
        await page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
