"""The flow list in a browser: put in order by mouse, finger and keyboard, labelled, searched, switched in bulk, archived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.ids import utc_now
from autoflows.models import Contact, Execution, FlowVersion, VoiceAgent
from autoflows.models.database import open_session
from autoflows.services import auth, drafts, flows, users
from autoflows.services.views.drafts import DraftSave
from autoflows.ui.states.flow_list import FlowList
from tests.e2e.conftest import OpenPage, Person, Site, make_person, until
from tests.e2e.flow_world import World, flow_named, make_flow, make_world
from tests.e2e.forged import forged_socket

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]

FLOWS = "/dashboard/auto-engagement"


async def make_flows(owner: Person, *names: str) -> World:
    """Enabled flows in this order."""
    world = await make_world(owner)
    for name in names:
        await make_flow(owner, name, world)
    return world


async def flow_id(owner: Person, name: str) -> UUID:
    """The id of a flow that there is."""
    flow = await flow_named(owner, name)
    assert flow is not None
    return flow.id


async def begin_draft(owner: Person, flow: UUID) -> None:
    """Change something without publishing it."""
    async with open_session() as session:
        user = await users.find_user(session, owner.email)
        assert user is not None
        actor = auth.actor_of(user, "session")
        draft = await drafts.open_draft(actor, session, flow)
        changed = {**draft.definition, "description": "Changed"}
        await drafts.save_draft(actor, session, draft.id, DraftSave(revision=draft.revision, definition=changed))


async def add_run(owner: Person, flow: UUID, phone: str, *, seconds: float, days_ago: int) -> None:
    """A lead that was reached so long after it came in."""
    async with open_session() as session:
        version = (await session.exec(select(FlowVersion).where(FlowVersion.flow_id == flow))).one()
        contact = Contact(user_id=owner.account_id, phone=phone)
        session.add(contact)
        await session.flush()
        then = utc_now() - timedelta(days=days_ago)
        session.add(
            Execution(
                flow_id=flow,
                flow_version_id=version.id,
                contact_id=contact.id,
                user_id=owner.account_id,
                triggered_at=then,
                due_at=then + timedelta(days=30),
                lead_at=then - timedelta(seconds=seconds),
                first_attempt_at=then,
            )
        )


def names_of(page: Page) -> Locator:
    """The flows' names in the order of the page."""
    return page.get_by_role("list", name="Flows by priority").get_by_role("heading")


async def order_of(page: Page) -> list[str]:
    """The flows' names as one sees them, from top to bottom."""
    seen = [((await h.bounding_box() or {"y": 0})["y"], await h.inner_text()) for h in await names_of(page).all()]
    return [name for _, name in sorted(seen)]


async def centre(page: Page, name: str) -> tuple[float, float]:
    """Where a flow's handle is."""
    box = await page.get_by_role("button", name=f"Drag {name}", exact=True).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def test_drag_with_the_mouse_and_undo(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second", "Third")
    page = await open_page(owner, FLOWS)
    (x, y), (_, end) = await centre(page, "First"), await centre(page, "Third")
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + 20, steps=4)
    await page.mouse.move(x, end + 10, steps=12)
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
    (x, y), (_, end) = await centre(page, "First"), await centre(page, "Second")
    touch = await page.context.new_cdp_session(page)

    async def finger(kind: str, at: float | None = None) -> None:
        points = [] if at is None else [{"x": x, "y": at}]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await finger("touchStart", y)
    for step in range(1, 13):
        await finger("touchMove", y + (end - y + 20) * step / 12)
    await finger("touchEnd")
    await expect(names_of(page)).to_have_text(["Second", "First"])


async def choose_in_menu(page: Page, flow: str, item: str) -> None:
    """An entry of a flow's menu."""
    await page.get_by_role("button", name=f"More for {flow}", exact=True).click()
    await page.get_by_role("menuitem", name=item).click()


async def narrow(page: Page, control: str, option: str) -> None:
    """Choose in one of the filters."""
    await page.get_by_role("combobox", name=control).click()
    await page.get_by_role("option", name=option, exact=True).click()


async def test_badges_say_drafts_problems_and_speed(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "Broader", "Fine")
    fine = await flow_id(owner, "Fine")
    await begin_draft(owner, fine)
    await add_run(owner, fine, "+919876543210", seconds=42, days_ago=0)
    await add_run(owner, fine, "+919876543211", seconds=300, days_ago=3)
    page = await open_page(owner, FLOWS)
    row = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Fine"))
    await expect(row.get_by_text("Unpublished changes")).to_be_visible()
    await expect(row.get_by_text("3 min")).to_be_visible()
    await expect(row.get_by_role("img", name="Median of each of the last 14 days, between 42 s and 5 min")).to_be_visible()
    # Both take the same leads, and the first takes them all.
    await row.get_by_text("1 warning").click()
    await expect(row.get_by_text("'Broader' (priority 1) comes first")).to_be_visible()
    await narrow(page, "Filter by show", "Unpublished changes")
    await expect(names_of(page)).to_have_text(["Fine"])
    await expect(page.get_by_text("Show all flows to put them in order.")).to_be_visible()
    await expect(page.get_by_role("button", name="Drag Fine")).to_have_count(0)


async def test_tags_and_search(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "First", "Second")
    page = await open_page(owner, FLOWS)
    await choose_in_menu(page, "First", "Tags")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Tags", exact=True).fill("sales, " + "x" * 41)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("A tag has at most 40 characters.")).to_be_visible()
    await dialog.get_by_label("Tags", exact=True).fill("sales, <script>alert(1)</script>, Sales")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()
    await narrow(page, "Filter by tag", "sales")
    await expect(names_of(page)).to_have_text(["First"])
    await narrow(page, "Filter by tag", "Tag: all")
    await page.get_by_role("searchbox", name="Search flows").fill("seco")
    await expect(names_of(page)).to_have_text(["Second"])


async def test_many_at_once_and_the_archive(open_page: OpenPage) -> None:
    owner = await make_person()
    world = await make_flows(owner, "First", "Second")
    await make_flow(owner, "Third", world, enabled=False)
    async with open_session() as session:
        agent = await session.get(VoiceAgent, world.agent)
        assert agent is not None
        agent.is_active = False
    page = await open_page(owner, FLOWS)
    await page.get_by_role("checkbox", name="Choose First").click()
    await page.get_by_role("checkbox", name="Tick every flow shown").click()
    await expect(page.get_by_text("3 chosen")).to_be_visible()
    await page.get_by_role("button", name="Turn off").click()
    await expect(page.get_by_text("3 of 3 flows are off.")).to_be_visible()
    await page.get_by_role("checkbox", name="Choose Third").click()
    await page.get_by_role("button", name="Turn on", exact=True).click()
    await expect(page.get_by_text("0 of 1 flows are on.")).to_be_visible()
    await expect(page.get_by_role("alert").get_by_text("Third")).to_be_visible()
    await page.get_by_role("button", name="Dismiss").click()

    await choose_in_menu(page, "Second", "Archive")
    await expect(names_of(page)).to_have_text(["First", "Third"])
    await narrow(page, "Filter by show", "Archive")
    await expect(names_of(page)).to_have_text(["Second"])
    await choose_in_menu(page, "Second", "Take out of the archive")
    await narrow(page, "Filter by show", "Show: all")
    await expect(names_of(page)).to_have_text(["First", "Second", "Third"])


async def test_export_as_a_file(open_page: OpenPage) -> None:
    owner = await make_person()
    await make_flows(owner, "Hot leads / 1")
    viewer = await make_person(Role.VIEWER, owner)
    page = await open_page(viewer, FLOWS)
    async with page.expect_download() as waiting:
        await choose_in_menu(page, "Hot leads / 1", "Export as YAML")
    download = await waiting.value
    assert download.suggested_filename == "hot-leads-1.yaml"
    assert "name: Hot leads / 1" in (await download.path()).read_text(encoding="utf-8")
    for name in ("Drag Hot leads / 1", "Raise priority of Hot leads / 1"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await expect(page.get_by_role("checkbox")).to_have_count(0)


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
    await socket.settle()
    assert "exactly once" in await socket.answers()
    await page.reload()
    await expect(names_of(page)).to_have_text(["First", "Second"])
