"""The people of an account. Its owner is the account itself: there is always exactly one, who can be neither demoted nor deactivated."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from autoflows.domain.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from autoflows.domain.permissions import ROLE_PERMISSIONS, Permission, Role
from autoflows.ids import utc_now
from autoflows.models import User
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, may_grant, requires
from autoflows.services.auth import actors_of_tokens, close_sessions
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.passwords import check_password, hash_password
from autoflows.services.users import add_user
from autoflows.services.views.team import MemberCreate, MemberUpdate, MemberView


def _people(actor: Actor) -> SelectOfScalar[User]:
    return select(User).where(sa.or_(col(User.id) == actor.account_id, col(User.owner_id) == actor.account_id))


def _view(user: User) -> MemberView:
    return MemberView.model_validate(user.model_dump(include=set(MemberView.model_fields)))


@requires(Permission.SETTINGS_READ)
async def list_members(actor: Actor, session: AsyncSession, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[MemberView]:
    """Everybody of the account, in the order they came."""
    keys = [col(User.created_at), col(User.id)]
    return await paginate(session, _people(actor), keys, _view, limit=limit, cursor=cursor, descending=False)


@requires(Permission.TEAM_WRITE)
async def add_member(actor: Actor, session: AsyncSession, new: MemberCreate) -> MemberView:
    """Make a member who can sign in at once. Raises Invalid (address, password, role) and Forbidden for rights the actor lacks."""
    _check_role(new.role)
    may_grant(actor, ROLE_PERMISSIONS[new.role])
    owner = (await session.exec(select(User).where(col(User.id) == actor.account_id))).one()
    user = await add_user(session, email=new.email, password=new.password, role=new.role, owner=owner, name=new.name)
    audit.record(session, actor, "member.added", "user", user.id, email=user.email, role=user.role)
    return _view(user)


def _check_role(role: Role) -> None:
    if role is Role.OWNER:
        detail = "must be admin, manager or viewer: an account has one owner, who made it"
        raise Invalid("This role cannot be given.", errors=[FieldError("/role", detail)])


@requires(Permission.TEAM_WRITE)
async def update_member(actor: Actor, session: AsyncSession, member_id: UUID, changes: MemberUpdate) -> MemberView:
    """Change a member's name, role or password, deactivate or bring back. A new password or an end of the membership ends their sessions.

    Raises NotFound; Conflict for the owner's role and for deactivating the owner or oneself; Forbidden where the member has rights that
    the actor lacks; Invalid for a weak password.
    """
    user = (await session.exec(_people(actor).where(col(User.id) == member_id).with_for_update(key_share=True))).first()
    if user is None:
        raise NotFound(f"There is no member with the id {member_id}.")
    _check_change(actor, user, changes)
    data: dict[str, object] = {}
    for name in ("name", "role", "is_active"):
        value = getattr(changes, name)
        if value is not None and value != getattr(user, name):
            data[name] = {"from": getattr(user, name), "to": value}
            setattr(user, name, value)
    if changes.password is not None:
        check_password(changes.password, user.email)
        user.password_hash = await hash_password(changes.password)
        data["password"] = "changed"  # noqa: S105 - says that it was, not what it is
    if changes.password is not None or changes.is_active is False:
        await close_sessions(session, user.id)
    if data:
        user.updated_at = utc_now()
        actors_of_tokens.clear()
        audit.record(session, actor, "member.updated", "user", user.id, **data)
    return _view(user)


def _check_change(actor: Actor, user: User, changes: MemberUpdate) -> None:
    if user.id == actor.account_id:
        if changes.role not in (None, Role.OWNER) or changes.is_active is False:
            raise Conflict("The owner is the account: the role stays, and the owner cannot be deactivated.")
        if actor.user_id != user.id:
            raise Forbidden("Only the owner may change the owner's details.")
        return
    if changes.role is not None:
        _check_role(changes.role)
        may_grant(actor, ROLE_PERMISSIONS[changes.role])
    if user.id == actor.user_id and (changes.is_active is False or changes.role not in (None, user.role)):
        raise Conflict("You cannot change your own role or deactivate yourself; ask another admin or the owner.")
    may_grant(actor, ROLE_PERMISSIONS[Role(user.role)])


@requires(Permission.TEAM_WRITE)
async def deactivate_member(actor: Actor, session: AsyncSession, member_id: UUID) -> None:
    """End a membership at once: sessions and tokens of the member stop working; what they did stays theirs. Raises as `update_member`."""
    await update_member(actor, session, member_id, MemberUpdate(is_active=False))
