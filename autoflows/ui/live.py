"""Live pages: one listener per web process turns what workers announce into refreshes of the tabs that show it.

Workers publish ids only. A refresh goes through the page's own `_refresh`, so through services: permission holds on push too, and a lost
announcement costs nothing but a late line. There is no task per tab.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import reflex as rx

from autoflows.domain.errors import AutoflowsError
from autoflows.engine import live as engine_live

log = logging.getLogger(__name__)

COALESCE_SECONDS = 0.05
"""How long announcements are gathered before a tab is refreshed. A page's `live_gap_seconds` adds a least time between two refreshes."""


@dataclass
class _Tab:
    """What one part of a browser tab shows at present."""

    state: type[Any]
    topics: frozenset[str]
    refreshed_at: float = 0.0
    dirty: bool = False
    running: asyncio.Task[None] | None = field(default=None, repr=False)


Place = tuple[str, str]
"""A tab's token, and which part of the tab: its page, or something of the frame that is there on every page."""
PAGE = "page"

_tabs: dict[Place, _Tab] = {}


def account_topic(account_id: UUID) -> str:
    """Everything that happens in an account."""
    return f"account:{account_id}"


def execution_topic(execution_id: UUID) -> str:
    """One execution."""
    return f"execution:{execution_id}"


def notice_topic(account_id: UUID) -> str:
    """What the team of an account is told."""
    return f"notices:{account_id}"


def subscribe(state: Any, *topics: str, part: str = PAGE) -> None:
    """Refresh this page (a `PageState`) when something happens to one of the topics.

    Call it in `_load`, with topics of things the actor was just allowed to read: `_load` also runs after a reconnection. A tab shows one
    page, so this replaces what it was subscribed to; a `part` of the frame has a subscription of its own.
    """
    place = (state.router.session.client_token, part)
    previous = _tabs.get(place)
    if previous is None or previous.state is not type(state) or previous.topics != frozenset(topics):
        _tabs[place] = _Tab(state=type(state), topics=frozenset(topics))


def leave(state: Any) -> None:
    """This tab now shows the page of this state: the page before it is no longer refreshed."""
    place = (state.router.session.client_token, PAGE)
    previous = _tabs.get(place)
    if previous is not None and previous.state is not type(state):
        del _tabs[place]


async def run(app: rx.App) -> None:
    """Listen until cancelled; a lifespan task of the web process. A broken connection to the broker is tried again each second."""
    while True:
        try:
            async for changes in engine_live.listen():
                topics = {account_topic(change.account_id) for change in changes}
                topics |= {execution_topic(change.execution_id) for change in changes if change.execution_id}
                topics |= {notice_topic(change.account_id) for change in changes if change.kind == "notification"}
                _wake(app, topics, everyone=any(change.kind == "resync" for change in changes))
        except Exception:
            log.exception("The live hub lost its listener; trying again in a second")
            await asyncio.sleep(1.0)


def _wake(app: rx.App, topics: set[str], *, everyone: bool) -> None:
    connected = app.event_namespace.token_to_sid if app.event_namespace else {}
    for place, tab in list(_tabs.items()):
        if place[0] not in connected:
            _tabs.pop(place, None)
        elif everyone or topics & tab.topics:
            tab.dirty = True
            if tab.running is None or tab.running.done():
                tab.running = asyncio.create_task(_refresh(app, place, tab))


async def _refresh(app: rx.App, place: Place, tab: _Tab) -> None:
    """Refresh one part of a tab until it has seen everything announced so far."""
    while tab.dirty and _tabs.get(place) is tab:
        pause = max(COALESCE_SECONDS, tab.refreshed_at + tab.state.live_gap_seconds - time.monotonic())
        await asyncio.sleep(pause)
        tab.dirty = False
        tab.refreshed_at = time.monotonic()
        try:
            async with app.modify_state(rx.BaseStateToken(ident=place[0], cls=tab.state)) as root:
                page = await root.get_state(tab.state)
                await page._refresh()
        except AutoflowsError as error:
            # Signed out, or no longer allowed: the tab gets nothing more, and is told at its next event.
            log.info("A live refresh was refused: %s", error.title)
            _tabs.pop(place, None)
        except Exception:
            log.exception("A live refresh failed")
