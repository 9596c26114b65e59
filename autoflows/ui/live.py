"""What tabs show, and of what they want to hear. `hub.py` keeps them up to date; docs/live.md explains it.

A page that shows what many look at asks through a `View`: a question whose answer depends on nothing but its own fields and on what its
asker may see. Tabs that ask the same and may see the same are one audience: the answer is fetched once for all of them. Any other page
subscribes, and is refreshed by its own `_refresh`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from autoflows.domain.permissions import Permission
from autoflows.models.database import open_reading
from autoflows.services.access import Actor
from autoflows.ui.shared_values import shareable

Place = tuple[str, str]
"""A browser tab's token, and which part of the tab: its page, or something of the frame that is there on every page."""
PAGE = "page"
FIGURES = "figures"
"""Numbers beside what the page shows, at a pace of their own: they take long to count, and nobody reads ten of them a second."""
INBOX = "inbox"
PARTS = (PAGE, FIGURES, INBOX)
"""The parts of a tab that follow views."""

Ask = Callable[..., Awaitable[Any]]
"""Calls a service as somebody with the view's rights, as far as its viewers have them, who is nobody in particular."""

CHECK_SECONDS = 3.0
"""How old the knowledge may be that a tab's viewer is signed in and what they may see, when something is sent to it."""
HEARD_SECONDS = 10.0
"""How long news is remembered, for pages that read just before it came and subscribed just after."""


class View(Protocol):
    """A question of a page: a frozen dataclass, so that equal questions are equal.

    `read` gives the page's vars by name. What it gives is shared by many tabs and cannot be changed: lists may hold plain values and
    frozen models. It must not use anything but its own fields, `ask`, and `before`: what it gave last, nothing at first.
    `rights` are those that decide the answer: `ask` calls with no others, so that people who differ in nothing else share it.
    """

    @property
    def rights(self) -> frozenset[Permission]:
        """A class variable, or of the question's own."""

    async def read(self, ask: Ask, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the page shows."""


class Liveness(BaseModel):
    """Whether a page follows what happens.

    `state` is "" for a page that does not; "on"; "away" while no news can be heard, so that the page is looked at again every so many
    seconds; "over" if its viewer may not follow it any more.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["", "on", "away", "over"] = ""
    since: str = ""
    every: int = 0


@dataclass(eq=False)
class Tab:
    """What one part of a browser tab shows at present, over which connection, and for which session."""

    place: Place
    sid: str
    session: str = field(repr=False)
    state: type[Any]
    audience: Audience
    version: int = 0
    checked_at: float = field(default_factory=time.monotonic)
    late: asyncio.Task[None] | None = field(default=None, repr=False)


@dataclass(eq=False)
class Audience:
    """Tabs that are shown the same: one view, for people who may see the same. Without a view it is one tab, whose page sees to itself."""

    key: Hashable
    topics: frozenset[str]
    gap: float
    view: View | None = None
    actor: Actor | None = None
    tabs: dict[Place, Tab] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    dirty: bool = False
    running: asyncio.Task[None] | None = field(default=None, repr=False)
    rest_until: float = 0.0
    refreshed_at: float = field(default_factory=time.monotonic)
    _begun: int = 0
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def read(self) -> None:
        """Fetch the answer, by a read that begins after this call; several who wait for one share it."""
        assert self.view is not None
        wanted = self._begun + 1
        async with self._reading:
            if self.version >= wanted:
                return
            self._begun += 1
            async with open_reading() as session:

                async def ask(function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
                    return await function(self.actor, session, *args, **kwargs)

                found = await self.view.read(ask, self.values)
            # What is equal stays the same object, so that it is told from what changed without comparing it again for each tab.
            fresh = {name: shareable(value) for name, value in found.items()}
            self.values = {name: old if (old := self.values.get(name)) == value else value for name, value in fresh.items()}
            self.version = self._begun


tabs: dict[Place, Tab] = {}
audiences: dict[Hashable, Audience] = {}
by_topic: dict[str, dict[Hashable, Audience]] = {}
heard: dict[str, float] = {}
"""When there was last news of a topic; forgotten after a few seconds."""
present = Liveness(state="on")
"""How it stands with the news itself, in this process."""


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
    """Refresh this page (a `PageState`) by its `_refresh` when something happens to one of the topics.

    Call it in `_load`, with topics of things the actor was just allowed to read: `_load` also runs after a reconnection. A tab shows one
    page, so this replaces what it was subscribed to; a `part` of the frame has a subscription of its own.
    """
    place = _place(state, part)
    just_now = time.monotonic() - HEARD_SECONDS
    news = any(heard.get(topic, 0.0) > just_now for topic in topics)  # it may have come after the page had read
    _join(place, state, Audience(key=place, topics=frozenset(topics), gap=state.live_gap_seconds, dirty=news))


async def follow(state: Any, actor: Actor, view: View, *topics: str, part: str = PAGE, gap: float | None = None) -> Audience:
    """Make this tab, or a part of it, one of the audience of a view, and fetch what that shows; it is asked again when something happens to
    a topic, `gap` seconds after the last time at the earliest (by default as the page's state says).

    A state calls it through `Base._follow`. What the services refuse is raised, and the tab then follows nothing.
    """
    audience = _audience_of(type(state), view, frozenset(topics), actor, state.live_gap_seconds if gap is None else gap)
    tab = _join(_place(state, part), state, audience)
    try:
        await audience.read()
    except Exception:
        drop(tab)
        raise
    tab.version = audience.version
    return audience


def _audience_of(state: type[Any], view: View, topics: frozenset[str], actor: Actor, gap: float) -> Audience:
    key = (state, view, topics, scope(actor, view))
    return audiences.get(key) or Audience(key, topics, gap, view, _impersonal(actor, view))


def scope(actor: Actor, view: View) -> tuple[UUID, frozenset[Permission]]:
    """What of an actor decides the answer to a view."""
    return actor.account_id, actor.permissions & view.rights


def _impersonal(actor: Actor, view: View) -> Actor:
    """Somebody of the same account who may do just what decides the answer, and is nobody in particular."""
    return replace(actor, user_id=UUID(int=0), permissions=actor.permissions & view.rights, name="", email="", timezone="UTC")


def leave(state: Any) -> None:
    """What this tab's page followed is no longer refreshed: another page is loaded, or the same one anew."""
    for part in (PAGE, FIGURES):
        if (previous := tabs.get(_place(state, part))) is not None:
            drop(previous)


def drop(tab: Tab) -> None:
    """Forget a tab, and its audience with the last of it."""
    if tabs.get(tab.place) is tab:
        del tabs[tab.place]
    audience = tab.audience
    if audience.tabs.get(tab.place) is tab:
        del audience.tabs[tab.place]
    if not audience.tabs and audiences.get(audience.key) is audience:
        del audiences[audience.key]
        for topic in audience.topics:
            del by_topic[topic][audience.key]
            if not by_topic[topic]:
                del by_topic[topic]


def move(tab: Tab, actor: Actor) -> Audience:
    """Put a tab whose viewer may now see more, or less, among those who may see just that."""
    old = tab.audience
    assert old.view is not None
    drop(tab)
    audience = _audience_of(tab.state, old.view, old.topics, actor, old.gap)
    _enlist(replace(tab, audience=audience, version=0, checked_at=time.monotonic(), late=None))
    return audience


def liveness_of(state: Any) -> Liveness:
    """How it stands with the page of this tab."""
    return present if _place(state, PAGE) in tabs else Liveness()


def _place(state: Any, part: str) -> Place:
    return (state.router.session.client_token, part)


def _join(place: Place, state: Any, audience: Audience) -> Tab:
    if (previous := tabs.get(place)) is not None:
        drop(previous)
    return _enlist(Tab(place, state.router.session.session_id, state._token(), type(state), audience))


def _enlist(tab: Tab) -> Tab:
    audience = tab.audience
    audiences[audience.key] = audience
    for topic in audience.topics:
        by_topic.setdefault(topic, {})[audience.key] = audience
    audience.tabs[tab.place] = tabs[tab.place] = tab
    return tab
