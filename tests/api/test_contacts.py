"""`/api/contacts`: leads in, and what may be done with people."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx

from autoflows.domain.permissions import Role
from autoflows.engine.pool import get_pool
from tests.api.conftest import OWNER, People

ASHA = {
    "name": "Asha Patel",
    "phone": "+91 98765 00001",
    "email": "asha@example.com",
    "company": "Asha Agro",
    "lead_source": "IndiaMART",
    "entry_type": "integration",
    "external_id": "2769560468",
    "source_created_at": "2026-11-22T10:14:28Z",
    "tags": ["pump"],
    "custom_fields": {"product": "Solar Pump", "note": "call 98765 00001"},
}


async def send(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/contacts", json={**ASHA, "external_id": str(uuid4()), **changes})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_a_lead_is_taken_once(owner: httpx.AsyncClient) -> None:
    first = await owner.post("/api/contacts", json=ASHA)
    assert first.status_code == 202
    body = first.json()
    assert (body["disposition"], body["created"]) == ("queued", True)
    assert body["links"] == {"self": f"/api/lead-events/{body['lead_event_id']}", "contact": f"/api/contacts/{body['contact_id']}"}
    again = await owner.post("/api/contacts", json=ASHA)
    assert again.status_code == 200
    assert again.json() == {**body, "created": False}
    contact = (await owner.get(body["links"]["contact"])).json()
    assert contact["phone"] == "+919876500001"
    assert contact["custom_fields"] == ASHA["custom_fields"]
    assert (await owner.get(body["links"]["self"])).json()["payload"]["external_id"] == ASHA["external_id"]


async def test_twenty_at_once_with_one_key_are_one_lead(owner: httpx.AsyncClient) -> None:
    lead = {"phone": "98765 00002", "lead_source": "Website"}
    answers = await asyncio.gather(*(owner.post("/api/contacts", json=lead, headers={"Idempotency-Key": "k-1"}) for _ in range(20)))
    assert sorted(a.status_code for a in answers) == [200] * 19 + [202]
    assert len({a.json()["lead_event_id"] for a in answers}) == 1
    other = await owner.post("/api/contacts", json={**lead, "name": "Other"}, headers={"Idempotency-Key": "k-1"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "/headers/Idempotency-Key"


async def test_twenty_at_once_of_one_person_are_one_contact(owner: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(send(owner, phone="+919876500003", email=f"e{n}@example.com") for n in range(20)))
    assert len({a["contact_id"] for a in answers}) == 1
    assert len({a["lead_event_id"] for a in answers}) == 20


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "/phone"),
    ({"name": "Only a name"}, "/phone"),
    ({"phone": 12345}, "/phone"),
    ({"phone": "+919876500001", "tags": "pump"}, "/tags"),
    ({"phone": "+919876500001", "nmae": "x"}, "/nmae"),
    ({"phone": "+919876500001", "name": "a\x00b"}, "/name"),
    ({"phone": "+919876500001", "name": "\ud800"}, "/name"),
    ({"phone": "+919876500001", "name": "x" * 300}, "/name"),
    ({"phone": "+919876500001", "custom_fields": {"k": "v\x00"}}, "/custom_fields/k"),
    ({"phone": "+919876500001", "custom_fields": {"k": "x" * 60_000}}, "/custom_fields"),
    ({"phone": "+919876500001", "entry_type": "telepathy"}, "/entry_type"),
    ({"phone": "+919876500001", "timezone": "Mars/Olympus"}, "/timezone"),
    ({"phone": "+919876500001", "source_created_at": "yesterday"}, "/source_created_at"),
    ({"phone": "+919876500001", "external_id": ""}, "/external_id"),
    ({"phone": "+919876500001", "consent": {"channels": ["pigeon"]}}, "/consent/channels/0"),
]


async def test_bad_leads_are_refused_with_the_field(owner: httpx.AsyncClient) -> None:
    for body, pointer in BAD:
        answer = await owner.post("/api/contacts", content=json.dumps(body), headers={"content-type": "application/json"})
        assert answer.status_code == 422, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert pointer in [e["pointer"] for e in answer.json()["errors"]], (body, answer.text)


async def test_odd_but_honest_leads_are_taken(owner: httpx.AsyncClient) -> None:
    emoji = await send(owner, name="आशा पटेल 🌾", phone="09876500004", email=None, custom_fields={"nested": {"list": [1, "two", None]}})
    assert (await owner.get(f"/api/contacts/{emoji['contact_id']}")).json()["name"] == "आशा पटेल 🌾"
    unusable = await send(owner, phone="call me maybe", email=None)
    assert unusable["disposition"] == "invalid"
    kept = await send(owner, phone="123", email="karan@example.com")
    assert kept["disposition"] == "queued"
    assert (await owner.get(f"/api/contacts/{kept['contact_id']}")).json()["phone_raw"] == "123"


async def test_broken_bodies(owner: httpx.AsyncClient) -> None:
    as_json = {"content-type": "application/json"}
    assert (await owner.post("/api/contacts", content=b"{", headers=as_json)).status_code == 400
    assert (await owner.post("/api/contacts", content=b"[1]", headers=as_json)).status_code == 422
    assert (await owner.post("/api/contacts", content=b'{"name":"' + b"x" * 2_000_000 + b'"}', headers=as_json)).status_code == 413
    deep = b'{"phone":"+919876500001","custom_fields":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}"
    assert (await owner.post("/api/contacts", content=deep, headers=as_json)).status_code in (400, 422)
    nan = b'{"phone":"+919876500001","custom_fields":{"k":NaN}}'
    assert (await owner.post("/api/contacts", content=nan, headers=as_json)).status_code == 422
    key = await owner.post("/api/contacts", json=ASHA, headers={"Idempotency-Key": "x" * 300})
    assert key.status_code == 422


async def test_a_bulk_gives_a_result_per_item(owner: httpx.AsyncClient) -> None:
    good, other = {**ASHA, "external_id": "b-1"}, {**ASHA, "external_id": "b-2"}
    items = [good, {"name": "nobody"}, good, "text", {**other, "x": 1}]
    answer = await owner.post("/api/contacts/bulk", json=items)
    assert answer.status_code == 202
    body = answer.json()
    assert [r["status"] for r in body["results"]] == [202, 422, 200, 422, 422]
    assert (body["created"], body["repeated"], body["refused"]) == (1, 1, 3)
    assert body["results"][4]["error"]["errors"][0]["pointer"] == "/x"
    wrapped = await owner.post("/api/contacts/bulk", json={"contacts": [{**ASHA, "external_id": "b-3"}]})
    assert wrapped.json()["created"] == 1


async def test_a_bulk_has_limits(owner: httpx.AsyncClient) -> None:
    assert (await owner.post("/api/contacts/bulk", json=[{"phone": "1"}] * 1001)).status_code == 413
    assert (await owner.post("/api/contacts/bulk", json=[])).status_code == 422
    assert (await owner.post("/api/contacts/bulk", json={"people": []})).status_code == 422


async def found(client: httpx.AsyncClient, **filters: Any) -> list[str]:
    answer = await client.get("/api/contacts", params=filters)
    assert answer.status_code == 200, answer.text
    return [c["name"] for c in answer.json()["data"]]


async def test_contacts_are_found_by_name_address_tag_and_source(owner: httpx.AsyncClient) -> None:
    await send(owner)
    ravi = {"name": "Ravi Nair", "phone": "+91 98765 00009", "email": "ravi.nair@example.com", "company": "50% Traders"}
    await send(owner, **ravi, tags=["Seed"], lead_source="Website")
    for way in ("098765 00009", "+91-98765-00009", "919876500009", "98765 00009", "00009"):
        assert await found(owner, search=way) == ["Ravi Nair"], way
    assert await found(owner, search="asha") == ["Asha Patel"]
    assert await found(owner, search="RAVI.NAIR@example.com") == ["Ravi Nair"]
    assert await found(owner, search="50%") == ["Ravi Nair"]
    assert await found(owner, search="%") == [], "a percent sign is a character"
    assert await found(owner, search="_") == []
    assert await found(owner, tag="seed") == ["Ravi Nair"]
    assert await found(owner, lead_source="indiamart") == ["Asha Patel"]
    assert await found(owner) == ["Ravi Nair", "Asha Patel"]


async def test_pages_follow_each_other(owner: httpx.AsyncClient) -> None:
    for n in range(5):
        await send(owner, name=f"P{n}", phone=f"+9198765001{n:02d}", email=None)
    names, cursor = [], None
    while True:
        page = (await owner.get("/api/contacts", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        names += [c["name"] for c in page["data"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert names == ["P4", "P3", "P2", "P1", "P0"]
    for bad in ({"limit": 0}, {"limit": 201}, {"cursor": "zzz"}):
        assert (await owner.get("/api/contacts", params=bad)).status_code == 422


async def test_a_change_keeps_what_is_not_named_and_names_conflicts(owner: httpx.AsyncClient) -> None:
    asha, ravi = await send(owner), await send(owner, phone="+919876500009", email="ravi@example.com")
    path = f"/api/contacts/{asha['contact_id']}"
    changed = await owner.patch(path, json={"phone": "098765 00077", "tags": ["vip", "vip"]})
    assert changed.status_code == 200
    assert (changed.json()["phone"], changed.json()["tags"], changed.json()["email"]) == ("+919876500077", ["vip"], "asha@example.com")
    for field, value in (("phone", "+919876500009"), ("email", "RAVI@example.com")):
        taken = await owner.patch(path, json={field: value})
        assert taken.status_code == 409
        assert taken.json()["errors"][0]["pointer"] == f"/{field}"
    nowhere = {"phone": None, "email": None}
    for bad, pointer in (({"phone": "12"}, "/phone"), ({"email": "x@"}, "/email"), (nowhere, "/phone"), ({"id": 1}, "/id")):
        refused = await owner.patch(path, json=bad)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert (await owner.get(path)).json()["phone"] == "+919876500077"
    assert ravi["contact_id"] != asha["contact_id"]


async def test_two_changes_to_one_free_number_are_one_conflict(owner: httpx.AsyncClient) -> None:
    ids = [(await send(owner, phone=f"+91987650010{n}", email=None))["contact_id"] for n in range(4)]
    answers = await asyncio.gather(*(owner.patch(f"/api/contacts/{i}", json={"phone": "+919876500500"}) for i in ids))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]


async def test_the_dnc_tag_is_shown(owner: httpx.AsyncClient) -> None:
    asha = await send(owner)
    path = f"/api/contacts/{asha['contact_id']}"
    assert (await owner.get(path)).json()["is_dnc"] is False
    assert (await owner.patch(path, json={"tags": ["DNC"]})).json()["is_dnc"] is True


async def test_erasing_takes_the_person_and_leaves_the_ledger(owner: httpx.AsyncClient) -> None:
    asha = await send(owner)
    path = f"/api/contacts/{asha['contact_id']}"
    exported = await owner.get(f"{path}/export")
    assert exported.status_code == 200
    assert exported.json()["contact"]["phone"] == "+919876500001"
    assert exported.json()["lead_events"][0]["payload"]["name"] == "Asha Patel"
    assert "attachment" in exported.headers["content-disposition"]
    erased = await owner.post(f"{path}/erase")
    assert erased.status_code == 200
    assert (erased.json()["name"], erased.json()["phone"], erased.json()["email"], erased.json()["tags"]) == ("", None, None, [])
    event = (await owner.get(f"/api/lead-events/{asha['lead_event_id']}")).json()
    assert (event["payload"], event["disposition"]) == ({}, "invalid")
    pool = await get_pool()
    for table in ("contacts", "lead_events", "audit_log"):
        held = await pool.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t")
        assert "Asha" not in held, table
        assert "9876500001" not in held, table
    again = await send(owner)
    assert again["contact_id"] != asha["contact_id"]


async def test_deleting_hides_the_contact_and_keeps_the_ledger(owner: httpx.AsyncClient) -> None:
    asha = await send(owner)
    path = f"/api/contacts/{asha['contact_id']}"
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404
    assert (await owner.delete(path)).status_code == 404
    assert await found(owner) == []
    health = (await owner.get("/api/health")).json()
    assert health["leads"] == {"received": 1, "accounted": 1, "unaccounted": 0}


async def test_another_accounts_contact_is_not_there(owner: httpx.AsyncClient, people: People) -> None:
    asha = await send(owner)
    stranger = await people.add("stranger@example.com")
    path = f"/api/contacts/{asha['contact_id']}"
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/export", None),
        ("POST", f"{path}/erase", None),
        ("POST", f"{path}/enrol", {"flow_id": str(uuid4())}),
        ("GET", f"/api/lead-events/{asha['lead_event_id']}", None),
    ):
        answer = await stranger.request(method, where, json=body)
        assert answer.status_code == 404, (method, where, answer.text)
    assert await found(stranger) == []
    assert (await stranger.get("/api/lead-events")).json()["data"] == []
    assert (await send(stranger))["contact_id"] != asha["contact_id"]
    assert await found(owner) == ["Asha Patel"]


async def test_a_viewer_sees_no_address_anywhere(owner: httpx.AsyncClient, people: People) -> None:
    asha = await send(owner)
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    for where in (
        "/api/contacts",
        f"/api/contacts/{asha['contact_id']}",
        "/api/lead-events",
        f"/api/lead-events/{asha['lead_event_id']}",
        "/api/contacts?search=%2B919876500001",
    ):
        answer = await viewer.get(where)
        assert answer.status_code == 200
        assert "Asha Patel" in answer.text, where
        for secret in ("9876500001", "98765 00001", "asha@example.com"):
            assert secret not in answer.text, (where, secret)
    assert (await viewer.get(f"/api/contacts/{asha['contact_id']}")).json()["phone"] == "+91••••••••01"
    assert (await viewer.get(f"/api/lead-events/{asha['lead_event_id']}")).json()["payload"] is None
    for guess in ("98765", "asha@", "9876500"):
        assert await found(viewer, search=guess) == [], guess
    for method in ("PATCH", "DELETE"):
        assert (await viewer.request(method, f"/api/contacts/{asha['contact_id']}", json={})).status_code == 403
    assert (await viewer.get(f"/api/contacts/{asha['contact_id']}/export")).status_code == 403
    assert (await viewer.post("/api/contacts", json=ASHA)).status_code == 403


async def test_lead_events_are_filtered_and_counted(owner: httpx.AsyncClient) -> None:
    asha = await send(owner)
    await send(owner, phone="nonsense", email=None, lead_source="Website")

    async def count(**filters: Any) -> int:
        answer = await owner.get("/api/lead-events", params=filters)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["data"])

    assert await count() == 2
    assert await count(disposition="invalid") == 1
    assert await count(lead_source="website") == 1
    assert await count(contact_id=asha["contact_id"]) == 1
    assert await count(search="asha") == 2
    assert await count(search="98765 00001") == 1
    assert await count(**{"from": "2000-01-01"}) == 2
    assert await count(to="2000-01-01T00:00:00Z") == 0
    assert (await owner.get("/api/lead-events", params={"disposition": "nowhere"})).status_code == 422
    assert (await owner.get("/api/lead-events", params={"from": "soon"})).status_code == 422
    assert (await owner.get("/api/lead-events/not-an-id")).status_code == 404
    counts = (await owner.get("/api/lead-events/counts")).json()
    assert counts["total"] == 2
    assert counts["by_disposition"]["invalid"] == 1
    assert counts["by_disposition"]["queued"] == 1


async def test_scopes_narrow_a_token(owner: httpx.AsyncClient, people: People) -> None:
    sender = await people.token(OWNER, ("contacts:write",))
    taken = await send(sender)
    assert (await sender.get("/api/contacts")).status_code == 403
    reader = await people.token(OWNER, ("contacts:read",))
    assert (await reader.post("/api/contacts", json=ASHA)).status_code == 403
    assert (await reader.get(f"/api/contacts/{taken['contact_id']}")).json()["phone"] == "+91••••••••01"
