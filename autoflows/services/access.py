"""Who is asking, what they may do, and which rows exist for them. The one gate of REST and UI.

Rule of this folder: every public coroutine of a service module is marked, either `@requires(Permission.X)` or `@open_to("whom")`, and
takes rows through `scoped`, so that another account's rows do not exist. A test walks the modules and holds them to it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from autoflows.domain.errors import Forbidden, NotFound
from autoflows.domain.permissions import ROLE_PERMISSIONS, Permission, Role

__all__ = ["Actor", "AsyncSession", "may_grant", "one_of_mine", "open_to", "requires", "scoped"]

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person or a token acting for one. `permissions` is the role's rights, narrowed by the token's scopes."""

    user_id: UUID
    account_id: UUID
    role: Role
    permissions: frozenset[Permission]
    name: str
    email: str
    timezone: str
    kind: Literal["session", "token"] = "session"

    def may(self, permission: Permission) -> bool:
        """Whether this right is held; for showing or hiding controls. The gate itself is `requires`."""
        return permission in self.permissions


Guarded = Callable[Concatenate[Actor, P], Coroutine[Any, Any, R]]


def requires(permission: Permission) -> Callable[[Guarded[P, R]], Guarded[P, R]]:
    """Let a service function run only for actors who hold `permission`; others get Forbidden before anything is read."""

    def mark(function: Guarded[P, R]) -> Guarded[P, R]:
        @wraps(function)
        async def guarded(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            check(actor, permission)
            return await function(actor, *args, **kwargs)

        guarded.__permission__ = permission  # type: ignore[attr-defined]
        return guarded

    return mark


def open_to(whom: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a service function that needs no permission, and say whom it is for: "anyone", "the signed-in", "the command line"."""

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        function.__open_to__ = whom  # type: ignore[attr-defined]
        return function

    return mark


def check(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden, in words for this actor, unless they hold `permission`."""
    if permission in actor.permissions:
        return
    if actor.kind == "token" and permission in ROLE_PERMISSIONS[actor.role]:
        raise Forbidden(f"This token lacks the scope '{permission}'; make a token that has it.")
    raise Forbidden(f"Your role ({actor.role}) does not include '{permission}'; ask an owner or admin of the account.")


def may_grant(actor: Actor, wanted: frozenset[Permission]) -> None:
    """Raise Forbidden if `wanted` goes beyond what the actor holds: nobody hands out more than they have."""
    if beyond := sorted(wanted - actor.permissions):
        raise Forbidden(f"You cannot give rights that you do not have: {', '.join(beyond)}.")


def scoped(actor: Actor, model: type[M]) -> SelectOfScalar[M]:
    """A select over the rows of `model` that belong to the actor's account; `model` has the tenant key `user_id`."""
    tenant: Any = model.user_id  # type: ignore[attr-defined]
    return select(model).where(col(tenant) == actor.account_id)


@open_to("services")
async def one_of_mine(actor: Actor, session: AsyncSession, model: type[M], row_id: UUID, what: str) -> M:
    """The account's row with this id. Raises NotFound ("There is no {what} with the id ...") for anyone else's, or none."""
    key: Any = model.id  # type: ignore[attr-defined]
    row = (await session.exec(scoped(actor, model).where(col(key) == row_id))).first()
    if row is None:
        raise NotFound(f"There is no {what} with the id {row_id}.")
    return row


@open_to("services")
async def raw_connection(session: AsyncSession) -> Any:
    """The session's own connection, within its transaction, for the engine's statements."""
    return (await (await session.connection()).get_raw_connection()).driver_connection
