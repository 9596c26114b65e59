"""The sandbox's Bolna, spoken to as the vendor's documents describe, without our adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from autoflows.sandbox.scripts import CALL_ENDINGS
from autoflows.sandbox.world import AGENT_IDS, BOLNA_KEY, NUMBERS
from tests.sandbox.fixtures import Receiver, Sandbox, until

AGENT = AGENT_IDS[0]


@pytest.fixture
async def vendor(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {BOLNA_KEY}"}
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/bolna", headers=headers, trust_env=False) as client:
        yield client


def body(to: str = "+919876500001", **changes: Any) -> dict[str, Any]:
    attempt = str(uuid4())
    return {"agent_id": AGENT, "recipient_phone_number": to, "user_data": {"autoflows_attempt_id": attempt}, **changes}


SEQUENCES = {
    "01": ["initiated", "ringing", "in-progress", "call-disconnected", "completed"],
    "02": ["initiated", "ringing", "no-answer"],
    "03": ["initiated", "ringing", "busy"],
    "04": ["initiated", "failed"],
    "05": ["initiated", "ringing", "in-progress", "call-disconnected", "completed"],
    "06": ["initiated", "ringing", "call-disconnected", "completed"],
    "07": ["balance-low"],
    "10": ["initiated", "failed"],
}


@pytest.mark.parametrize("ending", SEQUENCES)
async def test_statuses_come_in_the_documented_order(receiver: Receiver, vendor: httpx.AsyncClient, ending: str) -> None:
    answer = await vendor.post("/call", json=body(f"+9198765000{ending}"))
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    await until(lambda: len(receiver.bodies) == len(SEQUENCES[ending]))
    told = sorted(receiver.bodies, key=lambda sent: str(sent["updated_at"]))  # deliveries may overtake each other
    assert [sent["status"] for sent in told] == SEQUENCES[ending]
    last = told[-1]
    assert last["id"] == answer.json()["execution_id"]
    assert last == (await vendor.get(f"/executions/{last['id']}")).json()


async def test_nothing_is_final_before_completed(receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    await vendor.post("/call", json=body())
    await until(lambda: len(receiver.bodies) == 5)
    by_status = {sent["status"]: sent for sent in receiver.bodies}
    dropped, completed = by_status["call-disconnected"], by_status["completed"]
    assert dropped["conversation_duration"] is None
    assert dropped["telephony_data"]["recording_url"] is None
    assert completed["conversation_duration"] > 0
    assert completed["telephony_data"]["duration"].isdigit()
    sound = await vendor.get(completed["telephony_data"]["recording_url"])
    assert sound.headers["content-type"] == "audio/wav"
    assert sound.content.startswith(b"RIFF")


async def test_voicemail_and_rejection_are_completed_without_a_conversation(receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    await vendor.post("/call", json=body("+919876500005"))
    await vendor.post("/call", json=body("+919876500006"))
    await until(lambda: sum(sent["status"] == "completed" for sent in receiver.bodies) == 2)
    completed = {sent["user_number"][-2:]: sent for sent in receiver.bodies if sent["status"] == "completed"}
    assert completed["05"]["answered_by_voice_mail"] is True
    assert completed["06"]["conversation_duration"] == 0
    assert completed["06"]["telephony_data"]["hangup_reason"] == "Call recipient rejected"


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"agent_id": None}, 400, "agent_id is required"),
    ({"recipient_phone_number": ""}, 400, "recipient_phone_number is required"),
    ({"recipient_phone_number": "9876500001"}, 400, "E.164"),
    ({"recipient_phone_number": "+0123456789"}, 400, "E.164"),
    ({"from_phone_number": "+910000000000"}, 400, "from_phone_number"),
    ({"agent_id": "unknown"}, 404, "Agent not found"),
    ({"user_data": []}, 400, "user_data"),
    ({"scheduled_at": "2036-12-01T10:30:00Z"}, 500, "Internal server error"),
    ({"scheduled_at": "2036-12-01T10:30:00"}, 400, "offset"),
    ({"scheduled_at": "2020-12-01T10:30:00+05:30"}, 400, "2 minutes"),
]


@pytest.mark.parametrize(("changes", "status", "message"), REFUSED)
async def test_malformed_calls_are_refused(
    sandbox: Sandbox, vendor: httpx.AsyncClient, changes: dict[str, Any], status: int, message: str
) -> None:
    answer = await vendor.post("/call", json=body(**changes))
    assert answer.status_code == status
    assert answer.json()["error"] == status
    assert message in answer.json()["message"]
    assert sandbox.world.received["calls"].total == 0


async def test_keys_paths_and_bodies(sandbox: Sandbox, vendor: httpx.AsyncClient) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": ""}):
        answer = await vendor.post("/call", json=body(), headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": 401, "message": "Access denied"})
    for raw in (b"", b"[]", b"{", b"\xff"):
        assert (await vendor.post("/call", content=raw)).status_code == 400
    for path in ("/executions/unknown", "/v2/agent/unknown", "/nothing"):
        assert (await vendor.get(path)).status_code == 404
    assert sandbox.world.refused["bolna 401"] == 2


async def test_a_scheduled_call_waits_and_can_be_stopped(receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    due = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    call_id = (await vendor.post("/call", json=body(scheduled_at=due))).json()["execution_id"]
    assert (await vendor.get(f"/executions/{call_id}")).json()["status"] == "scheduled"
    stopped = await vendor.post(f"/call/{call_id}/stop")
    assert stopped.json() == {"message": "done", "status": "stopped", "execution_id": call_id}
    assert (await vendor.post(f"/call/{call_id}/stop")).status_code == 400
    await until(lambda: receiver.bodies)
    assert receiver.bodies[0]["status"] == "stopped"


async def test_the_webhook_address_is_an_agents_setting(sandbox: Sandbox, receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    url = f"{receiver.url}?agent=1"
    assert (await vendor.patch(f"/v2/agent/{AGENT}", json={"agent_config": {"webhook_url": url}})).json()["status"] == "updated"
    assert (await vendor.get(f"/v2/agent/{AGENT}")).json()["agent_config"]["webhook_url"] == url
    agents = (await vendor.get("/v2/agent/all")).json()
    assert [agent["agent_config"]["webhook_url"] for agent in agents] == [url, receiver.url]
    assert (await vendor.patch(f"/v2/agent/{AGENT}", json={"name": "x"})).status_code == 400


async def test_lists(vendor: httpx.AsyncClient) -> None:
    for _ in range(3):
        await vendor.post("/call", json=body("+919876500002"))
    now = datetime.now(UTC)
    window = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
    first = (await vendor.get(f"/v2/agent/{AGENT}/executions", params={**window, "page_size": 2})).json()
    assert (first["total"], first["has_more"], len(first["data"])) == (3, True, 2)
    assert "context_details" not in first["data"][0]
    second = (await vendor.get(f"/v2/agent/{AGENT}/executions", params={**window, "page_size": 2, "page_number": 2})).json()
    assert (second["has_more"], len(second["data"])) == (False, 1)
    other = (await vendor.get(f"/v2/agent/{AGENT_IDS[1]}/executions", params=window)).json()
    assert other["total"] == 0
    incomplete: list[dict[str, Any]] = [{}, {**window, "page_size": 51}, {"from": "2026-01-01T00:00:00Z", "to": "2026-01-09T00:00:00Z"}]
    for wrong in incomplete:
        assert (await vendor.get(f"/v2/agent/{AGENT}/executions", params=wrong)).status_code == 400
    assert [number["phone_number"] for number in (await vendor.get("/phone-numbers/all")).json()] == list(NUMBERS)


async def test_calls_beyond_the_concurrency_are_queued(sandbox: Sandbox, vendor: httpx.AsyncClient) -> None:
    sandbox.world.concurrency = 2
    ids = [(await vendor.post("/call", json=body("+919876500002"))).json()["execution_id"] for _ in range(5)]
    most = 0

    def finished() -> bool:
        nonlocal most
        statuses = [sandbox.world.calls[call_id].execution["status"] for call_id in ids]
        most = max(most, sum(status not in ("queued", "no-answer") for status in statuses))
        return statuses == ["no-answer"] * 5

    await until(finished)
    assert most == 2
    assert (await vendor.get("/user/me")).json()["concurrency"] == {"max": 2, "current": 0}


async def test_a_hanging_request_was_acted_on(sandbox: Sandbox, receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    asked = body("+919876500009")
    with pytest.raises(httpx.ReadTimeout):
        await vendor.post("/call", json=asked, timeout=0.2)
    await until(lambda: any(sent["status"] == "completed" for sent in receiver.bodies))
    attempt = asked["user_data"]["autoflows_attempt_id"]
    assert {sent["context_details"]["recipient_data"]["autoflows_attempt_id"] for sent in receiver.bodies} == {attempt}


async def test_a_webhook_that_is_not_taken_comes_again(sandbox: Sandbox, receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    receiver.answers = [500, 302]
    await vendor.post("/call", json=body("+919876500007"))
    await until(lambda: sandbox.world.webhooks["delivered"] == 1)
    assert len(receiver.raws) == 3
    assert len({raw for raw, _ in receiver.raws}) == 1
    assert sandbox.world.webhooks["repeated"] == 2


async def test_duplicates_lost_and_reordered_webhooks(sandbox: Sandbox, receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    sandbox.world.faults.duplicates = 1
    await vendor.post("/call", json=body("+919876500002"))
    await until(lambda: len(receiver.bodies) == 6)
    assert sandbox.world.webhooks["duplicated"] == 3
    sandbox.world.faults.duplicates, sandbox.world.faults.lost = 0, 1
    call_id = (await vendor.post("/call", json=body("+919876500002"))).json()["execution_id"]
    await until(lambda: sandbox.world.calls[call_id].execution["status"] == "no-answer")
    await until(lambda: sandbox.world.webhooks["lost"] == 3)
    assert len(receiver.bodies) == 6
    sandbox.world.faults.lost, sandbox.world.faults.reordered = 0, 1
    await vendor.post("/call", json=body("+919876500002"))
    await until(lambda: len(receiver.bodies) == 9)
    assert sandbox.world.webhooks["held_back"] == 3


async def test_the_webhook_may_overtake_the_answer(sandbox: Sandbox, receiver: Receiver, vendor: httpx.AsyncClient) -> None:
    sandbox.world.speed, sandbox.world.faults.webhook_before_answer = 20, 1
    await vendor.post("/call", json=body("+919876500002"))
    assert receiver.bodies[0]["status"] == "initiated"


@pytest.mark.parametrize(("fault", "acted"), [("reset", 1), ("error_500_after_acting", 1), ("error_500", 0), ("rate_limited", 0)])
async def test_faults_of_the_answer(sandbox: Sandbox, vendor: httpx.AsyncClient, fault: str, acted: int) -> None:
    setattr(sandbox.world.faults, fault, 1)
    asked = body()
    if fault == "reset":
        with pytest.raises(httpx.RemoteProtocolError):
            await vendor.post("/call", json=asked)
    else:
        answer = await vendor.post("/call", json=asked)
        assert answer.status_code == (429 if fault == "rate_limited" else 500)
        assert answer.headers["content-type"].startswith("text/html" if acted else "application/json")
    assert sandbox.world.received["calls"].by_attempt[asked["user_data"]["autoflows_attempt_id"]] == acted


async def test_chance_follows_the_rates(sandbox: Sandbox, vendor: httpx.AsyncClient) -> None:
    assert all(int(ending) < 20 for ending in CALL_ENDINGS)
    others = dict.fromkeys(("answered", "no_answer", "voicemail", "rejected", "failed"), 0.0)
    sandbox.world.rates = sandbox.world.rates.model_copy(update=others)
    await asyncio.gather(*(vendor.post("/call", json=body(f"+9198765{number:03d}55")) for number in range(20)))
    assert {call.outcome for call in sandbox.world.calls.values()} == {"busy"}
