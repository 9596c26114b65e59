"""Bringing to tabs what is shown: into the state that Reflex keeps for each, under its lock, and from there to the browser."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import reflex as rx
from reflex.constants import SocketEvent
from reflex.state import StateUpdate

from autoflows.domain.errors import AutoflowsError, Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from autoflows.ui import live
from autoflows.ui.live import Audience, Liveness, Tab
from autoflows.ui.states.base import Base

log = logging.getLogger(__name__)

BATCH = 60
"""Tabs that are written to in one go; other work of the process gets its turn in between."""
ONE_BATCH = asyncio.Lock()
"""Two audiences with the same tabs, such as a list and a number in the frame, would only find each other's busy."""
BUSY_SECONDS = 0.002
"""How long tabs wait for one of them whose handler is at work; it then gets its update alone, when the handler is done."""
ALONG_SECONDS = 0.2
"""How long figures wait for news of the page: two messages to a tab cost twice as much as one."""
AT_ONCE = asyncio.Semaphore(4)
"""Pages that see to themselves are refreshed a few at a time, so that they do not hold up the others."""

REFUSED = (NotSignedIn, Forbidden, NotFound, Invalid, Conflict)
"""What ends a tab's following; anything else, such as a database that does not answer, is tried again."""


def is_here(app: rx.App, tab: Tab) -> bool:
    """Whether the connection it subscribed over is still there: another one that presents the same tab has to subscribe itself."""
    return app.event_namespace is not None and app.event_namespace.sid_to_token.get(tab.sid) == tab.place[0]


async def bring(app: rx.App, audience: Audience) -> None:
    """Show an audience what was read for it. What is beside a page waits a moment, for most of it goes along with the page's own news."""
    if any(part != live.PAGE for _, part in audience.tabs):
        await asyncio.sleep(ALONG_SECONDS)
    behind = []
    for tab in list(audience.tabs.values()):
        if not is_here(app, tab):
            live.drop(tab)
        elif tab.version < audience.version:
            behind.append(tab)
    for start in range(0, len(behind), BATCH):
        for other in await _bring_together(app, behind[start : start + BATCH]):
            if other.late is None or other.late.done():
                other.late = asyncio.create_task(_bring_alone(app, other))
        await asyncio.sleep(0)


async def _bring_together(app: rx.App, batch: list[Tab]) -> list[Tab]:
    """Put what is shown into the tabs' states and send what changed, encoded once for all who get the same; gives those who
    have to be served alone.

    The locks of all are held until it is sent, so that a handler of a tab cannot send something newer before it.
    """
    alone: list[Tab] = []
    outgoing: list[tuple[dict[str, dict[str, Any]], list[str]]] = []
    with app.set_contexts():
        async with ONE_BATCH, AsyncExitStack() as locks:
            for tab in batch:
                try:
                    async with asyncio.timeout(BUSY_SECONDS):
                        token = rx.BaseStateToken(ident=tab.place[0], cls=tab.state)
                        root = await locks.enter_async_context(app.state_manager.modify_state(token))
                except TimeoutError:
                    alone.append(tab)
                    continue
                try:
                    if not await _take(root, tab):
                        alone.append(tab)
                        continue
                    delta = await root._get_resolved_delta()
                except Exception:  # of one page, which must not keep from the others what their states hold already
                    log.exception("A tab was not brought up to date")
                    continue
                root._clean()
                same = next((sids for known, sids in outgoing if known == delta), None)
                if same is not None:
                    same.append(tab.sid)
                elif delta:
                    outgoing.append((delta, [tab.sid]))
            for delta, sids in outgoing:
                await app.event_namespace.emit(str(SocketEvent.EVENT), StateUpdate(delta=delta), to=sids)
    return alone


async def _bring_alone(app: rx.App, tab: Tab) -> None:
    """The same for one tab whose handler was at work, when that is done, or whose page wants to see to itself."""
    while live.tabs.get(tab.place) is tab and tab.version < tab.audience.version:
        began, version = time.monotonic(), tab.audience.version
        try:
            async with app.modify_state(rx.BaseStateToken(ident=tab.place[0], cls=tab.state)) as root:
                is_known = began - tab.checked_at < 2 * live.CHECK_SECONDS  # else the page's own services look who it is
                if not (is_known and await _take(root, tab)):
                    async with AT_ONCE:
                        await (await root.get_state(tab.state))._refresh()
                    tab.version = version
        except REFUSED as error:
            await end(app, [tab], error)
        except Exception:
            log.exception("A tab was not brought up to date")
            return
        await asyncio.sleep(max(tab.audience.gap, time.monotonic() - began))


async def _take(root: Any, tab: Tab) -> bool:
    """Show the tab what is newer than what it has, if there is such, and with it what its other parts are to be shown; False if its page
    will not take it."""
    if not await _take_part(root, tab):
        return False
    for part in live.PARTS:
        other = live.tabs.get((tab.place[0], part))
        if other is None or other is tab or (other.sid, other.session) != (tab.sid, tab.session):
            continue
        if time.monotonic() - other.checked_at < live.CHECK_SECONDS:
            await _take_part(root, other)
    return True


async def _take_part(root: Any, tab: Tab) -> bool:
    audience = tab.audience
    if live.tabs.get(tab.place) is tab and tab.version < audience.version:
        page = await root.get_state(tab.state)
        if not page._receive(audience.values):
            return False
        tab.version = audience.version
    return True


async def end(app: rx.App, tabs: list[Tab], error: AutoflowsError) -> None:
    """Send these tabs nothing more, and tell their pages so; why, the viewer is told at their next event."""
    log.info("%d tabs are not refreshed any more: %s", len(tabs), error.title)
    tabs = [tab for tab in tabs if live.tabs.get(tab.place) is tab]
    for tab in tabs:
        live.drop(tab)
    over = Liveness(state="over", since=datetime.now(UTC).isoformat())
    await tell(app, [tab for tab in tabs if tab.place[1] == live.PAGE], over)


async def tell(app: rx.App, tabs: list[Tab], liveness: Liveness) -> None:
    """Have the frames of these tabs say how live they are."""

    async def one(tab: Tab) -> None:
        if not is_here(app, tab):
            return
        async with app.modify_state(rx.BaseStateToken(ident=tab.place[0], cls=Base)) as root:
            base = await root.get_state(Base)
            follows = tab.place in live.tabs  # a page that was loaded since is another matter
            if base.liveness.state and follows == (liveness.state != "over"):
                base.liveness = liveness

    for problem in await asyncio.gather(*(one(tab) for tab in tabs), return_exceptions=True):
        if isinstance(problem, Exception):
            log.error("A tab was not told how live it is", exc_info=problem)
