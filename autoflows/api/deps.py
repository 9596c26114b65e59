"""What routes are given: the actor and the transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from autoflows.domain.errors import Forbidden, NotSignedIn
from autoflows.models.database import open_session
from autoflows.services.access import Actor, AsyncSession
from autoflows.services.auth import COOKIE_NAME, actor_of_session, actor_of_token, actors_of_tokens
from autoflows.services.pages import DEFAULT_LIMIT, MAX_LIMIT

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(auto_error=False, description="an API token")
_cookie = APIKeyCookie(name=COOKIE_NAME, auto_error=False, description="the session of POST /api/login")


async def open_transaction() -> AsyncIterator[AsyncSession]:
    """One transaction per request: committed before the answer is sent, rolled back when the route raises."""
    async with open_session() as session:
        yield session


Transaction = Annotated[AsyncSession, Depends(open_transaction, scope="function")]


async def current_actor(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> Actor:
    """Who asks: the token in `Authorization: Bearer`, else the session cookie. Raises NotSignedIn.

    A token's actor is remembered for 5 seconds, so revoking one takes effect within that time. A session is asked for each time. What a
    cookie changes needs `X-Requested-With` (Forbidden without): a form on another site cannot send it.
    """
    if bearer is not None:
        known = actors_of_tokens.get(bearer.credentials)
        if known is not None:
            return known
        async with open_session() as session:
            actor = await actor_of_token(session, bearer.credentials)
        actors_of_tokens.put(bearer.credentials, actor)
        return actor
    if cookie is None or "authorization" in request.headers:
        raise NotSignedIn("Sign in, or send an API token as 'Authorization: Bearer <token>'.")
    check_origin(request)
    async with open_session() as session:
        return await actor_of_session(session, cookie)


def check_origin(request: Request) -> None:
    """Raise Forbidden for a change by cookie without `X-Requested-With`."""
    if request.method not in _SAFE_METHODS and not request.headers.get("x-requested-with"):
        raise Forbidden("Changes by session cookie need the header 'X-Requested-With: XMLHttpRequest'.")


def client_address(request: Request) -> str:
    """The caller's IP address as the server knows it (behind a proxy, as the proxy layer says)."""
    return request.client.host if request.client else ""


CurrentActor = Annotated[Actor, Depends(current_actor)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="rows per page")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before")]

__all__ = ["DEFAULT_LIMIT", "CurrentActor", "Cursor", "Limit", "Transaction", "check_origin", "client_address", "current_actor"]
