"""The home page: what needs a person is listed, for the account that it concerns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
from autoflows.engine.watch import look
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Contact, Execution, Flow, FlowVersion
from autoflows.models.database import open_session
from autoflows.services import auth, dashboard
from autoflows.services.users import find_user
from autoflows.services.views.dashboard import DashboardView
from tests.api.conftest import OWNER, Catalogue, People, app, catalogue, environment, owner, people

__all__ = ["app", "catalogue", "environment", "owner", "people"]


async def shown_to(email: str) -> DashboardView:
    """The home page of a person."""
    async with open_session() as session:
        user = await find_user(session, email)
        assert user is not None
        return await dashboard.overview(auth.actor_of(user, "session"), session)


async def test_what_needs_a_person_is_listed(owner: httpx.AsyncClient, catalogue: Catalogue, people: People) -> None:
    """The notices that are open; the home page looks for nothing of its own."""
    await people.add("stranger@example.com")
    await people.add("viewer@example.com", Role.VIEWER, OWNER)
    pool = await get_pool()
    await pool.execute("UPDATE channels SET status = 'error', status_detail = 'Refused for +919876500001' WHERE provider = 'bolna'")
    for phone in ("+919876500001", "nonsense"):
        assert (await owner.post("/api/contacts", json={"phone": phone})).status_code == 202
    assert (await shown_to(OWNER)).attention == []
    await pool.execute("UPDATE lead_events SET due_at = now() - interval '2 minutes' WHERE disposition = 'queued'")
    await look()
    page = await shown_to(OWNER)
    assert [item.kind for item in page.attention] == ["lead_stuck", "channel_down", "no_flow"]
    assert page.attention[1].detail == "Refused for +919876500001"
    assert (page.stuck, page.attention_total) == (1, 3)
    assert (page.today.received, page.today.by_disposition["queued"], page.today.by_disposition["invalid"]) == (2, 1, 1)
    assert (page.all_time.accounted, page.all_time.unaccounted, page.channels, page.speed.p50_ms) == (2, 0, 3, None)
    masked = await shown_to("viewer@example.com")
    assert [item.kind for item in masked.attention] == ["lead_stuck", "channel_down", "no_flow"]
    assert "9876500001" not in masked.model_dump_json()
    other = await shown_to("stranger@example.com")
    assert (other.attention, other.today.received, other.channels, other.stuck) == ([], 0, 0, 0)


async def test_a_lead_that_is_lost_is_on_the_home_page(owner: httpx.AsyncClient) -> None:
    assert (await owner.post("/api/contacts", json={"phone": "+919876500001"})).status_code == 202
    pool = await get_pool()
    await pool.execute("UPDATE lead_events SET disposition = 'enrolled', due_at = NULL, execution_id = gen_random_uuid()")
    await look()
    page = await shown_to(OWNER)
    assert (page.all_time.unaccounted, page.attention[0].kind, page.attention[0].title) == (1, "unaccounted", "1 lead is unaccounted for")


async def test_unknown_attempts_are_listed_one_by_one(owner: httpx.AsyncClient) -> None:
    async with open_session() as session:
        user = await find_user(session, OWNER)
        assert user is not None
        flow = Flow(user_id=user.account_id, name="x", priority=1)
        person = Contact(user_id=user.account_id, name="Asha", phone="+919876500001")
        session.add_all([flow, person])
        await session.flush()
        version = FlowVersion(flow_id=flow.id, version=1, definition={"name": "x"})
        session.add(version)
        await session.flush()
        mine: dict[str, Any] = {"contact_id": person.id, "user_id": user.account_id}
        run = Execution(flow_id=flow.id, flow_version_id=version.id, **mine)
        session.add(run)
        await session.flush()
        session.add_all(
            ActionLog(flow_execution_id=run.id, **mine, action_type="ai_call", action_order=n, status="unknown") for n in range(1, 23)
        )
    await look()
    page = await shown_to(OWNER)
    assert {item.kind for item in page.attention} == {"unknown_attempt"}
    assert (len(page.attention), page.attention_total) == (20, 22)
    assert page.attention[0].title == "Not known whether Asha was reached"


async def test_failed_runs_are_one_line_until_they_are_dealt_with(owner: httpx.AsyncClient) -> None:
    async with open_session() as session:
        user = await find_user(session, OWNER)
        assert user is not None
        flow = Flow(user_id=user.account_id, name="x", priority=1)
        people = [Contact(user_id=user.account_id, name=name, phone=f"+91987650000{n}") for n, name in enumerate(("Asha", "Ravi"))]
        session.add_all([flow, *people])
        await session.flush()
        version = FlowVersion(flow_id=flow.id, version=1, definition={"name": "x"})
        session.add(version)
        await session.flush()
        mine: dict[str, Any] = {"flow_id": flow.id, "flow_version_id": version.id, "user_id": user.account_id}
        runs = [Execution(**mine, contact_id=person.id) for person in people]
        session.add_all(runs)
        await session.flush()
        for run in runs:
            run.status, run.due_at, run.completed_at = "failed", None, utc_now()
    [line] = (await shown_to(OWNER)).attention
    assert (line.kind, line.title) == ("failed_run", "2 failed runs that nobody has dealt with")
    assert line.href == "/dashboard/auto-engagement/inbox?kind=failed"
    ids = [str(run.id) for run in runs]
    assert (await owner.post("/api/automation/inbox/dismiss", json={"execution_ids": ids})).json()["done"] == 2
    assert (await shown_to(OWNER)).attention == []


async def test_a_call_in_progress_is_running_and_only_a_set_time_is_waiting(owner: httpx.AsyncClient) -> None:
    later = utc_now() + timedelta(hours=5)
    async with open_session() as session:
        user = await find_user(session, OWNER)
        assert user is not None
        flow = Flow(user_id=user.account_id, name="x", priority=1)
        people = [Contact(user_id=user.account_id, name=name, phone=f"+91987650000{n}") for n, name in enumerate(("Asha", "Ravi"))]
        session.add_all([flow, *people])
        await session.flush()
        version = FlowVersion(flow_id=flow.id, version=1, definition={"name": "x"})
        session.add(version)
        await session.flush()
        reasons: list[dict[str, Any]] = [{"waiting_reason": "Call in progress"}, {"waiting_reason": "Waiting", "waiting_until": later}]
        for person, waits in zip(people, reasons, strict=True):
            run: dict[str, Any] = {"flow_id": flow.id, "flow_version_id": version.id, "contact_id": person.id, "user_id": user.account_id}
            session.add(Execution(**run, due_at=later, **waits))
    page = await shown_to(OWNER)
    assert (page.running, page.waiting) == (1, 1)
