"""The life of a Bolna call: what is refused at the start, the execution, its statuses one after the other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from autoflows.sandbox.received import now_iso
from autoflows.sandbox.scripts import RESCHEDULED_SECONDS, Step, call_outcome, call_script
from autoflows.sandbox.webhooks import body_of, deliver
from autoflows.sandbox.world import NUMBERS, Call, World

E164 = re.compile(r"^\+[1-9]\d{7,14}$")
ATTEMPT_KEY = "autoflows_attempt_id"


class BolnaError(Exception):
    """An answer that is not 2xx, with the vendor's error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def checked(world: World, body: dict[str, Any]) -> float | None:
    """Refuse what Bolna refuses; the seconds until a scheduled call is due, or None if it is to be placed now."""
    for name in ("agent_id", "recipient_phone_number"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise BolnaError(400, f"{name} is required")
    if body["agent_id"] not in world.agents:
        raise BolnaError(404, "Agent not found")
    if not E164.match(body["recipient_phone_number"]):
        raise BolnaError(400, "recipient_phone_number must be in E.164 format")
    if (caller := body.get("from_phone_number")) is not None and caller not in NUMBERS:
        raise BolnaError(400, "Invalid from_phone_number")
    if not isinstance(body.get("user_data", {}), dict):
        raise BolnaError(400, "user_data must be an object")
    return None if body.get("scheduled_at") is None else _scheduled(str(body["scheduled_at"]))


def _scheduled(value: str) -> float:
    if value.endswith("Z"):
        raise BolnaError(500, "Internal server error")  # as observed: only a numeric offset is understood
    try:
        due = datetime.fromisoformat(value)
        if due.tzinfo is None:
            raise ValueError("no offset")
    except ValueError:
        raise BolnaError(400, "scheduled_at must be ISO 8601 with a UTC offset") from None
    if due < datetime.now(UTC) + timedelta(minutes=2):
        raise BolnaError(400, "Scheduled time should be atleast 2 minutes in the future")
    return (due - datetime.now(UTC)).total_seconds()


def new_call(world: World, body: dict[str, Any], base_url: str, scheduled: bool) -> Call:
    """Count the call and make its execution; `base_url` is this server's, for the recording."""
    execution_id, to, user_data = str(uuid4()), body["recipient_phone_number"], body.get("user_data", {})
    caller = body.get("from_phone_number") or NUMBERS[0]
    execution = {
        "id": execution_id,
        "agent_id": body["agent_id"],
        "batch_id": None,
        "status": "scheduled" if scheduled else "queued",
        "conversation_duration": None,
        "total_cost": 0,
        "error_message": None,
        "termination_reason": None,
        "answered_by_voice_mail": None,
        "transcript": None,
        "summary": None,
        "extracted_data": None,
        "user_number": to,
        "agent_number": caller,
        "created_at": now_iso(),
        "updated_at": now_iso(),
        "retry_count": 0,
        "provider": "plivo",
        "telephony_data": {
            "duration": None,
            "to_number": to,
            "from_number": caller,
            "recording_url": None,
            "hosted_telephony": True,
            "provider_call_id": str(uuid4()),
            "call_type": "outbound",
            "provider": "plivo",
            "hangup_by": None,
            "hangup_reason": None,
            "hangup_provider_code": None,
        },
        "context_details": {"recipient_data": user_data, "recipient_phone_number": to},
        "transfer_call_data": None,
        "batch_run_details": None,
    }
    attempt, outcome = user_data.get(ATTEMPT_KEY), call_outcome(to, world.rates, world.random)
    agent = world.agents[body["agent_id"]]["agent_name"]
    row = world.received["calls"].add(
        str(attempt) if attempt else None,
        to,
        id=execution_id,
        agent=agent,
        status=execution["status"],
        outcome=outcome,
        recording_url=f"{base_url.rstrip('/')}/bolna/recordings/{execution_id}.wav",
    )
    call = Call(execution, outcome, row)
    world.remember(call)
    return call


async def run(world: World, call: Call, wait: float) -> None:
    """Live through the call. Beyond the account's concurrency it stays queued, as at the vendor."""
    await world.sleep(wait)
    if call.execution["status"] == "scheduled":
        advance(world, call, Step(0, "queued"))
    async with world.call_slot:
        await world.call_slot.wait_for(lambda: world.active_calls < world.concurrency)
        world.active_calls += 1
    try:
        user_data = call.execution["context_details"]["recipient_data"]
        for step in call_script(call.outcome, user_data, call.row["recording_url"], world.random):
            await world.sleep(step.after)
            if call.stopped:
                return
            advance(world, call, step)
    finally:
        async with world.call_slot:
            world.active_calls -= 1
            world.call_slot.notify()


def advance(world: World, call: Call, step: Step) -> None:
    """The execution's next status, told by webhook where the agent has an address."""
    execution = call.execution
    execution.update(step.changes, status=step.status, updated_at=now_iso())
    if step.status == "rescheduled":
        execution["rescheduled_at"] = (datetime.now(UTC) + timedelta(seconds=RESCHEDULED_SECONDS / world.speed)).isoformat()
    execution["telephony_data"].update(step.telephony)
    call.row["status"] = step.status
    url = world.agents[execution["agent_id"]]["agent_config"]["webhook_url"]
    if not url or call.outcome == "silent":
        world.webhooks["not_sent"] += 1
        call.first_webhook.set()
        return
    world.spawn(_tell(world, call, url, body_of(execution)))


async def _tell(world: World, call: Call, url: str, raw: bytes) -> None:
    try:
        await deliver(world, url, raw)
    finally:
        call.first_webhook.set()
