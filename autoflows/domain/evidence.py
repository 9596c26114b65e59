"""What a provider's event changes on the attempt it is about. Monotonic: late, doubled, reordered and contradictory events do no harm.

The first decisive word about a call stands; a message only moves up its ranks; an `unknown` may still be named. What a person said of an
attempt stands against what is told later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import MESSAGE_RANK, CallOutcome, ErrorClass, EventKind, MessageState, ProviderEvent


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt as it stands now."""

    status: LogStatus
    outcome: CallOutcome | None = None
    message_state: MessageState | None = None
    resolved: bool = False
    """A person said what became of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to write; None leaves a field. `wakes`: the execution has something new to decide. `postponed_until`: the call waits there."""

    status: LogStatus | None = None
    outcome: CallOutcome | None = None
    message_state: MessageState | None = None
    error_class: ErrorClass | None = None
    error_code: str | None = None
    error_message: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    wakes: bool = False
    note: str = ""
    postponed_until: datetime | None = None


NAMED_BY_PERSON = {
    LogStatus.SUCCESS: (CallOutcome.ANSWERED, CallOutcome.VOICEMAIL, CallOutcome.MISSED, CallOutcome.BUSY),
    LogStatus.FAILED: (CallOutcome.FAILED, CallOutcome.MISSED, CallOutcome.BUSY),
}
"""How a call may have ended by what a person says of it; the first is meant where they do not say."""

OUT = frozenset({LogStatus.PENDING, LogStatus.RUNNING})
"""An attempt that is out, and so holds a line if it is a call."""
OPEN = frozenset({LogStatus.PENDING, LogStatus.RUNNING, LogStatus.UNKNOWN})
NEVER_SENT = frozenset({LogStatus.SKIPPED, LogStatus.CANCELLED})


def weigh(attempted: Attempted, event: ProviderEvent) -> Change:
    """What this event changes. An empty Change with a note says why it changes nothing."""
    if attempted.resolved and (told := _tells(event)) is not None and told is not attempted.status:
        return Change(note=f"A person had said {attempted.status}; this says {told}")
    if event.kind is EventKind.CALL:
        return _call(attempted, event)
    if event.kind in (EventKind.MESSAGE, EventKind.REPLY):
        return _message(attempted, event)
    return Change(note="Kept, not acted on")


def _tells(event: ProviderEvent) -> LogStatus | None:
    """Which end of the attempt the provider means; a reply is news of the person, not of the attempt."""
    if event.kind is EventKind.CALL and event.terminal and event.call_outcome is not None:
        return _STATUS_OF_OUTCOME.get(event.call_outcome, LogStatus.SUCCESS)
    if event.kind is EventKind.MESSAGE and event.message_state is not None:
        return LogStatus.FAILED if event.message_state is MessageState.FAILED else LogStatus.SUCCESS
    return None


_STATUS_OF_OUTCOME = {CallOutcome.FAILED: LogStatus.FAILED, CallOutcome.UNKNOWN: LogStatus.UNKNOWN}
"""An attempt whose call had any other outcome did what it was for."""


def _call(attempted: Attempted, event: ProviderEvent) -> Change:
    if not event.terminal or event.call_outcome is None:
        if event.postponed_until is not None and attempted.status in OUT:
            return Change(data=event.data, postponed_until=event.postponed_until, wakes=True)
        # Progress is shown while the call runs and never decides.
        return Change(data=event.data, note="Progress") if attempted.status in OPEN else Change(note="Progress after the end")
    if attempted.outcome == event.call_outcome:
        return Change(data=event.data, note="The same outcome again, with more detail")
    # A refusal is our reading of an answer; an outcome is what happened, so it stands against a refusal too.
    refused = attempted.status is LogStatus.FAILED and attempted.outcome is None
    named_before = attempted.outcome not in (None, CallOutcome.UNKNOWN)
    if named_before or not (attempted.status in OPEN or refused):
        return Change(note=f"The attempt had ended before ({attempted.outcome or attempted.status})")
    failed = event.call_outcome is CallOutcome.FAILED
    return Change(
        status=_STATUS_OF_OUTCOME.get(event.call_outcome, LogStatus.SUCCESS),
        outcome=event.call_outcome,
        # A call that rang or broke is never repeated for a technical reason: calling again is the flow's choice.
        error_class=event.error_class if failed and event.error_class is not ErrorClass.TRANSIENT else None,
        error_code=event.error_code,
        error_message=event.error_message,
        data=event.data,
        wakes=True,
    )


def _message(attempted: Attempted, event: ProviderEvent) -> Change:
    state = MessageState.REPLIED if event.kind is EventKind.REPLY else event.message_state
    if state is None:
        return Change(note="No state told")
    if attempted.message_state is not None and MESSAGE_RANK[state] <= MESSAGE_RANK[attempted.message_state]:
        return Change(note=f"Already {attempted.message_state}")
    failed = state is MessageState.FAILED
    status = LogStatus.FAILED if failed else LogStatus.SUCCESS
    # The highest state decides: a message said to have failed, and then to be delivered, was delivered.
    return Change(
        status=None if attempted.status in NEVER_SENT or attempted.status is status or attempted.resolved else status,
        message_state=state,
        error_class=event.error_class if failed and event.error_class is not ErrorClass.TRANSIENT else None,
        error_code=event.error_code if failed else None,
        error_message=event.error_message if failed else None,
        data=event.data,
        wakes=True,
    )
