"""How flows did, day by day, as the flow list draws it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
from sqlalchemy import insert
from sqlmodel import select

from autoflows.ids import new_id, utc_now
from autoflows.models import Contact, Execution, FlowVersion
from autoflows.models.database import open_session
from autoflows.services.access import Actor
from autoflows.services.flow_trends import flow_trends
from autoflows.services.views.flow_trends import TREND_DAYS, FlowTrend
from tests.api.conftest import OWNER, FlowBody, People, app, catalogue, environment, flow_body, owner, people
from tests.api.test_flows import made
from tests.services.test_step_counts import actor_named

__all__ = ["app", "catalogue", "environment", "flow_body", "owner", "people"]


async def run(actor: Actor, flow: UUID, status: str, *, began: int, ended: int | None = None, seconds: float | None = None) -> None:
    """One execution that began and ended so many days ago, and attempted its first contact so many seconds after the lead."""
    now = utc_now()
    then = now - timedelta(days=began)
    async with open_session() as session:
        version = (await session.exec(select(FlowVersion).where(FlowVersion.flow_id == flow))).one()
        contact = Contact(user_id=actor.account_id, phone=f"+9198{new_id().int % 10**8:08d}")
        session.add(contact)
        await session.flush()
        execution = Execution(
            flow_id=flow,
            flow_version_id=version.id,
            contact_id=contact.id,
            user_id=actor.account_id,
            status=status,
            triggered_at=then,
            lead_at=then,
            first_attempt_at=None if seconds is None else then + timedelta(seconds=seconds),
            completed_at=None if ended is None else now - timedelta(days=ended),
        )
        due = now + timedelta(days=9) if ended is None else None
        values = {**execution.model_dump(exclude={"metadata_"}), "due_at": due}
        await session.exec(insert(Execution).values(**values))


async def test_each_day_has_its_speed_its_success_and_what_began_and_ended(
    owner: httpx.AsyncClient, people: People, flow_body: FlowBody
) -> None:
    flow = UUID((await made(owner, **flow_body()))["id"])
    actor = await actor_named(OWNER)
    await run(actor, flow, "completed", began=2, ended=1, seconds=4)
    await run(actor, flow, "failed", began=2, ended=0, seconds=8)
    await run(actor, flow, "cancelled", began=2, ended=0)
    await run(actor, flow, "running", began=0, seconds=2)
    await run(actor, flow, "completed", began=40, ended=39, seconds=9)
    trend = (await flow_trends_of(actor))[flow]
    assert trend.median_seconds == 4
    assert trend.medians[-3:] == [6, None, 2]
    assert trend.success[-3:] == [50, None, None]
    assert trend.began[-3:] == [3, 0, 1]
    assert trend.ended[-3:] == [0, 1, 2]
    assert sum(trend.began) == 4
    assert len(trend.medians) == TREND_DAYS


async def test_a_flow_that_attempted_nothing_has_no_speed(owner: httpx.AsyncClient, people: People, flow_body: FlowBody) -> None:
    flow = UUID((await made(owner, **flow_body()))["id"])
    actor = await actor_named(OWNER)
    assert flow not in await flow_trends_of(actor)
    await run(actor, flow, "running", began=0)
    trend = (await flow_trends_of(actor))[flow]
    assert trend.median_seconds is None
    assert trend.medians == [None] * TREND_DAYS


async def flow_trends_of(actor: Actor) -> dict[UUID, FlowTrend]:
    """As the list asks for them."""
    async with open_session() as session:
        return await flow_trends(actor, session)
