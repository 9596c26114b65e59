"""The versions of a flow: listing and reading them, and telling what is different between two."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import NotFound
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.flow_diff import diff
from autoflows.domain.permissions import Permission
from autoflows.models import Flow, FlowVersion, User
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.flow_problems import item_names
from autoflows.services.flow_store import one_flow
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.views.flows import FlowVersionView, VersionDiff


def _versions(flow: Flow) -> sa.Select[*tuple[Any, ...]]:
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "")
    joined = sa.select(FlowVersion, person).outerjoin(User, col(User.id) == col(FlowVersion.created_by))
    return joined.where(col(FlowVersion.flow_id) == flow.id)


def _view(flow: Flow, row: FlowVersion, name: str) -> FlowVersionView:
    return FlowVersionView(**row.model_dump(exclude={"id", "flow_id"}), created_by_name=name, is_current=row.version == flow.version)


@requires(Permission.FLOWS_READ)
async def list_versions(
    actor: Actor,
    session: AsyncSession,
    flow_id: UUID,
    *,
    created_by: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[FlowVersionView]:
    """Every publish of a flow, newest first, or those of a person and a time (`until` is not included). Raises NotFound."""
    flow = await one_flow(actor, session, flow_id)
    statement = _versions(flow)
    if created_by is not None:
        statement = statement.where(col(FlowVersion.created_by) == created_by)
    if since is not None:
        statement = statement.where(col(FlowVersion.created_at) >= since)
    if until is not None:
        statement = statement.where(col(FlowVersion.created_at) < until)

    keys = [col(FlowVersion.version)]
    return await paginate(session, statement, keys, partial(_view, flow), limit=limit, cursor=cursor)


@requires(Permission.FLOWS_READ)
async def get_version(actor: Actor, session: AsyncSession, flow_id: UUID, version: int) -> FlowVersionView:
    """A flow as it was published once. Raises NotFound."""
    flow = await one_flow(actor, session, flow_id)
    found = (await session.exec(_versions(flow).where(col(FlowVersion.version) == version))).first()  # type: ignore[call-overload]
    if found is None:
        raise NotFound(f"The flow has no version {version}.")
    return _view(flow, *found)


@requires(Permission.FLOWS_READ)
async def compare_versions(actor: Actor, session: AsyncSession, flow_id: UUID, version: int, against: int | None = None) -> VersionDiff:
    """What a version changed against another, or against the one before it; the first changed nothing. Raises NotFound."""
    after = await get_version(actor, session, flow_id, version)
    before = await get_version(actor, session, flow_id, against if against is not None else max(version - 1, 1))
    old, new = (FlowDefinition.model_validate(v.definition) for v in (before, after))
    return VersionDiff(before=before.version, after=version, changes=diff(old, new, await item_names(actor, session, old, new)))
