"""An account with channels on paper and what they offer: nothing here contacts anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import select

from autoflows.domain.leads import Disposition, EntryType
from autoflows.ids import new_id, utc_now
from autoflows.models import (
    Channel,
    Contact,
    EmailTemplate,
    Execution,
    Flow,
    FlowVersion,
    LeadEvent,
    PhoneNumber,
    VoiceAgent,
    WhatsAppNumber,
    WhatsAppTemplate,
)
from autoflows.models.database import open_session
from autoflows.services import auth, flows, users
from autoflows.services.views.flows import FlowCreate, FlowView
from tests.e2e.conftest import Person


@dataclass(frozen=True)
class World:
    """Ids of the one thing of each sort."""

    agent: UUID
    number: UUID
    sender: UUID
    template: UUID
    mail: UUID


async def make_world(person: Person) -> World:
    """Three channels with an agent, two numbers and two templates."""
    account = person.account_id
    async with open_session() as session:
        ids = {}
        for provider in ("bolna", "whatsapp_cloud", "smtp"):
            channel = Channel(
                user_id=account, provider=provider, name=provider, credentials="sealed", status="active", webhook_secret=new_id().hex
            )
            session.add(channel)
            ids[provider] = channel.id
        await session.flush()
        agent = VoiceAgent(user_id=account, channel_id=ids["bolna"], name="Priya", provider_agent_id="agent-1")
        number = PhoneNumber(user_id=account, channel_id=ids["bolna"], phone_number="+918035700001", label="Front desk")
        sender = WhatsAppNumber(
            user_id=account, channel_id=ids["whatsapp_cloud"], provider_number_id="1001", display_number="+91 80357 00010"
        )
        template = WhatsAppTemplate(
            user_id=account,
            channel_id=ids["whatsapp_cloud"],
            name="missed_call",
            body="Hello {{1}}, about {{2}}: we tried to call.",
            variables=["1", "2"],
        )
        mail = EmailTemplate(user_id=account, channel_id=ids["smtp"], name="Thank you", subject="Thank you", text="Dear {{ contact.name }}")
        session.add_all([agent, number, sender, template, mail])
    return World(agent.id, number.id, sender.id, template.id, mail.id)


async def make_flow(person: Person, name: str, world: World, *, enabled: bool = True) -> FlowView:
    """A flow of three steps: call, wait if not answered, mail in any case."""
    body = {
        "name": name,
        "is_enabled": enabled,
        "conditions": [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"}],
        "actions": [
            {"action_order": 1, "action_type": "ai_call", "action_config": {"agent_id": str(world.agent)}},
            {
                "action_order": 2,
                "action_type": "wait",
                "action_config": {"duration_minutes": 10},
                "condition_type": "call_outcome",
                "condition_value": "not_answered",
            },
            {
                "action_order": 3,
                "action_type": "email",
                "action_config": {"email_template_id": str(world.mail)},
                "condition_type": "always",
            },
        ],
    }
    async with open_session() as session:
        user = await users.find_user(session, person.email)
        assert user is not None
        return await flows.create_flow(auth.actor_of(user, "session"), session, FlowCreate.model_validate(body))


async def make_execution(person: Person, flow: FlowView, name: str, phone: str, **values: Any) -> Execution:
    """A run of the flow's version that has just begun. It is due far in the future: no worker is meant to take it."""
    [execution] = await make_executions(person, flow, [(name, phone)], **values)
    return execution


async def make_executions(person: Person, flow: FlowView, people: Sequence[tuple[str, str]], **values: Any) -> list[Execution]:
    """A run for each of these people, by name and phone; the last of them is the newest."""
    now = utc_now()
    made = []
    async with open_session() as session:
        version = (await session.exec(select(FlowVersion).where(FlowVersion.flow_id == flow.id))).one()
        for number, (name, phone) in enumerate(people, 1):
            contact = Contact(user_id=person.account_id, name=name, phone=phone)
            session.add(contact)
            await session.flush()
            plain: dict[str, Any] = {
                "triggered_at": now - timedelta(milliseconds=len(people) - number),
                "lead_at": now - timedelta(seconds=1),
                "due_at": now + timedelta(days=1),
                "waiting_reason": "Flow hours: opens 09:00 Asia/Kolkata",
                "waiting_rule": "flow_hours",
                "waiting_until": now + timedelta(hours=1),
                "metadata_": {"trigger_source": "IndiaMART"},
            }
            ids: dict[str, Any] = {
                "flow_id": flow.id,
                "flow_version_id": version.id,
                "contact_id": contact.id,
                "user_id": person.account_id,
            }
            made.append(Execution(**ids, **plain | values))
        session.add_all(made)
    return made


async def make_lead(person: Person, source: str, phone: str) -> None:
    """A lead that came a moment ago and met no flow."""
    async with open_session() as session:
        contact = Contact(user_id=person.account_id, name="Asha Patel", phone=phone)
        session.add(contact)
        await session.flush()
        event = LeadEvent(
            user_id=person.account_id,
            contact_id=contact.id,
            lead_source=source,
            entry_type=EntryType.API,
            disposition=Disposition.NO_MATCH,
            due_at=None,
        )
        await session.exec(insert(LeadEvent).values(**event.model_dump()))


async def flow_named(person: Person, name: str) -> Flow | None:
    """The account's flow with this name, deleted ones included."""
    async with open_session() as session:
        return (await session.exec(select(Flow).where(Flow.user_id == person.account_id, Flow.name == name))).first()
