"""Who looks at a flow now. Kept in Redis and nowhere else: when it is lost, the next sign of life of each puts it right."""

from __future__ import annotations

import time
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.permissions import Permission
from autoflows.engine.broker import BROKER_LOST, get_redis
from autoflows.models import User
from autoflows.services.access import Actor, AsyncSession, requires

PRESENT_SECONDS = 25
"""How long somebody counts as being there without a sign of life."""
MAX_TOLD = 20


@requires(Permission.FLOWS_READ)
async def note_presence(actor: Actor, session: AsyncSession, flow_or_draft_id: UUID) -> list[str]:
    """A sign of life at a flow, or at a draft of none yet; gives the names of the others who are there, or nobody while Redis is away."""
    key, now = _key(actor, flow_or_draft_id), time.time()
    try:
        async with get_redis().pipeline() as pipe:
            pipe.zadd(key, {str(actor.user_id): now})
            pipe.zremrangebyscore(key, 0, now - PRESENT_SECONDS)
            pipe.expire(key, 2 * PRESENT_SECONDS)
            pipe.zrange(key, 0, MAX_TOLD)
            *_, found = await pipe.execute()
    except BROKER_LOST:
        return []
    others = [UUID(member.decode()) for member in found if member.decode() != str(actor.user_id)]
    if not others:
        return []
    name = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email))
    statement = sa.select(name).where(col(User.id).in_(others)).order_by(name)
    return list((await session.exec(statement)).scalars().all())  # type: ignore[call-overload]


@requires(Permission.FLOWS_READ)
async def end_presence(actor: Actor, flow_or_draft_id: UUID) -> None:
    """Not there any more."""
    try:
        await get_redis().zrem(_key(actor, flow_or_draft_id), str(actor.user_id))
    except BROKER_LOST:
        return


def _key(actor: Actor, flow_or_draft_id: UUID) -> str:
    return f"autoflows:here:{actor.account_id}:{flow_or_draft_id}"
