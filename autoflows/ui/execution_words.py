"""What can be done to an execution and what was, in sentences: what a cancel does just now, where a retry begins, who did what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from autoflows.domain.decide import to_retry
from autoflows.domain.decisions import Log
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.services.views.executions import ActionLogView, ExecutionView
from autoflows.services.views.story import Act, ActView
from autoflows.services.views.story_words import act_said, act_text
from autoflows.ui import words
from autoflows.ui.attempts import is_contact
from autoflows.ui.timeline import StepView

TALKING = ("in-progress", "ringing", "call-disconnected")
"""What a provider calls a call that it cannot take back any more."""


def _out(logs: Sequence[ActionLogView]) -> ActionLogView | None:
    return next((log for log in logs if log.status == "running" and is_contact(log)), None)


def cancel_in_words(execution: ExecutionView, logs: Sequence[ActionLogView]) -> str:
    """What cancelling would do at this moment; empty for an execution that is over."""
    if execution.status != "running":
        return ""
    out = _out(logs)
    if out is None:
        waits = execution.waiting is not None or any(log.status == "running" for log in logs)
        now = "It waits, and the wait ends" if waits else "Its next step has not begun, and never will"
        return f"{now}: nothing more is sent to this contact by it. What was sent already stays sent."
    if out.action_type != ActionType.AI_CALL or not out.provider_ref:
        return (
            f"Step {out.action_order} is going out at this moment and may still reach the contact; its result is recorded. "
            "Nothing follows it."
        )
    if out.result_data.get("status") in TALKING:
        return f"The call of step {out.action_order} is in progress. It goes on to its end and its outcome is recorded; nothing follows it."
    return (
        f"The call of step {out.action_order} stands in the provider's queue. The provider is asked to drop it; if it has begun by then, "
        "it goes on and its outcome is recorded. Nothing follows it."
    )


def cancelled_in_words(logs: Sequence[ActionLogView]) -> str:
    """What came of cancelling, of an execution that was just cancelled."""
    if any(log.status == "cancelled" and log.result_data.get("stopped_at_provider") for log in logs):
        return "Its call was dropped from the provider's queue. Nothing more is sent."
    out = _out(logs)
    if out is not None and out.action_type == ActionType.AI_CALL:
        begun = (
            "had begun and goes on"
            if out.result_data.get("stopped_at_provider") is False
            else "may have begun; the provider is asked to drop it"
        )
        return f"Its call {begun}. The outcome is recorded, and nothing follows it."
    if out is not None:
        return f"Step {out.action_order} was going out and may still reach the contact. Nothing follows it."
    return "Nothing more is sent. What was sent already stays sent."


class Retry(BaseModel):
    """Whether and from where a failed execution can be tried again: `problem` says what is in the way."""

    text: str = ""
    problem: str = ""


def retry_in_words(
    execution: ExecutionView, plan: FlowDefinition | None, logs: Sequence[ActionLogView], steps: Sequence[StepView]
) -> Retry:
    """By the rule the engine itself retries by."""
    if execution.status != "failed" or execution.is_test_run:
        return Retry()
    if plan is None:
        return Retry(problem="What is stored of this version of the flow cannot be read, so it cannot run again.")
    unknown = next((log.action_order for log in logs if log.status == "unknown"), None)
    if unknown is not None:
        return Retry(problem=f"What became of step {unknown} is unknown. Say below whether it reached them; then it can be tried again.")
    tried = [Log(x.action_order, x.attempt, ActionType(x.action_type), LogStatus(x.status), x.started_at) for x in logs]
    again = [log.action_order for log in to_retry(plan, tried)]
    titles = {step.order: f"step {step.order} ({step.title})" for step in steps}
    if again:
        named = words.joined([titles.get(order, f"step {order}") for order in again])
        begin = f"It goes on from {titles.get(min(again), f'step {min(again)}')}. Its attempts surely failed, so it is made once more"
        if len(again) > 1:
            begin = f"It goes on from step {min(again)}: {named} surely failed and are made once more"
        return Retry(text=f"{begin}, within the rules of now. Nothing that was sent is sent again.")
    return Retry(
        text="No step surely failed, so none is made again: only steps that had not begun are begun. Nothing that was sent is sent again."
    )


class ActLine(BaseModel):
    """Something a member of the team did."""

    icon: str
    text: str
    by: str
    at: str
    said: str


ACT_ICONS: Mapping[Act, str] = {
    "enrolled": "user-plus",
    "moved": "git-branch",
    "cancelled": "circle-stop",
    "cancelled_many": "circle-stop",
    "cancelled_by_publish": "circle-stop",
    "retried": "rotate-ccw",
    "retried_many": "rotate-ccw",
    "resolved": "user-check",
}


def act_in_words(act: ActView) -> ActLine:
    """`Cancelled it`, by whom, and what they said."""
    return ActLine(icon=ACT_ICONS[act.act], text=act_text(act), by=act.actor_name, at=act.at.isoformat(), said=act_said(act))
