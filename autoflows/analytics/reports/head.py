"""What stands in the head of every report: whose account it is of, and when and for whom it was made."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.ids import utc_now
from autoflows.models import User
from autoflows.services.access import Actor, open_to


@open_to("reports")
async def account_name(actor: Actor, session: AsyncSession) -> str:
    """What the account is called."""
    owner = await session.get(User, actor.account_id)
    return (owner.name or owner.email) if owner else ""


def moment_text(at: datetime, zone: str) -> str:
    """`16 Mar 2026, 09:00` by the clock of a zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M}"


def made_text(actor: Actor, zone: str) -> str:
    """When and for whom."""
    return f"{moment_text(utc_now(), zone)} for {actor.name or actor.email}"
