"""What is known of an attempt or a failed execution, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.domain.causes import RISKS
from autoflows.domain.decide import to_retry
from autoflows.domain.decisions import Log
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.domain.flow_words import ACTION_TITLES, CALL_OUTCOMES, MESSAGE_STATES, joined
from autoflows.models import ActionLog, ProviderEventRow
from autoflows.services.views.inbox import InboxLine

MOST_EVENTS = 4
"""So many of the latest are told."""


def decisive(logs: Sequence[ActionLog]) -> ActionLog | None:
    """The attempt a failed execution failed by, chosen as `engine/causes.py` does."""
    wrong = [log for log in logs if log.status in (LogStatus.FAILED, LogStatus.UNKNOWN) and log.action_type != ActionType.WAIT]
    return max(wrong, key=lambda log: (log.error_class == "account", log.action_order, log.attempt), default=None)


def known_of(log: ActionLog, channel_name: str | None, events: Sequence[ProviderEventRow]) -> list[InboxLine]:
    """The attempt, its answer, the look-ups and what the provider told since, in the order of time."""
    lines = [InboxLine(at=log.started_at, text=_made(log, channel_name))]
    if (answer := _answer(log)) is not None:
        lines.append(InboxLine(at=log.answered_at or log.completed_at, text=answer))
    told = sorted(events, key=lambda event: event.received_at)
    if len(told) > MOST_EVENTS:
        lines.append(InboxLine(at=None, text=f"{len(told) - MOST_EVENTS} earlier events of the provider are on the timeline."))
    lines += [InboxLine(at=event.received_at, text=_event(event)) for event in told[-MOST_EVENTS:]]
    if log.status == LogStatus.UNKNOWN:
        if asked := int(log.result_data.get("lookups") or 0):
            lines.append(InboxLine(at=None, text=f"The provider was asked {_times(asked)} what became of it, and could not tell."))
        lines.append(InboxLine(at=log.completed_at, text=f"Given up: {log.error_message or 'nobody told what became of it'}."))
    return lines


def sent_by(log: ActionLog) -> str:
    """The words that were sent, as far as they are kept."""
    data = log.result_data
    words = data.get("body") or (data.get("text") if log.action_type == ActionType.EMAIL else "") or ""
    return "\n".join(str(part) for part in (data.get("subject"), words) if part)


def retry_of(definition: FlowDefinition | None, logs: Sequence[ActionLog], is_reachable: bool) -> tuple[bool, str]:
    """Whether trying again can do anything, and what it does, in a sentence."""
    if definition is None:
        return False, "What is stored of this version of the flow cannot be read, so it cannot run again."
    if not is_reachable:
        return False, "This contact has no phone number and no e-mail address any more, so nothing can be sent."
    titles = {action.action_order: ACTION_TITLES.get(action.action_type, "step") for action in definition.actions}
    again = to_retry(
        definition,
        [Log(log.action_order, log.attempt, ActionType(log.action_type), LogStatus(log.status), log.started_at) for log in logs],
    )
    named = [f"step {log.action_order} ({titles[log.action_order]})" for log in again]
    reached = max((log.action_order for log in logs), default=0)
    upcoming = min((order for order in titles if order > reached), default=None)
    if named:
        return True, f"Tries {joined(named)} once more. Nothing that was sent is sent again."
    if upcoming is not None and any(action.action_type is ActionType.SPLIT for action in definition.actions):
        return True, f"Goes on after step {reached}, as its arm says. Nothing that was sent is sent again."
    if upcoming is not None:
        return True, f"Goes on with step {upcoming} ({titles[upcoming]}). Nothing that was sent is sent again."
    return False, "No step is left that surely failed, so there is nothing to try again."


def _made(log: ActionLog, channel_name: str | None) -> str:
    data = log.result_data
    what = ACTION_TITLES.get(log.action_type, log.action_type)
    named = data.get("agent") or data.get("template")
    said = f"{what} “{named}”" if named else what
    to = f" to {data['to']}" if data.get("to") else ""
    by = f" by {channel_name}" if channel_name else ""
    again = f", attempt {log.attempt}" if log.attempt > 1 else ""
    return f"Step {log.action_order}: {said}{to}{by}{again}."


def _answer(log: ActionLog) -> str | None:
    if log.status == LogStatus.UNKNOWN:
        if log.provider_ref:
            return "The provider took it."
        return "The provider did not answer." if log.action_type in RISKS else None
    if log.status != LogStatus.FAILED:
        return None
    code = f" ({log.error_code})" if log.error_code and log.error_code not in (log.error_message or "") else ""
    if log.outcome:
        ended = f"The call was {CALL_OUTCOMES.get(log.outcome, log.outcome)}"
        return f"{ended}: {log.error_message}{code}" if log.error_message else f"{ended}{code}."
    verb = "The provider said no" if log.answered_at else "It was not sent"
    return f"{verb}: {log.error_message or 'it gave no reason'}{code}"


def _event(event: ProviderEventRow) -> str:
    data = event.event
    outcome, state = data.get("call_outcome"), data.get("message_state")
    if outcome:
        said = f"the call was {CALL_OUTCOMES.get(outcome, outcome)}"
    elif event.kind == "reply":
        said = "the lead replied"
    elif state:
        said = f"the message was {MESSAGE_STATES.get(state, state)}"
    else:
        status = (data.get("data") or {}).get("status")
        said = f"the {event.kind} is {str(status).replace('_', ' ')}" if status else f"news of the {event.kind}"
    note = f" ({event.note})" if event.note and not event.applied else ""
    return f"The provider told: {said}{note}."


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
