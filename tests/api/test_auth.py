"""Signing in: sessions, tokens, cookies, limits."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlmodel import col, select

from autoflows.domain.errors import Invalid, NotSignedIn
from autoflows.domain.permissions import Role
from autoflows.ids import utc_now
from autoflows.models import ApiToken, AuditEntry, Session, User
from autoflows.models.database import open_session
from autoflows.services import auth
from autoflows.services.users import create_user
from autoflows.settings import get_settings
from tests.api.conftest import OWNER, PASSWORD, People, client_of

AJAX = {"X-Requested-With": "XMLHttpRequest"}
LOGIN = {"email": OWNER, "password": PASSWORD}


async def test_a_session_lives_in_an_http_only_cookie_and_ends_at_sign_out(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/api/login", json={**LOGIN, "email": "  OWNER@Example.com "})
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert answer.json()["user"]["role"] == "owner"
    assert anonymous.cookies[auth.COOKIE_NAME] not in answer.text
    me = (await anonymous.get("/api/me")).json()
    assert (me["email"], me["kind"]) == (OWNER, "session")
    async with open_session() as session:
        row = (await session.exec(select(Session))).one()
    assert row.token_hash == auth.digest(anonymous.cookies[auth.COOKIE_NAME])

    secret = anonymous.cookies[auth.COOKIE_NAME]
    assert (await anonymous.post("/api/logout")).status_code == 403, "without X-Requested-With"
    assert (await anonymous.post("/api/logout", headers=AJAX)).status_code == 204
    assert auth.COOKIE_NAME not in anonymous.cookies
    again = await anonymous.get("/api/me", headers={"Cookie": f"{auth.COOKIE_NAME}={secret}"})
    assert again.status_code == 401, "the session is over on the server too"


async def test_the_cookie_is_secure_where_the_installation_is(
    owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOFLOWS_PUBLIC_URL", "https://leads.example.com")
    get_settings.cache_clear()
    assert "Secure" in (await anonymous.post("/api/login", json=LOGIN)).headers["set-cookie"]


async def test_changes_by_cookie_need_the_header_that_no_form_can_send(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    await anonymous.post("/api/login", json=LOGIN)
    refused = await anonymous.post("/api/automation/flows", json={"name": "x"})
    assert refused.status_code == 403
    assert "X-Requested-With" in refused.json()["detail"]
    assert (await anonymous.post("/api/automation/flows", json={"name": "x"}, headers=AJAX)).status_code == 201
    assert (await anonymous.get("/api/automation/flows")).status_code == 200


NOBODIES = [(OWNER, "wrong password"), ("nobody@example.com", PASSWORD), ("\x00", "x"), ("a\ud800", "x")]


@pytest.mark.parametrize(("email", "password"), NOBODIES)
async def test_unknown_and_wrong_look_the_same(owner: httpx.AsyncClient, email: str, password: str) -> None:
    async with open_session() as session:
        with pytest.raises(NotSignedIn) as raised:
            await auth.sign_in(session, email, password, "203.0.113.9", "")
    assert raised.value.detail == "The e-mail address or the password is not right."


async def test_the_eleventh_try_waits_and_a_success_forgets(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, app: FastAPI) -> None:
    wrong = {**LOGIN, "password": "wrong password"}
    assert [(await anonymous.post("/api/login", json=wrong)).status_code for _ in range(9)] == [401] * 9
    assert (await anonymous.post("/api/login", json=LOGIN)).status_code == 200
    assert [(await anonymous.post("/api/login", json=wrong)).status_code for _ in range(10)] == [401] * 10
    answer = await anonymous.post("/api/login", json=LOGIN)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 30
    assert answer.headers["ratelimit"].startswith('"default";r=0;t=')
    assert answer.headers["content-type"] == "application/problem+json"
    async with client_of(app, address="203.0.113.2") as elsewhere:
        assert (await elsewhere.post("/api/login", json=LOGIN)).status_code == 200, "the person herself is not locked out"


async def test_a_session_ends_by_time_and_by_deactivation_and_is_touched_once_a_minute(owner: httpx.AsyncClient, people: People) -> None:
    await people.add("viewer@example.com", Role.VIEWER, OWNER)
    async with open_session() as session:
        token, expires_at = await auth.sign_in(session, "viewer@example.com", PASSWORD, "203.0.113.1", "x" * 900)
    assert utc_now() + timedelta(days=13) < expires_at < utc_now() + timedelta(days=15)
    old = utc_now() - timedelta(minutes=2)
    async with open_session() as session:
        await session.exec(sa.update(Session).values(last_seen_at=old))
    async with open_session() as session:
        assert (await auth.actor_of_session(session, token)).role is Role.VIEWER
    async with open_session() as session:
        seen = (await session.exec(select(Session.last_seen_at))).one()
        assert seen > old
        await auth.actor_of_session(session, token)
    async with open_session() as session:
        assert (await session.exec(select(Session.last_seen_at))).one() == seen
        await session.exec(sa.update(User).where(col(User.email) == "viewer@example.com").values(is_active=False))
    async with open_session() as session:
        with pytest.raises(NotSignedIn):
            await auth.actor_of_session(session, token)
        await session.exec(sa.update(User).values(is_active=True))
        await session.exec(sa.update(Session).values(expires_at=utc_now()))
    async with open_session() as session:
        with pytest.raises(NotSignedIn):
            await auth.actor_of_session(session, token)


async def test_a_token_acts_within_its_scopes_and_its_users_role(owner: httpx.AsyncClient, people: People) -> None:
    narrow = await people.token(OWNER, ("flows:read",))
    assert (await narrow.get("/api/automation/flows")).status_code == 200
    refused = await narrow.post("/api/automation/flows", json={"name": "x"})
    assert refused.status_code == 403
    assert "scope 'flows:write'" in refused.json()["detail"]
    viewer = await people.add("viewer@example.com", Role.VIEWER, OWNER)
    refused = await viewer.post("/api/automation/flows", json={"name": "x"})
    assert refused.status_code == 403
    assert "role (viewer)" in refused.json()["detail"]


async def test_tokens_are_shown_once_listed_without_secret_and_revoked(owner: httpx.AsyncClient, app: FastAPI) -> None:
    answer = await owner.post("/api/tokens", json={"name": "Website form", "scopes": ["contacts:write"]})
    assert answer.status_code == 201
    token = answer.json()
    assert token["token"].startswith("af_")
    assert token["token"].startswith(token["prefix"])
    listed = (await owner.get("/api/tokens")).json()["data"]
    assert [t["name"] for t in listed] == ["Website form", "Test"]
    assert token["token"] not in str(listed)
    async with open_session() as session:
        assert token["token"] not in str((await session.exec(select(ApiToken))).all())
    async with client_of(app, token["token"]) as client:
        assert (await client.get("/api/me")).json()["permissions"] == ["contacts:write"]
        assert (await owner.delete(f"/api/tokens/{token['id']}")).status_code == 204
        revoked = await client.get("/api/me")
        assert revoked.status_code == 401
        assert revoked.headers["www-authenticate"] == "Bearer"
    assert (await owner.delete(f"/api/tokens/{token['id']}")).status_code == 404
    wrong = await owner.post("/api/tokens", json={"name": "x", "scopes": ["flows:read", "flows:fly"]})
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["/scopes/1"]


async def test_a_token_cannot_make_a_stronger_one(people: People, owner: httpx.AsyncClient) -> None:
    minter = await people.token(OWNER, ("tokens:write", "flows:read"))
    assert (await minter.post("/api/tokens", json={"name": "x", "scopes": ["flows:read"]})).status_code == 201
    for scopes in (["*"], ["flows:write"]):
        assert (await minter.post("/api/tokens", json={"name": "x", "scopes": scopes})).status_code == 403


async def test_an_actor_is_remembered_for_five_seconds_by_token(owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(auth, "monotonic", lambda: now)
    assert (await owner.get("/api/me")).status_code == 200
    async with open_session() as session:  # as another process would
        await session.exec(sa.update(ApiToken).values(revoked_at=utc_now()))
    now += 4.9
    assert (await owner.get("/api/me")).status_code == 200
    now += 0.2
    assert (await owner.get("/api/me")).status_code == 401


async def test_other_ways_to_be_nobody(anonymous: httpx.AsyncClient, owner: httpx.AsyncClient) -> None:
    await anonymous.post("/api/login", json=LOGIN)
    for headers in ({"Authorization": "Bearer af_unknown"}, {"Authorization": "Basic b3duZXI6eA=="}, {"Authorization": "Bearer"}):
        assert (await anonymous.get("/api/me", headers=headers)).status_code == 401, headers
    anonymous.cookies.clear()
    answer = await anonymous.get("/api/me")
    assert answer.status_code == 401
    assert answer.json()["title"] == "Not signed in"


async def test_the_first_owner_is_made_once(anonymous: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await anonymous.get("/api/setup")).json() == {"needed": True}
    weak = await anonymous.post("/api/setup", json={"email": "first@example.com", "password": "short"})
    assert weak.status_code == 422
    assert "at least 10 characters" in weak.json()["errors"][0]["detail"]
    body = {"email": "First@Example.com", "password": PASSWORD, "name": "First", "timezone": "Europe/Rome"}
    assert (await anonymous.post("/api/setup", json=body)).status_code == 201
    me = (await anonymous.get("/api/me")).json()
    assert (me["email"], me["role"], me["timezone"], me["id"]) == ("first@example.com", "owner", "Europe/Rome", me["account_id"])
    assert (await anonymous.get("/api/setup")).json() == {"needed": False}
    assert (await anonymous.post("/api/setup", json={**body, "email": "second@example.com"})).status_code == 409


async def test_ones_own_details(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await owner.patch("/api/me", json={"name": "x"})).status_code == 403, "a token is not a person"
    await anonymous.post("/api/login", json=LOGIN)
    async with client_of(app) as second:
        await second.post("/api/login", json=LOGIN)
        new = {"password": "another long password", "current_password": "wrong"}
        wrong = await anonymous.patch("/api/me", json=new, headers=AJAX)
        assert [e["pointer"] for e in wrong.json()["errors"]] == ["/current_password"]
        new["current_password"] = PASSWORD
        changed = await anonymous.patch("/api/me", json={**new, "name": " Nisha ", "timezone": "Asia/Dubai"}, headers=AJAX)
        assert (changed.json()["name"], changed.json()["timezone"]) == ("Nisha", "Asia/Dubai")
        assert (await anonymous.get("/api/me")).status_code == 200
        assert (await second.get("/api/me")).status_code == 401, "other sessions ended"
        assert (await second.post("/api/login", json=LOGIN)).status_code == 401
    account = UUID(changed.json()["account_id"])
    async with open_session() as session:
        acts = (await session.exec(select(AuditEntry.action).where(col(AuditEntry.user_id) == account))).all()
    assert "user.password_changed" in acts


@pytest.mark.parametrize(
    ("email", "password", "role", "owner_email", "pointer"),
    [
        ("not an address", PASSWORD, "owner", None, "/email"),
        ("OWNER@example.com", PASSWORD, "owner", None, "/email"),
        ("new@example.com", "123456789", "owner", None, "/password"),
        ("new@example.com", "aaaaaaaaaaaa", "owner", None, "/password"),
        ("new@example.com", "new@example.com", "owner", None, "/password"),
        ("new@example.com", "x1y2" * 60, "owner", None, "/password"),
        ("new@example.com", PASSWORD, "admin", None, "/role"),
        ("new@example.com", PASSWORD, "owner", OWNER, "/role"),
        ("new@example.com", PASSWORD, "king", None, "/role"),
    ],
)
async def test_users_that_cannot_be_made(
    owner: httpx.AsyncClient, email: str, password: str, role: str, owner_email: str | None, pointer: str
) -> None:
    async with open_session() as session:
        with pytest.raises(Invalid) as raised:
            await create_user(session, email=email, password=password, role=role, owner_email=owner_email)
    assert [e.pointer for e in raised.value.errors] == [pointer]
