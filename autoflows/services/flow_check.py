"""The check of live flows: things break under a flow that nobody touched, when an agent is deleted or a template loses its approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from autoflows.models import Flow, User
from autoflows.models.database import open_session
from autoflows.services.access import open_to
from autoflows.services.auth import actor_of
from autoflows.services.flow_shelf import find_all_problems
from autoflows.services.views.flows import FlowProblems


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """What was found in one account's enabled flows; flows without problems are not named."""

    account_id: UUID
    problems: Sequence[FlowProblems]


@open_to("services")
async def check_live_flows() -> list[AccountCheck]:
    """Judge every enabled flow of every account as its owner would see it. Accounts without an enabled flow are left out.

    Each account has a transaction of its own, so that a long check holds nothing for long.
    """
    async with open_session() as session:
        enabled = select(col(Flow.user_id)).where(col(Flow.is_enabled), col(Flow.deleted_at).is_(None))
        owners = (await session.exec(select(User).where(col(User.id).in_(enabled)).order_by(col(User.id)))).all()
    found = []
    for owner in owners:
        async with open_session() as session:
            problems = await find_all_problems(actor_of(owner, "session"), session, is_enabled=True)
        found.append(AccountCheck(owner.id, problems))
    return found
