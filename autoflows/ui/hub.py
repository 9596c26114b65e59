"""The live hub of a web process: turns what workers announce into refreshes of the tabs that show it.

Workers publish ids only. What a tab is sent was read through services for somebody who may see what its viewer may see, and that the
viewer still may is looked up every few seconds. An announcement that is lost costs nothing but a late line.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import reflex as rx

from autoflows.domain.errors import NotSignedIn, Unavailable
from autoflows.engine import live as engine_live
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.ui import live
from autoflows.ui.delivery import AT_ONCE, REFUSED, bring, end, is_here, tell
from autoflows.ui.live import Audience, Liveness

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.01
"""News of one transaction comes in several messages: so long they are waited for after the first."""
REST = 0.5
"""An audience rests that much of the time its last refresh took, whatever gap its page asks for: what is slow, because it is much or
because the process has much to do, is done less often."""
POLL_SECONDS = 5
"""How often pages are refreshed while no news can be heard."""
SURE_SECONDS = 60.0
"""How often they are refreshed when there is no news: nothing of ours is late for longer than that, whatever went wrong."""
AGAIN_SECONDS = 2.0
"""When a refresh that failed is tried again."""


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
        if not is_here(app, tab):
            live.drop(tab)
    for topic in [topic for topic, at in live.heard.items() if at < now - live.HEARD_SECONDS]:
        del live.heard[topic]


def _wake(app: rx.App, audiences: Iterable[Audience]) -> None:
    for audience in list(audiences):
        audience.dirty = True
        if audience.running is None or audience.running.done():
            audience.running = asyncio.create_task(_keep_up(app, audience))


async def _keep_up(app: rx.App, audience: Audience) -> None:
    """Refresh an audience until it has seen everything announced so far."""
    while audience.dirty and audience.tabs:
        await asyncio.sleep(max(GATHER_SECONDS, audience.rest_until - time.monotonic()))
        if not audience.tabs:
            return
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
        if not is_here(app, tab):
            live.drop(tab)
            return
        try:
            async with app.modify_state(rx.BaseStateToken(ident=tab.place[0], cls=tab.state)) as root:
                if live.tabs.get(tab.place) is tab:
                    page = await root.get_state(tab.state)
                    await page._refresh()
        except REFUSED as error:
            await end(app, [tab], error)


async def _refresh_shared(app: rx.App, audience: Audience) -> None:
    try:
        await asyncio.gather(_check(app, audience), audience.read())  # nothing is sent before both are done
    except REFUSED as error:
        await end(app, list(audience.tabs.values()), error)
        return
    await bring(app, audience)


async def _check(app: rx.App, audience: Audience) -> None:
    """Look up, for tabs where that is some seconds ago, whether their viewers are still signed in and may see what the others may."""
    now = time.monotonic()
    assert audience.actor is not None
    assert audience.view is not None
    here = live.scope(audience.actor, audience.view)
    due = [tab for tab in audience.tabs.values() if now - tab.checked_at > live.CHECK_SECONDS]
    if not due:
        return
    async with open_session() as session:
        actors = await auth.actors_of_sessions(session, {tab.session for tab in due})
    for tab in [tab for tab in due if live.tabs.get(tab.place) is tab]:  # it may have gone elsewhere meanwhile
        actor = actors.get(tab.session)
        if actor is None:
            await end(app, [tab], NotSignedIn("The session is over."))
        elif live.scope(actor, audience.view) != here:
            _wake(app, [live.move(tab, actor)])
        else:
            tab.checked_at = now


def _stand(app: rx.App, present: Liveness) -> None:
    """How it stands with the news from now on."""
    if present.state != live.present.state:
        live.present = present
        pages = [tab for tab in live.tabs.values() if tab.place[1] == live.PAGE]
        _background(tell(app, pages, present))


_tasks: set[asyncio.Task[None]] = set()


def _background(work: Any) -> None:
    task = asyncio.create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
