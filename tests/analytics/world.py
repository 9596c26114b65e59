"""Random history of an account: several flows and versions, sources, channels, prices, zones' midnights, test runs, odd clocks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.leads import Disposition
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.domain.permissions import Role
from autoflows.ids import new_id
from autoflows.models import Channel, Contact, Flow, FlowVersion, LeadEvent, User
from autoflows.models.database import open_session
from autoflows.models.execution import ActionLog, Execution

NOW = datetime(2026, 3, 30, 9, 0, tzinfo=UTC)  # Europe/Berlin changed to summer time the day before, Los Angeles on the 8th
DAYS = 45
SOURCES = ("IndiaMART", "TradeIndia", "Website", "manual")
PROVIDERS = ("bolna", "whatsapp_cloud", "smtp")
TYPES = ("ai_call", "ai_call", "whatsapp_message", "email", "wait")
GATES = ("dnc", "exit_rules", "condition", "flow_hours")
CODES = ("131047", "busy_line", None)


@dataclass
class World:
    """One account's rows by kind, as they were put in."""

    user: User
    flows: list[Flow] = field(default_factory=list)
    versions: list[FlowVersion] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    leads: list[LeadEvent] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    logs: list[ActionLog] = field(default_factory=list)


def make_user(name: str) -> User:
    return User(id=new_id(), email=f"{name}@example.com", name=name, password_hash="x", role=Role.OWNER)


def _moment(rng: random.Random) -> datetime:
    """Anywhere in the last days; often on the border of a quarter, an hour or a day somewhere."""
    at = NOW - timedelta(seconds=rng.randrange(DAYS * 86_400), microseconds=rng.randrange(1_000_000))
    if rng.random() < 0.3:
        at = at.replace(minute=rng.choice([0, 15, 30, 45]), second=0, microsecond=0)
        at -= timedelta(microseconds=rng.choice([0, 0, 1, 300_000]))
    if rng.random() < 0.1:
        at = at.replace(hour=rng.choice([0, 18, 22, 23]), minute=rng.choice([0, 30]))
        at -= timedelta(microseconds=rng.choice([0, 1, 400_000]))  # just before it
    return at


def make_execution(rng: random.Random, world: World, contact: Contact) -> tuple[Execution, LeadEvent | None]:
    version = rng.choice(world.versions)
    status = rng.choice(list(ExecutionStatus))
    triggered = _moment(rng)
    source = rng.choice(SOURCES)
    lag = rng.choice([0.0, 2.0, rng.uniform(0, 4000)])
    received = triggered - timedelta(seconds=rng.uniform(0, 5))
    lead_at = received - timedelta(seconds=lag)
    spans = [rng.uniform(0, 90), rng.uniform(0, 1800), rng.uniform(0, 90_000), 0.0, 15.0, 60.0, 300.0, 900.0, 3600.0, -rng.uniform(0, 60)]
    first = None if rng.random() < 0.15 else lead_at + timedelta(seconds=rng.choice(spans))
    running, is_test = status is ExecutionStatus.RUNNING, rng.random() < 0.15
    execution = Execution(
        flow_id=version.flow_id,
        flow_version_id=version.id,
        contact_id=contact.id,
        user_id=world.user.id,
        triggered_at=triggered,
        status=status,
        is_test_run=is_test,
        due_at=NOW if running else sa.null(),  # type: ignore[arg-type]  # None would bring the column's default
        completed_at=None if running else triggered + timedelta(seconds=rng.uniform(0, 200_000)),
        metadata_={"trigger_source": source},
        lead_at=lead_at,
        first_attempt_at=first,
        first_conversation_at=triggered + timedelta(seconds=rng.uniform(0, 9000)) if rng.random() < 0.3 else None,
        first_channel_id=rng.choice(world.channels).id if first and rng.random() < 0.9 else None,
        held_hours=rng.choice([0, 0, rng.randrange(10**9)]),
        held_capacity=rng.choice([0, 0, rng.randrange(10**9)]),
        held_wait=rng.choice([0, 0, 0, rng.randrange(10**9)]),
    )
    if is_test or source == "manual":
        return execution, None
    lead = LeadEvent(
        user_id=world.user.id,
        contact_id=contact.id,
        lead_source=source,
        entry_type="api",
        received_at=received,
        source_created_at=lead_at,
        disposition=Disposition.ENROLLED,
        execution_id=execution.id,
        due_at=sa.null(),  # type: ignore[arg-type]
    )
    execution.lead_event_id = lead.id
    return execution, lead


def make_lead(rng: random.Random, world: World) -> LeadEvent:
    """One that no flow took, or not yet."""
    disposition = rng.choice([d for d in Disposition if d is not Disposition.ENROLLED])
    queued = disposition is Disposition.QUEUED
    return LeadEvent(
        user_id=world.user.id,
        lead_source=rng.choice(SOURCES[:3]),
        entry_type="api",
        received_at=_moment(rng),
        disposition=disposition,
        due_at=NOW if queued else sa.null(),  # type: ignore[arg-type]
    )


def make_log(rng: random.Random, world: World, execution: Execution, order: int, attempt: int) -> ActionLog:
    status, kind = rng.choice(list(LogStatus)), rng.choice(TYPES)
    started = execution.triggered_at + timedelta(minutes=order * 37 + attempt, seconds=rng.uniform(0, 50))
    if order == attempt == 1 and execution.first_attempt_at and rng.random() < 0.8:
        started = execution.first_attempt_at
    named = status in (LogStatus.SUCCESS, LogStatus.FAILED) and rng.random() < 0.8
    outcome = rng.choice(list(CallOutcome)) if kind == "ai_call" and named else None
    state = rng.choice(list(MessageState)) if kind in ("whatsapp_message", "email") and named else None
    answered = None if rng.random() < 0.3 else started + timedelta(seconds=rng.choice([rng.uniform(0, 0.002), rng.uniform(0, 3)]))
    return ActionLog(
        flow_execution_id=execution.id,
        user_id=execution.user_id,
        contact_id=execution.contact_id,
        flow_version_id=execution.flow_version_id,
        action_type=kind,
        action_order=order,
        attempt=attempt,
        started_at=started,
        answered_at=answered,
        status=status,
        outcome=outcome,
        message_state=state,
        channel_id=rng.choice([*(channel.id for channel in world.channels), None]),
        error_code=rng.choice(CODES) if status is LogStatus.FAILED else None,
        error_class=rng.choice(["permanent", None]) if status is LogStatus.FAILED else None,
        gates=[{"gate": "kill_switch", "passed": True}, {"gate": rng.choice(GATES), "passed": False}] if rng.random() < 0.9 else [],
        cost_amount=rng.choice([None, 0, rng.randrange(1, 10**6)]),
        cost_currency=rng.choice(["INR", "INR", "USD"]),
    )


def set_goal(rng: random.Random, world: World) -> None:
    """The newest version of the first flow has a goal; executions of all flows met one, of which a figure counts its own alone."""
    world.versions[1].definition = {"goal": {"kind": "reply_received", "window_days": 7}}
    for execution in world.executions:
        execution.goal_until = execution.triggered_at + timedelta(days=7)
        if rng.random() < 0.3:
            execution.converted_at = execution.triggered_at + timedelta(seconds=rng.uniform(0, 9000))


async def fill(user: User, seed: int, executions: int) -> World:
    """Random history for a new account, in the database."""
    rng, world = random.Random(seed), World(user)
    world.flows = [Flow(user_id=user.id, name=f"Flow {n}", priority=n) for n in (1, 2, 3)]
    world.versions = [
        FlowVersion(flow_id=flow.id, version=n, definition={}, created_at=NOW - timedelta(days=rng.randrange(DAYS)))
        for flow in world.flows
        for n in (1, 2)
    ]
    world.channels = [Channel(user_id=user.id, provider=name, name=name, credentials="", webhook_secret=new_id().hex) for name in PROVIDERS]
    contacts = [Contact(user_id=user.id, name=f"Lead {n}", phone=f"+9198765{n:05d}") for n in range(executions)]
    for contact in contacts:  # one live execution per person and flow: a person each
        execution, lead = make_execution(rng, world, contact)
        world.executions.append(execution)
        world.leads += [lead] if lead else []
        for order in range(1, rng.randrange(1, 5)):
            world.logs += [make_log(rng, world, execution, order, attempt) for attempt in range(1, rng.choice([2, 2, 3]))]
    world.leads += [make_lead(rng, world) for _ in range(executions // 3)]
    set_goal(random.Random(seed), world)
    rows: list[list[Any]] = [
        [user], world.flows, world.versions, world.channels, contacts, world.leads, world.executions, world.logs,
    ]  # fmt: skip
    async with open_session() as session:
        for some in rows:
            session.add_all(some)
            await session.flush()
    return world
