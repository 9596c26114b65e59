"""The home page: what needs a person is listed, for the account that it concerns."""

from __future__ import annotations

import httpx

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
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
