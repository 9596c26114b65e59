"""What people may not do, they cannot do: neither in the pages nor by talking to the event socket themselves."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from playwright.async_api import Browser, expect
from sqlmodel import SQLModel

import autoflows.models
import autoflows.ui.pages  # noqa: F401 - the tables and the handlers
from autoflows.domain.permissions import Role
from autoflows.models.database import open_session
from autoflows.ui.states.base import Base
from tests.e2e.conftest import PASSWORD, OpenPage, Person, Site, make_person, signed_in
from tests.e2e.forged import ForgedSocket, forged_socket

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

PHONE = "+919876500150"
MOVE_BY_THEMSELVES = {"sessions", "alembic_version", "notifications", "paces"}
"""The time of last use of a session, and what the watch of the web process finds."""


async def make_lead(site: Site, person: Person) -> dict[str, Any]:
    lead = {"name": "Asha Patel", "phone": PHONE, "email": "asha.patel@example.com", "lead_source": "IndiaMART"}
    async with signed_in(site, person) as client:
        answer = await client.post("/api/contacts", json=lead)
        assert answer.status_code == 202, answer.text
        taken: dict[str, Any] = answer.json()
        return taken


async def everything() -> dict[str, list[Any]]:
    """Every row of every table that changes only when somebody acts."""
    async with open_session() as session:
        return {
            name: sorted(str(row) for row in (await session.exec(sa.select(table))).all())  # type: ignore[call-overload]
            for name, table in SQLModel.metadata.tables.items()
            if name not in MOVE_BY_THEMSELVES
        }


def handlers(state: type[Any] = Base) -> list[tuple[str, list[str]]]:
    """Full name and arguments of every event handler that our states have."""
    own = [
        (f"{state.get_full_name()}.{name}", list(handler.fn.__code__.co_varnames[1 : handler.fn.__code__.co_argcount]))
        for name, handler in state.event_handlers.items()
        if name != "setvar"
    ]
    return own + [each for child in sorted(state.get_substates(), key=lambda s: s.get_name()) for each in handlers(child)]


async def test_a_viewer_sees_the_pages_without_their_controls(open_page: OpenPage, site: Site) -> None:
    owner = await make_person()
    viewer = await make_person(Role.VIEWER, owner)
    lead = await make_lead(site, owner)
    page = await open_page(viewer, "/dashboard/contacts")
    await expect(page.get_by_text("View only")).to_be_visible()
    await expect(page.get_by_role("table", name="Contacts")).to_contain_text("Asha Patel")
    content = await page.content()
    assert PHONE not in content
    assert "asha.patel@example.com" not in content
    await expect(page.get_by_role("button", name="Add a lead")).to_have_count(0)

    for path, control in (
        (f"/dashboard/contacts/{lead['contact_id']}", "Edit"),
        ("/dashboard/leads", "Add a lead"),
        ("/dashboard/channels", "Connect a channel"),
        ("/dashboard/templates", re.compile("^Add")),
    ):
        await page.goto(site.url + path)
        await page.wait_for_selector('main[data-ready="true"]')
        await expect(page.get_by_text("View only")).to_be_visible()
        await expect(page.get_by_role("button", name=control)).to_have_count(0)
    await page.goto(f"{site.url}/dashboard/settings")
    await page.wait_for_selector('main[data-ready="true"]')
    await expect(page.get_by_role("tab")).to_have_text([re.compile("Do not contact"), re.compile("You")])


async def test_a_viewers_forged_events_change_nothing(site: Site, chromium: Browser) -> None:
    owner = await make_person()
    viewer = await make_person(Role.VIEWER, owner)
    lead = await make_lead(site, owner)
    context = await chromium.new_context()
    async with signed_in(site, viewer) as client:
        await context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()])
    socket = await forged_socket(site, context, str(uuid4()))
    before = await everything()
    prefix = "reflex___state____state.autoflows___ui___states___base____base"
    states = f"{prefix}.autoflows___ui___states"
    await socket.send(f"{states}___settings____settings_state.set_kill_switch", is_on=True)
    await socket.send(f"{states}___contacts____contact_state.erase")
    await socket.send(f"{states}___leads____add_lead_state.add", form={"name": "Mallory", "phone": "+919876500160"})
    await socket.send(f"{states}___team____team_state.save", form={"email": "m@example.com", "password": PASSWORD, "role": "admin"})
    await socket.send(f"{states}___suppressions____suppressions_state.save", form={"address": "+919876500161", "channel": "all"})
    await socket.send(f"{states}___contacts____contact_state.lift")
    await socket.send(f"{states}___tokens____tokens_state.save", form={"name": "mine", "scope-all": "on"})
    await socket.send(f"{states}___leads____leads_state.open_detail", lead_event_id=lead["lead_event_id"])
    await socket.settle(told="Not allowed")  # the toast that refuses
    said = await socket.answers()
    assert "Asha Patel" in said  # reading is allowed,
    assert PHONE not in said  # but masked
    assert await everything() == before
    await context.close()


async def test_without_a_session_no_handler_does_anything(site: Site, chromium: Browser) -> None:
    owner = await make_person()
    await make_lead(site, owner)
    context = await chromium.new_context()
    socket = await forged_socket(site, context, str(uuid4()))
    before = await everything()
    found = handlers()
    assert len(found) > 60
    for value in ("", True, {"name": "x", "email": "x@example.com", "password": "a long password"}, [1], None, str(uuid4())):
        for name, arguments in found:
            await socket.send(name, **dict.fromkeys(arguments, value))
    await socket.settle()
    said = await socket.answers()
    assert owner.email not in said
    assert "Asha Patel" not in said
    assert await everything() == before
    context_alive = await socket.answers()
    assert context_alive  # the server still talks
    await context.close()


async def test_helpers_cannot_be_called_and_the_attempt_leaks_no_session_into_the_log(site: Site, chromium: Browser) -> None:
    owner = await make_person()
    context = await chromium.new_context()
    async with signed_in(site, owner) as client:
        secret = client.cookies["autoflows_session"]
    await context.add_cookies([{"name": "autoflows_session", "value": secret, "url": site.url}])
    socket: ForgedSocket = await forged_socket(site, context, "a-tab-token-that-is-a-secret")
    await socket.send("reflex___state____state.autoflows___ui___states___base____base._actor")
    await socket.settle()
    assert "permissions" not in await socket.answers()
    await context.close()
    log = site.log.read_text()
    assert "base._actor" in log  # Reflex logs the whole event, with its headers
    assert secret not in log


async def test_the_token_of_a_closed_tab_opens_nothing(open_page: OpenPage, site: Site, chromium: Browser) -> None:
    owner = await make_person()
    await make_lead(site, owner)
    page = await open_page(owner, "/dashboard/contacts")
    await expect(page.get_by_role("table", name="Contacts")).to_contain_text("Asha Patel")
    token = await page.evaluate("sessionStorage.getItem('token')")
    assert token
    await page.context.close()
    context = await chromium.new_context()
    socket = await forged_socket(site, context, token)
    await socket.send("reflex___state____state.hydrate")
    await socket.settle(told="is_hydrated")  # it was given a state,
    said = await socket.answers()
    assert "Asha Patel" not in said  # an empty one
    assert owner.email not in said
    await context.close()


async def test_another_sites_page_cannot_open_the_socket(site: Site) -> None:
    host, port = site.url.removeprefix("http://").split(":")

    async def handshake(origin: str) -> str:
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"GET /_event/?EIO=4&transport=websocket&token={uuid4()} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", f"Origin: {origin}", "", "",
        )  # fmt: skip
        writer.write("\r\n".join(head).encode())
        status = (await asyncio.wait_for(reader.readline(), 10)).decode()
        writer.close()
        return status

    assert " 101 " in await handshake(site.url)
    assert " 101 " not in await handshake("http://evil.example")
