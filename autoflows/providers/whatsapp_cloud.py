"""WhatsApp Cloud API (Meta Graph): template messages, templates and numbers.

Sources: developers.facebook.com, WhatsApp Business Platform, Cloud API (messages, templates, webhooks). A 200 is not a delivery:
the outcome comes by webhook, which carries our attempt id back in `biz_opaque_callback_data`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel, Field

from autoflows.domain.outcomes import Accepted, ProviderEvent, Refused, SendResult, Unanswered
from autoflows.providers.base import Catalogue, CheckResult, Connection, ProviderUnavailable, TemplateMessage, WebhookRejected
from autoflows.providers.forms import ADVANCED, SECRET, Form, Limits, Token, WebAddress
from autoflows.providers.payload import known, mapping, objects, read_object, text
from autoflows.providers.whatsapp_codes import OPTED_OUT, RETRY_AFTER, TEMPLATE_CODES, class_of, code_of, message_of
from autoflows.providers.whatsapp_events import events_of
from autoflows.providers.whatsapp_templates import template_columns, template_components
from autoflows.providers.wire import clip, exchange, fetch, object_of, redirected, retry_after

SIGNATURE = "x-hub-signature-256"
MAX_PAGES = 100


class WhatsappCredentials(Form):
    """Keys of the Meta app and its system user."""

    access_token: Token = Field(
        title="Access token",
        description="A system user's permanent token with whatsapp_business_messaging and whatsapp_business_management.",
        json_schema_extra=SECRET,
    )
    app_secret: Token = Field(
        title="App secret",
        description="Meta app dashboard > App settings > Basic. Proves that a webhook is Meta's.",
        json_schema_extra=SECRET,
    )
    verify_token: str = Field(
        min_length=1,
        title="Verify token",
        description="Any text of your own. Type the same text at Meta when you enter the webhook address.",
        json_schema_extra=SECRET,
    )
    waba_id: str = Field("", pattern=r"^\d*$", title="WhatsApp business account id", description="Digits only, from WhatsApp Manager.")


class WhatsappSettings(Limits):
    """Which Graph version, where, and which business account."""

    waba_id: str = Field(
        "",
        pattern=r"^\d*$",
        title="WhatsApp business account id",
        description="Digits only; fill in here or among the keys.",
        json_schema_extra=ADVANCED,
    )
    base_url: WebAddress = Field(
        "https://graph.facebook.com", title="API address", description="Change only for a test server.", json_schema_extra=ADVANCED
    )
    graph_version: str = Field(
        "v25.0",
        pattern=r"^v\d+\.\d+$",
        title="Graph version",
        description="Meta keeps a version for two years.",
        json_schema_extra=ADVANCED,
    )


class WhatsappCloud:
    """The WhatsApp Cloud API adapter."""

    name: ClassVar[str] = "whatsapp_cloud"
    title: ClassVar[str] = "WhatsApp Cloud API"
    action_type: ClassVar[str] = "whatsapp_message"
    Credentials: ClassVar[type[BaseModel]] = WhatsappCredentials
    Settings: ClassVar[type[BaseModel]] = WhatsappSettings
    has_webhooks: ClassVar[bool] = True

    async def check(self, connection: Connection) -> CheckResult:
        """List the business account's numbers; `data` has each number's name and quality."""
        try:
            numbers = await _pages(connection, "phone_numbers", "id,display_phone_number,verified_name,quality_rating")
        except ProviderUnavailable as error:
            return CheckResult(False, str(error))
        if not numbers:
            return CheckResult(False, "Signed in, but the business account has no phone number yet.")
        names = ", ".join(text(item.get("display_phone_number")) or "?" for item in numbers[:5])
        return CheckResult(True, f"Signed in; {len(numbers)} number{'s' if len(numbers) > 1 else ''}: {names}.", {"phone_numbers": numbers})

    async def sync(self, connection: Connection) -> Catalogue:
        """Templates in every language, and sender numbers. Raises `ProviderUnavailable`."""
        templates = await _pages(connection, "message_templates", "id,name,status,category,language,components,parameter_format")
        numbers = await _pages(connection, "phone_numbers", "id,display_phone_number,verified_name,quality_rating")
        return Catalogue(
            whatsapp_numbers=[
                {
                    "provider_number_id": number_id,
                    "display_number": (text(item.get("display_phone_number")) or number_id)[:40],
                    "verified_name": (text(item.get("verified_name")) or "")[:255],
                }
                for item in numbers
                if (number_id := text(item.get("id"))) and len(number_id) <= 100
            ],
            whatsapp_templates=[template_columns(item) for item in templates if text(item.get("name"))],
        )

    async def send(self, connection: Connection, message: TemplateMessage) -> SendResult:
        """Send one template (`POST /{number id}/messages`); `provider_ref` is the wamid that statuses will name."""
        template: dict[str, Any] = {"name": message.template, "language": {"code": message.language}}
        if components := template_components(message):
            template["components"] = components
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "".join(re.findall(r"[0-9]", message.to)) or message.to,
            "type": "template",
            "template": template,
            "biz_opaque_callback_data": str(message.attempt_id),
        }
        url = f"{_graph(connection)}/{_id_segment(message.sender_id)}/messages"
        answer = await exchange(connection, "POST", url, headers=_headers(connection), json=body)
        if not isinstance(answer, httpx.Response):
            return answer
        told = object_of(answer)
        if answer.status_code >= 300:
            return _refused(answer, told)
        sent = next(iter(objects(told.get("messages"))), {})
        if wamid := text(sent.get("id")):
            contact = next(iter(objects(told.get("contacts"))), {})
            status = text(sent.get("message_status"))
            return Accepted(wamid, known(message_id=wamid, message_status=status, wa_id=text(contact.get("wa_id"))))
        return Unanswered(f"WhatsApp answered {answer.status_code} without a message id.")

    async def lookup(self, connection: Connection, provider_ref: str) -> ProviderEvent | None:
        """Graph cannot be asked about a message: its state comes by webhook only."""
        return None

    async def find(self, connection: Connection, message: TemplateMessage, since: Any) -> ProviderEvent | None:
        """Graph has no list of sent messages: a status webhook that carries our attempt id must name it."""
        return None

    async def cancel(self, connection: Connection, provider_ref: str) -> bool:
        """A message that was accepted cannot be taken back."""
        return False

    def handshake(self, connection: Connection, query: Mapping[str, str]) -> str | None:
        """The challenge, if Meta sent the channel's verify token (webhooks, verification request)."""
        token = query.get("hub.verify_token", "")
        if query.get("hub.mode") == "subscribe" and _same(token, connection.credentials.verify_token):
            return query.get("hub.challenge")
        return None

    def verify(self, connection: Connection, headers: Mapping[str, str], raw: bytes) -> None:
        """`X-Hub-Signature-256` is the HMAC-SHA256 of the raw body under the app secret; compared in constant time."""
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "")
        wanted = "sha256=" + hmac.new(str(connection.credentials.app_secret).encode(), raw, hashlib.sha256).hexdigest()
        if not _same(given, wanted):
            raise WebhookRejected("X-Hub-Signature-256 is missing or wrong")

    def parse(self, connection: Connection, raw: bytes) -> list[ProviderEvent]:
        """Every status, inbound message and account notice of the batch, one event each."""
        return events_of(read_object(raw))


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def _graph(connection: Connection) -> str:
    return f"{connection.settings.base_url}/{connection.settings.graph_version}"


def _headers(connection: Connection) -> dict[str, str]:
    return {"Authorization": f"Bearer {connection.credentials.access_token}"}


def _id_segment(value: str) -> str:
    """A Graph id as a path segment; anything but letters, digits, `_` and `-` cannot be one and becomes `0`, which Graph refuses."""
    return value if re.fullmatch(r"[0-9A-Za-z_-]+", value) else "0"


def _refused(answer: httpx.Response, body: dict[str, Any]) -> SendResult:
    """Graph's error body is its "no"; a 5xx without one (a gateway's page) leaves open whether the message went out."""
    status, error = answer.status_code, mapping(body.get("error"))
    if status < 400:
        return redirected(answer)
    code = code_of(error)
    if status >= 500 and code is None:
        return Unanswered(f"WhatsApp's server failed ({status}) without saying whether it took the message.")
    wait = retry_after(answer)
    return Refused(
        class_of(code, status),
        str(code) if code is not None else f"http_{status}",
        clip(message_of(error) if error else f"WhatsApp refused the message (HTTP {status})."),
        wait if wait is not None else RETRY_AFTER.get(code or -1),
        template_only=code in TEMPLATE_CODES,
        suppress=code in OPTED_OUT,
    )


async def _pages(connection: Connection, edge: str, fields: str) -> list[dict[str, Any]]:
    """All items of an edge of the business account, page by page (Graph cursors)."""
    waba_id = connection.credentials.waba_id or connection.settings.waba_id
    if not waba_id:
        raise ProviderUnavailable("The WhatsApp business account id is missing: fill in `waba_id` in the channel.")
    found: list[dict[str, Any]] = []
    params = {"fields": fields, "limit": "100"}
    for _ in range(MAX_PAGES):
        answer = await fetch(connection, "GET", f"{_graph(connection)}/{waba_id}/{edge}", headers=_headers(connection), params=params)
        body = object_of(answer)
        if answer.status_code != 200 or "data" not in body:
            error = mapping(body.get("error"))
            raise ProviderUnavailable(clip(message_of(error) if error else f"WhatsApp answered {answer.status_code} instead of a list."))
        found += objects(body.get("data"))
        paging = mapping(body.get("paging"))
        after = text(mapping(paging.get("cursors")).get("after"))
        if not paging.get("next") or not after:
            break
        params = {**params, "after": after}
    return found
