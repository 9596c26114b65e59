"""Whether a flow's goal is met. Pure: what happened is an argument, and so is when.

A goal about the contact (a tag, a field) is something that becomes true during the run. Whoever has it at the beginning can no longer get
there, so such an execution has no window at all: it neither converts nor counts as one that did not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from autoflows.domain.conditions import Lead, compare, field_value, fold
from autoflows.domain.flow import ConditionOperator, Goal, GoalKind
from autoflows.domain.outcomes import CallOutcome, MessageState

OF_CONTACT = frozenset({GoalKind.TAG_ADDED, GoalKind.FIELD_EQUALS})
"""Goals that changes of the contact meet; the others are met by what providers tell."""


def met_by_contact(goal: Goal, lead: Lead) -> bool:
    """Whether the contact is as the goal wants it."""
    if goal.kind is GoalKind.TAG_ADDED:
        return fold(goal.tag) in {fold(tag) for tag in lead.tags}
    if goal.kind is GoalKind.FIELD_EQUALS:
        path = goal.field or ""
        actual = list(lead.tags) if path == "tags" else [field_value(lead, path)]
        return compare(ConditionOperator.EQUALS if goal.value else ConditionOperator.EXISTS, actual, goal.value)
    return False


def met_by_event(goal: Goal, outcome: CallOutcome | None, state: MessageState | None, seconds: float | None) -> bool:
    """Whether what became of an attempt is what the goal wants; `seconds` is how long the call was talked on, None if nobody told."""
    if goal.kind is GoalKind.REPLY_RECEIVED:
        return state is MessageState.REPLIED
    if goal.kind is GoalKind.CALL_ANSWERED:
        return outcome is CallOutcome.ANSWERED and (seconds or 0) >= goal.min_seconds
    return False


def window_end(goal: Goal | None, lead: Lead, begun: datetime) -> datetime | None:
    """Until when an execution that begins now can convert; None if it never can."""
    if goal is None or met_by_contact(goal, lead):
        return None
    return begun + timedelta(days=goal.window_days)


def converted_at(until: datetime | None, already: datetime | None, at: datetime) -> datetime | None:
    """When the execution converted, if the goal was met at `at`: the first time counts, and none after the window's end."""
    if already is not None:
        return already
    return at if until is not None and at <= until else None


def goal_in_words(goal: Goal) -> str:
    """The goal as a phrase: `the lead replies`, `the contact gets the tag won`."""
    match goal.kind:
        case GoalKind.TAG_ADDED:
            return f"the contact gets the tag {goal.tag}"
        case GoalKind.FIELD_EQUALS:
            name = (goal.field or "").removeprefix("custom_fields.")
            return f"{name} becomes {goal.value}" if goal.value else f"{name} is filled in"
        case GoalKind.REPLY_RECEIVED:
            return "the lead replies"
        case GoalKind.CALL_ANSWERED:
            return f"a call is answered for at least {goal.min_seconds} seconds" if goal.min_seconds else "a call is answered"
