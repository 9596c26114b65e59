"""The builder when the connection is lost in the middle of something: for a moment, and for longer than its ends listen for each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest
from playwright.async_api import Page, expect

from autoflows.embedded.valkey import free_port
from autoflows.settings import get_settings
from tests.e2e.builder import FLOWS, cards, draft_of, expect_saved, handle
from tests.e2e.conftest import OpenPage, Site, environment_of, make_person, ready, serving
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
    cable = Cable()
    await cable.lead_through(page)
    await page.reload()
    await ready(page)
    await page.get_by_role("button", name="Remove step 2").click()
    await expect_saved(page)
    revision = (await draft_of(flow)).revision
    await lift(page, handle(page, "2, E-mail"))
    await cable.cut()
    await carry(page, handle(page, "1, AI call"))
    await page.mouse.up()
    await page.get_by_role("button", name="1. AI call").click()  # neither this nor the drop can be sent yet
    await page.wait_for_timeout(1000)
    assert (await draft_of(flow)).revision == revision
    cable.mend()
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
    cable = Cable()
    await cable.lead_through(page)
    await page.reload()
    await ready(page)
    await cable.cut()
    await page.get_by_label("Name", exact=True).fill("Tunnel, seen again")
    await page.get_by_label("Description").fill("Written in the dark")
    await page.keyboard.press("Tab")
    await page.wait_for_timeout(1000)
    cable.mend()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tunnel, seen again", timeout=20_000)
    await expect(page.get_by_label("Description")).to_have_value("Written in the dark")
    await expect_saved(page)
    definition = (await draft_of(flow)).definition
    assert (definition["name"], definition["description"]) == ("Tunnel, seen again", "Written in the dark")


async def away_for_long(
    page: Page, lose: Callable[[], Awaitable[None]], regain: Callable[[], Awaitable[None]], told: Callable[[], Awaitable[None]]
) -> None:
    """Drop a step that was lifted before the connection was lost, write something, and come back when both ends have given up."""
    await lift(page, handle(page, "2, Wait"))
    await lose()
    await carry(page, handle(page, "1, AI call"))
    await page.mouse.up()
    await page.get_by_label("Description").fill("Written in the dark")
    await page.get_by_label("Name", exact=True).click()
    await told()
    await page.wait_for_timeout(LISTEN_SECONDS * 1000)
    await regain()


@pytest.mark.parametrize("how", ["without a word", "unplugged"])
async def test_an_edit_and_a_drag_outlast_a_long_loss_and_count_once(open_page: OpenPage, impatient: Site, how: str) -> None:
    owner = await make_person()
    flow = await make_flow(owner, "Tunnel", await make_world(owner))
    page = await open_page(owner, f"{FLOWS}/{flow.id}/edit", at=impatient)
    await page.evaluate("window.neverReloaded = true")
    reconnecting = page.get_by_text("Reconnecting…")
    if how == "unplugged":
        lose, regain = (lambda: page.context.set_offline(True)), (lambda: page.context.set_offline(False))
    else:
        cable = Cable()
        await cable.lead_through(page)
        await page.reload()
        await ready(page)
        await page.evaluate("window.neverReloaded = true")
        lose, regain = cable.go_dead, cable.revive
    revision = (await draft_of(flow)).revision
    await away_for_long(page, lose, regain, lambda: expect(reconnecting).to_be_visible(timeout=10_000))
    await expect(reconnecting).to_have_count(0, timeout=20_000)
    await expect(cards(page)).to_have_text(["1. Wait", "2. AI call", "3. E-mail"])
    await expect(page.get_by_label("Description")).to_have_value("Written in the dark")
    await expect(page.get_by_role("button", name="Undo", exact=True)).to_be_enabled()
    await expect_saved(page)
    stored = await draft_of(flow)
    assert [action["action_type"] for action in stored.definition["actions"]] == ["wait", "ai_call", "email"]
    assert stored.definition["description"] == "Written in the dark"
    assert revision < stored.revision <= revision + 2
    assert await page.evaluate("window.neverReloaded")
    # Each is one step of the history, so neither was made twice.
    for _ in range(2):
        await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(cards(page)).to_have_text(["1. AI call", "2. Wait", "3. E-mail"])
    await expect(page.get_by_label("Description")).to_have_value("")
    await expect(page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
