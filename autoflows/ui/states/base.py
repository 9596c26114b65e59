"""What every page's state stands on: who is asking, how to call a service, and the life of a page (loading, error, no permission, ready).

Every public method of a State can be called by any socket with any arguments. So handlers check their arguments and do everything through
services, which check the permission; helpers start with `_`, which makes them unreachable from a browser.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookies import CookieError, SimpleCookie
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote
from uuid import UUID

import reflex as rx
from pydantic import BaseModel, ValidationError
from reflex.event import EventSpec
from reflex.istate.proxy import MutableProxy

from autoflows.domain.errors import AutoflowsError, Conflict, Forbidden, Invalid, NotSignedIn
from autoflows.domain.permissions import Permission
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.services.access import Actor
from autoflows.services.auth import COOKIE_NAME
from autoflows.services.pages import Page
from autoflows.services.validation import invalid
from autoflows.ui import live

log = logging.getLogger(__name__)

PAGE_SIZE = 25
"""Rows a list shows at a time."""

P = ParamSpec("P")
R = TypeVar("R")


class Me(BaseModel):
    """The signed-in person as the page may show them."""

    id: str = ""
    name: str = ""
    email: str = ""
    initials: str = ""
    role: str = ""
    timezone: str = "UTC"
    permissions: list[str] = []


def me_of(actor: Actor) -> Me:
    """The actor as the browser may know them."""
    return Me(
        id=str(actor.user_id),
        name=actor.name or actor.email,
        email=actor.email,
        initials=initials_of(actor.name or actor.email),
        role=str(actor.role),
        timezone=actor.timezone,
        permissions=sorted(str(permission) for permission in actor.permissions),
    )


def initials_of(name: str) -> str:
    """At most two letters, of a name or an e-mail address."""
    return "".join(word[0] for word in name.replace("@", " ").split()[:2]).upper()


class Base(rx.State):
    """Who is signed in, in this tab. Shared by all pages."""

    me: Me = Me()
    liveness: live.Liveness = live.Liveness()

    _mark: str = ""

    def _token(self) -> str:
        return session_token(self.router.headers.cookie)

    async def _actor(self) -> Actor:
        """Who is asking, looked up anew at every event so that a sign-out or a changed role counts at once. Raises NotSignedIn."""
        async with open_session() as session:
            return await auth.actor_of_session(session, self._token())

    async def _service(self, function: Callable[Concatenate[Actor, Any, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a service as the signed-in person, in one transaction.

        Errors go up: to `PageState._enter` while a page loads, to `_problems_of` for a form, else to `on_error`, which makes a toast.
        """
        async with open_session() as session:
            actor = await auth.actor_of_session(session, self._token())
            return await function(actor, session, *args, **kwargs)

    async def _call(self, function: Callable[Concatenate[Actor, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Like `_service`, for the services that take no session because they wait for a vendor or commit themselves."""
        return await function(await self._actor(), *args, **kwargs)

    async def _follow(self, view: live.View, *topics: str, part: str = live.PAGE, gap: float | None = None) -> None:
        """Show a view, now and again whenever something happens to a topic (by default: to anything in the account).

        Called by `_load`; what this page, or this part of it or of the frame, followed before it does not follow any more.
        """
        # A model read from a state is a proxy that knows this tab; the view is shared and outlives it.
        asked: Any = view
        known = {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
        asked = dataclasses.replace(asked, **{name: v.__wrapped__ for name, v in known.items() if isinstance(v, MutableProxy)})
        actor = await self._actor()
        audience = await live.follow(self, actor, asked, *(topics or (live.account_topic(actor.account_id),)), part=part, gap=gap)
        self._put(audience.values)

    def _receive(self, values: Mapping[str, Any]) -> bool:
        """Take what a view shows now. Overridden by a page that does not always want it: False has its `_refresh` called instead."""
        self._put(values)
        return True

    def _put(self, values: Mapping[str, Any]) -> None:
        """Put values into the vars of these names."""
        for name, value in values.items():
            if self.get_value(name) is not value:
                setattr(self, name, value)


def may(permission: Permission) -> rx.Var[bool]:
    """Whether to show a control. A courtesy only: the service decides."""
    return Base.me.permissions.contains(permission.value)


def session_token(cookies: str | None) -> str:
    """The session's secret in a Cookie header, or an empty string."""
    try:
        morsel = SimpleCookie(cookies or "").get(COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def session_mark(token: str) -> str:
    """What a tab remembers of the session it loaded data for; not the session itself."""
    return hashlib.sha256(token.encode()).hexdigest()[:16] if token else ""


class PageState(Base, mixin=True):
    """A page's life. A page's state is `class LeadsState(PageState, Base)`, overrides `_load`, and is given to `shell.page`.

    `loaded` is true once there is something to show; `error` is a sentence; `denied` says why the role may not see the page;
    `problems` holds a form's field errors by pointer without the first slash ("credentials/api_key"), "" for the form as a whole.
    """

    loaded: bool = False
    error: str = ""
    denied: str = ""
    problems: dict[str, str] = {}
    busy: bool = False

    live_gap_seconds: ClassVar[float] = 0.3
    """The least time between two live refreshes: a burst of a thousand leads costs three refreshes a second and not a thousand. What is
    slow to read, or shown in many tabs, is refreshed less often by itself; see `hub.py`."""

    @rx.event
    async def load(self):
        """Fetch what the page shows; runs at every visit, at "try again", and after a reconnection."""
        return await self._enter()

    @rx.event
    def arrive(self):
        """The page was opened in this tab, which is not so after a mere reconnection: close what lay over it, for a tab keeps its state."""
        self.problems = {}
        self._close_dialogs()

    def _close_dialogs(self) -> None:
        """Overridden where there are dialogs."""

    async def _load(self) -> None:
        """Fetch the page's data through services."""

    async def _refresh(self) -> None:
        """Fetch again after a live change; by default the whole page. For a page that follows a view, only when it would not `_receive`."""
        await self._load()

    async def _enter(self) -> Any:
        self.error = self.denied = ""
        live.leave(self)
        try:
            self.me = me_of(await self._actor())
            return await self._load()
        except NotSignedIn:
            return to_sign_in(self.router.url.path)
        except Forbidden as error:
            self.denied = error.detail
        except AutoflowsError as error:
            self.error = error.detail
        finally:
            self.loaded = True
            if (liveness := live.liveness_of(self)) != self.liveness:
                self.liveness = liveness
        return None

    @contextmanager
    def _problems_of(self, prefix: str = "") -> Iterator[None]:
        """Run a form's service call: what was wrong lands in `problems` beside its field; other errors go on up.

        `prefix` is what the service's pointers have more than the form's field names.
        """
        self.problems = {}
        try:
            yield
        except ValidationError as error:
            self._note_problems(invalid(error), prefix)
        except (Invalid, Conflict) as error:
            self._note_problems(error, prefix)

    def _note_problems(self, error: AutoflowsError, prefix: str) -> None:
        found = {item.pointer.removeprefix("/").removeprefix(prefix): _sentence(item.detail) for item in error.errors}
        self.problems = found or {"": error.detail}

    def _param(self, name: str) -> str:
        """A value of the page's own query string, at most 200 characters."""
        return str(self.router.url.query_parameters.get(name, ""))[:200]


def page_values(page: Page[Any]) -> dict[str, Any]:
    """The vars of a `ListState` that say where its next page is, for a view."""
    return {"has_more": page.has_more and page.next_cursor is not None, "_next_cursor": page.next_cursor or ""}


class ListState(PageState, mixin=True):
    """A searched and paged list. Overrides `_load`, which reads `search` and `self._cursor` and calls `_show_page`."""

    search: str = ""
    page_number: int = 1
    has_more: bool = False
    _cursors: list[str] = []

    @property
    def _cursor(self) -> str | None:
        return self._cursors[-1] if self._cursors else None

    def _show_page(self, *, next_cursor: str | None, has_more: bool) -> None:
        self.has_more = has_more and next_cursor is not None
        self._next_cursor = next_cursor or ""

    _next_cursor: str = ""

    def _first_page(self) -> None:
        self._cursors = []
        self.page_number = 1

    @rx.event
    async def next_page(self):
        """Go on to the next page, if there is one."""
        if self.has_more and self._next_cursor:
            self._cursors = [*self._cursors, self._next_cursor]
            self.page_number = len(self._cursors) + 1
            return await self._enter()
        return None

    @rx.event
    async def previous_page(self):
        """Go back one page."""
        self._cursors = self._cursors[:-1]
        self.page_number = len(self._cursors) + 1
        return await self._enter()

    @rx.event
    async def set_search(self, text: str):
        """Look for something else, from the first page."""
        self.search = text_of(text, 200)
        self._first_page()
        return await self._enter()


def _sentence(detail: str) -> str:
    return detail[:1].upper() + detail[1:] + ("" if detail.endswith((".", "!", "?")) else ".")


def text_of(value: Any, limit: int = 10_000) -> str:
    """A handler's argument as text. Raises Invalid for anything else: sockets may send what they like."""
    if not isinstance(value, str):
        raise Invalid("This value must be text.")
    if len(value) > limit:
        raise Invalid(f"This text is too long: at most {limit:,} characters.")
    return value.strip()


def id_of(value: Any) -> UUID:
    """A handler's argument as an id. Raises Invalid."""
    try:
        return UUID(str(value))
    except ValueError:
        raise Invalid("This is not the id of anything.") from None


def ids_of(value: Any, limit: int = 1000) -> list[UUID]:
    """A handler's argument as a list of ids, at most `limit`. Raises Invalid."""
    if not isinstance(value, list) or len(value) > limit:
        raise Invalid("This is not a list of ids.")
    return [id_of(item) for item in value]


def choice_of(value: Any, choices: Any, *, default: str = "") -> str:
    """A handler's argument as one of a closed vocabulary; "all" and "" mean `default`. Raises Invalid."""
    if value in ("", "all", None):
        return default
    if not isinstance(value, str) or value not in [str(choice) for choice in choices]:
        raise Invalid("This is not one of the choices.")
    return value


def to_sign_in(path: str = "") -> Any:
    """Leave for the sign-in page by a full page load, so that the socket opens anew with the new cookie."""
    here = path if path.startswith("/") and not path.startswith("//") else ""
    target = f"/login?next={quote(here, safe='/')}" if here and here not in ("/", "/login") else "/login"
    return rx.call_script(f"window.location.assign({target!r})")


def on_error(exception: Exception) -> EventSpec:  # Reflex evaluates this annotation among its own names
    """The one place where an error of a handler meets the user: a sentence in a toast; details go to the log only."""
    if isinstance(exception, NotSignedIn):
        return to_sign_in()
    if isinstance(exception, AutoflowsError):
        details = " ".join(item.detail for item in exception.errors[:3])
        return rx.toast.error(exception.title, description=f"{exception.detail} {details}".strip(), duration=8000)
    log.error("A handler failed", exc_info=exception)
    return rx.toast.error("That did not work", description="The fault is ours and has been logged. Please try again.")
