"""API tokens. A token acts as the user who made it, within its scopes and that user's role; its secret is shown once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.permissions import ALL_SCOPES, ROLE_PERMISSIONS, Permission, Role
from autoflows.ids import utc_now
from autoflows.models import ApiToken, User
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, may_grant, open_to, requires
from autoflows.services.auth import TOKEN_PREFIX, actors_of_tokens, digest
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.users import find_user
from autoflows.services.views.tokens import TokenCreate, TokenCreated, TokenView

MAX_TOKENS = 200


def _view(token: ApiToken, user_name: str) -> TokenView:
    return TokenView(**token.model_dump(include=set(TokenView.model_fields)), user_name=user_name)


@requires(Permission.TOKENS_WRITE)
async def list_tokens(actor: Actor, session: AsyncSession, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[TokenView]:
    """The account's tokens that work, newest first."""
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email))
    statement = sa.select(ApiToken, person).join(User, col(User.id) == col(ApiToken.user_id)).where(_of_account(actor))
    keys = [col(ApiToken.created_at), col(ApiToken.id)]
    return await paginate(session, statement, keys, _view, limit=limit, cursor=cursor)


def _of_account(actor: Actor) -> sa.ColumnElement[bool]:
    owned = sa.or_(col(User.id) == actor.account_id, col(User.owner_id) == actor.account_id)
    return sa.and_(owned, col(ApiToken.revoked_at).is_(None))


@requires(Permission.TOKENS_WRITE)
async def add_token(actor: Actor, session: AsyncSession, new: TokenCreate) -> TokenCreated:
    """Make a token for oneself. Raises Invalid for an unknown scope and Forbidden for one that the actor does not have."""
    scopes = _checked(new.scopes)
    wanted = ROLE_PERMISSIONS[actor.role] if ALL_SCOPES in scopes else frozenset(Permission(s) for s in scopes)
    may_grant(actor, wanted)
    owned = sa.select(sa.func.count()).select_from(ApiToken).join(User, col(User.id) == col(ApiToken.user_id)).where(_of_account(actor))
    if (await session.scalar(owned) or 0) >= MAX_TOKENS:
        raise Conflict(f"An account can have {MAX_TOKENS} tokens; revoke one that is not used any more.")
    token, secret = _make(actor.user_id, new.name, scopes)
    session.add(token)
    audit.record(session, actor, "token.created", "token", token.id, name=token.name, scopes=scopes)
    return TokenCreated(**_view(token, actor.name or actor.email).model_dump(), token=secret)


def _checked(scopes: Sequence[str]) -> list[str]:
    known = {p.value for p in Permission} | {ALL_SCOPES}
    errors = [
        FieldError(f"/scopes/{n}", f"'{s}' is no scope; use '*' or some of {', '.join(Permission)}")
        for n, s in enumerate(scopes)
        if s not in known
    ]
    if errors or not scopes:
        raise Invalid("Some scopes do not exist.", errors=errors or [FieldError("/scopes", "name at least one")])
    return sorted(set(scopes))


def _make(user_id: UUID, name: str, scopes: list[str]) -> tuple[ApiToken, str]:
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return ApiToken(user_id=user_id, name=name, prefix=secret[:10], token_hash=digest(secret), scopes=scopes), secret


@requires(Permission.TOKENS_WRITE)
async def revoke_token(actor: Actor, session: AsyncSession, token_id: UUID) -> None:
    """End a token of the account: at once in this process, within 5 seconds in others. Raises NotFound."""
    statement = (
        sa.select(ApiToken, User).join(User, col(User.id) == col(ApiToken.user_id)).where(_of_account(actor), col(ApiToken.id) == token_id)
    )
    found = (await session.exec(statement)).first()  # type: ignore[call-overload]
    if found is None:
        raise NotFound(f"There is no token with the id {token_id}.")
    token, user = found
    if user.id != actor.user_id:
        may_grant(actor, ROLE_PERMISSIONS[Role(user.role)])
    token.revoked_at = utc_now()
    actors_of_tokens.clear()
    audit.record(session, actor, "token.revoked", "token", token.id, name=token.name)


@open_to("the command line")
async def create_token(session: AsyncSession, *, email: str, name: str, scopes: Sequence[str]) -> str:
    """A token for the user with this e-mail address; gives its secret. Raises NotFound, and Invalid for an unknown scope."""
    user = await find_user(session, email)
    if user is None or not user.is_active:
        raise NotFound(f"There is no active user with the e-mail address {email}.")
    token, secret = _make(user.id, (name.strip() or "Token")[:100], _checked(scopes))
    session.add(token)
    audit.record(session, user, "token.created", "token", token.id, name=token.name, scopes=token.scopes)
    return secret
