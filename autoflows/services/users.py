"""People: making them, finding them, and what each may change of themselves."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.people import normalise_email
from autoflows.domain.permissions import Role
from autoflows.ids import new_id
from autoflows.models import User
from autoflows.services import audit
from autoflows.services.access import AsyncSession, open_to
from autoflows.services.passwords import check_password, hash_password


@open_to("services")
async def find_user(session: AsyncSession, email: str) -> User | None:
    """The user with this e-mail address, compared without regard to case."""
    if "\x00" in email or not email.isprintable():
        return None
    return (await session.exec(select(User).where(sa.func.lower(col(User.email)) == email.strip().lower()))).first()


@open_to("the command line")
async def create_user(
    session: AsyncSession, *, email: str, password: str, role: Role | str, owner_email: str | None = None, name: str = ""
) -> User:
    """A new owner, and so a new account; or with `owner_email` a member of that owner's account.

    Raises Invalid for an address that cannot be one or has a user already, a weak password, a role that does not fit; NotFound for an
    owner who does not exist.
    """
    role = _role(role)
    owner = None
    if owner_email is not None:
        owner = await find_user(session, owner_email)
        if owner is None or owner.owner_id is not None:
            raise NotFound(f"There is no owner with the e-mail address {owner_email}.")
    if (role is Role.OWNER) != (owner is None):
        detail = "a member of an account is an admin, manager or viewer" if owner else "a user without an owner must be an owner"
        raise Invalid("This role does not fit.", errors=[FieldError("/role", detail)])
    return await add_user(session, email=email, password=password, role=role, owner=owner, name=name)


def _role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise Invalid("There is no such role.", errors=[FieldError("/role", f"must be one of {', '.join(Role)}")]) from None


@open_to("services")
async def add_user(session: AsyncSession, *, email: str, password: str, role: Role, owner: User | None, name: str) -> User:
    """Check and insert; the role is one that fits."""
    address = normalise_email(email)
    if address is None:
        raise Invalid("The e-mail address cannot be used.", errors=[FieldError("/email", "is not an e-mail address")])
    check_password(password, address)
    key = new_id()
    user = User(
        id=key,
        owner_id=owner.id if owner else None,
        email=address,
        name=name.strip(),
        password_hash=await hash_password(password),
        role=role,
        timezone=owner.timezone if owner else "Asia/Kolkata",
    )
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise Invalid(
            "The e-mail address is taken.", errors=[FieldError("/email", "somebody signs in with this address already")]
        ) from None
    audit.record(session, user, "user.created", "user", user.id, role=role.value)
    return user
