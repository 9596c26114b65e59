"""The demo account: an owner, a viewer, three channels on the sandbox world, and flows that contact the leads it sends.

Made once and brought up to date at every start: the sandbox's ports may change, what people changed in the account stays.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.permissions import Permission, Role
from autoflows.models import ApiToken, Channel, Flow, User
from autoflows.models.database import open_session
from autoflows.services import auth, catalogue, channels, flows, settings, sync, tokens, users
from autoflows.services.access import Actor, AsyncSession, open_to, scoped
from autoflows.services.views.catalogue import NewEmailTemplate
from autoflows.services.views.channels import ChannelChange, ChannelView, NewChannel
from autoflows.services.views.flows import FlowCreate

log = logging.getLogger(__name__)

OWNER = "demo@autoflows.example"
OWNER_PASSWORD = "demo-autoflows"  # noqa: S105 - shown on the start page of a demo; it opens nothing but made-up people
VIEWER = "viewer@autoflows.example"
VIEWER_PASSWORD = "view-autoflows"  # noqa: S105 - as above
TOKEN_NAME = "Demo leads"  # noqa: S105 - the name of a token, not its value

VOICE, WHATSAPP, MAIL = "Bolna (sandbox)", "WhatsApp (sandbox)", "E-mail (sandbox)"
SUBSCRIBE_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """How to sign in to the demo account, and a token that may send leads into it."""

    email: str
    password: str
    api_token: str


@open_to("the command line")
async def ensure_demo(sandbox_url: str, smtp_port: int, *, patience_seconds: float = 60.0) -> DemoAccount:
    """Make the demo account on the sandbox at `sandbox_url` and its mail server on 127.0.0.1, or bring it up to date.

    WhatsApp's webhooks need our web process to answer: that is tried for `patience_seconds`, and a failure is logged, not raised.
    Raises Unavailable if the sandbox does not answer.
    """
    async with open_session() as session:
        actor = await _people(session)
    async with open_session() as session:
        connected = [await _channel(actor, session, wanted) for wanted in _channels(sandbox_url.rstrip("/"), smtp_port)]
    for channel in connected:
        async with open_session() as session:
            await channels.check_channel(actor, session, channel.id)
            await sync.sync_channel(actor, session, channel.id)
    async with open_session() as session:
        await _content(actor, session, {channel.name: channel.id for channel in connected})
        token = await _token(session)
    await _subscribe(sandbox_url.rstrip("/"), next(c for c in connected if c.name == WHATSAPP), patience_seconds)
    return DemoAccount(OWNER, OWNER_PASSWORD, token)


async def _people(session: AsyncSession) -> Actor:
    owner = await users.find_user(session, OWNER)
    if owner is None:
        owner = await users.create_user(session, email=OWNER, password=OWNER_PASSWORD, role=Role.OWNER, name="Demo owner")
        actor = auth.actor_of(owner, "session")
        # Leads arrive at any hour of a demo, and none of them is a person.
        await settings.update_settings(actor, session, {"legal_hours": "off", "default_business_hours": None})
    if await users.find_user(session, VIEWER) is None:
        await users.create_user(session, email=VIEWER, password=VIEWER_PASSWORD, role=Role.VIEWER, owner_email=OWNER, name="Demo viewer")
    return auth.actor_of(owner, "session")


def _channels(sandbox_url: str, smtp_port: int) -> list[NewChannel]:
    whatsapp = {
        "access_token": "sandbox-token",
        "app_secret": "sandbox-app-secret",
        "verify_token": "sandbox-verify",
        "waba_id": "100200300",
    }
    mail = {"host": "127.0.0.1", "port": smtp_port, "security": "none", "from_email": "hello@autoflows.example"}
    return [
        NewChannel(
            provider="bolna",
            name=VOICE,
            credentials={"api_key": "bn-sandbox"},
            settings={"base_url": f"{sandbox_url}/bolna", "max_concurrent": 20},
        ),
        NewChannel(provider="whatsapp_cloud", name=WHATSAPP, credentials=whatsapp, settings={"base_url": f"{sandbox_url}/graph"}),
        NewChannel(provider="smtp", name=MAIL, credentials={}, settings=mail),
    ]


async def _channel(actor: Actor, session: AsyncSession, wanted: NewChannel) -> ChannelView:
    known = (await session.exec(scoped(actor, Channel).where(col(Channel.name) == wanted.name))).first()
    if known is None:
        return await channels.create_channel(actor, session, wanted)
    change = ChannelChange(credentials=wanted.credentials, settings=wanted.settings)
    return await channels.update_channel(actor, session, known.id, change)


async def _content(actor: Actor, session: AsyncSession, channel_ids: dict[str, UUID]) -> None:
    """Templates and flows, if the account never had a flow."""
    if (await session.exec(scoped(actor, Flow).limit(1))).first() is not None:
        return
    welcome, missed = [
        await catalogue.create_item(actor, session, "email-templates", NewEmailTemplate(channel_id=channel_ids[MAIL], **mail))
        for mail in (_WELCOME_MAIL, _MISSED_MAIL)
    ]
    offered = await catalogue.items_for_actions(actor, session)
    whatsapp: dict[str, Any] = {item.name: item for item in offered["whatsapp-templates"]}  # type: ignore[attr-defined]
    ids = {
        "agent": str(offered["agents"][-1].id),
        "caller": str(offered["phone-numbers"][0].id),
        "sender": str(offered["whatsapp-numbers"][0].id),
        "welcome": str(whatsapp["lead_welcome"].id),
        "missed": str(whatsapp["missed_call"].id),
        "welcome_mail": str(welcome.id),
        "missed_mail": str(missed.id),
    }
    for flow in _flows(ids):
        await flows.create_flow(actor, session, FlowCreate.model_validate(flow))


async def _token(session: AsyncSession) -> str:
    owner = (await session.exec(select(User).where(col(User.email) == OWNER))).one()
    await session.exec(sa.delete(ApiToken).where(col(ApiToken.user_id) == owner.id, col(ApiToken.name) == TOKEN_NAME))
    return await tokens.create_token(session, email=OWNER, name=TOKEN_NAME, scopes=[Permission.CONTACTS_WRITE])


async def _subscribe(sandbox_url: str, channel: ChannelView, patience_seconds: float) -> None:
    """Enter WhatsApp's callback at the sandbox, which verifies it at once, as Meta's dashboard does."""
    deadline = time.monotonic() + patience_seconds
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        while True:
            try:
                answer = await http.post(f"{sandbox_url}/control/whatsapp/subscribe", json={"callback_url": channel.webhook_url})
                if answer.is_success:
                    return
                problem = answer.text[:300]
            except httpx.HTTPError as error:
                problem = repr(error)
            if time.monotonic() > deadline:
                log.warning("WhatsApp's webhooks are not set up at the sandbox: %s", problem)
                return
            await asyncio.sleep(SUBSCRIBE_EVERY)


_WELCOME_MAIL = {
    "name": "Thank you for your enquiry",
    "subject": "{{ contact.custom_fields.product | default: 'Your enquiry' }}: thank you, {{ contact.name | default: 'and welcome' }}",
    "html": (
        "<p>Dear {{ contact.name | default: 'customer' }},</p>"
        "<p>Thank you for asking about <b>{{ contact.custom_fields.product | default: 'our products' }}</b>"
        "{% if contact.company != '' %} for {{ contact.company }}{% endif %}.</p>"
        "{% if call.outcome == 'answered' %}<p>It was good to speak with you. We will send our offer today.</p>"
        "{% else %}<p>We will call you shortly. You may also answer this e-mail.</p>{% endif %}"
        "<p>{{ account.name }}</p>"
    ),
    "text": "",
}
_MISSED_MAIL = {
    "name": "We could not reach you",
    "subject": "We tried to call you, {{ contact.name | default: 'hello' }}",
    "html": "",
    "text": (
        "Dear {{ contact.name | default: 'customer' }},\n\n"
        "we tried to call you about {{ contact.custom_fields.product | default: 'your enquiry' }} and could not reach you.\n"
        "Answer this e-mail with a time that suits you, and we call again.\n\n{{ account.name }}\n"
    ),
}


def _flows(ids: dict[str, str]) -> list[dict[str, Any]]:
    """Four flows that show what flows can do, on `ids` of the account's catalogues."""
    missed = {"condition_type": "call_outcome", "condition_value": "not_answered"}
    call = {"agent_id": ids["agent"], "phone_number_id": ids["caller"], "max_retries": 0}

    def whatsapp(template: str, variables: dict[str, str]) -> dict[str, Any]:
        return {"whatsapp_phone_number_id": ids["sender"], "template_id": ids[template], "variable_mappings": variables}

    def step(order: int, kind: str, config: dict[str, Any], **condition: str) -> dict[str, Any]:
        return {"action_order": order, "action_type": kind, "action_config": config, **condition}

    def source(name: str) -> list[dict[str, Any]]:
        return [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": name}]

    greeting = {"1": "{{ contact.name | default: 'there' }}", "2": "{{ contact.custom_fields.product | default: 'our products' }}"}
    name_only = {"1": "{{ contact.name | default: 'there' }}"}
    return [
        {
            "name": "IndiaMART first call",
            "description": "Call within seconds. Who is not reached gets a WhatsApp message; everybody gets an e-mail.",
            "is_enabled": True,
            "conditions": source("IndiaMART"),
            "actions": [
                step(1, "ai_call", call),
                step(2, "wait", {"duration_seconds": 20}, **missed),
                step(3, "whatsapp_message", whatsapp("missed", name_only), **missed),
                step(4, "email", {"email_template_id": ids["welcome_mail"]}, condition_type="always"),
            ],
        },
        {
            "name": "Website: WhatsApp first",
            "description": "Greet on WhatsApp; who does not write back within half a minute is called.",
            "is_enabled": True,
            "conditions": source("Website"),
            "actions": [
                step(1, "whatsapp_message", whatsapp("welcome", greeting)),
                step(2, "wait", {"duration_seconds": 30}),
                step(3, "ai_call", call),
                step(4, "email", {"email_template_id": ids["missed_mail"]}, **missed),
            ],
        },
        {
            "name": "TradeIndia: call, and call again",
            "description": "A second call a minute later if the first is not answered, then a WhatsApp message.",
            "is_enabled": True,
            "conditions": source("TradeIndia"),
            "actions": [
                step(1, "ai_call", {**call, "max_retries": 1, "retry_delay_minutes": 1}),
                step(2, "whatsapp_message", whatsapp("missed", name_only), **missed),
            ],
        },
        {
            "name": "Every other enquiry",
            "description": "Whatever the source: a thank-you by e-mail.",
            "is_enabled": True,
            "conditions": [{"condition_type": "lead_source", "condition_operator": "any"}],
            "actions": [step(1, "email", {"email_template_id": ids["welcome_mail"]})],
        },
    ]
