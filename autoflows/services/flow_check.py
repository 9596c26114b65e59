"""The check of live flows: things break under a flow that nobody touched, when an agent is deleted or a template loses its approval."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    names: Mapping[UUID, str]


@open_to("services")
async def check_live_flows(accounts: Collection[UUID] | None = None) -> list[AccountCheck]:
    """Judge every enabled flow of every account, or of these, as its owner would see it. Accounts without an enabled flow are left out.

    Each account has a transaction of its own, so that a long check holds nothing for long.
    """
    async with open_session() as session:
        enabled = select(col(Flow.user_id)).where(col(Flow.is_enabled), col(Flow.deleted_at).is_(None))
        wanted = select(User).where(col(User.id).in_(enabled)).order_by(col(User.id))
        if accounts is not None:
            wanted = wanted.where(col(User.id).in_(accounts))
        owners = (await session.exec(wanted)).all()
    found = []
    for owner in owners:
        async with open_session() as session:
            problems = await find_all_problems(actor_of(owner, "session"), session, is_enabled=True)
            named = select(Flow).where(col(Flow.id).in_([one.flow_id for one in problems]))
            names = {flow.id: flow.name for flow in (await session.exec(named)).all()}
        found.append(AccountCheck(owner.id, problems, names))
    return found
