"""What can come of a contact attempt: the words every provider's answers and webhooks are translated into.

The tables here are the vocabulary; the vendors' own words stay in `providers/`, and the raw payloads are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class CallOutcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"  # a person spoke with the agent
    MISSED = "missed"  # rang out, was rejected, or dropped before any conversation
    BUSY = "busy"
    FAILED = "failed"  # could not be placed or connected
    VOICEMAIL = "voicemail"  # a machine answered; counts as missed unless a flow asks for voicemail
    UNKNOWN = "unknown"  # no provider ever told


NOT_ANSWERED = "not_answered"
"""The condition value that any outcome but `answered` satisfies."""


class MessageState(StrEnum):
    """How far a message got, in order; `failed` wins only over states before `delivered`."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    FAILED = "failed"


MESSAGE_RANK = {
    MessageState.QUEUED: 0,
    MessageState.SENT: 1,
    MessageState.FAILED: 2,
    MessageState.DELIVERED: 3,
    MessageState.READ: 4,
    MessageState.REPLIED: 5,
}
"""Events arrive in any order: the state with the higher rank is kept."""


class ErrorClass(StrEnum):
    """What a refusal asks of us."""

    TRANSIENT = "transient"  # the same request may work later: retry as a new attempt
    PERMANENT = "permanent"  # this attempt can never work: do not retry
    ACCOUNT = "account"  # nothing works until someone mends the channel
    LEAD = "lead"  # this address can never be reached on this channel


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the request and named it `provider_ref`."""

    provider_ref: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider surely did not act: it said no, or the connection was never made."""

    error_class: ErrorClass
    code: str
    message: str
    retry_after_seconds: float | None = None
    template_only: bool = False
    """An `ACCOUNT` refusal that stops only this template's sends (paused, not approved), not the whole channel."""
    suppress: bool = False
    """This address must not be used again on this channel: the person stopped us there, or there surely is nobody."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have been acted on and no answer came: it must never be blindly sent again."""

    message: str


SendResult = Accepted | Refused | Unanswered


class EventKind(StrEnum):
    """What a provider event tells about."""

    CALL = "call"  # a call's progress or end
    MESSAGE = "message"  # a message's progress
    REPLY = "reply"  # the lead wrote to us
    TEMPLATE = "template"  # a template's approval changed
    OTHER = "other"  # kept, not acted on


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing a provider told us, in our words.

    `event_id` de-duplicates within a channel. `attempt_id` is ours, when the provider echoes it; else `provider_ref` names the attempt.
    `terminal` means that nothing further can change the outcome. `data` goes into the attempt's `result_data`. `suppress`: `address` must
    not be used again on this channel (True), or may be again (False), as the person told the provider. `postponed_until`: the provider
    itself has moved the call to that time.
    """

    event_id: str
    kind: EventKind
    attempt_id: UUID | None = None
    provider_ref: str | None = None
    call_outcome: CallOutcome | None = None
    message_state: MessageState | None = None
    terminal: bool = False
    error_class: ErrorClass | None = None
    error_code: str | None = None
    error_message: str | None = None
    address: str | None = None
    text: str | None = None
    occurred_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    suppress: bool | None = None
    postponed_until: datetime | None = None
