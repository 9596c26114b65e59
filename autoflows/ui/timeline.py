"""The story of an execution: every step of its plan in order, what was tried at each, and what is still to come. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.flow import ActionType
from autoflows.services.views.executions import ActionLogView, ExecutionView, WaitingView
from autoflows.services.views.story import DeliveryView, StoryView
from autoflows.ui import words
from autoflows.ui.attempts import AttemptView, attempt_of

ICONS = {
    "success": "✓",
    "failed": "✕",
    "skipped": "⤼",
    "running": "▶",
    "pending": "▶",
    "unknown": "?",
    "waiting": "❚❚",
    "cancelled": "■",
    "upcoming": "○",
    "not_reached": "–",
}
"""How each state looks where only letters can be drawn."""
PASSED_BY = ("condition", "exit_rules")
"""Gates by which a step is none of this lead's way, unlike one that stopped it there."""


class StepView(BaseModel):
    """One step of the plan. `status` is `upcoming` while nothing was tried, else the latest attempt's; `tone` is its colour."""

    order: int
    title: str
    icon: str
    text: str
    when: str
    status: str
    tone: str
    label: str
    mark: str
    """The state as a sign, where there is room for letters only."""
    said: str
    """The state in a few words with what it came to: `Done · answered · 34.0 s`, `Held until 09:00 (flow hours)`."""
    passed_by: bool
    """Skipped because this lead's way does not lead here."""
    current: bool
    attempts: list[AttemptView]


def timeline(story: StoryView, names: Mapping[str, str], *, zone: str = "UTC", sees_people: bool = True) -> list[StepView]:
    """All steps in order. Steps of a plan that cannot be read any more are told from the logs alone; times are told by `zone`."""
    tried: dict[int, list[ActionLogView]] = defaultdict(list)
    for log in story.logs:
        tried[log.action_order].append(log)
    told: dict[UUID, list[DeliveryView]] = defaultdict(list)
    for delivery in story.deliveries:
        told[delivery.action_log_id].append(delivery)
    planned = {action.action_order: action.model_dump(mode="json") for action in story.plan.actions} if story.plan else {}
    steps = []
    for order in sorted(planned.keys() | tried.keys()):
        logs = tried.get(order, [])
        action = planned.get(order) or (logs[0].action | {"action_type": logs[0].action_type})
        attempts = [attempt_of(log, told[log.id], several=len(logs) > 1, sees_people=sees_people) for log in logs]
        steps.append(_step(story.execution, order, action, logs, attempts, names, zone))
    return steps


def _step(
    execution: ExecutionView,
    order: int,
    action: Mapping[str, Any],
    logs: Sequence[ActionLogView],
    attempts: list[AttemptView],
    names: Mapping[str, str],
    zone: str,
) -> StepView:
    kind = str(action.get("action_type") or "")
    spec = ACTIONS.get(ActionType(kind)) if kind in tuple(ActionType) else None
    running = execution.status == "running"
    status = logs[-1].status if logs else "upcoming"
    current = running and order == execution.current_action_step and status in ("upcoming", "running", "pending", "failed")
    if current and status in ("upcoming", "failed") and execution.waiting:
        status = "waiting"
    if not running and status == "upcoming":
        status = "not_reached"
    text = words.action_in_words(kind, action.get("action_config") or {}, names)
    label = STATUS_WORDS.get(status, status.capitalize())
    return StepView(
        order=order,
        title=spec.title if spec else kind.replace("_", " ").capitalize(),
        icon=spec.icon if spec else "circle",
        text=text[:1].upper() + text[1:],
        when=words.when_in_words(action.get("condition_type"), action.get("condition_value"), action.get("condition_field")),
        status=status,
        tone="skipped" if status in ("upcoming", "not_reached") else status,
        label=label,
        mark=ICONS.get(status, "○"),
        said=_said(execution, status, label, attempts, logs, zone),
        passed_by=status == "skipped" and _stopped_by(logs[-1]) in PASSED_BY,
        current=current,
        attempts=attempts,
    )


STATUS_WORDS = words.LOG_STATUSES | {"upcoming": "To come", "waiting": "Waiting", "not_reached": "Not reached"}


def _stopped_by(log: ActionLogView) -> str:
    return next((str(gate.get("gate")) for gate in log.gates if not gate.get("passed")), "")


def _said(
    execution: ExecutionView, status: str, label: str, attempts: Sequence[AttemptView], logs: Sequence[ActionLogView], zone: str
) -> str:
    if status == "waiting" and execution.waiting:
        return held_in_words(execution.waiting, zone)
    if not attempts:
        return label
    last, log = attempts[-1], logs[-1]
    if status == "skipped":
        return f"Skipped: {last.skip_reason}" if last.skip_reason else label
    if status == "running" and log.wait_until is not None:
        return f"Waiting until {clock(log.wait_until, zone, log.started_at)}"
    parts = [label, words.CALL_OUTCOMES.get(last.outcome, last.outcome), words.MESSAGE_STATES.get(last.message_state, last.message_state)]
    parts += [f"arm {log.arm}" if log.arm else "", f"{len(attempts)} attempts" if len(attempts) > 1 else "", last.lasted]
    said = " · ".join(part for part in parts if part)
    return f"{said}: {last.error}" if last.error and status in ("failed", "unknown") else said


def held_in_words(waiting: WaitingView, zone: str) -> str:
    """`Held until 09:00 (flow hours)`; without a known time, the reason as it stands."""
    if waiting.until is None:
        return waiting.reason
    head, colon, _ = waiting.reason.partition(":")
    rule = words.GATES.get(waiting.rule or "") or (head if colon else waiting.reason)
    return f"Held until {clock(waiting.until, zone)} ({rule[:1].lower()}{rule[1:]})"


def clock(when: datetime, zone: str, since: datetime | None = None) -> str:
    """`09:00` by the zone's clock, with the date where it is not that of `since` (or of today)."""
    here = when.astimezone(ZoneInfo(zone))
    day = (since or datetime.now(here.tzinfo)).astimezone(here.tzinfo).date()
    return f"{here:%H:%M}" if here.date() == day else f"{here:%H:%M on %-d %b}"
