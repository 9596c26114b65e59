"""An account with random history, and another account with more of it that must never be counted."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.outcomes import CallOutcome
from autoflows.domain.permissions import Role, permissions_of
from autoflows.ids import new_id
from autoflows.models.contact import Contact
from autoflows.models.database import dispose_engine, open_session
from autoflows.models.execution import ActionLog, Execution
from autoflows.models.flow import Flow, FlowVersion
from autoflows.models.user import User
from autoflows.services.access import Actor
from autoflows.settings import get_settings

NOW = datetime(2026, 3, 30, 9, 0, tzinfo=UTC)  # Europe/Berlin changed to summer time the day before


@dataclass
class History:
    """What was put into the database, to count by hand."""

    executions: list[Execution] = field(default_factory=list)
    logs: list[ActionLog] = field(default_factory=list)


def actor_of(user: User, role: Role = Role.OWNER) -> Actor:
    return Actor(
        user_id=user.id,
        account_id=user.account_id,
        role=role,
        permissions=permissions_of(role),
        name=user.name,
        email=user.email,
        timezone=user.timezone,
        kind="session",
    )


def make_execution(rng: random.Random, user: User, flow: Flow, version: FlowVersion, contact: Contact) -> Execution:
    """A run somewhere in the last 45 days; now and then a source whose clock runs ahead, and one with no attempt yet."""
    status = rng.choice(list(ExecutionStatus))
    triggered = NOW - timedelta(seconds=rng.randrange(45 * 86_400))
    spans = [rng.uniform(0, 90), rng.uniform(0, 1800), rng.uniform(0, 90_000), 0.0, 60.0, 300.0, 900.0, 3600.0, -rng.uniform(0, 60)]
    lead_at = triggered - timedelta(seconds=rng.uniform(0, 5))
    running = status is ExecutionStatus.RUNNING
    return Execution(
        flow_id=flow.id,
        flow_version_id=version.id,
        contact_id=contact.id,
        user_id=user.id,
        triggered_at=triggered,
        status=status,
        is_test_run=rng.random() < 0.2,
        due_at=NOW if running else sa.null(),  # type: ignore[arg-type]  # None would bring the column's default
        completed_at=None if running else triggered + timedelta(minutes=5),
        lead_at=lead_at,
        first_attempt_at=None if rng.random() < 0.15 else lead_at + timedelta(seconds=rng.choice(spans)),
        first_conversation_at=triggered if rng.random() < 0.3 else None,
    )


def make_log(rng: random.Random, execution: Execution, order: int) -> ActionLog:
    status = rng.choice(list(LogStatus))
    outcome = rng.choice(list(CallOutcome)) if status in (LogStatus.SUCCESS, LogStatus.FAILED) and rng.random() < 0.8 else None
    return ActionLog(
        flow_execution_id=execution.id,
        user_id=execution.user_id,
        contact_id=execution.contact_id,
        action_type=rng.choice(["ai_call", "ai_call", "whatsapp_message"]),
        action_order=order,
        started_at=execution.triggered_at + timedelta(minutes=order * 7),
        status=status,
        outcome=outcome,
    )


async def fill(user: User, seed: int, executions: int) -> History:
    """Random history for one account."""
    rng, history = random.Random(seed), History()
    flow = Flow(user_id=user.id, name="First call", priority=1)
    version = FlowVersion(flow_id=flow.id, version=1, definition={})
    contacts = [Contact(user_id=user.id, name=f"Lead {n}", phone=f"+9198765{n:05d}") for n in range(executions)]
    for contact in contacts:  # one live execution per person and flow: a person each
        execution = make_execution(rng, user, flow, version, contact)
        history.executions.append(execution)
        history.logs += [make_log(rng, execution, order) for order in range(1, rng.randrange(1, 5))]
    async with open_session() as session:
        for rows in ([user], [flow], [version], contacts, history.executions, history.logs):
            session.add_all(rows)
            await session.flush()
    return history


def make_user(name: str) -> User:
    return User(id=new_id(), email=f"{name}@example.com", name=name, password_hash="x", role=Role.OWNER)


@pytest.fixture(scope="module")
def database(module_postgres_url: str) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOFLOWS_DATABASE_URL", module_postgres_url)
        get_settings.cache_clear()
        yield module_postgres_url
    get_settings.cache_clear()


@pytest.fixture(scope="module")
async def accounts(database: str) -> AsyncIterator[tuple[Actor, History, Actor]]:
    """Someone with history and what it is, and someone new without any; a third account has history that no one may count."""
    mine, others, empty = make_user("asha"), make_user("ravi"), make_user("new")
    history = await fill(mine, 7, 400)
    await fill(others, 8, 60)
    async with open_session() as session:
        session.add(empty)
    yield actor_of(mine), history, actor_of(empty)
    await dispose_engine()
