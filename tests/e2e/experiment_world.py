"""A flow with a split and a goal, and some weeks of people who went through it; beside it a flow that calls."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.ids import utc_now
from autoflows.models import ActionLog, Contact, Execution, FlowVersion
from autoflows.models.database import open_session
from autoflows.services import auth, flows, users
from autoflows.services.views.flows import FlowCreate
from tests.e2e.conftest import Person
from tests.e2e.flow_world import make_flow, make_world

ARMS = [{"name": "Mail", "percent": 50}, {"name": "Call first", "percent": 40}, {"name": "Nobody", "percent": 10, "is_holdout": True}]
RATES = {"Mail": 0.12, "Call first": 0.24, "Nobody": 0.04}
NAMES = ("Asha Patel", "Ravi Nair", "Meera Shah", "Imran Khan", "Divya Rao", "Suresh Iyer", "Neha Gupta", "Arjun Das")


@dataclass(frozen=True)
class Experiment:
    """The flow that divides, its split, and the flow beside it."""

    flow: UUID
    split: UUID
    other: UUID


async def make_experiment(person: Person, people: int, *, seed: int = 5) -> Experiment:
    """So many people in the last seven weeks, half of them by the other flow; the split was published before all of them."""
    world = await make_world(person)
    mail = {"action_type": "email", "action_config": {"email_template_id": str(world.mail)}}
    body = {
        "name": "Website: mail or call first",
        "is_enabled": True,
        "conditions": [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "Website"}],
        "actions": [
            {"action_order": 1, "action_type": "split", "action_config": {"name": "First touch", "arms": ARMS}},
            {"action_order": 2, **mail, "condition_type": "split", "condition_value": "Mail"},
            {"action_order": 3, **mail, "condition_type": "split", "condition_value": "Call first"},
        ],
        "goal": {"kind": "reply_received", "window_days": 7},
    }
    other = await make_flow(person, "IndiaMART first call", world)
    async with open_session() as session:
        user = await users.find_user(session, person.email)
        assert user is not None
        flow = await flows.create_flow(auth.actor_of(user, "session"), session, FlowCreate.model_validate(body))
    split = flow.actions[0].id
    assert split is not None
    chance, now = random.Random(seed), utc_now()
    async with open_session() as session:
        old = sa.update(FlowVersion).where(col(FlowVersion.flow_id).in_([flow.id, other.id]))
        await session.exec(old.values(created_at=now - timedelta(days=60)))
        versions = {
            one.flow_id: one
            for one in (await session.exec(select(FlowVersion).where(col(FlowVersion.flow_id).in_([flow.id, other.id])))).all()
        }
        for number in range(people):
            contact = Contact(user_id=person.account_id, name=chance.choice(NAMES), phone=f"+9198765{number:05d}")
            session.add(contact)
            await session.flush()
            at = now - timedelta(days=chance.uniform(1, 49))
            is_divided = number % 2 == 0
            arm = chance.choices(list(RATES), (50, 40, 10))[0] if is_divided else None
            version = versions[flow.id if is_divided else other.id]
            run, logs = _pass(chance, person, contact, version, at, split, arm)
            session.add(run)
            await session.flush()
            session.add_all(logs)
    return Experiment(flow.id, split, other.id)


def _pass(
    chance: random.Random, person: Person, contact: Contact, version: FlowVersion, at: datetime, split: UUID, arm: str | None
) -> tuple[Execution, list[ActionLog]]:
    hit = chance.random() < (RATES[arm] if arm else 0.3)
    is_held = arm == "Nobody"
    speed = timedelta(seconds=chance.lognormvariate(3.5 if arm else 2.5, 1.2))
    run = Execution(
        flow_id=version.flow_id, flow_version_id=version.id, contact_id=contact.id, user_id=person.account_id, triggered_at=at, lead_at=at,
        status="skipped" if is_held else "completed", due_at=sa.null(), completed_at=at + timedelta(hours=1),  # type: ignore[arg-type]
        goal_until=at + timedelta(days=7) if arm else None, first_attempt_at=None if is_held else at + speed,
        first_conversation_at=at + 2 * speed if hit else None, converted_at=at + 2 * speed if hit and arm else None,
        last_outcome=None if arm else "answered" if hit else "missed", metadata_={"trigger_source": "Website" if arm else "IndiaMART"},
    )  # fmt: skip
    log: dict[str, Any] = {"flow_execution_id": run.id, "user_id": person.account_id, "contact_id": contact.id, "status": "success"}
    if arm is None:
        call = ActionLog(**log, action_type="ai_call", action_order=1, started_at=at + speed, outcome=run.last_outcome,
                         cost_amount=chance.randrange(100, 400), cost_currency="INR")  # fmt: skip
        return run, [call]
    logs = [ActionLog(**log, action_id=split, action_type="split", action_order=1, arm=arm, started_at=at)]
    for order, name in ((2, "Mail"), (3, "Call first")):
        values: dict[str, Any] = {"action_type": "email", "action_order": order, "started_at": at + speed}
        if arm == name:
            logs.append(ActionLog(**log, **values, message_state="replied" if hit else "sent", cost_amount=20, cost_currency="INR"))
        else:
            gates = [{"gate": "condition", "passed": False}]
            logs.append(ActionLog(**log | {"status": "skipped"}, **values, gates=gates))
    return run, logs
