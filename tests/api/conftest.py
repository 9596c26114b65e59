"""The real application over a database and broker of the test's own, and people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from autoflows.api.app import create_api
from autoflows.domain.permissions import Role
from autoflows.engine.broker import close_redis
from autoflows.engine.doorbell import close_doorbell
from autoflows.engine.pool import close_pool
from autoflows.models import Channel, EmailTemplate, PhoneNumber, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.models.database import dispose_engine, open_session
from autoflows.services import auth
from autoflows.services.after_commit import settle
from autoflows.services.tokens import create_token
from autoflows.services.users import create_user
from autoflows.settings import get_settings
from tests.sandbox.fixtures import _sandbox_server, sandbox

__all__ = ["_sandbox_server", "sandbox"]

PASSWORD = "a long enough password"
OWNER = "owner@example.com"


@pytest.fixture
async def environment(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Settings that name the test's servers, and nothing remembered from the test before."""
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("AUTOFLOWS_REDIS_URL", redis_url)
    monkeypatch.setenv("AUTOFLOWS_SECRET_KEY", "only for tests")
    get_settings.cache_clear()
    auth.actors_of_tokens.clear()
    for buckets in (auth.tries_per_person, auth.tries_per_address):
        buckets.clear()
    yield
    await settle()
    await close_doorbell()
    await close_redis()
    await close_pool()
    await dispose_engine()
    get_settings.cache_clear()


@pytest.fixture
def app(environment: None) -> FastAPI:
    """The REST API as the web process mounts it."""
    return create_api()


def client_of(app: FastAPI, token: str | None = None, address: str = "203.0.113.1") -> httpx.AsyncClient:
    """A client of `app` that sends `token`, if there is one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app, client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


@dataclass
class People:
    """The accounts and members of a test, each with a token for everything the role may do."""

    app: FastAPI
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def add(
        self, email: str, role: Role = Role.OWNER, owner: str | None = None, scopes: tuple[str, ...] = ("*",)
    ) -> httpx.AsyncClient:
        """Make a user and give a client that acts for them by token."""
        async with open_session() as session:
            await create_user(session, email=email, password=PASSWORD, role=role, owner_email=owner, name=email.split("@")[0].title())
        return await self.token(email, scopes)

    async def token(self, email: str, scopes: tuple[str, ...]) -> httpx.AsyncClient:
        """A client with a new token of a user's."""
        async with open_session() as session:
            secret = await create_token(session, email=email, name="Test", scopes=scopes)
        self.clients.append(client_of(self.app, secret))
        return self.clients[-1]


@pytest.fixture
async def people(app: FastAPI) -> AsyncIterator[People]:
    """To make users with."""
    made = People(app)
    yield made
    for client in made.clients:
        await client.aclose()


@pytest.fixture
async def owner(people: People) -> httpx.AsyncClient:
    """A client that acts for the owner of an account."""
    return await people.add(OWNER)


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of nobody; it keeps cookies as a browser does."""
    async with client_of(app) as client:
        yield client


@dataclass
class Catalogue:
    """What an account's channels offer."""

    agent: UUID
    phone_number: UUID
    whatsapp_number: UUID
    template: UUID
    email_template: UUID
    channel_ids: dict[str, UUID]


@pytest.fixture
async def catalogue(owner: httpx.AsyncClient) -> Catalogue:
    """Three working channels of the owner, with one of each thing."""
    account = UUID((await owner.get("/api/me")).json()["account_id"])
    async with open_session() as session:
        channels = {}
        for provider in ("bolna", "whatsapp_cloud", "smtp"):
            channel = Channel(
                user_id=account,
                provider=provider,
                name=provider,
                credentials="sealed",
                status="active",
                webhook_secret=f"secret-{provider}",
            )
            session.add(channel)
            channels[provider] = channel.id
        await session.flush()
        voice, whatsapp, smtp = channels["bolna"], channels["whatsapp_cloud"], channels["smtp"]
        agent = VoiceAgent(user_id=account, channel_id=voice, name="Priya", provider_agent_id="agent-1")
        number = PhoneNumber(user_id=account, channel_id=voice, phone_number="+912212345678")
        sender = WhatsAppNumber(user_id=account, channel_id=whatsapp, provider_number_id="1", display_number="+91 22 1234 5678")
        template = WhatsAppTemplate(user_id=account, channel_id=whatsapp, name="hello", body="Hello {{1}} of {{2}}", variables=["1", "2"])
        letter = EmailTemplate(user_id=account, channel_id=smtp, name="Welcome", subject="Hello", text="Hello {{ contact.name }}")
        session.add_all([agent, number, sender, template, letter])
        return Catalogue(agent.id, number.id, sender.id, template.id, letter.id, channels)


FlowBody = Callable[..., dict[str, Any]]


@pytest.fixture
def flow_body(catalogue: Catalogue) -> FlowBody:
    """The body of a flow that works: call, wait, WhatsApp, e-mail."""

    def body(**changes: Any) -> dict[str, Any]:
        missed = {"condition_type": "call_outcome", "condition_value": "not_answered"}
        call = {"agent_id": str(catalogue.agent), "phone_number_id": str(catalogue.phone_number)}
        message = {
            "whatsapp_phone_number_id": str(catalogue.whatsapp_number),
            "template_id": str(catalogue.template),
            "variable_mappings": {"1": "name", "2": "company"},
        }
        return {
            "name": "First call",
            "is_enabled": True,
            "conditions": [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"}],
            "actions": [
                {"action_order": 1, "action_type": "ai_call", "action_config": call},
                {"action_order": 2, "action_type": "wait", "action_config": {"duration_minutes": 10}, **missed},
                {"action_order": 3, "action_type": "whatsapp_message", "action_config": message, **missed},
                {
                    "action_order": 4,
                    "action_type": "email",
                    "action_config": {"email_template_id": str(catalogue.email_template)},
                    "condition_type": "always",
                },
            ],
            **changes,
        }

    return body
