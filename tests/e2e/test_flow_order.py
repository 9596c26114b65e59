"""Flows are put in order by mouse, finger and keyboard; also while the connection is lost, and not by a forger."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from autoflows.models.database import open_session
from autoflows.services import auth, flows, users
from autoflows.ui.states.flow_list import FlowList
from tests.e2e.conftest import OpenPage, Site, make_person, until
from tests.e2e.flow_table import FLOWS, dragged, flow_id, make_flows, names_of, order_of
from tests.e2e.forged import forged_socket
from tests.e2e.hands import carry, drag_with_finger, lift

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]


async def test_drag_with_the_mouse_and_undo(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    page = await open_page(owner, FLOWS)
    await lift(page, dragged(page, "First"))
    await carry(page, dragged(page, "Third"))
    await expect(page.get_by_text("This move changes 0 of the last 30 days' 0 leads.")).to_be_visible()
    await page.mouse.up()
    await expect(names_of(page)).to_have_text(["Second", "Third", "First"])
    await expect(page.get_by_text("The order was changed. This move changes")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])
    assert await order_of(page) == ["First", "Second", "Third"]
    await page.reload()
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])


async def test_undo_does_not_take_back_what_another_did(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    ids = {name: await flow_id(owner, name) for name in ("First", "Second", "Third")}
    page = await open_page(owner, FLOWS)
    await page.get_by_role("button", name="Raise priority of Second").click()
    await expect(names_of(page)).to_have_text(["Second", "First", "Third"])
    async with open_session() as session:
        user = await users.find_user(session, owner.email)
        assert user is not None
        await flows.reorder_flows(auth.actor_of(user, "session"), session, [ids["Third"], ids["Second"], ids["First"]])
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("The list was changed since")).to_be_visible()
    await page.reload()
    await expect(names_of(page)).to_have_text(["Third", "Second", "First"])


async def test_drag_with_the_keyboard(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    page = await open_page(owner, FLOWS)
    handle = page.get_by_role("button", name="Drag Third")
    await handle.focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text("Third is lifted. It is at place 3 of 3.")).to_be_attached()
    await page.wait_for_timeout(500)  # a row takes arrows a moment after it was lifted, sooner than any hand
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_text("Third would be at place 2 of 3.")).to_be_attached()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_text("Third would be at place 1 of 3.")).to_be_attached()
    await page.keyboard.press("Space")
    await expect(names_of(page)).to_have_text(["Third", "First", "Second"])
    await expect(handle).to_be_focused()  # to go on
    await page.keyboard.press("Space")
    await page.wait_for_timeout(500)
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_text("Third would be at place 2 of 3.")).to_be_attached()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Third stays at place 1.")).to_be_attached()

    async def is_back() -> bool:
        return await order_of(page) == ["Third", "First", "Second"]

    await until(is_back, "the lifted row glides back to its place")


async def test_drag_with_a_finger(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second")
    page = await open_page(owner, FLOWS, width=390)
    await drag_with_finger(page, dragged(page, "First"), dragged(page, "Second"))
    await expect(names_of(page)).to_have_text(["Second", "First"])
    await drag_with_finger(page, dragged(page, "First"), dragged(page, "Second"))
    await expect(names_of(page)).to_have_text(["First", "Second"])


async def test_a_drag_while_the_connection_is_lost_counts_once(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    page = await open_page(owner, FLOWS)
    await lift(page, dragged(page, "First"))
    await page.context.set_offline(True)
    await carry(page, dragged(page, "Third"))
    await page.mouse.up()
    await page.wait_for_timeout(1000)
    assert await order_of(page) == ["Second", "Third", "First"]  # as it was dropped, and not known to the server yet
    await page.context.set_offline(False)
    await expect(page.get_by_text("The order was changed.")).to_be_visible(timeout=20_000)
    await expect(names_of(page)).to_have_text(["Second", "Third", "First"])
    await page.get_by_role("button", name="Undo").click()
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])
    await page.reload()
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])


async def test_a_forged_order_is_refused(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second")
    first, second = await flow_id(owner, "First"), await flow_id(owner, "Second")
    page = await open_page(owner, FLOWS)
    socket = await forged_socket(site, page.context, str(uuid4()))
    handler = FlowList.get_full_name() + ".reorder"
    orders: list[Any] = [[], [str(first)], [str(second), str(second)], [str(second), str(uuid4())], ["x"], "x", None, [[]]]
    for wrong in orders:
        await socket.send(handler, flow_ids=wrong)
    await socket.settle(told="exactly once")
    await page.reload()
    await expect(names_of(page)).to_have_text(["First", "Second"])
