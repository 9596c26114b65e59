"""The audit log: who did what to which thing. Written in the transaction of the act itself, so there is no act without its entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.permissions import Permission
from autoflows.models import AuditEntry, User
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.views.audit import AuditView


def record(
    session: AsyncSession,
    who: Actor | User,
    action: str,
    entity_type: str,
    entity_id: UUID | None = None,
    **data: Any,
) -> None:
    """Add an entry, such as `record(session, actor, "flow.deleted", "flow", flow.id, name=flow.name)`. `data` holds no secrets."""
    actor_id = who.user_id if isinstance(who, Actor) else who.id
    session.add(
        AuditEntry(user_id=who.account_id, actor_id=actor_id, action=action, entity_type=entity_type, entity_id=entity_id, data=data)
    )


@requires(Permission.AUDIT_READ)
async def list_entries(
    actor: Actor,
    session: AsyncSession,
    *,
    action: str | None = None,
    entity_type: str | None = None,
    entity_id: UUID | None = None,
    actor_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[AuditView]:
    """The account's entries, newest first, narrowed by what is given; `since` is inclusive, `until` is not."""
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "System")
    statement = (
        sa.select(AuditEntry, person)
        .outerjoin(User, col(User.id) == col(AuditEntry.actor_id))
        .where(col(AuditEntry.user_id) == actor.account_id)
    )
    for column, value in ((AuditEntry.action, action), (AuditEntry.entity_type, entity_type), (AuditEntry.entity_id, entity_id)):
        if value is not None:
            statement = statement.where(col(column) == value)
    if actor_id is not None:
        statement = statement.where(col(AuditEntry.actor_id) == actor_id)
    if since is not None:
        statement = statement.where(col(AuditEntry.created_at) >= since)
    if until is not None:
        statement = statement.where(col(AuditEntry.created_at) < until)
    return await paginate(session, statement, [col(AuditEntry.created_at), col(AuditEntry.id)], _view, limit=limit, cursor=cursor)


def _view(entry: AuditEntry, person: str) -> AuditView:
    return AuditView(
        id=entry.id,
        action=entry.action,
        entity_type=entry.entity_type,
        entity_id=entry.entity_id,
        actor_id=entry.actor_id,
        actor_name=person,
        data=entry.data,
        created_at=entry.created_at,
    )
