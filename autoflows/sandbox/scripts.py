"""What becomes of a call or a message, decided by the number's last two digits, else by chance at configured rates. Pure.

Times are the vendor's seconds; the world divides them by its speed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

CALL_ENDINGS = {
    "01": "answered",
    "02": "no_answer",
    "03": "busy",
    "04": "failed",
    "05": "voicemail",
    "06": "rejected",
    "07": "balance_low",
    "08": "silent",
    "09": "hang",
    "10": "invalid_number",
    "11": "rescheduled",
}
"""What the last two digits of a called number force. `silent`: no webhook ever comes, only a look-up tells; ends unanswered.
`rescheduled`: Bolna puts the call off to its own calling hours, here a minute later, and it is answered then.
`hang`: the call is placed and answered by the person, but the request to place it is never answered."""

MESSAGE_ENDINGS = {"91": 131026, "92": 131049, "93": 131050}
"""The WhatsApp error code that the last two digits force; any other number gets its message."""

MEANINGS = {
    131026: "Message undeliverable",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131050: "User has stopped marketing messages from this business.",
}


class Rates(BaseModel):
    """How often things happen where no ending forces them. Call outcomes are weights; the message rates are probabilities."""

    model_config = ConfigDict(extra="forbid")

    answered: float = Field(0.48, ge=0)
    no_answer: float = Field(0.26, ge=0)
    busy: float = Field(0.09, ge=0)
    voicemail: float = Field(0.08, ge=0)
    rejected: float = Field(0.06, ge=0)
    failed: float = Field(0.03, ge=0)
    undeliverable: float = Field(0.03, ge=0, le=1)
    delivered: float = Field(0.97, ge=0, le=1)
    read: float = Field(0.7, ge=0, le=1)
    replied: float = Field(0.12, ge=0, le=1)


RESCHEDULED_SECONDS = 60.0
CHANCES = ("answered", "no_answer", "busy", "voicemail", "rejected", "failed")


def call_outcome(number: str, rates: Rates, rng: random.Random) -> str:
    """The outcome that `number` forces, else one drawn by the rates (`no_answer` if all are 0)."""
    if forced := CALL_ENDINGS.get(number[-2:]):
        return forced
    weights = [getattr(rates, name) for name in CHANCES]
    return rng.choices(CHANCES, weights)[0] if sum(weights) else "no_answer"


@dataclass(frozen=True, slots=True)
class Step:
    """After so many seconds the execution has this status and these changes; `telephony` goes into its telephony_data."""

    after: float
    status: str
    changes: dict[str, Any] = field(default_factory=dict)
    telephony: dict[str, Any] = field(default_factory=dict)


def call_script(outcome: str, user_data: dict[str, Any], recording_url: str, rng: random.Random) -> list[Step]:
    """The statuses of a call that ends so, in the order that has been observed at Bolna."""
    if outcome == "balance_low":
        return [Step(0.5, "balance-low", {"error_message": "Wallet balance is too low to place this call"})]
    dialing = [Step(0.8, "initiated"), Step(1.5, "ringing")]
    match outcome:
        case "answered" | "hang":
            return [*dialing, *_conversation(user_data, recording_url, rng)]
        case "rescheduled":
            return [Step(0.5, "rescheduled"), Step(RESCHEDULED_SECONDS, "queued"), *dialing, *_conversation(user_data, recording_url, rng)]
        case "voicemail":
            return [*dialing, *_voicemail(recording_url, rng)]
        case "rejected":
            hung_up = {"duration": "0", "hangup_by": "Callee", "hangup_reason": "Call recipient rejected", "hangup_provider_code": 3020}
            ended = {"conversation_duration": 0, "termination_reason": "rejected"}
            return [*dialing, Step(4.0, "call-disconnected", telephony=hung_up), Step(3.0, "completed", ended, hung_up)]
        case "busy":
            hung_up = {"hangup_by": "Carrier", "hangup_reason": "Call recipient was busy", "hangup_provider_code": 3010}
            return [*dialing, Step(2.0, "busy", {"termination_reason": "busy"}, hung_up)]
        case "failed" | "invalid_number":
            reason = "Network Congestion From Carrier" if outcome == "failed" else "Call recipient number invalid"
            hung_up = {"hangup_by": "Carrier", "hangup_reason": reason, "hangup_provider_code": 3050}
            return [dialing[0], Step(2.0, "failed", {"error_message": reason, "termination_reason": "failed"}, hung_up)]
        case _:
            hung_up = {"hangup_by": "Carrier", "hangup_reason": "Call unanswered", "hangup_provider_code": 3000, "ring_duration": 30}
            return [*dialing, Step(30.0, "no-answer", {"termination_reason": "no-answer"}, hung_up)]


def _conversation(user_data: dict[str, Any], recording_url: str, rng: random.Random) -> list[Step]:
    talk = round(rng.uniform(25, 95), 1)
    interested = rng.random() < 0.7
    name = str(user_data.get("lead_name") or user_data.get("name") or "there")
    product = str(user_data.get("product") or "your enquiry")
    answer = "Yes, please send me the price list." if interested else "Not now, I was only looking."
    transcript = "\n".join(
        (
            f"assistant: Hello {name}, thank you for asking about {product}. Is now a good time?",
            "user: Yes, tell me.",
            "assistant: Shall I send you the details and prices?",
            f"user: {answer}",
            "assistant: Thank you, goodbye.",
        )
    )
    summary = f"{name} asked about {product} and " + ("wants the price list." if interested else "is not interested at present.")
    duration = {"duration": str(round(talk) + 1)}
    hung_up = {**duration, "hangup_by": "Callee", "hangup_reason": "Call recipient hungup", "hangup_provider_code": 4000}
    return [
        Step(rng.uniform(3, 10), "in-progress"),
        Step(talk, "call-disconnected", {"transcript": transcript}, duration),
        Step(
            rng.uniform(4, 12),
            "completed",
            {
                "conversation_duration": talk,
                "transcript": transcript,
                "summary": summary,
                "extracted_data": {"interested": interested},
                "total_cost": round(talk * 0.15, 2),
                "answered_by_voice_mail": False,
                "termination_reason": "completed",
            },
            {**hung_up, "recording_url": recording_url},
        ),
    ]


def _voicemail(recording_url: str, rng: random.Random) -> list[Step]:
    spoken = round(rng.uniform(6, 15), 1)
    transcript = "user: The person you are calling is not available. Please leave a message after the tone."
    hung_up = {"duration": str(round(spoken)), "hangup_by": "Caller", "hangup_reason": "Call completed", "recording_url": recording_url}
    ended = {"conversation_duration": spoken, "transcript": transcript, "answered_by_voice_mail": True}
    return [
        Step(20.0, "in-progress"),
        Step(spoken, "call-disconnected", {"transcript": transcript}),
        Step(6.0, "completed", {**ended, "total_cost": round(spoken * 0.15, 2), "termination_reason": "voicemail"}, hung_up),
    ]


def message_failure(number: str, rates: Rates, rng: random.Random) -> int | None:
    """The WhatsApp error code that this message ends with, or None if it is delivered."""
    if forced := MESSAGE_ENDINGS.get(number[-2:]):
        return forced
    return 131026 if number[-2:] not in CALL_ENDINGS and rng.random() < rates.undeliverable else None


REPLIES = ("Yes, please call me in the evening.", "What is the price?", "Send me the catalogue.", "Thank you", "Not interested", "STOP")


def message_script(rates: Rates, rng: random.Random) -> list[tuple[float, str]]:
    """(seconds, status) of a message that is delivered: sent, delivered, read; `reply` where the person writes back."""
    steps = [(0.4, "sent")]
    if rng.random() < rates.delivered:
        steps.append((1.2, "delivered"))
        if rng.random() < rates.read:
            steps.append((rng.uniform(5, 90), "read"))
            if rng.random() < rates.replied:
                steps.append((rng.uniform(10, 60), "reply"))
    return steps
