"""The demo account, end to end: leads over REST, the engine, the sandbox's providers, and their webhooks over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from autoflows.api.app import create_api
from autoflows.engine.drain import Drainer
from autoflows.models.database import open_session
from autoflows.providers.connections import close_clients
from autoflows.services import auth, dashboard
from autoflows.services.demo import OWNER, OWNER_PASSWORD, VIEWER, VIEWER_PASSWORD, DemoAccount, ensure_demo
from autoflows.services.users import find_user
from autoflows.settings import get_settings
from tests.api.conftest import environment
from tests.sandbox.fixtures import Sandbox, _sandbox_server, free_port, sandbox

__all__ = ["_sandbox_server", "environment", "sandbox"]


@asynccontextmanager
async def web(port: int) -> AsyncIterator[None]:
    """The REST API on a real port, for the sandbox's webhooks."""
    server = Server(create_api(), port=port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(10):
        while True:
            try:
                await http.get(f"http://127.0.0.1:{port}/api/health")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await serving


@pytest.fixture
async def public_url(environment: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The running web process."""
    await close_clients()  # an earlier test's may be guarded
    port = free_port()
    monkeypatch.setenv("AUTOFLOWS_PUBLIC_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AUTOFLOWS_ALLOW_PRIVATE_NETWORK", "1")
    get_settings.cache_clear()
    async with web(port):
        yield f"http://127.0.0.1:{port}"
    await close_clients()


def client_of(url: str, demo: DemoAccount) -> httpx.AsyncClient:
    """A client with the demo's token."""
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {demo.api_token}"}, trust_env=False)


async def sign_in(http: httpx.AsyncClient, email: str, password: str) -> None:
    answer = await http.post("/api/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text


async def test_the_demo_is_made_once_and_its_leads_are_worked(public_url: str, sandbox: Sandbox) -> None:
    demo = await ensure_demo(sandbox.url, sandbox.smtp_port, patience_seconds=5)
    assert sandbox.world.callback_url is not None
    drainer = Drainer(get_settings())
    async with client_of(public_url, demo) as leads, httpx.AsyncClient(base_url=public_url, trust_env=False) as person:
        for number, source in (("+919876500101", "IndiaMART"), ("+919876500202", "TradeIndia"), ("+919876500301", "Just Dial")):
            lead = {"name": "Asha Patel", "phone": number, "email": f"a{number[-3:]}@example.com", "lead_source": source}
            answer = await leads.post("/api/contacts", json={**lead, "custom_fields": {"product": "Solar Pump"}})
            assert answer.status_code == 202, answer.text
        assert (await leads.get("/api/contacts")).status_code == 403
        await sign_in(person, demo.email, demo.password)
        try:
            done = await worked(person, drainer, {"IndiaMART first call": "completed", "Every other enquiry": "completed"})
        finally:
            await drainer.close(2)
        called = next(e for e in done if e["flow_name"] == "IndiaMART first call")
        logs = (await person.get(f"/api/automation/executions/{called['id']}/logs")).json()["data"]
        assert [(log["action_type"], log["status"]) for log in logs] == [
            ("ai_call", "success"),
            ("wait", "skipped"),
            ("whatsapp_message", "skipped"),
            ("email", "success"),
        ]
        assert logs[0]["outcome"] == "answered"
        assert called["speed_to_lead_ms"] is not None
        await sign_in(person, VIEWER, VIEWER_PASSWORD)
        seen = await person.get(f"/api/automation/executions/{called['id']}/logs")
        assert "98765001" not in seen.text
    async with open_session() as session:
        owner = await find_user(session, OWNER)
        assert owner is not None
        shown = await dashboard.overview(auth.actor_of(owner, "session"), session)
    assert (shown.all_time.received, shown.all_time.unaccounted, shown.enabled_flows, shown.channels) == (3, 0, 4, 3)
    assert (shown.today.by_disposition["enrolled"], shown.speed.contacted) == (3, 3)
    assert [item for item in shown.attention if item.kind != "unknown_attempt"] == []
    assert len(shown.recent) == 3


async def worked(person: httpx.AsyncClient, drainer: Drainer, wanted: dict[str, str]) -> list[dict[str, Any]]:
    """The executions, once each flow's has the wanted status."""
    async with asyncio.timeout(20):
        while True:
            await drainer.drain()
            found: list[dict[str, Any]] = (await person.get("/api/automation/executions")).json()["data"]
            if wanted.items() <= {e["flow_name"]: e["status"] for e in found}.items():
                return found
            await asyncio.sleep(0.05)


async def test_a_second_start_keeps_what_people_changed(public_url: str, sandbox: Sandbox) -> None:
    await ensure_demo(sandbox.url, sandbox.smtp_port, patience_seconds=5)
    async with httpx.AsyncClient(base_url=public_url, trust_env=False, headers={"X-Requested-With": "test"}) as person:
        await sign_in(person, OWNER, OWNER_PASSWORD)
        flows = (await person.get("/api/automation/flows")).json()["data"]
        assert [flow["is_enabled"] for flow in flows] == [True] * 4
        for flow in flows:
            problems = (await person.get(f"/api/automation/flows/{flow['id']}/problems")).json()["problems"]
            assert [p for p in problems if p["severity"] in ("error", "warning")] == [], (flow["name"], problems)
        assert (await person.delete(f"/api/automation/flows/{flows[0]['id']}")).status_code == 204
        assert (await person.patch("/api/settings", json={"cooldown_minutes": 5})).status_code == 200
        moved = await ensure_demo(sandbox.url + "/", sandbox.smtp_port, patience_seconds=5)
        assert moved.email == OWNER
        assert len((await person.get("/api/automation/flows")).json()["data"]) == 3
        settings = (await person.get("/api/settings")).json()
        assert (settings["cooldown_minutes"], settings["legal_hours"], settings["default_business_hours"]) == (5, "off", None)
        channels = (await person.get("/api/channels")).json()["data"]
        assert [c["status"] for c in channels] == ["active"] * 3
        tokens = (await person.get("/api/tokens")).json()["data"]
        assert [t["name"] for t in tokens] == ["Demo leads"]
