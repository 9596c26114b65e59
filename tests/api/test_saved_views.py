"""Saved views: one's own and the team's, who may change them, and what of them a viewer sees."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
from autoflows.services import saved_views
from tests.api.conftest import OWNER, People

VIEWS = "/api/automation/saved-views"


async def save(client: httpx.AsyncClient, name: str, expect: int = 201, **fields: Any) -> dict[str, Any]:
    answer = await client.post(VIEWS, json={"name": name, **fields})
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


async def names(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get(VIEWS)
    assert answer.status_code == 200
    return [view["name"] for view in answer.json()["data"]]


async def test_a_view_is_kept_changed_and_taken_away(owner: httpx.AsyncClient) -> None:
    wanted = {"status": "failed", "outcome": "busy", "from": "2026-11-01T00:00:00Z", "search": "asha"}
    view = await save(owner, "  Busy lines ", filter=wanted, sort="slowest")
    assert (view["name"], view["sort"], view["is_mine"], view["may_change"], view["is_shared"]) == (
        "Busy lines",
        "slowest",
        True,
        True,
        False,
    )
    kept = {name: value for name, value in view["filter"].items() if value not in (None, "")}
    assert kept == wanted
    assert (await owner.get("/api/automation/executions", params={**kept, "sort": view["sort"]})).status_code == 200
    path = f"{VIEWS}/{view['id']}"
    changed = await owner.patch(path, json={"name": "Engaged", "filter": {"outcome": "busy"}})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["filter"]["status"], changed.json()["sort"]) == ("Engaged", None, "slowest")
    assert (await owner.patch(path, json={})).json()["name"] == "Engaged"
    await save(owner, "Another")
    taken = await owner.patch(path, json={"name": "ANOTHER"})
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/name")
    assert await names(owner) == ["Another", "Engaged"]
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.delete(path)).status_code == 404
    assert await names(owner) == ["Another"]
    pool = await get_pool()
    actions = await pool.fetch("SELECT action FROM audit_log WHERE entity_type = 'saved_view' ORDER BY id")
    assert [row["action"] for row in actions] == [
        "saved_view.created", "saved_view.updated", "saved_view.updated", "saved_view.created", "saved_view.deleted"
    ]  # fmt: skip


async def test_what_cannot_be_kept_is_refused_by_its_name(owner: httpx.AsyncClient) -> None:
    for body, pointer in (
        ({"name": ""}, "/name"),
        ({"name": "x" * 61}, "/name"),
        ({"name": "a", "sort": "by name"}, "/sort"),
        ({"name": "a", "filter": {"status": "asleep"}}, "/filter/status"),
        ({"name": "a", "filter": {"waiting_rule": "mood"}}, "/filter/waiting_rule"),
        ({"name": "a", "filter": {"colour": "red"}}, "/filter/colour"),
    ):
        refused = await owner.post(VIEWS, json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), body
    await save(owner, "Mine")
    assert "already" in (await save(owner, "mine", 409))["detail"]
    assert await names(owner) == ["Mine"]


async def test_there_is_an_end_to_them(owner: httpx.AsyncClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(saved_views, "MOST", 2)
    await save(owner, "One")
    await save(owner, "Two")
    assert "2 saved views" in (await save(owner, "Three", 409))["detail"]


async def test_ones_own_and_the_teams(owner: httpx.AsyncClient, people: People) -> None:
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    admin = await people.add("admin@example.com", Role.ADMIN, OWNER)
    stranger = await people.add("stranger@example.com")
    mine = await save(viewer, "Viewer's own")
    shared = await save(viewer, "For all", is_shared=True)
    secret = await save(owner, "Owner's own")
    team = await save(owner, "For the team", is_shared=True)
    assert await names(viewer) == ["For all", "Viewer's own", "For the team"]
    assert await names(admin) == ["For all", "For the team"]
    assert await names(owner) == ["For the team", "Owner's own", "For all"]
    assert await names(stranger) == []
    by_admin = {view["name"]: (view["is_mine"], view["may_change"], view["owner_name"]) for view in (await admin.get(VIEWS)).json()["data"]}
    assert by_admin == {"For all": (False, True, "Viewer"), "For the team": (False, True, "Owner")}
    by_viewer = {view["name"]: (view["is_mine"], view["may_change"]) for view in (await viewer.get(VIEWS)).json()["data"]}
    assert by_viewer == {"For all": (True, True), "Viewer's own": (True, True), "For the team": (False, False)}

    async def change(client: httpx.AsyncClient, view: dict[str, Any]) -> tuple[int, int]:
        path = f"{VIEWS}/{view['id']}"
        return (await client.patch(path, json={"sort": "oldest"})).status_code, (await client.delete(path)).status_code

    assert await change(viewer, team) == (403, 403)
    assert await change(viewer, secret) == (404, 404)
    assert await change(admin, mine) == (404, 404)
    assert await change(stranger, team) == (404, 404)
    assert await change(admin, {"id": str(uuid4())}) == (404, 404)
    refusal = (await viewer.patch(f"{VIEWS}/{team['id']}", json={})).json()["detail"]
    assert refusal.startswith("This view is Owner's.")
    assert await change(admin, shared) == (200, 204)
    assert await change(viewer, mine) == (200, 204)
    nobody = await people.token("viewer@example.com", ("flows:read",))
    assert (await nobody.get(VIEWS)).status_code == 403


async def test_a_shared_view_tells_a_viewer_no_address(owner: httpx.AsyncClient, people: People) -> None:
    await save(owner, "Asha", is_shared=True, filter={"search": "+91 98765 00001"})
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    [seen] = (await viewer.get(VIEWS)).json()["data"]
    assert "98765" not in str(seen)
    assert seen["filter"]["search"].endswith("01")
    assert (await owner.get(VIEWS)).json()["data"][0]["filter"]["search"] == "+91 98765 00001"


async def test_they_go_with_whose_they_are(owner: httpx.AsyncClient, people: People) -> None:
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    await save(viewer, "For all", is_shared=True)
    pool = await get_pool()
    await pool.execute("DELETE FROM users WHERE email = 'viewer@example.com'")
    assert await names(owner) == []
