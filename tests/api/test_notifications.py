"""`/api/notifications`."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx

from autoflows.domain.notices import NoticeKind, say
from autoflows.domain.permissions import Role
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import transact
from tests.api.conftest import OWNER, People

PATH = "/api/notifications"


async def tell(owner: httpx.AsyncClient, *subjects: str) -> UUID:
    account = UUID((await owner.get("/api/me")).json()["account_id"])
    for subject in subjects:
        notice = say(NoticeKind.CHANNEL_DOWN, subject, name=subject, reason="Refused for +919876500001")
        await transact(lambda connection, notice=notice: raise_notice(connection, account, *notice))  # type: ignore[misc]
    return account


async def subjects(client: httpx.AsyncClient, **filters: str) -> list[str]:
    answer = await client.get(PATH, params=filters)
    assert answer.status_code == 200, answer.text
    return [notice["subject"] for notice in answer.json()["data"]]


async def test_they_are_listed_counted_read_and_resolved(owner: httpx.AsyncClient) -> None:
    assert (await owner.get(PATH)).json() == {"data": [], "has_more": False, "next_cursor": None}
    account = await tell(owner, "one", "two", "three")
    assert await subjects(owner) == ["three", "two", "one"]
    first = (await owner.get(PATH)).json()["data"][0]
    assert (first["kind"], first["severity"], first["count"], first["unread"]) == ("channel_down", "error", 1, True)
    assert (first["title"], first["href"], first["resolved_at"]) == ("Channel 'three' does not work", "/dashboard/channels", None)
    assert (await owner.get(f"{PATH}/counts")).json() == {"open": 3, "unread": 3, "errors": 3}
    read = await owner.post(f"{PATH}/{first['id']}/read")
    assert (read.status_code, read.json()) == (200, {**first, "unread": False})
    assert await subjects(owner, unread="true") == ["two", "one"]
    assert await subjects(owner, unread="false") == ["three"]
    await transact(lambda connection: resolve(connection, account, NoticeKind.CHANNEL_DOWN, "two"))
    assert await subjects(owner, open="true") == ["three", "one"]
    assert await subjects(owner, open="false") == ["two"]
    assert await subjects(owner, open="true", unread="true") == ["one"]
    assert (await owner.post(f"{PATH}/read-all")).json() == {"marked": 1}
    assert (await owner.post(f"{PATH}/read-all")).json() == {"marked": 0}
    assert (await owner.get(f"{PATH}/counts")).json() == {"open": 2, "unread": 0, "errors": 2}


async def test_a_page_at_a_time(owner: httpx.AsyncClient) -> None:
    await tell(owner, *(str(number) for number in range(5)))
    found, cursor = [], None
    for _ in range(3):
        page = (await owner.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        found += [notice["subject"] for notice in page["data"]]
        cursor = page["next_cursor"]
    assert (found, cursor) == (["4", "3", "2", "1", "0"], None)


async def test_a_viewer_reads_without_addresses_and_marks_for_themselves(owner: httpx.AsyncClient, people: People) -> None:
    await tell(owner, "one")
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    [notice] = (await viewer.get(PATH)).json()["data"]
    assert notice["detail"] == "Refused for +91••••••••01"
    assert (await viewer.post(f"{PATH}/{notice['id']}/read")).json()["unread"] is False
    assert (await owner.get(f"{PATH}/counts")).json()["unread"] == 1


async def test_what_is_refused(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, people: People) -> None:
    await tell(owner, "one")
    [notice] = (await owner.get(PATH)).json()["data"]
    stranger = await people.add("stranger@example.com")
    narrow = await people.token(OWNER, ("flows:read",))
    fitting = await people.token(OWNER, ("notifications:read",))
    assert await subjects(fitting) == ["one"]
    for client, method, path, status in (
        (anonymous, "GET", PATH, 401),
        (narrow, "GET", PATH, 403),
        (narrow, "POST", f"{PATH}/read-all", 403),
        (stranger, "POST", f"{PATH}/{notice['id']}/read", 404),
        (owner, "POST", f"{PATH}/{uuid4()}/read", 404),
        (owner, "POST", f"{PATH}/nonsense/read", 404),
        (owner, "GET", f"{PATH}?open=perhaps", 422),
        (owner, "GET", f"{PATH}?cursor=nonsense", 422),
        (owner, "GET", f"{PATH}?limit=0", 422),
        (owner, "GET", f"{PATH}/read-all", 405),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (method, path, answer.text)
