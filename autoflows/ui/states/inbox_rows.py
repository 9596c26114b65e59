"""What the inbox shows: causes and what has them, as rows. Pure."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from autoflows.domain.causes import InboxKind
from autoflows.domain.evidence import NAMED_BY_PERSON
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType
from autoflows.domain.flow_words import ACTION_TITLES
from autoflows.domain.outcomes import CallOutcome
from autoflows.services.views.inbox import InboxCause, InboxItem
from autoflows.ui.states.execution_amend import ENDINGS

REACHED, NOT_REACHED = "It reached them", "It did not reach them"


class CauseRow(BaseModel):
    """A group of the inbox."""

    key: str
    kind: str
    title: str
    advice: str
    icon: str
    channel: str
    is_account: bool
    is_call: bool
    count: int
    newest_at: datetime


class KnownLine(BaseModel):
    """One thing that is known; `at` is empty where no time is."""

    at: str
    text: str


class ItemRow(BaseModel):
    """One thing for a person. `gone` says how it was dealt with while it was on the screen, so that nothing jumps under the pointer."""

    id: str
    kind: str
    execution_id: str
    name: str
    address: str
    flow_id: str
    flow: str
    step: str
    channel: str
    at: datetime
    known: list[KnownLine]
    sent: str
    provider_ref: str
    risk: str
    retry: str
    can_retry: bool
    is_call: bool
    left_at: str
    left: str
    gone: str = ""


def cause_row(cause: InboxCause) -> CauseRow:
    """A cause as a group."""
    return CauseRow(
        key=cause.cause,
        kind=cause.kind.value,
        title=cause.title,
        advice=cause.advice,
        icon=cause.action_type,
        channel=cause.channel_name or "",
        is_account=cause.error_class == "account",
        is_call=cause.action_type == ActionType.AI_CALL,
        count=cause.count,
        newest_at=cause.newest_at,
    )


def item_row(item: InboxItem) -> ItemRow:
    """An item as a line."""
    person, left = item.contact, item.dismissed
    title = ACTION_TITLES.get(item.action_type, "")
    step = f"Step {item.action_order} of {max(item.action_count, item.action_order)}"
    return ItemRow(
        id=str(item.id),
        kind=item.kind.value,
        execution_id=str(item.execution_id),
        name=person.name or person.phone or person.email or "Unnamed",
        address=person.phone or person.email or "",
        flow_id=str(item.flow_id),
        flow=f"{item.flow_name} v{item.flow_version}",
        step=f"{step}, {title}" if title else step,
        channel=item.channel_name or "",
        at=item.at,
        known=[KnownLine(at=line.at.isoformat() if line.at else "", text=line.text) for line in item.known],
        sent=item.sent,
        provider_ref=item.provider_ref or "",
        risk=item.risk,
        retry=item.retry,
        can_retry=item.can_retry,
        is_call=item.action_type == ActionType.AI_CALL,
        left_at=left.at.isoformat() if left else "",
        left=f"Left as it is by {left.by}{f': “{left.note}”' if left.note else ''}" if left else "",
    )


def answers(is_call: bool) -> list[tuple[str, str]]:
    """What can be said of attempts in doubt, as (value, words); the value is `status` or `status:outcome`."""
    if not is_call:
        return [("success", "They arrived"), ("failed", "None arrived")]
    first = [(f"{LogStatus.SUCCESS}:{outcome}", ENDINGS[outcome]) for outcome in NAMED_BY_PERSON[LogStatus.SUCCESS]]
    return [*first, (f"{LogStatus.FAILED}:{CallOutcome.FAILED}", ENDINGS[CallOutcome.FAILED])]


def said(status: LogStatus, outcome: CallOutcome | None) -> str:
    """What a person has just said."""
    word = REACHED if status is LogStatus.SUCCESS else NOT_REACHED
    return f"{word}: {ENDINGS[outcome][:1].lower()}{ENDINGS[outcome][1:]}" if outcome else word


KINDS = [(InboxKind.UNKNOWN.value, "In doubt"), (InboxKind.FAILED.value, "Failed")]
