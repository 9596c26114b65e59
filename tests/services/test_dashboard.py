"""The home page: what needs a person is listed, for the account that it concerns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
from autoflows.ids import utc_now
from autoflows.models import Contact, Execution, Flow, FlowVersion
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
    await people.add("stranger@example.com")
    await people.add("viewer@example.com", Role.VIEWER, OWNER)
    pool = await get_pool()
    await pool.execute("UPDATE channels SET status = 'error', status_detail = 'Refused for +919876500001' WHERE provider = 'bolna'")
    assert (await owner.patch("/api/settings", json={"kill_switch": True})).status_code == 200
    for phone in ("+919876500001", "nonsense"):
        assert (await owner.post("/api/contacts", json={"phone": phone})).status_code == 202
    page = await shown_to(OWNER)
    assert [item.kind for item in page.attention] == ["kill_switch", "no_flow", "channel_error"]
    assert page.attention[2].detail == "Refused for +919876500001"
    assert (page.today.received, page.today.by_disposition["queued"], page.today.by_disposition["invalid"]) == (2, 1, 1)
    assert (page.all_time.accounted, page.all_time.unaccounted, page.channels, page.speed.p50_ms) == (2, 0, 3, None)
    assert "9876500001" not in (await shown_to("viewer@example.com")).model_dump_json()
    other = await shown_to("stranger@example.com")
    assert ([item.kind for item in other.attention], other.today.received, other.channels) == (["no_flow"], 0, 0)


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
