"""The WhatsApp Cloud adapter: against the sandbox's server, and its reading of webhooks from JSON."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from autoflows.domain.outcomes import Accepted, ErrorClass, EventKind, MessageState, ProviderEvent, Refused, Unanswered
from autoflows.providers import get_provider
from autoflows.providers.base import Connection, ProviderUnavailable, TemplateMessage, WebhookRejected
from autoflows.providers.whatsapp_codes import CODES, class_of
from autoflows.providers.whatsapp_events import events_of
from autoflows.providers.whatsapp_templates import template_components, variables_of
from autoflows.sandbox import whatsapp as vendor
from autoflows.sandbox import whatsapp_templates as vendor_templates
from autoflows.sandbox.world import APP_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN, WABA_ID, WHATSAPP_TOKEN
from tests.sandbox.fixtures import RawServer, Receiver, Sandbox, connection, until

WHATSAPP = get_provider("whatsapp_cloud")
KEYS = {"access_token": WHATSAPP_TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}


def message(to: str = "+919876500001", **changes: Any) -> TemplateMessage:
    base = {"attempt_id": uuid4(), "sender_id": PHONE_NUMBER_ID, "to": to, "template": "lead_welcome", "language": "en"}
    return TemplateMessage(**{**base, "variables": {"1": "Asha", "2": "Solar Pump"}, **changes})


def refused(result: object) -> Refused:
    assert isinstance(result, Refused), result
    return result


def parsed(receiver: Receiver, channel: Connection) -> list[ProviderEvent]:
    for raw, headers in receiver.raws:
        WHATSAPP.verify(channel, headers, raw)
    return [event for raw, _ in receiver.raws for event in WHATSAPP.parse(channel, raw)]


async def test_positional_and_named_templates_are_filled(sandbox: Sandbox, whatsapp: Connection) -> None:
    first, second = message(), message(template="catalogue", variables={"product": "Pump", "first_name": "Asha"}, named_parameters=True)
    for sent in (first, second):
        result = await WHATSAPP.send(whatsapp, sent)
        assert isinstance(result, Accepted), result
        assert result.provider_ref.startswith("wamid.")
        assert result.data["message_status"] == "accepted"
    rows = list(sandbox.world.received["messages"].latest)
    assert rows[0]["text"] == "Hello Asha, thank you for your enquiry about Solar Pump. Our team will call you shortly."
    assert rows[1]["text"] == "Hello Asha, here is our catalogue for Pump."
    assert dict(sandbox.world.received["messages"].by_attempt) == {str(first.attempt_id): 1, str(second.attempt_id): 1}


async def test_statuses_come_signed_with_our_attempt_id(sandbox: Sandbox, receiver: Receiver, whatsapp: Connection) -> None:
    sandbox.world.rates.delivered = sandbox.world.rates.read = sandbox.world.rates.replied = 1
    sent = message()
    result = await WHATSAPP.send(whatsapp, sent)
    assert isinstance(result, Accepted)
    await until(lambda: len(receiver.bodies) == 4)
    events = parsed(receiver, whatsapp)
    states = {event.message_state: event for event in events}
    assert set(states) == {MessageState.SENT, MessageState.DELIVERED, MessageState.READ, MessageState.REPLIED}
    for state in (MessageState.SENT, MessageState.DELIVERED, MessageState.READ):
        event = states[state]
        assert (event.kind, event.attempt_id, event.provider_ref) == (EventKind.MESSAGE, sent.attempt_id, result.provider_ref)
        assert event.address == sent.to
    reply = states[MessageState.REPLIED]
    assert (reply.kind, reply.provider_ref, reply.address) == (EventKind.REPLY, result.provider_ref, sent.to)
    assert reply.text
    assert len({event.event_id for event in events}) == 4


@pytest.mark.parametrize(("ending", "code", "error_class"), [("91", "131026", ErrorClass.LEAD), ("92", "131049", ErrorClass.PERMANENT)])
async def test_failures_come_later(receiver: Receiver, whatsapp: Connection, ending: str, code: str, error_class: ErrorClass) -> None:
    sent = message(f"+9198765000{ending}")
    assert isinstance(await WHATSAPP.send(whatsapp, sent), Accepted)
    await until(lambda: receiver.bodies)
    [event] = parsed(receiver, whatsapp)
    assert (event.message_state, event.terminal, event.attempt_id) == (MessageState.FAILED, True, sent.attempt_id)
    assert (event.error_class, event.error_code) == (error_class, code)
    assert event.error_message


async def test_refusals_by_code(sandbox: Sandbox, whatsapp: Connection, http: httpx.AsyncClient) -> None:
    unknown = refused(await WHATSAPP.send(whatsapp, message(template="nothing")))
    assert (unknown.code, unknown.error_class, unknown.template_only) == ("132001", ErrorClass.ACCOUNT, True)
    assert refused(await WHATSAPP.send(whatsapp, message(language="hi"))).code == "132001"
    count = refused(await WHATSAPP.send(whatsapp, message(variables={"1": "Asha"})))
    assert (count.code, count.error_class, count.template_only) == ("132000", ErrorClass.PERMANENT, False)
    named = message(template="catalogue", variables={"first_name": "A", "other": "B"}, named_parameters=True)
    assert refused(await WHATSAPP.send(whatsapp, named)).code == "132012"
    assert refused(await WHATSAPP.send(whatsapp, message("+12"))).code == "131009"
    assert refused(await WHATSAPP.send(whatsapp, message("no digits"))).code == "131009"
    assert refused(await WHATSAPP.send(whatsapp, message(sender_id="1"))).code == "100"
    assert refused(await WHATSAPP.send(whatsapp, message(sender_id="../me"))).code == "100"
    expired = connection("whatsapp_cloud", http, {**KEYS, "access_token": "old"}, {"base_url": f"{sandbox.url}/graph"})
    token = refused(await WHATSAPP.send(expired, message()))
    assert (token.code, token.error_class) == ("190", ErrorClass.ACCOUNT)
    sandbox.world.faults.rate_limited = 1
    assert refused(await WHATSAPP.send(whatsapp, message())).error_class is ErrorClass.TRANSIENT
    assert sandbox.world.received["messages"].total == 0


@pytest.mark.parametrize("fault", ["reset", "error_500_after_acting"])
async def test_a_spoiled_answer_is_never_taken_for_a_refusal(sandbox: Sandbox, whatsapp: Connection, fault: str) -> None:
    setattr(sandbox.world.faults, fault, 1)
    sent = message()
    assert isinstance(await WHATSAPP.send(whatsapp, sent), Unanswered)
    assert sandbox.world.received["messages"].by_attempt[str(sent.attempt_id)] == 1


async def test_line_breaks_in_a_variable_do_not_spoil_the_message(sandbox: Sandbox, whatsapp: Connection) -> None:
    assert isinstance(await WHATSAPP.send(whatsapp, message(variables={"1": "Asha\n\tPatel", "2": "a      b"})), Accepted)
    assert "Hello Asha Patel, thank you for your enquiry about a b." in sandbox.world.received["messages"].latest[0]["text"]


async def test_sync_reads_all_pages_and_check_names_the_numbers(
    whatsapp: Connection, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    many = [{**vendor_templates.TEMPLATES[0], "name": f"template_{i}", "id": str(i)} for i in range(250)]
    monkeypatch.setattr(vendor, "TEMPLATES", many)
    catalogue = await WHATSAPP.sync(whatsapp)
    assert [item["name"] for item in catalogue.whatsapp_templates] == [item["name"] for item in many]
    assert catalogue.whatsapp_templates[0]["variables"] == ["1", "2"]
    assert catalogue.whatsapp_numbers == [
        {"provider_number_id": PHONE_NUMBER_ID, "display_number": "+91 80357 00010", "verified_name": "Sandbox Agro"}
    ]
    assert (await WHATSAPP.check(whatsapp)).ok
    in_settings = connection("whatsapp_cloud", http, KEYS, {"base_url": f"{sandbox.url}/graph", "waba_id": WABA_ID})
    assert (await WHATSAPP.check(in_settings)).ok
    missing = await WHATSAPP.check(connection("whatsapp_cloud", http, KEYS, {"base_url": f"{sandbox.url}/graph"}))
    assert not missing.ok
    assert "waba_id" in missing.detail
    wrong = connection("whatsapp_cloud", http, {**KEYS, "access_token": "old", "waba_id": WABA_ID}, {"base_url": f"{sandbox.url}/graph"})
    with pytest.raises(ProviderUnavailable, match="access token"):
        await WHATSAPP.sync(wrong)


async def test_a_paging_that_never_ends_is_left(http: httpx.AsyncClient) -> None:
    page = json.dumps({"data": [{"id": "1"}], "paging": {"cursors": {"after": "same"}, "next": "x"}}).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))

    async with RawServer(talk) as port:
        channel = connection("whatsapp_cloud", http, {**KEYS, "waba_id": "1"}, {"base_url": f"http://127.0.0.1:{port}"})
        assert len((await WHATSAPP.check(channel)).data["phone_numbers"]) == 100
        await http.aclose()


def test_every_code_of_the_table() -> None:
    """Meta's error codes page, by class."""
    account = [0, 3, 10, 190, 200, 299, 368, 131005, 131030, 131031, 131037, 131042, 131044, 131045, 131048, 131063, 131064, 133010, 133000]
    account += [133016, 132001, 132015, 132016]
    transient = [1, 2, 4, 80007, 130429, 131056, 131057, 131000, 131016, 135000, 132069, 133004]
    lead = [130472, 130497, 131026, 131050]
    permanent = [33, 100, 131008, 131009, 131021, 131047, 131049, 131051, 131052, 131053, 131062, 132000, 132005, 132007, 132008, 132012]
    permanent += [132068, 137000]
    for error_class, codes in (
        (ErrorClass.ACCOUNT, account),
        (ErrorClass.TRANSIENT, transient),
        (ErrorClass.LEAD, lead),
        (ErrorClass.PERMANENT, permanent),
    ):
        assert {code: class_of(code, 400) for code in codes} == dict.fromkeys(codes, error_class)
    assert set(CODES) <= {*account, *transient, *lead, *permanent}


BY_STATUS = {
    400: ErrorClass.PERMANENT,
    401: ErrorClass.ACCOUNT,
    403: ErrorClass.ACCOUNT,
    429: ErrorClass.TRANSIENT,
    500: ErrorClass.TRANSIENT,
}


@pytest.mark.parametrize(("status", "error_class"), BY_STATUS.items())
def test_an_unknown_code_goes_by_the_http_status(status: int, error_class: ErrorClass) -> None:
    assert class_of(999_999, status) is error_class
    assert class_of(None, status) is error_class


SIGNED = [
    # computed with `openssl dgst -sha256 -hmac SECRET`
    (
        "sandbox-app-secret",
        b'{"object":"whatsapp_business_account","entry":[]}',
        "913cea235cb673f466a0582c763b0bb96410f81ab66a376a326c45d9e9f4f041",
    ),
    (
        "s3cr$t",
        '{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"note":"ग्राहक"}}]}]}'.encode(),
        "0da6aa262f76833bb4d7d1c47118333245f1d7523f8eb4d98ed024b96830313d",
    ),
]


@pytest.mark.parametrize(("secret", "raw", "digest"), SIGNED)
def test_signatures(secret: str, raw: bytes, digest: str, http: httpx.AsyncClient) -> None:
    channel = connection("whatsapp_cloud", http, {**KEYS, "app_secret": secret}, {})
    WHATSAPP.verify(channel, {"X-Hub-Signature-256": f"sha256={digest}"}, raw)
    WHATSAPP.verify(channel, {"x-hub-signature-256": f"sha256={digest}"}, raw)
    wrong = [{}, {"X-Hub-Signature-256": digest}, {"X-Hub-Signature-256": "sha256="}, {"X-Hub-Signature-256": f"sha256={digest[:-1]}0"}]
    wrong += [{"X-Hub-Signature-256": "sha256=ü"}, {"X-Hub-Signature": f"sha256={digest}"}]
    for headers in wrong:
        with pytest.raises(WebhookRejected):
            WHATSAPP.verify(channel, headers, raw)
    with pytest.raises(WebhookRejected):
        WHATSAPP.verify(channel, {"X-Hub-Signature-256": f"sha256={digest}"}, raw + b" ")


def test_handshake(http: httpx.AsyncClient) -> None:
    channel = connection("whatsapp_cloud", http, KEYS, {})
    right = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    assert WHATSAPP.handshake(channel, right) == "1158201444"
    for wrong in ({}, {**right, "hub.verify_token": "other"}, {**right, "hub.mode": "unsubscribe"}, {**right, "hub.verify_token": "é"}):
        assert WHATSAPP.handshake(channel, wrong) is None


def webhook(field: str, value: dict[str, Any]) -> dict[str, Any]:
    entry = {"id": "1", "time": 1764000000, "changes": [{"field": field, "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


@pytest.mark.parametrize(
    ("inbound", "text", "payload"),
    [
        ({"type": "text", "text": {"body": "STOP"}}, "STOP", None),
        ({"type": "button", "button": {"text": "Stop", "payload": "STOP_PROMO"}}, "Stop", "STOP_PROMO"),
        ({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Yes"}}}, "Yes", "b1"),
        ({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Pump"}}}, "Pump", "r1"),
        ({"type": "image", "image": {"caption": "my farm", "id": "1"}}, "my farm", None),
        ({"type": "reaction", "reaction": {"emoji": "👍", "message_id": "w"}}, "👍", None),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, None, None),
        ({"type": "something_new"}, None, None),
        ({}, None, None),
    ],
)
def test_inbound_messages(inbound: dict[str, Any], text: str | None, payload: str | None) -> None:
    sent = {"from": "919876500001", "id": "wamid.IN1", "timestamp": "1764000100", "context": {"id": "wamid.OUT"}, **inbound}
    contacts = [{"profile": {"name": "Asha"}, "wa_id": "919876500001"}]
    [event] = events_of(webhook("messages", {"messages": [sent], "contacts": contacts, "metadata": {"phone_number_id": "106"}}))
    assert (event.kind, event.message_state) == (EventKind.REPLY, MessageState.REPLIED)
    assert (event.text, event.data.get("payload")) == (text, payload)
    assert (event.address, event.provider_ref, event.event_id) == ("+919876500001", "wamid.OUT", "message:wamid.IN1")
    assert event.occurred_at == datetime(2025, 11, 24, 16, 1, 40, tzinfo=UTC)
    assert (event.data["profile_name"], event.data["sender_id"]) == ("Asha", "106")


def test_a_batch_is_read_whole_and_in_order() -> None:
    statuses = [{"id": f"w{i}", "status": status} for i, status in enumerate(("sent", "delivered", "read", "played", "deleted"))]
    batch = webhook("messages", {"statuses": statuses})
    batch["entry"] *= 2
    events = events_of(batch)
    states = [MessageState.SENT, MessageState.DELIVERED, MessageState.READ, MessageState.READ, None]
    assert [event.message_state for event in events] == states * 2
    assert events[4].kind is EventKind.OTHER
    assert len({event.event_id for event in events}) == 5


@pytest.mark.parametrize(("code", "suppress"), [(131050, True), (131026, None), (131049, None), (None, None)])
def test_only_the_persons_own_stop_closes_the_address(code: int | None, suppress: bool | None) -> None:
    status = {"id": "w", "status": "failed", "recipient_id": "919876500001", "errors": [{"code": code}]}
    [event] = events_of(webhook("messages", {"statuses": [status]}))
    assert (event.address, event.suppress) == ("+919876500001", suppress)


def test_preferences_templates_and_other_fields() -> None:
    preference = {"wa_id": "919876500001", "detail": "stopped", "category": "marketing_messages", "value": "stop", "timestamp": 1764000000}
    [stop] = events_of(webhook("user_preferences", {"user_preferences": [preference]}))
    assert (stop.kind, stop.address, stop.data["value"], stop.data["type"]) == (EventKind.OTHER, "+919876500001", "stop", "user_preference")
    assert stop.suppress is True
    told = [{**preference, "value": value} for value in ("RESUME", "other", None)]
    assert [e.suppress for e in events_of(webhook("user_preferences", {"user_preferences": told}))] == [False, None, None]
    update = {"event": "PAUSED", "message_template_id": 9001, "message_template_name": "lead_welcome", "message_template_language": "en"}
    [paused] = events_of(webhook("message_template_status_update", update))
    assert paused.kind is EventKind.TEMPLATE
    assert paused.data == {"provider_template_id": "9001", "name": "lead_welcome", "language": "en", "status": "PAUSED"}
    later = webhook("message_template_status_update", update)
    later["entry"][0]["time"] = 1764999999
    assert events_of(later)[0].event_id != paused.event_id
    [other] = events_of(webhook("account_update", {"event": "ACCOUNT_VIOLATION"}))
    assert (other.kind, other.data) == (EventKind.OTHER, {"type": "account_update"})
    [error] = events_of(webhook("messages", {"errors": [{"code": 130429, "title": "Rate limit hit"}]}))
    assert (error.kind, error.error_code) == (EventKind.OTHER, "130429")


def test_statuses_without_numbers_or_contacts_are_read() -> None:
    attempt = uuid4()
    [event] = events_of(webhook("messages", {"statuses": [{"id": "w", "status": "delivered", "biz_opaque_callback_data": str(attempt)}]}))
    assert (event.attempt_id, event.address, event.occurred_at) == (attempt, None, None)
    [foreign] = events_of(webhook("messages", {"statuses": [{"status": "failed", "biz_opaque_callback_data": "theirs", "errors": "?"}]}))
    assert (foreign.attempt_id, foreign.error_code, foreign.error_class) == (None, "failed", ErrorClass.PERMANENT)


def test_variables_by_place() -> None:
    components: list[dict[str, Any]] = [
        {"type": "HEADER", "format": "TEXT", "text": "Hi {{1}}"},
        {"type": "BODY", "text": "{{2}} and {{1}}, {{10}} {{2}}"},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://example.com/{{1}}"}, {"type": "QUICK_REPLY", "text": "Stop"}]},
    ]
    names = variables_of(components)
    assert names == ["header:1", "2", "1", "10", "button:0"]
    sent = TemplateMessage(UUID(int=1), "1", "1", "t", "en", {name: f"<{name}>" for name in names})
    built = template_components(sent)
    assert [part["type"] for part in built] == ["header", "body", "button"]
    assert [parameter["text"] for parameter in built[1]["parameters"]] == ["<1>", "<2>", "<10>"]
    assert built[2] == {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "<button:0>"}]}
    image = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/a.jpg"}}]}
    with_image = TemplateMessage(UUID(int=1), "1", "1", "t", "en", {"1": "x", "header:1": "y"}, components=[image])
    assert [part["type"] for part in template_components(with_image)] == ["header", "body"]
    assert template_components(TemplateMessage(UUID(int=1), "1", "1", "t", "en")) == []
