"""Signing in and out, the first set-up, and one's own details."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response

from autoflows.api.deps import CurrentActor, Transaction, check_origin, client_address
from autoflows.services import auth
from autoflows.services.auth import COOKIE_NAME
from autoflows.services.views.auth import Me, MeUpdate, Setup, SetupState, SignedIn, SignIn
from autoflows.settings import get_settings

router = APIRouter(tags=["Signing in"])

SessionCookie = Annotated[str | None, Cookie(alias=COOKIE_NAME, include_in_schema=False)]


def _set_cookie(response: Response, token: str, expires_at: datetime) -> None:
    secure = get_settings().public_url.startswith("https://")
    response.set_cookie(COOKIE_NAME, token, expires=expires_at, httponly=True, secure=secure, samesite="lax", path="/")


async def _signed_in(session: Transaction, response: Response, token: str, expires_at: datetime) -> SignedIn:
    _set_cookie(response, token, expires_at)
    return SignedIn(expires_at=expires_at, user=auth.me(await auth.actor_of_session(session, token)))


@router.post("/login", summary="Sign in")
async def login(request: Request, response: Response, session: Transaction, body: SignIn) -> SignedIn:
    """Opens a session and sets its cookie, which no script can read. 401 if the e-mail address or password is not right, 429 after ten
    tries in a row."""
    agent = request.headers.get("user-agent", "")
    token, expires_at = await auth.sign_in(session, body.email, body.password, client_address(request), agent)
    return await _signed_in(session, response, token, expires_at)


@router.post("/logout", status_code=204, summary="Sign out")
async def logout(request: Request, response: Response, session: Transaction, cookie: SessionCookie = None) -> None:
    """Ends the session of the cookie, if there is one."""
    if cookie is not None:
        check_origin(request)
        await auth.sign_out(session, cookie)
    response.delete_cookie(COOKIE_NAME, path="/")


@router.get("/setup", summary="Is the first owner still to be made?")
async def setup_state(session: Transaction) -> SetupState:
    """True until the installation has a user."""
    return SetupState(needed=await auth.setup_needed(session))


@router.post("/setup", status_code=201, summary="Make the first owner")
async def setup(request: Request, response: Response, session: Transaction, body: Setup) -> SignedIn:
    """Makes the owner of a new installation and signs them in. 409 once there is a user."""
    token, expires_at = await auth.set_up(session, body, client_address(request), request.headers.get("user-agent", ""))
    return await _signed_in(session, response, token, expires_at)


@router.get("/me", summary="Who am I?")
async def get_me(actor: CurrentActor) -> Me:
    """The person or token that asks, with what they may do."""
    return auth.me(actor)


@router.patch("/me", summary="Change my details")
async def update_me(actor: CurrentActor, session: Transaction, body: MeUpdate, cookie: SessionCookie = None) -> Me:
    """Changes one's own name, time zone or password. A new password needs the present one and ends one's other sessions."""
    return await auth.update_me(actor, session, body, cookie)
