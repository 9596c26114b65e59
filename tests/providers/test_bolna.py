"""The Bolna adapter: against the sandbox's server, and its reading of executions from JSON."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from autoflows.domain.outcomes import Accepted, CallOutcome, ErrorClass, EventKind, Refused, Unanswered
from autoflows.providers import get_provider
from autoflows.providers.base import CallRequest, Connection, ProviderUnavailable, WebhookRejected
from autoflows.providers.bolna_executions import event_of
from autoflows.sandbox.world import AGENT_IDS, BOLNA_KEY, NUMBERS
from tests.sandbox.fixtures import RawServer, Receiver, Sandbox, connection, until

BOLNA = get_provider("bolna")


def call(to: str = "+919876500001", **changes: Any) -> CallRequest:
    return CallRequest(**{"attempt_id": uuid4(), "agent_id": AGENT_IDS[0], "to": to, "variables": {"name": "Asha"}, **changes})


def refused(result: object) -> Refused:
    assert isinstance(result, Refused), result
    return result


def accepted(result: object) -> Accepted:
    assert isinstance(result, Accepted), result
    return result


async def test_a_call_reaches_the_vendor_with_our_attempt_id_and_variables(sandbox: Sandbox, bolna: Connection) -> None:
    message = call(from_number=NUMBERS[1])
    sent = accepted(await BOLNA.send(bolna, message))
    execution = sandbox.world.calls[sent.provider_ref].execution
    assert execution["context_details"]["recipient_data"] == {"name": "Asha", "autoflows_attempt_id": str(message.attempt_id)}
    assert execution["telephony_data"]["from_number"] == NUMBERS[1]
    assert sandbox.world.received["calls"].by_attempt[str(message.attempt_id)] == 1
    assert sent.data == {"call_id": sent.provider_ref, "status": "queued"}


@pytest.mark.parametrize(
    ("ending", "outcome", "sub_reason", "error_class"),
    [
        ("01", CallOutcome.ANSWERED, None, None),
        ("02", CallOutcome.MISSED, "no_answer", None),
        ("03", CallOutcome.BUSY, None, None),
        ("04", CallOutcome.FAILED, "not_connected", ErrorClass.TRANSIENT),
        ("05", CallOutcome.VOICEMAIL, "voicemail", None),
        ("06", CallOutcome.MISSED, "rejected", None),
        ("07", CallOutcome.FAILED, "no_balance", ErrorClass.ACCOUNT),
        ("10", CallOutcome.FAILED, "invalid_number", ErrorClass.LEAD),
    ],
)
async def test_webhooks_tell_how_the_call_ended(
    sandbox: Sandbox, receiver: Receiver, bolna: Connection, ending: str, outcome: CallOutcome, sub_reason: str | None, error_class: object
) -> None:
    message = call(f"+9198765000{ending}")
    sent = accepted(await BOLNA.send(bolna, message))
    terminal = {"completed", "no-answer", "busy", "failed", "balance-low"}
    await until(lambda: any(body["status"] in terminal for body in receiver.bodies))
    raws = [raw for raw, _ in receiver.raws]
    for raw in raws:
        BOLNA.verify(bolna, {}, raw)
    events = [event for raw in raws for event in BOLNA.parse(bolna, raw)]
    decided = [event for event in events if event.terminal]
    assert len(decided) == 1
    assert all(event.call_outcome is None for event in events if not event.terminal)
    event = decided[0]
    assert (event.kind, event.call_outcome) == (EventKind.CALL, outcome)
    assert (event.data.get("sub_reason"), event.error_class) == (sub_reason, error_class)
    assert (event.attempt_id, event.provider_ref, event.address) == (message.attempt_id, sent.provider_ref, message.to)
    looked_up = await BOLNA.lookup(bolna, sent.provider_ref)
    assert looked_up is not None
    assert looked_up.event_id == event.event_id  # the same fact, told twice, is one event


async def test_an_answered_call_brings_its_conversation(receiver: Receiver, bolna: Connection) -> None:
    sent = accepted(await BOLNA.send(bolna, call()))
    await until(lambda: any(body["status"] == "completed" for body in receiver.bodies))
    event = await BOLNA.lookup(bolna, sent.provider_ref)
    assert event is not None
    assert event.data["conversation_duration"] > 20
    assert isinstance(event.data["duration"], float)  # Bolna sends digits as text
    assert event.data["transcript"].startswith("assistant: Hello Asha")
    assert event.data["recording_url"].endswith(".wav")
    assert event.data["answered_by_voice_mail"] is False
    assert set(event.data) >= {"summary", "extracted_data", "total_cost", "hangup_by", "hangup_reason", "termination_reason", "status"}


async def test_a_call_whose_webhooks_never_come_is_told_by_lookup(sandbox: Sandbox, receiver: Receiver, bolna: Connection) -> None:
    sent = accepted(await BOLNA.send(bolna, call("+919876500008")))
    await until(lambda: sandbox.world.calls[sent.provider_ref].execution["status"] == "no-answer")
    event = await BOLNA.lookup(bolna, sent.provider_ref)
    assert event is not None
    assert event.call_outcome is CallOutcome.MISSED
    assert receiver.bodies == []


async def test_a_call_that_was_placed_but_never_answered_for_is_found_by_its_attempt_id(
    sandbox: Sandbox, bolna: Connection, http: httpx.AsyncClient
) -> None:
    channel = connection("bolna", http, {"api_key": BOLNA_KEY}, {"base_url": f"{sandbox.url}/bolna"}, timeout=0.3)
    since, message = datetime.now(UTC), call("+919876500009")
    accepted(await BOLNA.send(bolna, call("+919876500002")))  # another person's call
    assert isinstance(await BOLNA.send(channel, call(message.to)), Unanswered)  # an older attempt at the same person
    assert isinstance(await BOLNA.send(channel, message), Unanswered)
    found = await BOLNA.find(bolna, message, since)
    assert found is not None
    assert found.attempt_id == message.attempt_id
    assert sandbox.world.received["calls"].by_attempt[str(message.attempt_id)] == 1
    assert await BOLNA.find(bolna, call(message.to), since) is None
    assert await BOLNA.find(bolna, message, datetime.now(UTC) + timedelta(minutes=5)) is None


async def test_find_reads_every_page(sandbox: Sandbox, bolna: Connection) -> None:
    message = call("+919876500002")
    await BOLNA.send(bolna, message)
    for _ in range(60):
        await BOLNA.send(bolna, call("+919876500003"))
    found = await BOLNA.find(bolna, message, datetime.now(UTC) - timedelta(seconds=30))
    assert found is not None
    assert found.attempt_id == message.attempt_id


async def test_a_queued_call_is_cancelled_and_a_running_one_is_not(sandbox: Sandbox, bolna: Connection) -> None:
    sandbox.world.concurrency = 1
    running = accepted(await BOLNA.send(bolna, call("+919876500002"))).provider_ref
    await until(lambda: sandbox.world.calls[running].execution["status"] == "ringing")
    waiting = accepted(await BOLNA.send(bolna, call())).provider_ref
    assert await BOLNA.cancel(bolna, waiting) is True
    event = await BOLNA.lookup(bolna, waiting)
    assert event is not None
    assert (event.terminal, event.call_outcome, event.data["sub_reason"]) == (True, CallOutcome.FAILED, "stopped")
    assert await BOLNA.cancel(bolna, running) is False
    assert await BOLNA.cancel(bolna, "no-such-call") is False


async def test_refusals_by_class(sandbox: Sandbox, bolna: Connection, http: httpx.AsyncClient) -> None:
    wrong_key = connection("bolna", http, {"api_key": "bn-wrong"}, {"base_url": f"{sandbox.url}/bolna"})
    assert refused(await BOLNA.send(wrong_key, call())).error_class is ErrorClass.ACCOUNT
    bad_number = refused(await BOLNA.send(bolna, call("12345")))
    assert (bad_number.error_class, bad_number.code) == (ErrorClass.PERMANENT, "http_400")
    assert "recipient_phone_number" in bad_number.message
    assert refused(await BOLNA.send(bolna, call(from_number="+910000000000"))).error_class is ErrorClass.PERMANENT
    assert refused(await BOLNA.send(bolna, call(agent_id="unknown"))).error_class is ErrorClass.PERMANENT
    sandbox.world.faults.rate_limited = 1
    assert refused(await BOLNA.send(bolna, call())).error_class is ErrorClass.TRANSIENT
    sandbox.world.faults.rate_limited, sandbox.world.faults.error_500 = 0, 1
    assert refused(await BOLNA.send(bolna, call())).error_class is ErrorClass.TRANSIENT
    assert sandbox.world.received["calls"].total == 0


@pytest.mark.parametrize("fault", ["reset", "error_500_after_acting"])
async def test_a_spoiled_answer_is_never_taken_for_a_refusal(sandbox: Sandbox, bolna: Connection, fault: str) -> None:
    setattr(sandbox.world.faults, fault, 1)
    message = call()
    assert isinstance(await BOLNA.send(bolna, message), Unanswered)
    assert sandbox.world.received["calls"].by_attempt[str(message.attempt_id)] == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", ErrorClass.TRANSIENT),
        (b"HTTP/1.1 302 Found\r\nLocation: https://other.example.com/\r\nContent-Length: 0\r\n\r\n", ErrorClass.ACCOUNT),
        (b'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 29\r\n\r\n{"error":502,"message":"bad"}', Unanswered),
        (b'HTTP/1.1 503 Unavailable\r\nContent-Length: 30\r\n\r\n{"error":503,"message":"busy"}', ErrorClass.TRANSIENT),
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 2\r\n\r\nno", Unanswered),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>ok</html>", Unanswered),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"execution_id": null}', Unanswered),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", Unanswered),
        (b"220 mail.example.com ESMTP\r\n", Unanswered),
        (b"", Unanswered),
    ],
)
async def test_answers_that_no_document_describes(http: httpx.AsyncClient, answer: bytes, kind: object) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with RawServer(talk) as port:
        channel = connection("bolna", http, {"api_key": "k"}, {"base_url": f"http://127.0.0.1:{port}"}, timeout=1)
        result = await BOLNA.send(channel, call())
        assert await BOLNA.lookup(channel, "x") is None
        assert await BOLNA.find(channel, call(), datetime.now(UTC)) is None
        assert (await BOLNA.check(channel)).ok is False
        with pytest.raises(ProviderUnavailable):
            await BOLNA.sync(channel)
    if isinstance(kind, ErrorClass):
        assert refused(result).error_class is kind
        assert refused(result).retry_after_seconds == (7 if b"Retry-After" in answer else None)
    else:
        assert isinstance(result, Unanswered)


async def test_values_that_cannot_be_sent_are_refused_unsent(bolna: Connection, sandbox: Sandbox) -> None:
    assert refused(await BOLNA.send(bolna, call(variables={"when": datetime.now(UTC)}))).code == "request_invalid"
    assert refused(await BOLNA.send(bolna, call(variables={"x": float("nan")}))).code == "request_invalid"
    assert sandbox.world.received["calls"].total == 0


async def test_sync_and_check(bolna: Connection, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    catalogue = await BOLNA.sync(bolna)
    assert [agent["provider_agent_id"] for agent in catalogue.agents] == list(AGENT_IDS)
    assert [item["phone_number"] for item in catalogue.phone_numbers] == list(NUMBERS)
    checked = await BOLNA.check(bolna)
    assert checked.ok
    assert checked.data["wallet"] == 250
    wrong = await BOLNA.check(connection("bolna", http, {"api_key": "bn-wrong"}, {"base_url": f"{sandbox.url}/bolna"}))
    assert not wrong.ok
    assert "API key" in wrong.detail


def execution(**changes: Any) -> dict[str, Any]:
    return {"id": "b7140255", "status": "completed", "telephony_data": {}, "context_details": {}, **changes}


ATTEMPT = UUID("018f0000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("changes", "outcome", "sub_reason"),
    [
        ({"conversation_duration": 27.2}, CallOutcome.ANSWERED, None),
        ({"conversation_time": 27}, CallOutcome.ANSWERED, None),
        ({"conversation_duration": "27.2"}, CallOutcome.ANSWERED, None),
        ({"conversation_duration": 0, "conversation_time": 4}, CallOutcome.ANSWERED, None),
        ({"conversation_duration": 0}, CallOutcome.MISSED, "no_conversation"),
        ({"conversation_duration": None}, CallOutcome.MISSED, "no_conversation"),
        ({}, CallOutcome.MISSED, "no_conversation"),
        ({"conversation_duration": -3}, CallOutcome.MISSED, "no_conversation"),
        ({"conversation_duration": 12, "answered_by_voice_mail": True}, CallOutcome.VOICEMAIL, "voicemail"),
        ({"conversation_duration": 0, "telephony_data": {"hangup_reason": "Call recipient rejected"}}, CallOutcome.MISSED, "rejected"),
        ({"status": "no-answer"}, CallOutcome.MISSED, "no_answer"),
        ({"status": "no-answer", "telephony_data": {"hangup_reason": "Call recipient rejected"}}, CallOutcome.MISSED, "rejected"),
        ({"status": "busy"}, CallOutcome.BUSY, None),
        ({"status": "failed"}, CallOutcome.FAILED, "not_connected"),
        ({"status": "failed", "telephony_data": {"hangup_reason": "Call recipient number invalid"}}, CallOutcome.FAILED, "invalid_number"),
        ({"status": "error"}, CallOutcome.FAILED, "provider_error"),
        ({"status": "stopped"}, CallOutcome.FAILED, "stopped"),
        ({"status": "canceled"}, CallOutcome.FAILED, "canceled"),
        ({"status": "balance_low"}, CallOutcome.FAILED, "no_balance"),
        ({"status": "balance-low"}, CallOutcome.FAILED, "no_balance"),
    ],
)
def test_the_table_of_endings(changes: dict[str, Any], outcome: CallOutcome, sub_reason: str | None) -> None:
    event = event_of(execution(**changes))
    assert (event.terminal, event.call_outcome, event.data.get("sub_reason")) == (True, outcome, sub_reason)


@pytest.mark.parametrize(
    "status",
    ["scheduled", "prepared", "queued", "rescheduled", "initiated", "ringing", "in-progress", "call-disconnected", "some-new-status"],
)
def test_progress_and_unknown_statuses_decide_nothing(status: str) -> None:
    event = event_of(execution(status=status, conversation_duration=30))
    assert (event.terminal, event.call_outcome, event.data["status"]) == (False, None, status)
    assert event.event_id == f"b7140255:{status}"


def test_the_same_status_with_new_content_is_another_event_and_with_the_same_is_not() -> None:
    early, late = execution(), execution(conversation_duration=27)
    assert event_of(early).event_id != event_of(late).event_id
    assert event_of(late).event_id == event_of({**late, "updated_at": "2026-11-22T10:00:00Z", "usage_breakdown": {}}).event_id


def test_ids_may_be_numbers_and_our_id_may_be_missing() -> None:
    raw = json.dumps(execution(id=4711, context_details=None)).encode()
    [event] = BOLNA.parse(None, raw)  # type: ignore[arg-type]  # parsing needs no channel
    assert (event.provider_ref, event.attempt_id) == ("4711", None)
    named = execution(context_details={"recipient_data": {"autoflows_attempt_id": str(ATTEMPT)}}, updated_at="2026-11-22T15:30:00+05:30")
    assert event_of(named).attempt_id == ATTEMPT
    assert event_of(named).occurred_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"id":"1"}', b'{"status":"x"}', b'{"id":null,"status":"x"}', b"{", b"\xff"])
def test_what_is_not_an_execution_is_rejected(raw: bytes) -> None:
    with pytest.raises(WebhookRejected):
        BOLNA.verify(None, {}, raw)  # type: ignore[arg-type]
    with pytest.raises(WebhookRejected):
        BOLNA.parse(None, raw)  # type: ignore[arg-type]
