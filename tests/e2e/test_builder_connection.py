"""The builder when the connection is lost in the middle of something: for a moment, and for longer than its ends listen for each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from autoflows.embedded.valkey import free_port
from autoflows.services.views.flows import FlowView
from autoflows.settings import get_settings
from tests.e2e.builder import FLOWS, cards, draft_of, expect_saved, handle
from tests.e2e.conftest import OpenPage, Site, environment_of, make_person, ready, serving, until
from tests.e2e.flow_world import make_flow, make_world
from tests.e2e.hands import Cable, carry, lift

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90, func_only=True)]

LISTEN_SECONDS = 2
"""How long the impatient site and its browsers wait for a sign of life."""


@pytest.fixture(scope="module")
def impatient(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A second web process over the same database that soon takes a silent connection for a dead one."""
    port = free_port()
    settings = environment_of(get_settings().database_url, get_settings().redis_url, port)
    quick = {"REFLEX_SOCKET_INTERVAL": "1", "REFLEX_SOCKET_TIMEOUT": "1"}
    with serving(settings | quick, port, tmp_path_factory.mktemp("impatient") / "web.log") as own:
        yield own


async def test_a_drag_while_the_connection_is_lost_counts_once(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Patchy", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await page.get_by_role("button", name="Remove step 2").click()
    await expect_saved(page)
    revision = (await draft_of(flow)).revision
    await lift(page, handle(page, "2, E-mail"))
    await page.context.set_offline(True)
    await carry(page, handle(page, "1, AI call"))
    await page.mouse.up()
    await page.get_by_role("button", name="1. AI call").click()  # neither this nor the drop can be sent yet
    await page.wait_for_timeout(1000)
    assert (await draft_of(flow)).revision == revision
    await page.context.set_offline(False)
    await expect(cards(page)).to_have_text(["1. E-mail", "2. AI call"], timeout=20_000)
    await expect_saved(page)
    stored = await draft_of(flow)
    assert [action["action_type"] for action in stored.definition["actions"]] == ["email", "ai_call"]
    assert stored.revision == revision + 1
    # It goes on as if nothing had been.
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(cards(page)).to_have_text(["1. AI call", "2. E-mail"])
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(cards(page)).to_have_text(["1. AI call", "2. Wait", "3. E-mail"])


async def test_what_is_typed_while_the_connection_is_lost_is_kept(open_page: OpenPage) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Tunnel", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit")
    await page.context.set_offline(True)
    await page.get_by_label("Name", exact=True).fill("Tunnel, seen again")
    await page.get_by_label("Description").fill("Written in the dark")
    await page.keyboard.press("Tab")
    await page.wait_for_timeout(1000)
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tunnel, seen again", timeout=20_000)
    await expect(page.get_by_label("Description")).to_have_value("Written in the dark")
    await expect_saved(page)
    definition = (await draft_of(flow)).definition
    assert (definition["name"], definition["description"]) == ("Tunnel, seen again", "Written in the dark")


async def drop_and_write(page: Page) -> None:
    """Let go of the second step on the first, and write what the flow is for; neither arrives."""
    await carry(page, handle(page, "1, AI call"))
    await page.mouse.up()
    await page.get_by_label("Description").fill("Written in the dark")
    await page.get_by_label("Name", exact=True).click()


async def expect_both_once(page: Page, flow: FlowView, revision: int) -> None:
    """What was done in the dark is there and saved, the page was not loaded anew, and each is one step of the history."""
    await expect(cards(page)).to_have_text(["1. Wait", "2. AI call", "3. E-mail"], timeout=20_000)
    await expect_saved(page)
    await expect(page.get_by_label("Description")).to_have_value("Written in the dark")
    await until(lambda: holds_both(flow), "both edits are saved")
    assert revision < (await draft_of(flow)).revision <= revision + 2
    assert await page.evaluate("window.neverReloaded")
    undo = page.get_by_role("button", name="Undo", exact=True)
    await undo.click()
    await expect(page.get_by_label("Description")).to_have_value("")
    await undo.click()
    await expect(cards(page)).to_have_text(["1. AI call", "2. Wait", "3. E-mail"])
    await expect(undo).to_be_disabled()


async def holds_both(flow: FlowView) -> bool:
    """Whether the draft that is stored has the new order and the description."""
    definition = (await draft_of(flow)).definition
    return (definition["description"], [action["action_type"] for action in definition["actions"]]) == (
        "Written in the dark",
        ["wait", "ai_call", "email"],
    )


async def test_a_drag_and_an_edit_outlast_a_loss_that_nobody_was_told_of(open_page: OpenPage, impatient: Site) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Tunnel", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit", at=impatient)
    cable = Cable()
    await cable.lead_through(page)
    await page.reload()
    await ready(page)
    await page.evaluate("window.neverReloaded = true")
    revision = (await draft_of(flow)).revision
    await lift(page, handle(page, "2, Wait"))
    cable.go_dead()
    await drop_and_write(page)
    await expect_both_once(page, flow, revision)


async def test_a_drag_and_an_edit_outlast_a_network_that_is_away_for_long(open_page: OpenPage, impatient: Site) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Tunnel", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit", at=impatient)
    await page.evaluate("window.neverReloaded = true")
    revision = (await draft_of(flow)).revision
    await lift(page, handle(page, "2, Wait"))
    await page.context.set_offline(True)
    await drop_and_write(page)
    await expect(page.get_by_text("Reconnecting…")).to_be_visible()
    await page.wait_for_timeout(LISTEN_SECONDS * 2000)
    assert (await draft_of(flow)).revision == revision
    await page.context.set_offline(False)
    await expect(page.get_by_text("Reconnecting…")).to_have_count(0, timeout=20_000)
    await expect_both_once(page, flow, revision)
