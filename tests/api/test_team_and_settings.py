"""The people of an account, its settings and its audit log, over REST."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.permissions import Role
from autoflows.domain.queues import account_queue
from autoflows.ids import utc_now
from autoflows.models import Contact, Execution, Flow, FlowVersion
from autoflows.models.database import open_session
from tests.api.conftest import OWNER, PASSWORD, People

MEMBER: dict[str, Any] = {"email": "asha@example.com", "password": PASSWORD, "role": "manager", "name": "Asha"}


async def test_a_member_is_added_signs_in_changes_role_and_leaves(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    member = (await owner.post("/api/team", json=MEMBER)).json()
    assert (member["role"], member["is_active"], "password" in str(member)) == ("manager", True, False)
    login = {"email": MEMBER["email"], "password": PASSWORD}
    me = (await anonymous.post("/api/login", json=login)).json()["user"]
    assert me["account_id"] == (await owner.get("/api/me")).json()["account_id"]
    assert "settings:read" in me["permissions"]

    changed = await owner.patch(f"/api/team/{member['id']}", json={"role": "viewer"})
    assert changed.json()["role"] == "viewer"
    assert "settings:read" not in (await anonymous.get("/api/me")).json()["permissions"], "at once, in the open session too"
    assert (await owner.delete(f"/api/team/{member['id']}")).status_code == 204
    assert (await anonymous.get("/api/me")).status_code == 401
    assert (await anonymous.post("/api/login", json=login)).status_code == 401
    assert (await owner.patch(f"/api/team/{member['id']}", json={"is_active": True, "password": "a brand new password"})).status_code == 200
    assert (await anonymous.post("/api/login", json={**login, "password": "a brand new password"})).status_code == 200
    people = (await owner.get("/api/team")).json()["data"]
    assert [p["email"] for p in people] == [OWNER, "asha@example.com"]
    acts = [(e["action"], e["data"]) for e in (await owner.get("/api/audit-log?entity_type=user")).json()["data"]]
    assert ("member.updated", {"role": {"from": "manager", "to": "viewer"}}) in acts
    assert "a brand new password" not in str(acts)


async def test_the_owner_is_protected_and_nobody_harms_themselves(owner: httpx.AsyncClient, people: People) -> None:
    account = (await owner.get("/api/me")).json()["id"]
    for body in ({"role": "viewer"}, {"is_active": False}):
        assert (await owner.patch(f"/api/team/{account}", json=body)).status_code == 409
    admin = await people.add("admin@example.com", Role.ADMIN, OWNER)
    assert (await admin.patch(f"/api/team/{account}", json={"name": "x"})).status_code == 403
    assert (await admin.patch(f"/api/team/{account}", json={"password": "taking over now"})).status_code == 403
    own = (await admin.get("/api/me")).json()["id"]
    assert (await admin.patch(f"/api/team/{own}", json={"role": "viewer"})).status_code == 409
    assert (await admin.delete(f"/api/team/{own}")).status_code == 409
    assert (await admin.post("/api/team", json={**MEMBER, "role": "owner"})).status_code == 422
    assert (await admin.post("/api/team", json={**MEMBER, "role": "admin"})).status_code == 201


async def test_a_narrow_token_cannot_make_people_with_more_rights(owner: httpx.AsyncClient, people: People) -> None:
    narrow = await people.token(OWNER, ("team:write", "settings:read"))
    assert (await narrow.post("/api/team", json={**MEMBER, "role": "viewer"})).status_code == 403


async def test_an_address_belongs_to_one_person(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("other@example.com")
    for email in ("other@example.com", "OWNER@EXAMPLE.COM"):
        answer = await owner.post("/api/team", json={**MEMBER, "email": email})
        assert answer.status_code == 422
        assert [e["pointer"] for e in answer.json()["errors"]] == ["/email"]
    answers = await asyncio.gather(*(owner.post("/api/team", json=MEMBER) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [201, 422, 422, 422]


async def test_settings_start_with_their_defaults_and_are_merged(owner: httpx.AsyncClient) -> None:
    settings = (await owner.get("/api/settings")).json()
    assert settings["default_business_hours"] is None
    assert (settings["legal_hours"], settings["cooldown_minutes"], settings["default_country"]) == ("on", 60, "IN")
    first = {"default_business_hours": {"start": "10:00"}, "prices": {"ai_call": 400, "email": 5}}
    changed = await owner.patch("/api/settings", json=first)
    assert changed.status_code == 200, changed.text
    expected = {"days": [1, 2, 3, 4, 5, 6], "start": "10:00", "end": "19:00", "timezone": "Asia/Kolkata"}
    assert changed.json()["default_business_hours"] == expected
    hours = {"default_business_hours": {"end": "21:30"}, "prices": {"email": None, "ai_call": 500}, "default_country": "ae"}
    again = (await owner.patch("/api/settings", json=hours)).json()
    assert (again["default_business_hours"]["start"], again["default_business_hours"]["end"]) == ("10:00", "21:30")
    assert (again["prices"], again["default_country"], again["cooldown_minutes"]) == ({"ai_call": 500}, "AE", 60)
    assert (await owner.get("/api/settings")).json() == again
    none = (await owner.patch("/api/settings", json={"default_business_hours": None, "timezone": "Europe/Rome"})).json()
    assert (none["default_business_hours"], none["timezone"]) == (None, "Europe/Rome")
    entries = (await owner.get("/api/audit-log?action=settings.updated")).json()["data"]
    assert entries[0]["data"]["timezone"] == {"from": "Asia/Kolkata", "to": "Europe/Rome"}
    assert entries[0]["actor_name"] == "Owner"
    assert len(entries) == 3
    same = await owner.patch("/api/settings", json={"timezone": "Europe/Rome"})
    assert same.json() == none
    assert len((await owner.get("/api/audit-log?action=settings.updated")).json()["data"]) == 3, "no change, no entry"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"cooldown_minutes": -1}, "/cooldown_minutes"),
        ({"cooldown_minutes": None}, "/cooldown_minutes"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"default_business_hours": {"timezone": "../etc/passwd"}}, "/default_business_hours/timezone"),
        ({"default_business_hours": {"days": [0]}}, "/default_business_hours/days"),
        ({"default_business_hours": {"start": "19:00", "end": "19:00"}}, "/default_business_hours"),
        ({"default_business_hours": 5}, "/default_business_hours"),
        ({"kill_switsh": True}, "/kill_switsh"),
        ({"holidays": ["2026-02-30"]}, "/holidays/0"),
        ({"currency": "rupees"}, "/currency"),
        ({"holiday_country": "XX"}, "/holiday_country"),
        ({"holiday_country": "India"}, "/holiday_country"),
        ({"holiday_country": "GB", "holiday_subdivision": "MH"}, "/holiday_subdivision"),
        ({"holiday_subdivision": "MH"}, "/holiday_subdivision"),
        ({"working_holidays": ["Diwali"]}, "/working_holidays/0"),
    ],
)
async def test_wrong_settings_are_named_and_nothing_changes(owner: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    before = (await owner.get("/api/settings")).json()
    answer = await owner.patch("/api/settings", json={**body, "max_concurrent_calls": 3})
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]
    assert (await owner.get("/api/settings")).json() == before


async def test_public_holidays_are_a_setting(owner: httpx.AsyncClient) -> None:
    before = (await owner.get("/api/settings")).json()
    assert (before["holiday_country"], before["holiday_subdivision"], before["working_holidays"]) == (None, None, [])
    chosen = {"holiday_country": "in", "holiday_subdivision": "MH", "working_holidays": ["2027-01-26"]}
    answer = await owner.patch("/api/settings", json=chosen)
    assert answer.status_code == 200, answer.text
    assert (await owner.get("/api/settings")).json() == before | chosen | {"holiday_country": "IN"}
    wrong = await owner.patch("/api/settings", json={"holiday_country": "GB"})
    assert wrong.json()["errors"] == [
        {
            "pointer": "/holiday_subdivision",
            "detail": "'MH' is no region of Britain (UK); choose one of ENG, NIR, SCT, WLS, or null",
        }
    ]
    none = await owner.patch("/api/settings", json={"holiday_country": None, "holiday_subdivision": None})
    assert none.status_code == 200, none.text


async def test_lifting_the_kill_switch_wakes_what_it_held(owner: httpx.AsyncClient) -> None:
    assert (await owner.patch("/api/settings", json={"kill_switch": True})).status_code == 200
    account = UUID((await owner.get("/api/me")).json()["account_id"])
    later = utc_now() + timedelta(hours=5)
    async with open_session() as session:
        flow = Flow(user_id=account, name="x", priority=1)
        person = Contact(user_id=account, name="Asha", phone="+919876500001")
        session.add_all([flow, person])
        await session.flush()
        version = FlowVersion(flow_id=flow.id, version=1, definition={"name": "x"})
        session.add(version)
        await session.flush()
        held: dict[str, Any] = {"flow_id": flow.id, "flow_version_id": version.id, "contact_id": person.id, "user_id": account}
        session.add(Execution(**held, due_at=later, parked_on=account_queue(account), parked_at=utc_now()))
    assert (await owner.patch("/api/settings", json={"kill_switch": False})).status_code == 200
    for _ in range(100):
        async with open_session() as session:
            due_at = (await session.exec(select(Execution.due_at))).one()
        if due_at is not None and due_at < later:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the held execution was not woken")


async def test_the_audit_log_pages_newest_first_by_time_and_person(owner: httpx.AsyncClient, people: People) -> None:
    for n in range(5):
        await owner.post("/api/automation/flows", json={"name": str(n)})
    names: list[str] = []
    cursor: str | None = None
    while True:
        query = {"action": "flow.created", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await owner.get("/api/audit-log", params=query)).json()
        names += [e["data"]["name"] for e in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["4", "3", "2", "1", "0"]
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    assert (await owner.get("/api/audit-log", params={"from": soon})).json()["data"] == []
    assert len((await owner.get("/api/audit-log", params={"to": soon, "entity_type": "flow"})).json()["data"]) == 5
    naive = await owner.get("/api/audit-log", params={"from": "2026-01-01T00:00:00"})
    assert [e["pointer"] for e in naive.json()["errors"]] == ["/query/from"]
    other = await people.add("other@example.com")
    assert {e["action"] for e in (await other.get("/api/audit-log")).json()["data"]} <= {"user.created", "token.created"}
    manager = await people.add("manager@example.com", Role.MANAGER, OWNER)
    assert (await manager.get("/api/audit-log")).status_code == 403


async def test_one_index_answers_the_counts_of_the_flow_list(owner: httpx.AsyncClient) -> None:
    """The plan of the statistics never reads all executions."""
    from autoflows.services.flow_store import statistics_of

    await owner.post("/api/automation/flows", json={"name": "x"})
    async with open_session() as session:
        ids = (await session.exec(select(col(Flow.id)))).all()
        await session.exec(sa.text("SET LOCAL enable_seqscan = off"))  # type: ignore[call-overload]
        text = str(statistics_of(ids).compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(row[0] for row in (await session.exec(sa.text("EXPLAIN " + text))).all())  # type: ignore[call-overload]
    assert "Seq Scan on flow_executions" not in plan, plan
