"""What the figures can be narrowed to."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.domain.permissions import Permission
from autoflows.services.access import Actor, requires

FLOWS = """
SELECT f.id, f.name, f.archived_at IS NOT NULL AS is_archived, COALESCE(max(v.version), 0) AS versions
FROM auto_engagement_flows f LEFT JOIN flow_versions v ON v.flow_id = f.id
WHERE f.user_id = :account GROUP BY f.id ORDER BY f.archived_at IS NOT NULL, f.priority
"""
SOURCES = """
SELECT DISTINCT source FROM rollup_sums WHERE user_id = :account AND grain = 'source' AND span = 'month' AND source <> ''
ORDER BY source LIMIT 200
"""
CHANNELS = "SELECT id, name, provider FROM channels WHERE user_id = :account ORDER BY name"


class FlowChoice(BaseModel):
    """A flow with the number of its newest version; 0 before its first publish."""

    id: UUID
    name: str
    is_archived: bool
    versions: int


class ChannelChoice(BaseModel):
    """A channel by its name."""

    id: UUID
    name: str
    provider: str


class Choices(BaseModel):
    """Flows in order of priority, archived ones last; sources that leads have come from; channels by name."""

    flows: list[FlowChoice]
    sources: list[str]
    channels: list[ChannelChoice]


@requires(Permission.ANALYTICS_READ)
async def choices(actor: Actor, session: AsyncSession) -> Choices:
    """Everything a filter of the analytics can be set to."""
    connection = await session.connection()
    account = {"account": actor.account_id}
    flows = (await connection.execute(sa.text(FLOWS), account)).mappings().all()
    sources = (await connection.execute(sa.text(SOURCES), account)).scalars().all()
    channels = (await connection.execute(sa.text(CHANNELS), account)).mappings().all()
    return Choices(flows=[FlowChoice(**row) for row in flows], sources=list(sources), channels=[ChannelChoice(**row) for row in channels])
