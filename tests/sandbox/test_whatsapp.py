"""The sandbox's WhatsApp, spoken to as Meta's documents describe, without our adapter."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from autoflows.sandbox.scripts import Rates, message_script
from autoflows.sandbox.world import APP_SECRET, PHONE_NUMBER_ID, WABA_ID, WHATSAPP_TOKEN
from tests.sandbox.fixtures import Receiver, Sandbox, until

MESSAGES = f"/v25.0/{PHONE_NUMBER_ID}/messages"


@pytest.fixture
async def vendor(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {WHATSAPP_TOKEN}"}
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/graph", headers=headers, trust_env=False) as client:
        yield client


def text(value: str, **more: str) -> dict[str, str]:
    return {"type": "text", "text": value, **more}


def body(*parameters: dict[str, str], to: str = "919876500001", name: str = "lead_welcome", **changes: Any) -> dict[str, Any]:
    template = {"name": name, "language": {"code": "en"}, "components": [{"type": "body", "parameters": list(parameters)}]}
    base = {"messaging_product": "whatsapp", "to": to, "type": "template", "template": template}
    return {**base, "biz_opaque_callback_data": "att", **changes}


WELCOME = (text("Asha"), text("Pump"))

REFUSED: list[tuple[dict[str, Any], int]] = [
    (body(text("Asha")), 132000),
    (body(*WELCOME, text("more")), 132000),
    (body(*WELCOME, name="unknown"), 132001),
    (body(text("Asha"), text("")), 131008),
    (body(text("Asha"), text("two\nlines")), 132018),
    (body(text("A", parameter_name="first_name"), text("B", parameter_name="thing"), name="catalogue"), 132012),
    (body(*WELCOME, to="12"), 131009),
    (body(*WELCOME, messaging_product="sms"), 100),
    (body(*WELCOME, type="carrier_pigeon"), 131051),
    (body(*WELCOME, biz_opaque_callback_data="x" * 513), 100),
    (body(*WELCOME, template="lead_welcome"), 131008),
    (body(*WELCOME, template={"name": "lead_welcome", "language": {"code": "en"}, "components": "?"}), 100),
    ({"messaging_product": "whatsapp"}, 131008),
]


@pytest.mark.parametrize(("sent", "code"), REFUSED)
async def test_malformed_messages_are_refused(sandbox: Sandbox, vendor: httpx.AsyncClient, sent: dict[str, Any], code: int) -> None:
    answer = await vendor.post(MESSAGES, json=sent)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["type"] == "OAuthException"
    assert sandbox.world.received["messages"].total == 0


async def test_tokens_and_paths(vendor: httpx.AsyncClient) -> None:
    denied = await vendor.post(MESSAGES, json=body(*WELCOME), headers={"Authorization": "Bearer old"})
    assert (denied.status_code, denied.json()["error"]["code"]) == (401, 190)
    for path in ("/v25.0/1/messages", "/v25.0/1/phone_numbers", "/nothing"):
        answer = await vendor.post(path, json=body(*WELCOME)) if path.endswith("messages") else await vendor.get(path)
        assert (answer.status_code, answer.json()["error"]["error_subcode"]) == (400, 33)
    assert (await vendor.post(MESSAGES, content=b"{")).json()["error"]["code"] == 100


async def test_statuses_are_signed_and_name_our_data(sandbox: Sandbox, receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    sandbox.world.rates.delivered = sandbox.world.rates.read = 1
    sandbox.world.rates.replied = 0
    answer = (await vendor.post(MESSAGES, json=body(*WELCOME))).json()
    assert answer["contacts"] == [{"input": "919876500001", "wa_id": "919876500001"}]
    await until(lambda: len(receiver.raws) == 3)
    for raw, headers in receiver.raws:
        digest = hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == f"sha256={digest}"
    statuses = [sent["entry"][0]["changes"][0]["value"]["statuses"][0] for sent in receiver.bodies]
    assert sorted(status["status"] for status in statuses) == ["delivered", "read", "sent"]
    assert {status["id"] for status in statuses} == {answer["messages"][0]["id"]}
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"att"}
    assert all(status["timestamp"].isdigit() for status in statuses)


def test_a_message_is_sent_then_delivered_then_read_then_answered() -> None:
    certain = Rates(delivered=1, read=1, replied=1)
    steps = message_script(certain, random.Random(1))
    assert [status for _, status in steps] == ["sent", "delivered", "read", "reply"]
    assert all(after > 0 for after, _ in steps)
    assert [status for _, status in message_script(certain.model_copy(update={"delivered": 0}), random.Random(1))] == ["sent"]


@pytest.mark.parametrize(("ending", "code"), [("91", 131026), ("92", 131049), ("93", 131050)])
async def test_failures_by_number(receiver: Receiver, vendor: httpx.AsyncClient, ending: str, code: int) -> None:
    assert (await vendor.post(MESSAGES, json=body(*WELCOME, to=f"9198765000{ending}"))).status_code == 200
    await until(lambda: receiver.bodies)
    status = receiver.bodies[0]["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert (status["status"], status["errors"][0]["code"]) == ("failed", code)


async def test_lists_by_pages(vendor: httpx.AsyncClient) -> None:
    first = (await vendor.get(f"/v25.0/{WABA_ID}/message_templates", params={"limit": 2})).json()
    assert [template["name"] for template in first["data"]] == ["lead_welcome", "missed_call"]
    assert "next" in first["paging"]
    after = first["paging"]["cursors"]["after"]
    second = (await vendor.get(f"/v25.0/{WABA_ID}/message_templates", params={"limit": 2, "after": after})).json()
    assert [template["name"] for template in second["data"]] == ["catalogue"]
    assert "next" not in second["paging"]
    assert (await vendor.get(f"/v25.0/{WABA_ID}/phone_numbers")).json()["data"][0]["id"] == PHONE_NUMBER_ID
    assert (await vendor.post(f"/v25.0/{WABA_ID}/subscribed_apps")).json() == {"success": True}
