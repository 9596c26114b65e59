"""The flow list in a browser: badges and lines, labels, search, switching in bulk, the archive."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from autoflows.domain.permissions import Role
from autoflows.ids import utc_now
from autoflows.models import Contact, Execution, FlowVersion, VoiceAgent
from autoflows.models.database import open_session
from autoflows.services import auth, drafts, users
from autoflows.services.views.drafts import DraftSave
from tests.e2e.conftest import OpenPage, Person, make_person
from tests.e2e.flow_table import FLOWS, flow_id, make_flows, names_of
from tests.e2e.flow_world import make_flow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60, func_only=True)]


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
    await expect(row.get_by_role("img", name="Median of each day of the last 14, between 42 s and 5 min")).to_be_visible()
    await expect(row.get_by_role("img", name="Running at the end of each day of the last 14, between 0 and 2")).to_be_visible()
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
