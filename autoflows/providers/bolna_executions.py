"""Bolna's execution object in our words: the same JSON comes by webhook and from `GET /executions/{id}`.

Sources: Bolna docs, execution payload, call statuses, hangup codes. Nothing is decided before a terminal status, and a
`completed` without a conversation (rejected, dropped at pick-up) is not an answered call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from autoflows.domain.outcomes import CallOutcome, ErrorClass, EventKind, ProviderEvent
from autoflows.providers.payload import attempt_id, event_id, fingerprint, known, mapping, moment, number, storable, text, truth
from autoflows.providers.wire import clip

ATTEMPT_KEY = "autoflows_attempt_id"
"""Our attempt id's name in `user_data`."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a terminal status means; `sub_reason` says it more closely."""

    outcome: CallOutcome
    sub_reason: str | None = None
    error_class: ErrorClass | None = None


ENDINGS = {
    "no-answer": Ending(CallOutcome.MISSED, "no_answer"),
    "busy": Ending(CallOutcome.BUSY),
    "failed": Ending(CallOutcome.FAILED, "not_connected", ErrorClass.TRANSIENT),
    "error": Ending(CallOutcome.FAILED, "provider_error", ErrorClass.TRANSIENT),
    "stopped": Ending(CallOutcome.FAILED, "stopped", ErrorClass.PERMANENT),
    "canceled": Ending(CallOutcome.FAILED, "canceled", ErrorClass.PERMANENT),
    "balance-low": Ending(CallOutcome.FAILED, "no_balance", ErrorClass.ACCOUNT),
}
"""Terminal statuses other than `completed`, which the conversation decides (`ending_of`). All statuses not named are progress."""

VOICEMAIL = Ending(CallOutcome.VOICEMAIL, "voicemail")
ANSWERED = Ending(CallOutcome.ANSWERED)
REJECTED = Ending(CallOutcome.MISSED, "rejected")
NO_CONVERSATION = Ending(CallOutcome.MISSED, "no_conversation")
INVALID_NUMBER = Ending(CallOutcome.FAILED, "invalid_number", ErrorClass.LEAD)

POSTPONED = "rescheduled"
"""Outside the agent's own calling hours: Bolna moves the call to their next opening by itself (guides, calling guardrails)."""
POSTPONED_BY = timedelta(hours=12)
"""When it will be placed, where Bolna does not say."""

SPELLINGS = {"cancelled": "canceled"}
"""Spellings seen besides the documented one; underscores (`balance_low`) are read as hyphens."""

REASONS = {
    "invalid_number": "The number does not exist",
    "not_connected": "The call could not be connected",
    "provider_error": "Bolna failed to place the call",
    "stopped": "The call was stopped",
    "canceled": "The call was cancelled before anyone answered",
    "no_balance": "The Bolna wallet is too low to place calls",
}


def event_of(execution: dict[str, Any]) -> ProviderEvent:
    """The execution as an event. `execution` has `id` and `status`; everything else may be missing or of another type."""
    ref = text(execution.get("id")) or ""
    told = text(execution.get("status")) or ""
    status = told.lower().replace("_", "-").replace(" ", "-")
    status = SPELLINGS.get(status, status)
    ending = ending_of(status, execution)
    recipient = mapping(mapping(execution.get("context_details")).get("recipient_data"))
    telephony = mapping(execution.get("telephony_data"))
    data = data_of(execution, ref, status, ending)
    return ProviderEvent(
        # A status is sent once, unless it comes again with other content: `completed` first without, then with its duration.
        event_id=event_id(ref, status, fingerprint(data)) if ending else event_id(ref, status),
        kind=EventKind.CALL,
        attempt_id=attempt_id(recipient.get(ATTEMPT_KEY)) or attempt_id(mapping(execution.get("user_data")).get(ATTEMPT_KEY)),
        provider_ref=ref,
        call_outcome=ending.outcome if ending else None,
        terminal=ending is not None,
        error_class=ending.error_class if ending else None,
        error_code=ending.sub_reason if ending and ending.error_class else None,
        error_message=explanation(ending, execution) if ending and ending.error_class else None,
        address=text(telephony.get("to_number")) or text(execution.get("user_number")),
        occurred_at=moment(execution.get("updated_at")) or moment(execution.get("created_at")),
        data=data,
        raw=execution,
        postponed_until=_postponed_until(execution) if status == POSTPONED else None,
    )


def _postponed_until(execution: dict[str, Any]) -> datetime | None:
    told = moment(execution.get("rescheduled_at")) or moment(execution.get("scheduled_at"))
    since = moment(execution.get("updated_at")) or moment(execution.get("created_at"))
    return told or (since + POSTPONED_BY if since else None)


def ending_of(status: str, execution: dict[str, Any]) -> Ending | None:
    """How the call ended, or None while it has not (also for statuses nobody has documented yet)."""
    reason = (text(mapping(execution.get("telephony_data")).get("hangup_reason")) or "").lower()
    if status == "completed":
        if truth(execution.get("answered_by_voice_mail")):
            return VOICEMAIL
        if conversation_seconds(execution):
            return ANSWERED
        return REJECTED if "reject" in reason else NO_CONVERSATION
    if status == "no-answer" and "reject" in reason:
        return REJECTED
    if status == "failed" and "number invalid" in reason:
        return INVALID_NUMBER
    return ENDINGS.get(status)


def conversation_seconds(execution: dict[str, Any]) -> float | None:
    """Seconds of conversation, under its present name or the older `conversation_time`; None if neither is told."""
    told = [seconds for name in ("conversation_duration", "conversation_time") if (seconds := number(execution.get(name))) is not None]
    return max(told, default=None)


def data_of(execution: dict[str, Any], ref: str, status: str, ending: Ending | None) -> dict[str, Any]:
    """What is worth keeping with the attempt; names that the vendor left out are left out."""
    telephony = mapping(execution.get("telephony_data"))
    extracted = execution.get("extracted_data")
    voicemail = execution.get("answered_by_voice_mail")
    return known(
        call_id=ref,
        status=status,
        sub_reason=ending.sub_reason if ending else None,
        conversation_duration=conversation_seconds(execution),
        duration=number(telephony.get("duration")),
        hangup_by=text(telephony.get("hangup_by")),
        hangup_reason=text(telephony.get("hangup_reason")),
        termination_reason=text(execution.get("termination_reason")),
        recording_url=text(telephony.get("recording_url")),
        transcript=text(execution.get("transcript")),
        summary=text(execution.get("summary")),
        extracted_data=storable(extracted) if isinstance(extracted, dict | list) and extracted else None,
        total_cost=number(execution.get("total_cost")),
        answered_by_voice_mail=None if voicemail is None else truth(voicemail),
    )


def explanation(ending: Ending, execution: dict[str, Any]) -> str:
    """A sentence for the team: what went wrong, with the vendor's own words where it gave some."""
    told = text(execution.get("error_message")) or text(mapping(execution.get("telephony_data")).get("hangup_reason"))
    sentence = REASONS.get(ending.sub_reason or "", "The call failed")
    return clip(f"{sentence}: {told}" if told else f"{sentence}.")
