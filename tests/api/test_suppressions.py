"""`/api/suppressions`: the do-not-contact list, what outlives a person, and the unsubscribe link."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from autoflows.actions.unsubscribe import unsubscribe_url
from autoflows.domain.decisions import Timing
from autoflows.domain.permissions import Role
from autoflows.engine.match import match_due
from autoflows.engine.pool import get_pool
from autoflows.providers.vault import seal
from autoflows.settings import get_settings
from tests.api.conftest import OWNER, People
from tests.api.test_contacts import ASHA, send

LIST = "/api/suppressions"
PHONE = "+919876500001"


async def listed(client: httpx.AsyncClient, **query: Any) -> list[tuple[Any, ...]]:
    answer = await client.get(LIST, params=query)
    assert answer.status_code == 200, answer.text
    return [(row["address"], row["channel"], row["reason"]) for row in answer.json()["data"]]


async def add(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(LIST, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def arrives(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A lead comes in and is settled as a worker does it."""
    taken = await send(client, **changes)
    await match_due(10, 10, Timing(), timedelta(seconds=60))
    return dict((await client.get(taken["links"]["self"])).json())


async def account_of(client: httpx.AsyncClient) -> UUID:
    return UUID((await client.get("/api/me")).json()["account_id"])


async def test_an_address_is_added_found_in_any_format_and_removed(owner: httpx.AsyncClient) -> None:
    made = await add(owner, address="098765 00001", detail="Asked on the phone")
    assert (made["address"], made["channel"], made["reason"], made["created_by_name"]) == (PHONE, "all", "manual", "Owner")
    assert made["sentence"].startswith("Suppressed: put on the do-not-contact list by hand on ")
    await add(owner, address="Asha@Example.com", channel="email")
    everything = [("asha@example.com", "email", "manual"), (PHONE, "all", "manual")]
    assert await listed(owner) == everything
    for search in ("+91 98765-00001", "9876500001", "00919876500001", "98765", "on the phone"):
        assert await listed(owner, search=search) == everything[1:], search
    assert await listed(owner, search="ASHA@example.com") == everything[:1]
    assert await listed(owner, channel="email") == everything[:1]
    assert await listed(owner, reason="manual") == everything
    assert await listed(owner, search="nobody") == []
    again = await owner.post(LIST, json={"address": "+919876500001"})
    assert again.status_code == 409
    assert again.json()["errors"][0]["pointer"] == "/address"
    assert (await owner.delete(f"{LIST}/{made['id']}")).status_code == 204
    assert (await owner.delete(f"{LIST}/{made['id']}")).status_code == 404
    assert await listed(owner) == everything[:1]
    pool = await get_pool()
    audit = await pool.fetch("SELECT action, data::text FROM audit_log WHERE entity_type = 'suppression' ORDER BY created_at")
    assert [row["action"] for row in audit] == ["suppression.added", "suppression.added", "suppression.removed"]
    assert not any("98765" in row["data"] or "asha" in row["data"] for row in audit)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"address": "12"}, "/address"),
        ({"address": "not@"}, "/address"),
        ({"address": ""}, "/address"),
        ({"address": "asha@example.com", "channel": "call"}, "/channel"),
        ({"address": PHONE, "channel": "email"}, "/channel"),
        ({"address": PHONE, "channel": "fax"}, "/channel"),
        ({"address": PHONE, "why": "x"}, "/why"),
        ({}, "/address"),
    ],
)
async def test_what_is_no_address_is_named(owner: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    answer = await owner.post(LIST, json=body)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]
    for name in ("channel", "reason"):
        assert (await owner.get(LIST, params={name: "fax"})).json()["errors"][0]["pointer"] == f"/query/{name}"


async def test_pages_follow_each_other(owner: httpx.AsyncClient) -> None:
    for number in range(5):
        await add(owner, address=f"+9198765000{number}0")
    found, cursor = [], None
    while True:
        page = (await owner.get(LIST, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        found += [row["address"] for row in page["data"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert found == [f"+9198765000{number}0" for number in reversed(range(5))]


async def test_many_at_once_each_by_itself(owner: httpx.AsyncClient) -> None:
    await add(owner, address=PHONE)
    items = [{"address": PHONE}, {"address": "nonsense"}, {"address": "a@example.com", "channel": "email"}, {"address": "a@example.com"}]
    answer = (await owner.post(f"{LIST}/bulk", json=[*items, {"address": "A@example.com"}, 7])).json()
    assert (answer["added"], answer["known"], answer["refused"]) == (2, 2, 2)
    assert [r["status"] for r in answer["results"]] == [200, 422, 201, 201, 200, 422]
    assert answer["results"][1]["error"]["errors"][0]["pointer"] == "/address"
    wrong: tuple[Any, ...] = ([], {"suppressions": []}, {"x": []}, "text", None)
    for body in wrong:
        assert (await owner.post(f"{LIST}/bulk", json=body)).status_code == 422
    assert (await owner.post(f"{LIST}/bulk", json=[{"address": PHONE}] * 1001)).status_code == 413


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("address,channel,detail\n+91 98765 00001,all,Asked\nasha@example.com,Email,\n", [("all", "Asked"), ("email", "")]),
        ("\ufeffName;Phone\r\nAsha;98765 00001\r\nRavi;98765 00002\r\n", [("all", ""), ("all", "")]),
        ("98765 00001\nasha@example.com\n\n", [("all", ""), ("all", "")]),
        ("98765 00001,whatsapp\nasha@example.com,email", [("whatsapp", ""), ("email", "")]),
        ("98765 00001\nasha@example.com, email, asked by post", [("all", ""), ("email", "asked by post")]),
    ],
)
async def test_a_csv_text_is_read(owner: httpx.AsyncClient, text: str, expected: list[tuple[str, str]]) -> None:
    answer = await owner.post(f"{LIST}/bulk", content=text.encode(), headers={"Content-Type": "text/csv"})
    assert (answer.json()["added"], answer.json()["refused"]) == (2, 0), answer.text
    rows = (await owner.get(LIST)).json()["data"]
    assert sorted((row["channel"], row["detail"]) for row in rows) == sorted(expected)


async def test_a_csv_text_that_cannot_be_read(owner: httpx.AsyncClient) -> None:
    for content, status in ((b'address\n"open', 422), (b"\xff\xfe", 400), (b"", 422)):
        answer = await owner.post(f"{LIST}/bulk", content=content, headers={"Content-Type": "text/csv"})
        assert answer.status_code == status, answer.text


async def test_adding_ends_waits_at_once_and_removing_starts_nothing(owner: httpx.AsyncClient, flow_body: Any) -> None:
    wait = {"action_order": 1, "action_type": "wait", "action_config": {"duration_minutes": 60}}
    await owner.post("/api/automation/flows", json=flow_body(actions=[wait, {**flow_body()["actions"][3], "action_order": 2}]))
    lead = await arrives(owner)
    assert lead["disposition"] == "enrolled"
    due = "SELECT due_at <= now() FROM flow_executions"
    pool = await get_pool()
    assert await pool.fetchval(due) is False
    made = await add(owner, address=ASHA["email"])
    for _ in range(250):
        if await pool.fetchval(due):
            break
        await asyncio.sleep(0.02)
    assert await pool.fetchval(due) is True
    enrolled = await owner.post(f"/api/contacts/{lead['contact_id']}/enrol", json={"flow_id": lead["trace"][0]["flow_id"]})
    assert enrolled.status_code == 422
    assert "do-not-contact list" in enrolled.json()["detail"]
    assert (await arrives(owner))["disposition"] == "blocked_dnc"
    await owner.delete(f"{LIST}/{made['id']}")
    assert await pool.fetchval("SELECT count(*) FROM flow_executions") == 1


async def test_what_is_closed_for_a_contact_is_shown_and_lifted(owner: httpx.AsyncClient, people: People) -> None:
    asha = await send(owner)
    await add(owner, address=ASHA["phone"], channel="whatsapp")
    await add(owner, address=ASHA["email"])
    await add(owner, address="+919876500099")
    mine = {"contact_id": asha["contact_id"]}
    assert await listed(owner, **mine) == [("asha@example.com", "all", "manual"), (PHONE, "whatsapp", "manual")]
    exported = (await owner.get(f"/api/contacts/{asha['contact_id']}/export")).json()
    assert [row["address"] for row in exported["suppressions"]] == ["asha@example.com", PHONE]
    stranger = await people.add("stranger@example.com")
    assert (await stranger.get(LIST, params=mine)).status_code == 404
    assert (await stranger.delete(f"/api/contacts/{asha['contact_id']}/suppressions")).status_code == 404
    assert await listed(stranger) == []
    assert (await owner.delete(f"/api/contacts/{asha['contact_id']}/suppressions")).json() == {"removed": 2}
    assert await listed(owner) == [("+919876500099", "all", "manual")]


async def test_viewers_read_masked_and_only_admins_change(owner: httpx.AsyncClient, people: People) -> None:
    made = await add(owner, address=PHONE, detail="Asha of 98765 00001 asked")
    await add(owner, address="asha@example.com")
    viewer, manager, admin = [await people.add(f"{role}@example.com", role, OWNER) for role in (Role.VIEWER, Role.MANAGER, Role.ADMIN)]
    assert await listed(viewer) == [("a•••@example.com", "all", "manual"), ("+91••••••••01", "all", "manual")]
    assert "98765 00001" not in (await viewer.get(LIST)).text
    assert await listed(viewer, search="98765") == []  # no guessing digit by digit
    assert await listed(viewer, search="98765 00001") == [("+91••••••••01", "all", "manual")]
    for client in (viewer, manager):
        assert (await client.post(LIST, json={"address": "+919876500002"})).status_code == 403
        assert (await client.post(f"{LIST}/bulk", json=[{"address": "+919876500002"}])).status_code == 403
        assert (await client.delete(f"{LIST}/{made['id']}")).status_code == 403
    assert (await admin.delete(f"{LIST}/{made['id']}")).status_code == 204


async def test_who_was_do_not_call_stays_so_after_an_erasure(owner: httpx.AsyncClient, flow_body: Any) -> None:
    await owner.post("/api/automation/flows", json=flow_body())
    asha = await send(owner, tags=["DNC"])
    await owner.post(f"/api/contacts/{asha['contact_id']}/erase")
    pool = await get_pool()
    assert [tuple(row) for row in await pool.fetch("SELECT address, reason, channel, contact_id FROM suppressions")] == [
        (None, "erasure", "all", None)
    ] * 2
    lead = await arrives(owner, tags=[])
    assert lead["contact_id"] != asha["contact_id"]
    assert lead["disposition"] == "blocked_dnc"
    assert lead["reason"].startswith("Suppressed: was do-not-call when the data was erased on ")
    assert (await arrives(owner, email=None, tags=[]))["disposition"] == "blocked_dnc"
    assert (await listed(owner, search="98765 00001"))[0] == (None, "all", "erasure")  # still found by who knows the number


async def test_a_suppressed_person_is_erased_down_to_the_key(owner: httpx.AsyncClient, flow_body: Any) -> None:
    await owner.post("/api/automation/flows", json=flow_body())
    asha = await send(owner)
    await add(owner, address=PHONE, detail="Asha Patel asked")
    await add(owner, address="asha@example.com", channel="email")
    await owner.post(f"/api/contacts/{asha['contact_id']}/erase")
    pool = await get_pool()
    held = await pool.fetchval("SELECT string_agg(s::text, ' ') FROM suppressions s")
    assert "Asha" not in held
    assert "98765" not in held
    assert "asha@" not in held
    # By the number they were closed altogether, so by the e-mail address too.
    assert sorted(await listed(owner)) == [(None, "all", "erasure"), (None, "all", "manual"), (None, "email", "manual")]
    assert (await arrives(owner, phone=None))["disposition"] == "blocked_dnc"


async def test_erasing_someone_who_may_be_contacted_leaves_nothing(owner: httpx.AsyncClient, flow_body: Any) -> None:
    await owner.post("/api/automation/flows", json=flow_body())
    asha = await send(owner)
    await owner.post(f"/api/contacts/{asha['contact_id']}/erase")
    assert await listed(owner) == []
    assert (await arrives(owner))["disposition"] == "enrolled"


async def test_an_unsubscribe_link_asks_on_get_and_acts_on_post(
    owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(owner)
    account = await account_of(owner)
    assert unsubscribe_url(account, "asha@example.com") is None  # nobody outside could open a link to this machine
    monkeypatch.setenv("AUTOFLOWS_PUBLIC_URL", "https://flows.example.com")
    get_settings.cache_clear()
    url = unsubscribe_url(account, "asha@example.com")
    assert url is not None
    assert url.startswith("https://flows.example.com/api/unsubscribe/")
    assert "asha" not in url
    path = url.removeprefix("https://flows.example.com")
    page = await anonymous.get(path)
    assert page.status_code == 200
    assert "Stop these e-mails?" in page.text
    assert "a•••@example.com" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert await listed(owner) == []
    for _ in range(2):
        done = await anonymous.post(path, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert "You are unsubscribed" in done.text
    assert await listed(owner) == [("asha@example.com", "email", "unsubscribe")]


async def test_only_our_own_links_unsubscribe(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    account = (await account_of(owner)).hex
    others = [
        seal({"api_key": "x"}),
        seal({"unsubscribe": ["x", "y"]}),
        seal({"unsubscribe": 3}),
        seal({"unsubscribe": ["0" * 32, "a@b.co"]}),
    ]
    for token in ("x", "%00", "é", "a" * 5000, *others, seal({"unsubscribe": [account, "a@example.com"]})[:-8]):
        for method in ("GET", "POST"):
            answer = await anonymous.request(method, f"/api/unsubscribe/{token}")
            assert answer.status_code == 404, (method, token, answer.text)
    assert await listed(owner) == []


async def test_who_was_erased_unsubscribes_without_an_address_being_kept(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    token = seal({"unsubscribe": [(await account_of(owner)).hex, "gone@example.com"]})
    assert (await anonymous.post(f"/api/unsubscribe/{token}")).status_code == 200
    assert await listed(owner, search="gone@example.com") == [(None, "email", "unsubscribe")]
