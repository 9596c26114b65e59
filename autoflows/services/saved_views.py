"""Saved views of the list of executions: one's own, and those the team shares.

Everybody who may read executions may keep views. A view is changed by whose it is; a shared one also by who may change the team.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from autoflows.domain.errors import Conflict, FieldError, Forbidden, NotFound
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import SavedView, User
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort
from autoflows.services.views.masking import shown
from autoflows.services.views.saved_views import SavedViewChange, SavedViewCreate, SavedViewView

MOST = 100
"""Views of one person."""


@requires(Permission.EXECUTIONS_READ)
async def list_saved_views(actor: Actor, session: AsyncSession) -> list[SavedViewView]:
    """One's own, then those the team shares; each by name."""
    statement = _visible(actor).order_by((col(SavedView.owner_id) != actor.user_id), sa.func.lower(col(SavedView.name)), col(SavedView.id))
    return [_view(actor, *row) for row in (await session.exec(statement)).all()]  # type: ignore[call-overload]


@requires(Permission.EXECUTIONS_READ)
async def save_view(actor: Actor, session: AsyncSession, wanted: SavedViewCreate) -> SavedViewView:
    """Keep a filter and an order under a name. Raises Conflict for a name one has already, and for more than `MOST`."""
    count = sa.select(sa.func.count()).where(col(SavedView.owner_id) == actor.user_id)
    if (await session.exec(count)).one()[0] >= MOST:  # type: ignore[call-overload]
        raise Conflict(f"You have {MOST} saved views already. Delete one that you do not need first.")
    kept = SavedView(
        user_id=actor.account_id,
        owner_id=actor.user_id,
        name=wanted.name,
        is_shared=wanted.is_shared,
        filter=_stored(wanted.filter),
        sort=wanted.sort,
    )
    await _write(session, kept)
    audit.record(session, actor, "saved_view.created", "saved_view", kept.id, name=kept.name, is_shared=kept.is_shared)
    return _view(actor, kept, actor.name or actor.email)


@requires(Permission.EXECUTIONS_READ)
async def change_saved_view(actor: Actor, session: AsyncSession, view_id: UUID, change: SavedViewChange) -> SavedViewView:
    """Change the fields that were sent. Raises NotFound, Forbidden (another's) and Conflict (a name one has already)."""
    kept, owner_name = await _to_change(actor, session, view_id)
    for name in change.model_fields_set:
        if (value := getattr(change, name)) is not None:
            setattr(kept, name, _stored(value) if isinstance(value, ExecutionFilter) else value)
    kept.updated_at = utc_now()
    await _write(session, kept)
    audit.record(session, actor, "saved_view.updated", "saved_view", kept.id, changed=sorted(change.model_fields_set))
    return _view(actor, kept, owner_name)


@requires(Permission.EXECUTIONS_READ)
async def drop_saved_view(actor: Actor, session: AsyncSession, view_id: UUID) -> None:
    """Take a view away, for all who see it. Raises NotFound, and Forbidden for another's."""
    kept, _ = await _to_change(actor, session, view_id)
    await session.delete(kept)
    audit.record(session, actor, "saved_view.deleted", "saved_view", view_id, name=kept.name)


def _visible(actor: Actor) -> sa.Select[*tuple[Any, ...]]:
    """Views with the names of whose they are: the actor's own and the shared ones."""
    owner_name = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email))
    rows: sa.Select[*tuple[Any, ...]] = sa.select(SavedView, owner_name)
    return rows.join(User, col(User.id) == col(SavedView.owner_id)).where(
        col(SavedView.user_id) == actor.account_id, sa.or_(col(SavedView.is_shared), col(SavedView.owner_id) == actor.user_id)
    )


def _may_change(actor: Actor, kept: SavedView) -> bool:
    return kept.owner_id == actor.user_id or (kept.is_shared and actor.may(Permission.TEAM_WRITE))


async def _to_change(actor: Actor, session: AsyncSession, view_id: UUID) -> tuple[SavedView, str]:
    row = (await session.exec(_visible(actor).where(col(SavedView.id) == view_id))).first()  # type: ignore[call-overload]
    if row is None:
        raise NotFound(f"There is no saved view with the id {view_id}.")
    if not _may_change(actor, row[0]):
        raise Forbidden(f"This view is {row[1]}'s. Save one of your own, or ask them or an admin to change it.")
    return row[0], row[1]


async def _write(session: AsyncSession, kept: SavedView) -> None:
    name = kept.name
    try:
        async with session.begin_nested():
            session.add(kept)
            await session.flush()
    except IntegrityError:
        detail = "choose another name, or change the view that has it"
        raise Conflict(f"There is a saved view named '{name}' already.", errors=[FieldError("/name", detail)]) from None


def _stored(wanted: ExecutionFilter) -> dict[str, object]:
    return wanted.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _view(actor: Actor, kept: SavedView, owner_name: str) -> SavedViewView:
    view = SavedViewView(
        id=kept.id,
        name=kept.name,
        is_shared=kept.is_shared,
        is_mine=kept.owner_id == actor.user_id,
        may_change=_may_change(actor, kept),
        owner_name=owner_name,
        filter=ExecutionFilter.model_validate(kept.filter),
        sort=ExecutionSort(kept.sort),
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )
    return shown(view, pii=actor.may(Permission.PII_READ))
