"""What the database itself refuses, whoever writes to it, and what goes with what when rows are deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import null, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.ids import new_id, utc_now
from autoflows.models import (
    ActionLog,
    Channel,
    Contact,
    Execution,
    Flow,
    FlowAction,
    FlowVersion,
    LeadEvent,
    ProviderEventRow,
    User,
    VoiceAgent,
)

NULL: Any = null()
"""Written as NULL; plain None lets a column's default in."""


@dataclass
class Account:
    """An owner with one of everything, in a transaction that is rolled back."""

    session: AsyncSession
    owner: User
    contact: Contact
    flow: Flow
    version: FlowVersion
    execution: Execution
    log: ActionLog
    channel: Channel
    lead: LeadEvent

    async def refuses(self, row: SQLModel, name: str) -> None:
        """The database will not take this row, because of the constraint or index of this name."""
        with pytest.raises(IntegrityError, match=name):
            await self.takes(row)

    async def takes(self, *rows: SQLModel) -> None:
        async with self.session.begin_nested():
            self.session.add_all(rows)
            await self.session.flush()

    async def execute(self, sql: str, **values: Any) -> None:
        await self.session.exec(text(sql), params=values)  # type: ignore[call-overload]

    async def one(self, sql: str, **values: Any) -> Any:
        return (await self.session.exec(text(sql), params=values)).scalar()  # type: ignore[call-overload]


def user(**values: Any) -> User:
    return User(**{"email": f"{new_id()}@example.com", "password_hash": "-", "role": "owner", **values})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engine(module_postgres_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(module_postgres_url)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def account(engine: AsyncEngine) -> AsyncIterator[Account]:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        owner = user()
        session.add(owner)
        await session.flush()
        contact = Contact(user_id=owner.id, phone="+919876543210", email="asha@example.com")
        flow = Flow(user_id=owner.id, name="First call", priority=1, exit_rules={})
        channel = Channel(user_id=owner.id, provider="bolna", name="Calls", credentials="-", webhook_secret=new_id().hex)
        session.add_all([contact, flow, channel])
        await session.flush()
        version = FlowVersion(flow_id=flow.id, version=1, definition={})
        session.add(version)
        await session.flush()
        execution = Execution(flow_id=flow.id, flow_version_id=version.id, contact_id=contact.id, user_id=owner.id)
        session.add(execution)
        await session.flush()
        log = ActionLog(
            flow_execution_id=execution.id, user_id=owner.id, contact_id=contact.id, action_type="ai_call", action_order=1, status="running"
        )
        lead = LeadEvent(
            user_id=owner.id, contact_id=contact.id, lead_source="API", entry_type="api", external_id="1", idempotency_key="k",
            disposition="enrolled", execution_id=execution.id, due_at=NULL,
        )  # fmt: skip
        session.add_all([log, lead])
        await session.flush()
        yield Account(session, owner, contact, flow, version, execution, log, channel, lead)
        await session.rollback()


class TestPeople:
    async def test_an_address_is_one_persons(self, account: Account) -> None:
        await account.refuses(Contact(user_id=account.owner.id, phone="+919876543210"), "uq_contacts_user_phone")
        await account.refuses(Contact(user_id=account.owner.id, email="asha@example.com"), "uq_contacts_user_email")
        other = user()
        await account.takes(other)
        await account.takes(Contact(user_id=other.id, phone="+919876543210", email="asha@example.com"))
        await account.takes(Contact(user_id=other.id), Contact(user_id=other.id))  # any number without an address

    async def test_owners_and_members(self, account: Account) -> None:
        await account.refuses(user(role="admin"), "owner_has_no_owner")
        await account.refuses(user(role="owner", owner_id=account.owner.id), "owner_has_no_owner")
        await account.refuses(user(role="god", owner_id=account.owner.id), "role_vocabulary")
        await account.refuses(user(email=account.owner.email.upper()), "uq_users_email_lower")
        member = user(role="viewer", owner_id=account.owner.id)
        await account.takes(member)
        assert member.account_id == account.owner.id

    async def test_what_is_too_long_is_refused_and_not_cut(self, account: Account) -> None:
        with pytest.raises(DBAPIError, match="too long"):
            await account.takes(Contact(user_id=account.owner.id, name="x" * 256))


class TestLeads:
    def lead(self, account: Account, **values: Any) -> LeadEvent:
        return LeadEvent(**{"user_id": account.owner.id, "lead_source": "API", "entry_type": "api", **values})

    async def test_one_row_per_arrival(self, account: Account) -> None:
        await account.refuses(self.lead(account, external_id="1"), "uq_lead_events_source_id")
        await account.refuses(self.lead(account, idempotency_key="k"), "uq_lead_events_idempotency_key")
        await account.takes(self.lead(account, external_id="1", lead_source="IndiaMART"), self.lead(account), self.lead(account))

    async def test_a_lead_stands_somewhere_and_only_a_queued_one_is_due(self, account: Account) -> None:
        await account.refuses(self.lead(account, disposition="queued", due_at=NULL), "queued_is_due")
        await account.refuses(self.lead(account, disposition="no_match"), "queued_is_due")
        await account.refuses(self.lead(account, disposition="enrolled", due_at=NULL), "enrolled_has_execution")
        await account.refuses(self.lead(account, disposition="no_match", due_at=NULL, execution_id=new_id()), "enrolled_has_execution")
        await account.refuses(self.lead(account, disposition="lost", due_at=NULL), "disposition_vocabulary")
        await account.refuses(self.lead(account, entry_type="fax"), "entry_type_vocabulary")


class TestFlows:
    async def test_a_priority_is_one_flows(self, account: Account) -> None:
        def flow(**values: Any) -> Flow:
            return Flow(**{"user_id": account.owner.id, "name": "x", "exit_rules": {}, **values})

        await account.refuses(flow(priority=1), "uq_flows_user_priority")
        await account.refuses(flow(priority=None), "live_has_priority")
        await account.refuses(flow(priority=None, deleted_at=utc_now(), is_enabled=True), "deleted_is_disabled")
        await account.takes(flow(deleted_at=utc_now()), flow(deleted_at=utc_now()))
        await account.takes(flow(priority=2))

    async def test_priorities_can_be_swapped_in_one_transaction(self, account: Account) -> None:
        second = Flow(user_id=account.owner.id, name="Second", priority=2, exit_rules={})
        await account.takes(second)
        swap = "UPDATE auto_engagement_flows SET priority = 3 - priority WHERE user_id = :id"
        for statement in ("SET CONSTRAINTS uq_flows_user_priority DEFERRED", swap, "SET CONSTRAINTS uq_flows_user_priority IMMEDIATE"):
            await account.execute(statement, **({"id": account.owner.id} if statement is swap else {}))
        assert await account.one("SELECT priority FROM auto_engagement_flows WHERE id = :id", id=second.id) == 1

    async def test_steps_and_versions_are_numbered_once(self, account: Account) -> None:
        def step(order: int, kind: str = "wait", **values: Any) -> FlowAction:
            return FlowAction(flow_id=account.flow.id, action_order=order, action_type=kind, **values)

        await account.takes(step(1))
        await account.refuses(step(1), "uq_flow_actions_flow_order")
        await account.refuses(step(0), "action_order_positive")
        await account.refuses(step(2, "fax"), "action_type_vocabulary")
        await account.refuses(step(2, condition_type="sometimes"), "condition_type_vocabulary")
        await account.refuses(FlowVersion(flow_id=account.flow.id, version=1, definition={}), "uq_flow_versions_flow_id_version")


class TestRuns:
    def run(self, account: Account, **values: Any) -> Execution:
        ids = {
            "flow_id": account.flow.id,
            "flow_version_id": account.version.id,
            "contact_id": account.contact.id,
            "user_id": account.owner.id,
        }
        return Execution(**{**ids, **values})

    async def test_one_live_run_per_person_and_flow(self, account: Account) -> None:
        await account.refuses(self.run(account), "uq_executions_one_live")
        await account.takes(self.run(account, is_test_run=True), self.run(account, status="completed", due_at=NULL))

    async def test_what_runs_is_due_and_what_is_over_is_not(self, account: Account) -> None:
        await account.refuses(self.run(account, is_test_run=True, due_at=NULL), "running_is_due")
        await account.refuses(self.run(account, status="completed"), "running_is_due")
        await account.refuses(self.run(account, status="paused", due_at=NULL), "status_vocabulary")

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({"attempt": 1}, "uq_flow_action_logs_flow_execution_id_action_order_attempt"),
            ({"status": "sent"}, "status_vocabulary"),
            ({"outcome": "no-answer"}, "outcome_vocabulary"),
            ({"message_state": "seen"}, "message_state_vocabulary"),
            ({"error_class": "fatal"}, "error_class_vocabulary"),
            ({"action_type": "fax"}, "action_type_vocabulary"),
            ({"flow_execution_id": new_id(), "flow_version_id": new_id()}, "fk_flow_action_logs_flow_execution_id"),
        ],
    )
    async def test_attempts(self, account: Account, values: dict[str, Any], name: str) -> None:
        base = {
            "flow_execution_id": account.execution.id, "user_id": account.owner.id, "contact_id": account.contact.id,
            "flow_version_id": account.version.id, "action_type": "ai_call", "action_order": 1, "attempt": 2,
        }  # fmt: skip
        await account.refuses(ActionLog(**{**base, **values}), name)

    async def test_a_providers_event_is_kept_once_per_channel(self, account: Account) -> None:
        def event() -> ProviderEventRow:
            return ProviderEventRow(channel_id=account.channel.id, provider_event_id="e1", kind="call")

        await account.takes(event())
        await account.refuses(event(), "uq_provider_events_channel_id_provider_event_id")


class TestCatalogue:
    async def test_a_channels_items_and_names_are_there_once(self, account: Account) -> None:
        def agent() -> VoiceAgent:
            return VoiceAgent(user_id=account.owner.id, channel_id=account.channel.id, name="Welcome", provider_agent_id="a1")

        def channel(**values: Any) -> Channel:
            base = {"user_id": account.owner.id, "provider": "smtp", "name": "Mail", "credentials": "-", "webhook_secret": new_id().hex}
            return Channel(**{**base, **values})

        await account.takes(agent())
        await account.refuses(agent(), "uq_agents_channel_id_provider_agent_id")
        await account.refuses(channel(name="Calls"), "uq_channels_user_id_name")
        await account.refuses(channel(webhook_secret=account.channel.webhook_secret), "uq_channels_webhook_secret")
        await account.refuses(channel(provider="fax"), "provider_vocabulary")
        await account.refuses(channel(status="sleepy"), "status_vocabulary")


class TestDeletions:
    async def test_an_edited_step_leaves_its_history(self, account: Account) -> None:
        step = FlowAction(flow_id=account.flow.id, action_order=1, action_type="ai_call")
        await account.takes(step)
        await account.one("UPDATE flow_action_logs SET action_id = :step RETURNING id", step=step.id)
        assert await account.one("DELETE FROM flow_actions WHERE id = :id RETURNING id", id=step.id) == step.id
        assert await account.one("SELECT action_id FROM flow_action_logs") == step.id, "the row still says which step it was"

    async def test_a_version_in_use_cannot_go(self, account: Account) -> None:
        with pytest.raises(IntegrityError, match="flow_version_id"):
            async with account.session.begin_nested():
                await account.one("DELETE FROM flow_versions WHERE id = :id RETURNING id", id=account.version.id)

    async def test_a_disconnected_channel_leaves_its_attempts(self, account: Account) -> None:
        await account.one("UPDATE flow_action_logs SET channel_id = :id RETURNING id", id=account.channel.id)
        await account.one("DELETE FROM channels WHERE id = :id RETURNING id", id=account.channel.id)
        assert await account.one("SELECT count(*) FROM flow_action_logs WHERE channel_id IS NULL") == 1

    async def test_a_deleted_contact_leaves_its_arrivals_in_the_ledger(self, account: Account) -> None:
        await account.one("DELETE FROM contacts WHERE id = :id RETURNING id", id=account.contact.id)
        assert await account.one("SELECT count(*) FROM lead_events WHERE contact_id IS NULL AND id = :id", id=account.lead.id) == 1

    async def test_an_account_goes_with_all_it_has(self, account: Account) -> None:
        await account.one("DELETE FROM users WHERE id = :id RETURNING id", id=account.owner.id)
        for table in ("contacts", "lead_events", "flow_executions", "flow_action_logs", "channels", "auto_engagement_flows"):
            assert await account.one(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("make", [new_id], ids=["new_id"])
def test_ids_sort_by_the_time_they_were_made(make: Callable[[], Any]) -> None:
    ids = [make() for _ in range(2000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {i.version for i in ids} == {7}


def test_times_are_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(seconds=5)
