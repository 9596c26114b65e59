"""The live hub of a web process: turns what workers announce into refreshes of the tabs that show it.

Workers publish ids only. What a tab is sent was read through services for somebody who may see what its viewer may see, and that the
viewer still may is looked up every few seconds. An announcement that is lost costs nothing but a late line.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import reflex as rx
from reflex.constants import SocketEvent
from reflex.state import StateUpdate

from autoflows.domain.errors import AutoflowsError, Conflict, Forbidden, Invalid, NotFound, NotSignedIn, Unavailable
from autoflows.engine import live as engine_live
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.ui import live
from autoflows.ui.live import Audience, Liveness, Tab
from autoflows.ui.states.base import Base

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.01
"""News of one transaction comes in several messages: so long they are waited for after the first."""
REST = 0.5
"""An audience rests that much of the time its last refresh took, whatever gap its page asks for: what is slow, because it is much or
because the process has much to do, is done less often."""
CHECK_SECONDS = 3.0
"""How old the knowledge may be that a tab's viewer is signed in and what they may see, when something is sent to it."""
POLL_SECONDS = 5
"""How often pages are refreshed while no news can be heard."""
SURE_SECONDS = 60.0
"""How often they are refreshed when there is no news: nothing of ours is late for longer than that, whatever went wrong."""
AGAIN_SECONDS = 2.0
"""When a refresh that failed is tried again."""
BATCH = 25
"""Tabs that are written to in one go; other work of the process gets its turn in between."""
BUSY_SECONDS = 0.002
"""How long tabs wait for one of them whose handler is at work; it then gets its update alone, when the handler is done."""
AT_ONCE = asyncio.Semaphore(4)
"""Pages that see to themselves are refreshed a few at a time, so that they do not hold up the others."""

_REFUSED = (NotSignedIn, Forbidden, NotFound, Invalid, Conflict)
"""What ends a tab's following; anything else, such as a database that does not answer, is tried again."""


async def run(app: rx.App) -> None:
    """Listen until cancelled; a lifespan task of the web process."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_hear(app))
        tasks.create_task(_look(app))


async def _hear(app: rx.App) -> None:
    while True:
        try:
            async for changes in engine_live.listen():
                if changes is None:
                    now = datetime.now(UTC).isoformat()
                    _stand(app, Liveness(state="away", since=now, every=POLL_SECONDS))
                elif any(change.kind == "resync" for change in changes):
                    _stand(app, Liveness(state="on"))
                    _wake(app, live.audiences.values())
                else:
                    _news(app, changes)
        except Exception:
            log.exception("The live hub lost its listener; trying again in a second")
            await asyncio.sleep(1.0)


def _news(app: rx.App, changes: Iterable[engine_live.LiveChange]) -> None:
    topics: set[str] = set()
    for change in changes:
        topics.add(live.account_topic(change.account_id))
        if change.execution_id:
            topics.add(live.execution_topic(change.execution_id))
        if change.kind == "notification":
            topics.add(live.notice_topic(change.account_id))
    live.heard.update(dict.fromkeys(topics, time.monotonic()))
    _wake(app, [audience for topic in topics for audience in live.by_topic.get(topic, {}).values()])


async def _look(app: rx.App) -> None:
    """What comes without news: tabs that are gone, pages to be looked at all the same."""
    polled = time.monotonic()
    while True:
        await asyncio.sleep(1.0)
        try:
            now = time.monotonic()
            _forget(app, now)
            if live.present.state == "away" and now - polled >= POLL_SECONDS:
                polled = now
                _wake(app, live.audiences.values())
            _wake(app, [a for a in live.audiences.values() if a.dirty or now - a.refreshed_at > SURE_SECONDS])
        except Exception:
            log.exception("The live hub stumbled; it goes on")


def _forget(app: rx.App, now: float) -> None:
    """Let go of tabs that are gone, and of news that are old."""
    for tab in list(live.tabs.values()):
        if not _is_here(app, tab):
            live.drop(tab)
    for topic in [topic for topic, at in live.heard.items() if at < now - live.HEARD_SECONDS]:
        del live.heard[topic]


def _is_here(app: rx.App, tab: Tab) -> bool:
    """Whether the connection it subscribed over is still there: another one that presents the same tab has to subscribe itself."""
    return app.event_namespace is not None and app.event_namespace.sid_to_token.get(tab.sid) == tab.place[0]


def _wake(app: rx.App, audiences: Iterable[Audience]) -> None:
    for audience in list(audiences):
        audience.dirty = True
        if audience.running is None or audience.running.done():
            audience.running = asyncio.create_task(_keep_up(app, audience))


async def _keep_up(app: rx.App, audience: Audience) -> None:
    """Refresh an audience until it has seen everything announced so far."""
    while audience.dirty and audience.tabs:
        await asyncio.sleep(max(GATHER_SECONDS, audience.rest_until - time.monotonic()))
        audience.dirty = False
        began = audience.refreshed_at = time.monotonic()
        gap = audience.gap
        try:
            await (_refresh_own(app, audience) if audience.view is None else _refresh_shared(app, audience))
        except Exception as error:
            log.warning("A live refresh failed and is tried again: %s", error, exc_info=not isinstance(error, Unavailable))
            audience.dirty, gap = True, AGAIN_SECONDS
        took = time.monotonic() - began
        audience.rest_until = began + max(gap, took * (1 + REST))


async def _refresh_own(app: rx.App, audience: Audience) -> None:
    """Have the one tab's page refresh itself."""
    tab = next(iter(audience.tabs.values()))
    async with AT_ONCE:
        if not _is_here(app, tab):
            live.drop(tab)
            return
        try:
            async with app.modify_state(rx.BaseStateToken(ident=tab.place[0], cls=tab.state)) as root:
                if live.tabs.get(tab.place) is tab:
                    page = await root.get_state(tab.state)
                    await page._refresh()
        except _REFUSED as error:
            await _end(app, [tab], error)


async def _refresh_shared(app: rx.App, audience: Audience) -> None:
    await _check(app, audience)
    if not audience.tabs:
        return
    try:
        await audience.read()
    except _REFUSED as error:
        await _end(app, list(audience.tabs.values()), error)
        return
    await _bring(app, audience)


async def _check(app: rx.App, audience: Audience) -> None:
    """Look up, for tabs where that is some seconds ago, whether their viewers are still signed in and may see what the others may."""
    now = time.monotonic()
    due = [tab for tab in audience.tabs.values() if now - tab.checked_at > CHECK_SECONDS]
    if not due:
        return
    async with open_session() as session:
        actors = await auth.actors_of_sessions(session, {tab.session for tab in due})
    for tab in [tab for tab in due if live.tabs.get(tab.place) is tab]:  # it may have gone elsewhere meanwhile
        actor = actors.get(tab.session)
        if actor is None:
            await _end(app, [tab], NotSignedIn("The session is over."))
        elif live.impersonal(actor) != audience.actor:
            _wake(app, [live.move(tab, actor)])
        else:
            tab.checked_at = now


async def _bring(app: rx.App, audience: Audience) -> None:
    """Show an audience what was read for it."""
    behind = []
    for tab in list(audience.tabs.values()):
        if not _is_here(app, tab):
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
        async with AsyncExitStack() as locks:
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
                is_known = began - tab.checked_at < 2 * CHECK_SECONDS  # else the page's own services look who it is
                if not (is_known and await _take(root, tab)):
                    async with AT_ONCE:
                        await (await root.get_state(tab.state))._refresh()
                    tab.version = version
        except _REFUSED as error:
            await _end(app, [tab], error)
        except Exception:
            log.exception("A tab was not brought up to date")
            return
        await asyncio.sleep(max(tab.audience.gap, time.monotonic() - began))


async def _take(root: Any, tab: Tab) -> bool:
    """Show the tab's page what is newer than what it has, if there is such; False if it will not take it."""
    audience = tab.audience
    if live.tabs.get(tab.place) is tab and tab.version < audience.version:
        page = await root.get_state(tab.state)
        if not page._receive(audience.values):
            return False
        tab.version = audience.version
    return True


async def _end(app: rx.App, tabs: list[Tab], error: AutoflowsError) -> None:
    """Send these tabs nothing more, and tell their pages so; why, the viewer is told at their next event."""
    log.info("%d tabs are not refreshed any more: %s", len(tabs), error.title)
    tabs = [tab for tab in tabs if live.tabs.get(tab.place) is tab]
    for tab in tabs:
        live.drop(tab)
    over = Liveness(state="over", since=datetime.now(UTC).isoformat())
    await _tell(app, [tab for tab in tabs if tab.place[1] == live.PAGE], over)


def _stand(app: rx.App, present: Liveness) -> None:
    """How it stands with the news from now on."""
    if present.state != live.present.state:
        live.present = present
        pages = [tab for tab in live.tabs.values() if tab.place[1] == live.PAGE]
        _background(_tell(app, pages, present))


async def _tell(app: rx.App, tabs: list[Tab], liveness: Liveness) -> None:
    async def tell(tab: Tab) -> None:
        if not _is_here(app, tab):
            return
        async with app.modify_state(rx.BaseStateToken(ident=tab.place[0], cls=Base)) as root:
            base = await root.get_state(Base)
            follows = tab.place in live.tabs  # a page that was loaded since is another matter
            if base.liveness.state and follows == (liveness.state != "over"):
                base.liveness = liveness

    for problem in await asyncio.gather(*(tell(tab) for tab in tabs), return_exceptions=True):
        if isinstance(problem, Exception):
            log.error("A tab was not told how live it is", exc_info=problem)


_tasks: set[asyncio.Task[None]] = set()


def _background(work: Any) -> None:
    task = asyncio.create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
