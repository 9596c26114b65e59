"""An account with executions of every kind, in plain Python and in the database."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from autoflows.domain.permissions import Role, permissions_of
from autoflows.ids import new_id
from autoflows.models import ActionLog, Contact, Execution, Flow, FlowVersion, User
from autoflows.models.database import open_session
from autoflows.services.access import Actor

NOW = datetime.now(UTC).replace(microsecond=0)


SOURCES = ("Website", "IndiaMART", "manual")


STATUSES = ("running", "completed", "failed", "cancelled", "skipped")


NAMES = (("Asha Patel", "Asha Agro"), ("Ravi Nair", "Nair & Sons"), ("Meera D'Souza", "50% Traders"), ("आशा पटेल", "कृषि"))


class World:
    """An account whose executions are known, and another one whose rows must never be seen."""

    def __init__(self) -> None:
        self.account, self.other = new_id(), new_id()
        self.flows: list[UUID] = [new_id(), new_id(), new_id()]
        self.contacts: dict[UUID, Contact] = {}
        self.rows: list[Execution] = []
        self.doubted: set[UUID] = set()
        self.random = random.Random(20261124)

    def actor(self, role: Role = Role.OWNER) -> Actor:
        return Actor(self.account, self.account, role, permissions_of(role), "Asha", "asha@example.com", "UTC")

    async def build(self, number: int) -> None:
        async with open_session() as session:
            for account in (self.account, self.other):
                session.add(User(id=account, email=f"{account}@example.com", password_hash="x", role="owner"))
            await session.flush()
            await self.add_flow(session, self.other, other := new_id(), 1)
            for place, flow in enumerate(self.flows):
                await self.add_flow(session, self.account, flow, place + 1)
            people = [self.person(self.account, n) for n in range(12)]
            stranger = self.person(self.other, 0)
            session.add_all([*people, stranger])
            self.contacts = {person.id: person for person in people}
            await session.flush()
            self.rows = [self.execution(n) for n in range(number)]
            theirs = self.execution(0)
            theirs.id, theirs.user_id, theirs.contact_id, theirs.flow_id, theirs.flow_version_id = (
                new_id(),
                self.other,
                stranger.id,
                other,
                other,
            )
            session.add_all([*self.rows, theirs])
            await session.flush()
            for row in self.random.sample(self.rows, number // 10):
                self.doubted.add(row.id)
                session.add(self.doubt(row))
            session.add(self.doubt(theirs))
        async with open_session() as session:
            await session.exec(sa.text("ANALYZE"))  # type: ignore[call-overload]

    async def add_flow(self, session: Any, account: UUID, flow: UUID, place: int) -> None:
        """A flow whose version has the same id."""
        session.add(Flow(id=flow, user_id=account, name=f"Flow {place}", priority=place))
        await session.flush()
        session.add(FlowVersion(id=flow, flow_id=flow, version=1, definition={"name": "x", "actions": [{}, {}]}))
        await session.flush()

    def person(self, account: UUID, n: int) -> Contact:
        name, company = NAMES[n % len(NAMES)]
        return Contact(
            user_id=account, name=f"{name} {n}", company=company, phone=f"+9198765{n:05d}", email=f"lead{n}@shop{n % 3}.example.com"
        )

    def execution(self, n: int) -> Execution:
        pick = self.random
        status = pick.choice(STATUSES)
        at = NOW - timedelta(minutes=pick.randrange(500))  # many at the same moment
        rule, wakes = pick.choice([(None, True), ("flow_hours", True), ("kill_switch", False), ("concurrency", True), (None, False)])
        runs = status == "running"
        return Execution(
            flow_id=(flow := pick.choice(self.flows)),
            flow_version_id=flow,
            contact_id=pick.choice(list(self.contacts)),
            user_id=self.account,
            triggered_at=at,
            status=status,
            completed_at=None if runs else at + timedelta(seconds=pick.randrange(90)),
            metadata_={"trigger_source": pick.choice(SOURCES)},
            is_test_run=runs or pick.random() < 0.1,  # so that one flow may run often for one person
            due_at=NOW + timedelta(days=1) if runs else sa.null(),  # type: ignore[arg-type]  # None would mean its default
            waiting_reason="Waiting" if runs else None,
            waiting_rule=rule if runs else None,
            waiting_until=NOW + timedelta(minutes=pick.randrange(1, 120)) if runs and wakes else None,
            lead_at=at,
            first_attempt_at=at + timedelta(milliseconds=pick.randrange(50)) if pick.random() < 0.7 else None,
            last_outcome=pick.choice([None, "answered", "missed", "voicemail"]),
        )

    def doubt(self, row: Execution) -> ActionLog:
        return ActionLog(
            flow_execution_id=row.id,
            user_id=row.user_id,
            contact_id=row.contact_id,
            action_type="ai_call",
            action_order=1,
            status="unknown",
        )
