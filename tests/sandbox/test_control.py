"""The control routes, the page, and the running of the world."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from autoflows.sandbox import world as worlds
from autoflows.sandbox.received import Received
from autoflows.sandbox.server import running, serve
from autoflows.sandbox.world import AGENT_IDS, BOLNA_KEY, DISPLAY_NUMBER, PHONE_NUMBER_ID, WHATSAPP_TOKEN, World
from tests.sandbox.fixtures import Receiver, Sandbox, free_port, until


async def call(sandbox: Sandbox, http: httpx.AsyncClient, attempt: str, to: str = "+919876500002") -> None:
    body = {"agent_id": AGENT_IDS[0], "recipient_phone_number": to, "user_data": {"autoflows_attempt_id": attempt}}
    await http.post(f"{sandbox.url}/bolna/call", json=body, headers={"Authorization": f"Bearer {BOLNA_KEY}"})


async def test_everything_received_is_counted_by_attempt_and_person(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    for attempt in ("one", "two", "two"):
        await call(sandbox, http, attempt)
    report = (await http.get(f"{sandbox.url}/control/received")).json()
    calls = report["calls"]
    assert (calls["total"], calls["people"]) == (3, 1)
    assert calls["by_attempt"] == {"one": 1, "two": 2}
    assert calls["attempts_twice"] == ["two"]
    assert calls["by_person"] == {"+919876500002": 3}
    assert [item["attempt_id"] for item in calls["items"]] == ["two", "two", "one"]
    assert len((await http.get(f"{sandbox.url}/control/received?limit=1")).json()["calls"]["items"]) == 1
    assert "by_attempt" not in (await http.get(f"{sandbox.url}/control/recent")).json()["calls"]


def test_counts_stay_exact_where_details_are_forgotten() -> None:
    received = Received(keep=10)
    for number in range(1_000):
        received.add(f"attempt-{number % 500}", f"person-{number % 7}")
    report = received.report()
    assert (report["total"], len(report["by_attempt"]), len(report["items"])) == (1_000, 500, 10)
    assert sum(report["by_person"].values()) == 1_000


async def test_old_calls_are_forgotten_only_beyond_the_limit(
    sandbox: Sandbox, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds, "KEEP_OBJECTS", 5)
    for number in range(8):
        await call(sandbox, http, str(number))
    assert len(sandbox.world.calls) == 5
    assert sandbox.world.received["calls"].total == 8


async def test_faults_rates_and_pace_are_checked_and_merged(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    async def post(path: str, body: Any) -> httpx.Response:
        return await http.post(f"{sandbox.url}/control/{path}", json=body)

    await post("faults", {"duplicates": 0.1})
    answer = await post("faults", {"lost": 0.05})
    assert (answer.json()["duplicates"], answer.json()["lost"]) == (0.1, 0.05)
    assert (await http.get(f"{sandbox.url}/control/faults")).json() == answer.json()
    assert (await post("rates", {"answered": 1})).json()["answered"] == 1
    assert (await post("pace", {"speed": 50, "concurrency": 3})).json() == {"speed": 50, "concurrency": 3}
    wrongs: list[tuple[str, Any]] = [("faults", {"lost": 2}), ("faults", {"typo": 1}), ("faults", []), ("pace", {"speed": 0})]
    for path, wrong in [*wrongs, ("rates", {"answered": -1})]:
        refused = await post(path, wrong)
        assert refused.status_code == 422
        assert refused.json()["error"]
    assert (await http.post(f"{sandbox.url}/control/faults", content=b"{")).status_code == 422


async def test_reset_stops_and_forgets_but_keeps_addresses(sandbox: Sandbox, receiver: Receiver, http: httpx.AsyncClient) -> None:
    sandbox.world.speed = 1
    await call(sandbox, http, "one", "+919876500001")
    await http.post(f"{sandbox.url}/control/faults", json={"lost": 1})
    assert (await http.post(f"{sandbox.url}/control/reset")).json() == {"reset": True}
    assert sandbox.world.tasks == set()
    report = (await http.get(f"{sandbox.url}/control/received")).json()
    assert (report["calls"]["total"], report["state"]["faults"]["lost"], report["state"]["active_calls"]) == (0, 0, 0)
    assert report["state"]["whatsapp_webhook"] is True
    sandbox.world.speed = 400
    await call(sandbox, http, "two")
    await until(lambda: len(receiver.bodies) == 3)


async def test_bolna_addresses_are_set_for_all_agents(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    assert (await http.post(f"{sandbox.url}/control/bolna/webhook", json={"url": "http://127.0.0.1:1/x"})).status_code == 200
    assert {agent["agent_config"]["webhook_url"] for agent in sandbox.world.agents.values()} == {"http://127.0.0.1:1/x"}
    assert (await http.post(f"{sandbox.url}/control/bolna/webhook", json={})).status_code == 422


async def test_whatsapp_addresses_must_pass_the_handshake(sandbox: Sandbox, receiver: Receiver, http: httpx.AsyncClient) -> None:
    sandbox.world.callback_url = None
    url = f"{sandbox.url}/control/whatsapp/subscribe"
    wrong = await http.post(url, json={"callback_url": receiver.url, "verify_token": "wrong"})
    assert wrong.status_code == 422
    assert "challenge" in wrong.json()["error"]
    for address in ("http://127.0.0.1:9/none", "mailto:x@example.com", f"{receiver.url}/nothing"):
        assert (await http.post(url, json={"callback_url": address})).status_code == 422
    assert sandbox.world.callback_url is None
    assert (await http.post(url, json={"callback_url": receiver.url})).status_code == 200
    assert sandbox.world.callback_url == receiver.url


async def test_a_person_writes_on_request(sandbox: Sandbox, receiver: Receiver, http: httpx.AsyncClient) -> None:
    await http.post(f"{sandbox.url}/control/reply", json={"from": "+91 98765 00001", "text": "STOP", "context": "wamid.X"})
    await until(lambda: receiver.bodies)
    value = receiver.bodies[0]["entry"][0]["changes"][0]["value"]
    digits = "".join(c for c in DISPLAY_NUMBER if c.isdigit())
    assert value["metadata"] == {"display_phone_number": digits, "phone_number_id": PHONE_NUMBER_ID}
    [message] = value["messages"]
    assert (message["from"], message["text"]["body"], message["context"]["id"]) == ("919876500001", "STOP", "wamid.X")


async def test_a_person_stops_marketing_messages_on_request(sandbox: Sandbox, receiver: Receiver, http: httpx.AsyncClient) -> None:
    url = f"{sandbox.url}/control/preference"
    assert (await http.post(url, json={"from": "+91 98765 00001", "value": "pause"})).status_code == 422
    assert (await http.post(url, json={"from": "+91 98765 00001", "value": "stop"})).json() == {"told": "stop"}
    await until(lambda: receiver.bodies)
    change = receiver.bodies[0]["entry"][0]["changes"][0]
    [told] = change["value"]["user_preferences"]
    assert (change["field"], told["wa_id"], told["value"], told["category"]) == (
        "user_preferences", "919876500001", "stop", "marketing_messages",
    )  # fmt: skip


async def test_free_text_needs_an_open_window(sandbox: Sandbox, receiver: Receiver, http: httpx.AsyncClient) -> None:
    url = f"{sandbox.url}/graph/v25.0/{PHONE_NUMBER_ID}/messages"
    headers = {"Authorization": f"Bearer {WHATSAPP_TOKEN}"}
    body = {"messaging_product": "whatsapp", "to": "919876500001", "type": "text", "text": {"body": "Hello"}}
    assert (await http.post(url, json=body, headers=headers)).status_code == 200
    await until(lambda: receiver.bodies)
    status = receiver.bodies[0]["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131047)
    await http.post(f"{sandbox.url}/control/reply", json={"from": "+919876500001", "text": "Hi"})
    await http.post(url, json=body, headers=headers)
    await until(lambda: len(receiver.bodies) >= 3)
    assert receiver.bodies[2]["entry"][0]["changes"][0]["value"]["statuses"][0]["status"] == "sent"


async def test_the_page_needs_nothing_from_elsewhere(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    page = await http.get(sandbox.url)
    assert page.headers["content-type"].startswith("text/html")
    assert "prefers-color-scheme: dark" in page.text
    outside = [word for word in page.text.replace("http://www.w3.org/2000/svg", "").split() if "://" in word]
    assert outside == []


async def test_serving_until_stopped_with_addresses_given_at_the_start(receiver: Receiver, http: httpx.AsyncClient) -> None:
    stop, port = asyncio.Event(), free_port()
    serving = asyncio.create_task(
        serve(port, free_port(), 100, seed=1, bolna_webhook_url=receiver.url, whatsapp_callback_url=receiver.url, stop=stop)
    )

    async def state() -> dict[str, Any]:
        try:
            return dict((await http.get(f"http://127.0.0.1:{port}/control/recent")).json()["state"])
        except httpx.ConnectError:
            return {}

    async with asyncio.timeout(10):
        while not (await state()).get("whatsapp_webhook"):  # noqa: ASYNC110  # asked over HTTP, as from outside
            await asyncio.sleep(0.02)
    assert all((await state())["bolna_webhooks"].values())
    stop.set()
    await asyncio.wait_for(serving, 5)
    with pytest.raises(httpx.ConnectError):
        await http.get(f"http://127.0.0.1:{port}/")


async def test_a_taken_port_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"mail port {port} cannot be used"):
            async with running(World(), free_port(), port):
                pass
        with pytest.raises(OSError, match=f"port {port} cannot be used"):
            async with running(World(), port, free_port()):
                pass
