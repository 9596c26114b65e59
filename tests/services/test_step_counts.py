"""What the builder is told of a flow's leads: how they fare at each step, and what their fields hold."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from autoflows.domain.errors import Forbidden, NotFound
from autoflows.domain.permissions import Role
from autoflows.ids import new_id, utc_now
from autoflows.models import ActionLog, Contact, Execution, FlowVersion
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.services.access import Actor
from autoflows.services.seen_values import SeenValue, list_seen_values
from autoflows.services.step_counts import StepCounts, count_steps
from autoflows.services.users import find_user
from tests.api.conftest import OWNER, FlowBody, People, app, catalogue, environment, flow_body, owner, people
from tests.api.test_flows import made

__all__ = ["app", "catalogue", "environment", "flow_body", "owner", "people"]


async def actor_named(email: str) -> Actor:
    async with open_session() as session:
        user = await find_user(session, email)
        assert user is not None
        return auth.actor_of(user, "session")


async def run(actor: Actor, flow_id: UUID, logs: list[tuple[UUID, int, str]], *, days: int = 0, step: int = 1, test: bool = False) -> None:
    """One execution with its logs: action, attempt, status."""
    then = utc_now() - timedelta(days=days)
    async with open_session() as session:
        version = (await session.exec(select(FlowVersion).where(FlowVersion.flow_id == flow_id))).one()
        contact = Contact(user_id=actor.account_id, name="Asha", phone=f"+9198{new_id().int % 10**8:08d}")
        session.add(contact)
        await session.flush()
        execution = Execution(
            flow_id=flow_id,
            flow_version_id=version.id,
            contact_id=contact.id,
            user_id=actor.account_id,
            triggered_at=then,
            lead_at=then,
            due_at=utc_now() + timedelta(days=9),
            current_action_step=step,
            is_test_run=test,
        )
        session.add(execution)
        await session.flush()
        places = {action_id: place for place, action_id in enumerate(dict.fromkeys(each[0] for each in logs), start=1)}
        for action_id, attempt, status in logs:
            session.add(
                ActionLog(
                    flow_execution_id=execution.id,
                    user_id=actor.account_id,
                    contact_id=contact.id,
                    action_id=action_id,
                    action_type="ai_call",
                    action_order=places[action_id],
                    attempt=attempt,
                    status=status,
                    started_at=then,
                    completed_at=then,
                )
            )


async def test_each_step_counts_executions_as_what_they_came_to(owner: httpx.AsyncClient, flow_body: FlowBody, people: People) -> None:
    flow = await made(owner, **flow_body())
    call, wait = (UUID(action["id"]) for action in flow["actions"][:2])
    flow_id, actor = UUID(flow["id"]), await actor_named(OWNER)
    await run(actor, flow_id, [(call, 1, "failed"), (call, 2, "success")], step=2)  # tried again: passed
    await run(actor, flow_id, [(call, 1, "unknown")])
    await run(actor, flow_id, [(call, 1, "skipped"), (wait, 1, "success")], step=3)
    await run(actor, flow_id, [(call, 1, "success")], days=40, step=2)  # long ago, but still there
    await run(actor, flow_id, [(call, 1, "success")], test=True)
    async with open_session() as session:
        found = await count_steps(actor, session, flow_id)
    assert found[call] == StepCounts(here=1, passed=1, failed=1, skipped=1)
    assert found[wait] == StepCounts(here=2, passed=1)
    stranger = await people.add("stranger@example.com")
    assert stranger
    async with open_session() as session:
        with pytest.raises(NotFound):
            await count_steps(await actor_named("stranger@example.com"), session, flow_id)


async def test_the_values_of_recent_leads_are_counted_and_people_are_left_out(owner: httpx.AsyncClient, people: People) -> None:
    for number, product in enumerate(("pump", "pump", "valve")):
        lead = {"name": f"Lead {number}", "phone": f"+91987650010{number}", "lead_source": "IndiaMART", "tags": ["hot"]}
        answer = await owner.post("/api/contacts", json={**lead, "custom_fields": {"product": product, "deep": {"x": 1}}})
        assert answer.status_code == 202
    async with open_session() as session:
        found = {field.name: field for field in await list_seen_values(await actor_named(OWNER), session)}
    assert found["lead_source"].values == [SeenValue(value="IndiaMART", leads=3)]
    assert found["tag"].leads == 3
    assert [(v.value, v.leads) for v in found["custom_field:product"].values] == [("pump", 2), ("valve", 1)]
    assert not {"name", "phone", "email", "custom_field:deep"} & set(found)
    await people.add("viewer@example.com", Role.VIEWER, OWNER)
    async with open_session() as session:
        with pytest.raises(Forbidden):
            await list_seen_values(await actor_named("viewer@example.com"), session)
