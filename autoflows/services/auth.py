"""Signing in and out, and whom a session or an API token stands for. Only SHA-256 of either is stored."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from time import monotonic
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.errors import Conflict, FieldError, Forbidden, Invalid, NotSignedIn, TooManyRequests
from autoflows.domain.permissions import Role, permissions_of
from autoflows.engine import control
from autoflows.ids import utc_now
from autoflows.models import ApiToken, Session, User
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.after_commit import after_commit
from autoflows.services.passwords import check_password, hash_password, needs_rehash, verify_password
from autoflows.services.throttle import Buckets
from autoflows.services.users import create_user, find_user
from autoflows.services.views.auth import Me, MeUpdate, Setup
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

COOKIE_NAME = "autoflows_session"
TOKEN_PREFIX = "af_"  # noqa: S105 - a mark to recognise a leaked token by, not a secret
TOUCH_EVERY = timedelta(minutes=1)
"""How stale `last_seen_at` and `last_used_at` may be, so that reading costs no write."""

tries_per_person = Buckets(capacity=10, refill_seconds=30)
tries_per_address = Buckets(capacity=100, refill_seconds=3)


def digest(secret: str) -> str:
    """What is stored of a session's or token's secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@open_to("anyone")
async def sign_in(session: AsyncSession, email: str, password: str, ip: str, user_agent: str) -> tuple[str, datetime]:
    """A new session: its secret for the cookie, and its end.

    Raises NotSignedIn with one sentence for an unknown address, a wrong password and a deactivated user alike, and TooManyRequests
    after 10 wrong tries of one address from one IP (one more every 30 s) or 100 from one IP (one every 3 s). A success does not count.
    """
    key = (ip, email.strip().lower())
    if wait := max(tries_per_person.take(key), tries_per_address.take(ip)):
        raise TooManyRequests(f"Too many attempts to sign in; please wait {wait} seconds.", retry_after=wait)
    user = await find_user(session, email)
    if not await verify_password(user.password_hash if user else None, password) or user is None or not user.is_active:
        log.info("Sign-in refused from %s for user %s", ip, user.id if user else "unknown")
        raise NotSignedIn("The e-mail address or the password is not right.")
    tries_per_person.forget(key)
    tries_per_address.give_back(ip)
    if needs_rehash(user.password_hash):
        user.password_hash = await hash_password(password)
    return await _open(session, user, ip, user_agent)


async def _open(session: AsyncSession, user: User, ip: str, user_agent: str) -> tuple[str, datetime]:
    secret, now = secrets.token_urlsafe(32), utc_now()
    expires_at = now + timedelta(hours=get_settings().session_hours)
    user.last_login_at = now
    await session.exec(sa.delete(Session).where(col(Session.user_id) == user.id, col(Session.expires_at) < now))
    session.add(
        Session(
            user_id=user.id, token_hash=digest(secret), created_at=now, last_seen_at=now, expires_at=expires_at,
            ip_address=_storable(ip, 64), user_agent=_storable(user_agent, 400),
        )
    )  # fmt: skip
    audit.record(session, user, "session.opened", "user", user.id, ip=_storable(ip, 64))
    return secret, expires_at


def _storable(text: str, length: int) -> str:
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()[:length]


@open_to("anyone")
async def sign_out(session: AsyncSession, token: str) -> None:
    """End the session with this secret; nothing happens if there is none."""
    await session.exec(sa.delete(Session).where(col(Session.token_hash) == digest(token)))


@open_to("services")
async def close_sessions(session: AsyncSession, user_id: UUID, but: str | None = None) -> None:
    """End all of a user's sessions, but the one with the secret `but`."""
    ended = sa.delete(Session).where(col(Session.user_id) == user_id)
    await session.exec(ended.where(col(Session.token_hash) != digest(but)) if but else ended)


@open_to("anyone")
async def actor_of_session(session: AsyncSession, token: str) -> Actor:
    """The person whose session has this secret, by one indexed query. Raises NotSignedIn if it is over or its user deactivated."""
    now = utc_now()
    found = (
        await session.exec(
            select(Session, User)
            .join(User, col(User.id) == col(Session.user_id))
            .where(col(Session.token_hash) == digest(token), col(Session.expires_at) > now, col(User.is_active))
        )
    ).first()
    if found is None:
        raise NotSignedIn("Your session is over; please sign in again.")
    row, user = found
    if now - row.last_seen_at > TOUCH_EVERY:
        row.last_seen_at = now
    return actor_of(user, "session")


@open_to("services")
async def actors_of_sessions(session: AsyncSession, tokens: Iterable[str]) -> dict[str, Actor]:
    """Whom these sessions stand for, by their secrets, in one query and without noting that they were used; those that are over are left
    out."""
    by_digest = {digest(token): token for token in tokens}
    found = await session.exec(
        select(col(Session.token_hash), User)
        .join(User, col(User.id) == col(Session.user_id))
        .where(col(Session.token_hash).in_(by_digest), col(Session.expires_at) > utc_now(), col(User.is_active))
    )
    return {by_digest[token_hash]: actor_of(user, "session") for token_hash, user in found.all()}


@open_to("anyone")
async def actor_of_token(session: AsyncSession, token: str) -> Actor:
    """The person an API token acts for, within its scopes and their role. Raises NotSignedIn if it is unknown or revoked."""
    now = utc_now()
    found = (
        await session.exec(
            select(ApiToken, User)
            .join(User, col(User.id) == col(ApiToken.user_id))
            .where(col(ApiToken.token_hash) == digest(token), col(ApiToken.revoked_at).is_(None), col(User.is_active))
        )
    ).first()
    if found is None:
        raise NotSignedIn("This API token is unknown or was revoked; make a new one under Settings.")
    row, user = found
    if row.last_used_at is None or now - row.last_used_at > TOUCH_EVERY:
        row.last_used_at = now
    return actor_of(user, "token", frozenset(row.scopes))


def actor_of(user: User, kind: Literal["session", "token"], scopes: frozenset[str] | None = None) -> Actor:
    """The actor a user is, narrowed by a token's scopes."""
    role = Role(user.role)
    return Actor(
        user_id=user.id,
        account_id=user.account_id,
        role=role,
        permissions=permissions_of(role, scopes),
        name=user.name,
        email=user.email,
        timezone=user.timezone,
        kind=kind,
    )


class ActorCache:
    """Whom tokens stand for, remembered for `seconds`, so that a stream of API calls does not ask the database each time.

    The price: a revoked token, a narrowed role or a deactivated user still passes for at most that long.
    """

    def __init__(self, seconds: float = 5.0, size: int = 10_000) -> None:
        self.seconds = seconds
        self.size = size
        self._known: dict[str, tuple[Actor, float]] = {}

    def get(self, token: str) -> Actor | None:
        """The actor, if asked for within the last seconds."""
        known = self._known.get(digest(token))
        return known[0] if known is not None and monotonic() < known[1] else None

    def put(self, token: str, actor: Actor) -> None:
        """Remember an actor from now on."""
        if len(self._known) >= self.size:
            self._known.clear()
        self._known[digest(token)] = (actor, monotonic() + self.seconds)

    def clear(self) -> None:
        """Forget all; called when tokens, roles or people change in this process."""
        self._known.clear()


actors_of_tokens = ActorCache()


def me(actor: Actor) -> Me:
    """The actor as they see themselves."""
    return Me(
        id=actor.user_id,
        account_id=actor.account_id,
        email=actor.email,
        name=actor.name,
        role=actor.role,
        permissions=sorted(actor.permissions),
        timezone=actor.timezone,
        kind=actor.kind,
    )


@open_to("the signed-in")
async def update_me(actor: Actor, session: AsyncSession, changes: MeUpdate, token: str | None) -> Me:
    """Change one's own name, time zone or password; a new password ends one's other sessions, all but that of `token`.

    Raises Forbidden for an API token, Invalid for a wrong present or a weak new password. An owner's time zone is the account's.
    """
    if actor.kind != "session":
        raise Forbidden("A person's own details are changed after signing in, not by an API token.")
    user = (await session.exec(select(User).where(col(User.id) == actor.user_id))).one()
    if changes.password is not None:
        if wait := tries_per_person.take(("", user.email)):
            raise TooManyRequests(f"Too many attempts; please wait {wait} seconds.", retry_after=wait)
        if not await verify_password(user.password_hash, changes.current_password or ""):
            raise Invalid("The password was not changed.", errors=[FieldError("/current_password", "is not your present password")])
        tries_per_person.forget(("", user.email))
        check_password(changes.password, user.email)
        user.password_hash = await hash_password(changes.password)
        await close_sessions(session, user.id, but=token)
        audit.record(session, actor, "user.password_changed", "user", user.id)
    user.name = user.name if changes.name is None else changes.name
    if changes.timezone is not None and changes.timezone != user.timezone:
        audit.record(session, actor, "user.updated", "user", user.id, timezone={"from": user.timezone, "to": changes.timezone})
        user.timezone = changes.timezone
        if user.owner_id is None:
            after_commit(session, lambda: control.wake_account(user.id))
    user.updated_at = utc_now()
    return me(actor_of(user, "session"))


@open_to("anyone")
async def setup_needed(session: AsyncSession) -> bool:
    """Whether nobody can sign in yet, so that the first owner is to be made."""
    return (await session.exec(select(User.id).limit(1))).first() is None


@open_to("anyone")
async def set_up(session: AsyncSession, setup: Setup, ip: str, user_agent: str) -> tuple[str, datetime]:
    """Make the first owner of a new installation and sign them in. Raises Conflict once there is a user, Invalid for bad values."""
    await session.exec(select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("autoflows set up"))))
    if not await setup_needed(session):
        raise Conflict("This installation is set up already; sign in, or ask its owner for an account.")
    user = await create_user(session, email=setup.email, password=setup.password, role=Role.OWNER, name=setup.name)
    user.timezone = setup.timezone
    return await _open(session, user, ip, user_agent)
