"""`/api/webhooks`: what providers tell us."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID, uuid4

import httpx

from autoflows.engine.pool import close_pool, get_pool
from autoflows.models import Channel
from autoflows.models.database import open_session
from autoflows.providers.vault import seal
from autoflows.settings import get_settings
from tests.api.conftest import client_of

WHATSAPP_KEYS = {"access_token": "t", "app_secret": "the-app-secret", "verify_token": "verify-me", "waba_id": "1"}


async def channel(owner: httpx.AsyncClient, provider: str, credentials: dict[str, Any], settings: dict[str, Any] | None = None) -> str:
    """A channel with the webhook secret `s3cret`; the path of its webhook."""
    account = UUID((await owner.get("/api/me")).json()["account_id"])
    async with open_session() as session:
        secret = f"s3cret-{uuid4().hex}"
        made = Channel(user_id=account, provider=provider, name=secret, credentials=seal(credentials), webhook_secret=secret)
        made.settings = settings or {}
        session.add(made)
    return f"/api/webhooks/{provider}/{secret}"


def call(call_id: str, status: str, **more: Any) -> dict[str, Any]:
    """Bolna's webhook about a call."""
    telephony = {"to_number": "+919876500001"}
    return {"id": call_id, "agent_id": "a", "status": status, "conversation_duration": 0, "telephony_data": telephony, **more}


def signed(body: bytes) -> dict[str, str]:
    """WhatsApp's headers for a body."""
    digest = hmac.new(b"the-app-secret", body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


async def events() -> int:
    pool = await get_pool()
    return int(await pool.fetchval("SELECT count(*) FROM provider_events"))


async def test_a_call_is_recorded_once(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    path = await channel(owner, "bolna", {"api_key": "k"})
    for new in (1, 0, 0):
        answer = await anonymous.post(path, json=call("c-1", "completed"))
        assert answer.status_code == 200
        assert answer.json() == {"received": True, "new": new}
    assert await events() == 1
    odd = b'{"id":"c-2","agent_id":"a","status":"completed","transcript":"nul \\u0000 and \\ud800 half"}'
    assert (await anonymous.post(path, content=odd, headers={"Content-Type": "application/json"})).status_code == 200
    long = call("c-3", "completed", transcript="x" * 2_000_000)
    assert (await anonymous.post(path, json=long)).status_code == 200
    assert await events() == 3


async def test_what_is_not_the_vendors_is_refused(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    bolna, meta = await channel(owner, "bolna", {"api_key": "k"}), await channel(owner, "whatsapp_cloud", WHATSAPP_KEYS)
    for path in ("/api/webhooks/bolna/nothing", "/api/webhooks/fax/nothing", bolna.replace("bolna", "whatsapp_cloud")):
        assert (await anonymous.post(path, json=call("c", "completed"))).status_code == 404
        assert (await anonymous.get(path)).status_code == 404
    for body in (b"", b"[]", b"not json", b'{"id": 1}'):
        assert (await anonymous.post(bolna, content=body)).status_code in (400, 401)
    assert (await anonymous.post(bolna, content=b"x" * 3_000_001)).status_code == 413
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    assert (await anonymous.post(meta, content=body)).status_code == 401
    assert (await anonymous.post(meta, content=body, headers=signed(body + b" "))).status_code == 401
    assert (await anonymous.post(meta, content=body, headers=signed(body))).status_code == 200
    assert await events() == 0


async def test_only_listed_addresses_may_tell(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    path = await channel(owner, "bolna", {"api_key": "k"}, {"allowed_ips": ["13.203.39.153"]})
    assert (await anonymous.post(path, json=call("c", "completed"))).status_code == 401
    async with client_of(anonymous._transport.app, address="13.203.39.153") as bolna:  # type: ignore[attr-defined]
        assert (await bolna.post(path, json=call("c", "completed"))).status_code == 200


async def test_whatsapps_handshake(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    path = await channel(owner, "whatsapp_cloud", WHATSAPP_KEYS)
    asked = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    answer = await anonymous.get(path, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert (await anonymous.get(path, params={**asked, "hub.verify_token": "guess"})).status_code == 403


async def test_an_outage_asks_the_vendor_to_come_again(owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, monkeypatch: Any) -> None:
    path = await channel(owner, "bolna", {"api_key": "k"})
    url = get_settings().database_url
    await close_pool()
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    get_settings.cache_clear()
    try:
        answer = await anonymous.post(path, json=call("c-1", "completed"))
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
    finally:
        monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", url)
        get_settings.cache_clear()
    assert (await anonymous.post(path, json=call("c-1", "completed"))).json()["new"] == 1
