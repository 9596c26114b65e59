"""An account on the sandbox world, with the engine running in this process against a real PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from autoflows.domain.account import AccountSettings
from autoflows.domain.flow import FlowDefinition
from autoflows.engine import doorbell, live, outcome
from autoflows.engine.broker import close_redis
from autoflows.engine.drain import Drainer
from autoflows.engine.ingest import Ingested, LeadDraft, ingest
from autoflows.engine.pool import close_pool, get_pool
from autoflows.ids import new_id
from autoflows.models import Channel, EmailTemplate, Flow, FlowVersion, PhoneNumber, User, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.models.database import dispose_engine, open_session
from autoflows.providers import get_provider
from autoflows.providers.connections import close_clients, connect
from autoflows.providers.vault import seal
from autoflows.sandbox import server
from autoflows.sandbox import world as sandbox
from autoflows.settings import get_settings

ANSWERED, MISSED, BUSY, FAILED, VOICEMAIL, REJECTED = (f"+9198765001{n:02d}" for n in (1, 2, 3, 4, 5, 6))
LOST_WEBHOOK, HANGS = "+919876500108", "+919876500109"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Bench:
    """One account with three channels on the sandbox, and shortcuts to act on it."""

    account_id: UUID
    world: sandbox.World
    drainer: Drainer
    agent: UUID
    number: UUID
    sender: UUID
    template: UUID
    email: UUID
    settings: AccountSettings = field(default_factory=lambda: AccountSettings(legal_hours="off"))

    def call(self, order: int, **extra: Any) -> dict[str, Any]:
        condition: dict[str, Any] = {k: extra.pop(k) for k in ("condition_type", "condition_value", "condition_field") if k in extra}
        config = {"agent_id": str(self.agent), "phone_number_id": str(self.number), **extra}
        return {"action_order": order, "action_type": "ai_call", "action_config": config, **condition}

    def whatsapp(self, order: int, **condition: Any) -> dict[str, Any]:
        config = {
            "whatsapp_phone_number_id": str(self.sender),
            "template_id": str(self.template),
            "variable_mappings": {"1": "name", "2": "company"},
        }
        return {"action_order": order, "action_type": "whatsapp_message", "action_config": config, **condition}

    def mail(self, order: int, **condition: Any) -> dict[str, Any]:
        return {"action_order": order, "action_type": "email", "action_config": {"email_template_id": str(self.email)}, **condition}

    def wait(self, order: int, seconds: float, **condition: Any) -> dict[str, Any]:
        return {"action_order": order, "action_type": "wait", "action_config": {"duration_seconds": seconds}, **condition}

    async def flow(
        self, *actions: dict[str, Any], priority: int = 1, name: str = "First call", source: str = "IndiaMART", **settings: Any
    ) -> UUID:
        condition = {"condition_type": "lead_source", "condition_operator": "any" if source == "*" else "equals"}
        if source != "*":
            condition["condition_value"] = source
        definition = FlowDefinition.model_validate({"name": name, "conditions": [condition], "actions": list(actions), **settings})
        async with open_session() as session:
            flow = Flow(user_id=self.account_id, name=name, is_enabled=True, priority=priority, exit_rules={})
            session.add(flow)
            await session.flush()
            session.add(FlowVersion(flow_id=flow.id, version=1, definition=definition.model_dump(mode="json")))
            return flow.id

    async def lead(
        self, phone: str | None = MISSED, email: str | None = "asha@example.com", source: str = "IndiaMART", **more: Any
    ) -> Ingested:
        key = more.pop("idempotency_key", None)
        draft = LeadDraft(name="Asha Patel", company="Asha Agro", phone=phone, email=email, lead_source=source, **more)
        return await ingest(self.account_id, self.settings, draft, idempotency_key=key)

    async def change_settings(self, **changes: Any) -> None:
        self.settings = AccountSettings.model_validate({**self.settings.model_dump(), **changes})
        pool = await get_pool()
        await pool.execute("UPDATE users SET settings = $2 WHERE id = $1", self.account_id, self.settings.model_dump(mode="json"))

    async def until(self, sql: str, *args: Any, expect: Any = True, seconds: float = 15) -> Any:
        """Drain until the query's first value is as expected."""
        pool = await get_pool()
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            await self.drainer.drain()
            value = await pool.fetchval(sql, *args)
            if value == expect:
                return value
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{sql} is {value!r}, not {expect!r}; logs: {await self.logs()}")
            await asyncio.sleep(0.02)

    async def finished(self, count: int = 1, seconds: float = 15) -> None:
        await self.until("SELECT count(*) FROM flow_executions WHERE status <> 'running'", expect=count, seconds=seconds)

    async def logs(self) -> list[tuple[Any, ...]]:
        pool = await get_pool()
        rows = await pool.fetch(
            "SELECT action_order, attempt, action_type, status, outcome, skip_reason, error_message FROM flow_action_logs "
            "ORDER BY flow_execution_id, action_order, attempt"
        )
        return [tuple(row) for row in rows]

    async def summary(self) -> list[tuple[str, str, str | None]]:
        """(action, status, outcome or skip reason) of every attempt, in order."""
        return [(kind, status, outcome or skip) for _, _, kind, status, outcome, skip, _ in await self.logs()]

    async def one(self, sql: str, *args: Any) -> Any:
        pool = await get_pool()
        return await pool.fetchval(sql, *args)


async def hooks(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """A small ASGI app that takes webhooks as the web process does: verify, parse, record."""
    if scope["type"] != "http":
        return
    raw = b""
    while True:
        message = await receive()
        raw += message.get("body", b"")
        if not message.get("more_body"):
            break
    channel_id = UUID(scope["path"].rsplit("/", 1)[1])
    pool = await get_pool()
    row = await pool.fetchrow("SELECT * FROM channels WHERE id = $1", channel_id)
    provider, connection = get_provider(row["provider"]), connect(row["id"], row["provider"], row["credentials"], row["settings"])
    headers = {k.decode(): v.decode() for k, v in scope["headers"]}
    body = b""
    if scope["method"] == "GET":
        query = dict(part.split("=", 1) for part in scope["query_string"].decode().split("&"))
        body = (provider.handshake(connection, query) or "").encode()
    else:
        provider.verify(connection, headers, raw)
        await outcome.record(channel_id, provider.parse(connection, raw))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[None]:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    web = Server(hooks, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False)
    task = asyncio.create_task(web.serve())
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            break
        except OSError:
            await asyncio.sleep(0.01)
    try:
        yield
    finally:
        web.stop()  # type: ignore[no-untyped-call]
        await asyncio.gather(task, return_exceptions=True)


async def close_everything() -> None:
    for close in (doorbell.close_doorbell, live.close_live, close_redis, close_clients, close_pool, dispose_engine):
        await close()
    get_settings.cache_clear()


@pytest_asyncio.fixture
async def bench(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    for name, value in {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "test-secret",
        "ALLOW_PRIVATE_NETWORK": "1",
        "PROVIDER_TIMEOUT_SECONDS": "1.0",
        "UNKNOWN_GRACE_SECONDS": "0.9",
        "CALL_DEADLINE_SECONDS": "1.5",
        "RETRY_BASE_SECONDS": "0.1",
    }.items():
        monkeypatch.setenv(f"AUTOFLOWS_{name}", value)
    await close_everything()  # what another test opened under other settings
    http_port, smtp_port, hook_port = free_port(), free_port(), free_port()
    world = sandbox.World(speed=200.0, seed=7)
    try:
        async with serving(hook_port), server.running(world, http_port, smtp_port):
            drainer = Drainer(get_settings())
            try:
                yield await _account(world, drainer, http_port, smtp_port, hook_port)
            finally:
                await drainer.close(2)
    finally:  # after the servers: a late webhook would open the pool again
        await close_everything()


async def _account(world: sandbox.World, drainer: Drainer, http_port: int, smtp_port: int, hook_port: int) -> Bench:
    base = f"http://127.0.0.1:{http_port}"
    async with open_session() as session:
        owner = User(email="owner@example.com", name="Asha Agro", password_hash="-", role="owner", settings={"legal_hours": "off"})
        session.add(owner)
        await session.flush()

        def channel(provider: str, credentials: dict[str, Any], settings: dict[str, Any]) -> Channel:
            row = Channel(
                user_id=owner.id, provider=provider, name=provider, credentials=seal(credentials), settings=settings, status="active",
                webhook_secret=new_id().hex,
            )  # fmt: skip
            session.add(row)
            return row

        bolna = channel("bolna", {"api_key": sandbox.BOLNA_KEY}, {"base_url": f"{base}/bolna"})
        whatsapp = channel(
            "whatsapp_cloud",
            {
                "access_token": sandbox.WHATSAPP_TOKEN,
                "app_secret": sandbox.APP_SECRET,
                "verify_token": sandbox.VERIFY_TOKEN,
                "waba_id": sandbox.WABA_ID,
            },
            {"base_url": f"{base}/graph"},
        )
        smtp = channel("smtp", {}, {"host": "127.0.0.1", "port": smtp_port, "security": "none", "from_email": "sales@example.com"})
        await session.flush()
        agent = VoiceAgent(user_id=owner.id, channel_id=bolna.id, name="Welcome", provider_agent_id=sandbox.AGENT_IDS[0])
        number = PhoneNumber(user_id=owner.id, channel_id=bolna.id, phone_number=sandbox.NUMBERS[0])
        sender = WhatsAppNumber(user_id=owner.id, channel_id=whatsapp.id, provider_number_id=sandbox.PHONE_NUMBER_ID)
        template = WhatsAppTemplate(
            user_id=owner.id, channel_id=whatsapp.id, name="lead_welcome", language="en", body="Hello {{1}} of {{2}}", variables=["1", "2"]
        )
        email = EmailTemplate(
            user_id=owner.id,
            channel_id=smtp.id,
            name="Thanks",
            subject="Thanks, {{ contact.name }}",
            html="<p>Dear {{ contact.name }}</p>",
            text="",
        )
        session.add_all([agent, number, sender, template, email])
        await session.flush()
        made = Bench(owner.id, world, drainer, agent.id, number.id, sender.id, template.id, email.id)
        hook = f"http://127.0.0.1:{hook_port}/"
        for known in world.agents.values():
            known["agent_config"]["webhook_url"] = hook + str(bolna.id)
        world.callback_url = hook + str(whatsapp.id)
    return made


def received(bench: Bench, kind: str) -> Any:
    """What the sandbox got of a kind, as its report tells it."""
    return json.loads(json.dumps(bench.world.received[kind].report(), default=str))
