"""The story of an execution: every step of its plan in order, what was tried at each, and what is still to come. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.services.views.executions import ActionLogView, ExecutionView
from autoflows.ui import words
from autoflows.ui.components import duration_text

MESSAGE_TYPES = (ActionType.WHATSAPP_MESSAGE, ActionType.EMAIL, ActionType.SMS)

FACTS = {
    "channel": "Channel",
    "agent": "Agent",
    "template": "Template",
    "to": "To",
    "from": "From",
    "subject": "Subject",
    "conversation_duration": "Conversation",
    "hangup_by": "Hung up by",
    "hangup_reason": "Hang-up reason",
    "payload": "Button",
    "call_id": "Call id",
    "message_id": "Message id",
    "reply": "Server's answer",
    "stopped_at_provider": "Stopped at the provider",
}
"""What of a result is told as label and value; the rest is under "Everything recorded"."""
SECONDS = ("conversation_duration",)
MOST_ZONES = 3
"""So many are named; a number that may ring anywhere in a country has dozens."""


class GateLine(BaseModel):
    """One rule that was asked before a contact."""

    name: str
    passed: bool
    detail: str
    next_at: str
    basis: str
    """Which of its rules, and by which clocks; empty where there is no choice."""


class Turn(BaseModel):
    """One line of a conversation."""

    speaker: str
    text: str


class AttemptView(BaseModel):
    """One try at a step. Times are ISO; empty where there is none."""

    id: str
    number: int
    status: str
    started_at: str
    ended_at: str
    until: str
    lasted: str
    outcome: str
    message_state: str
    skip_reason: str
    error: str
    gates: list[GateLine]
    gates_text: str
    facts: list[list[str]]
    body: str
    summary: str
    recording_url: str
    transcript: list[Turn]
    raw: str
    cost: str
    unsettled: bool
    is_call: bool
    risk: str
    resolution: str
    retried: bool


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
    current: bool
    attempts: list[AttemptView]


def timeline(
    execution: ExecutionView, plan: FlowDefinition | None, logs: Sequence[ActionLogView], names: Mapping[str, str]
) -> list[StepView]:
    """All steps in order. Steps of a plan that cannot be read any more are told from the logs alone."""
    tried: dict[int, list[ActionLogView]] = defaultdict(list)
    for log in logs:
        tried[log.action_order].append(log)
    planned = {action.action_order: action.model_dump(mode="json") for action in plan.actions} if plan else {}
    steps = []
    for order in sorted(planned.keys() | tried.keys()):
        attempts = tried.get(order, [])
        action = planned.get(order) or (attempts[0].action | {"action_type": attempts[0].action_type})
        steps.append(_step(execution, order, action, attempts, names))
    return steps


def _step(
    execution: ExecutionView, order: int, action: Mapping[str, Any], attempts: Sequence[ActionLogView], names: Mapping[str, str]
) -> StepView:
    kind = str(action.get("action_type") or "")
    spec = ACTIONS.get(ActionType(kind)) if kind in tuple(ActionType) else None
    running = execution.status == "running"
    status = attempts[-1].status if attempts else "upcoming"
    current = running and order == execution.current_action_step and status in ("upcoming", "running", "pending", "failed")
    if current and status == "upcoming" and execution.waiting:
        status = "waiting"
    if not running and status == "upcoming":
        status = "not_reached"
    text = words.action_in_words(kind, action.get("action_config") or {}, names)
    return StepView(
        order=order,
        title=spec.title if spec else kind.replace("_", " ").capitalize(),
        icon=spec.icon if spec else "circle",
        text=text[:1].upper() + text[1:],
        when=words.when_in_words(action.get("condition_type"), action.get("condition_value"), action.get("condition_field")),
        status=status,
        tone="skipped" if status in ("upcoming", "not_reached") else status,
        label=STATUS_WORDS.get(status, status.capitalize()),
        current=current,
        attempts=[_attempt(log, several=len(attempts) > 1) for log in attempts],
    )


STATUS_WORDS = words.LOG_STATUSES | {"upcoming": "To come", "waiting": "Waiting", "not_reached": "Not reached"}


def _attempt(log: ActionLogView, *, several: bool) -> AttemptView:
    data = log.result_data
    gates = [_gate(g) for g in log.gates]
    duration = (log.completed_at - log.started_at).total_seconds() * 1000 if log.completed_at and log.status != "skipped" else None
    return AttemptView(
        id=str(log.id),
        number=log.attempt if several else 0,
        status=log.status,
        started_at=log.started_at.isoformat(),
        ended_at=log.completed_at.isoformat() if log.completed_at else "",
        until=log.wait_until.isoformat() if log.wait_until and log.status == "running" else "",
        lasted="" if duration is None else duration_text(max(duration, 0)),
        outcome=log.outcome or "",
        message_state=log.message_state or "",
        skip_reason=log.skip_reason or "",
        error=_error(log),
        gates=gates,
        gates_text=_gates_text(gates),
        facts=[*([["Arm", log.arm]] if log.arm else []), *_facts(data)],
        body=str(data.get("body") or (data.get("text") if log.action_type == ActionType.EMAIL else "") or ""),
        summary=str(data.get("summary") or ""),
        recording_url=_web_address(data.get("recording_url")),
        transcript=_turns(str(data.get("transcript") or "")),
        raw=json.dumps(data, indent=2, ensure_ascii=False, default=str) if data else "",
        unsettled=log.status == "unknown",
        is_call=log.action_type == ActionType.AI_CALL,
        risk=_risk(log),
        resolution=_resolution(data.get("resolved")),
        retried=bool(data.get("retried_at")),
        cost=f"{log.cost.amount / 100:.2f} {log.cost.currency}" if log.cost else "",
    )


STOPPED = {True: "Yes, before it was placed", False: "No, it had begun"}

REACH = {
    ActionType.AI_CALL: "called",
    ActionType.WHATSAPP_MESSAGE: "sent the WhatsApp message",
    ActionType.EMAIL: "sent the e-mail",
    ActionType.SMS: "sent the SMS",
}


def _risk(log: ActionLogView) -> str:
    """What is known of an attempt nobody told about, and what sending it again would risk."""
    if log.status != "unknown":
        return ""
    done = REACH.get(ActionType(log.action_type), "contacted")
    known = (
        "The provider took the request and never told the outcome."
        if log.provider_ref
        else "The provider never said whether it took the request."
    )
    return f"{known} The lead may have been {done} already, so a second try could reach them twice; it is never repeated by itself."


def _resolution(said: Any) -> str:
    """What a person said became of it."""
    if not isinstance(said, Mapping):
        return ""
    word = "it reached them" if said.get("status") == "success" else "it did not reach them"
    outcome = words.CALL_OUTCOMES.get(str(said.get("outcome") or ""), "")
    note = f": “{said['note']}”" if said.get("note") else ""
    return f"{said.get('by') or 'A person'} said {word}{f' ({outcome})' if outcome else ''}{note}"


def _error(log: ActionLogView) -> str:
    if not log.error_message:
        return ""
    return f"{log.error_message} ({log.error_code})" if log.error_code and log.error_code not in log.error_message else log.error_message


def _gate(gate: Mapping[str, Any]) -> GateLine:
    name = str(gate.get("gate") or "")
    return GateLine(
        name=words.GATES.get(name, name.replace("_", " ").capitalize()),
        passed=bool(gate.get("passed")),
        detail=str(gate.get("detail") or ""),
        next_at=str(gate.get("next_allowed_at") or ""),
        basis=_basis(gate),
    )


def _basis(gate: Mapping[str, Any]) -> str:
    rule, zones, origin = gate.get("rule"), [str(zone) for zone in gate.get("zones") or []], gate.get("zone_origin")
    said = [f"rule {rule}"] if rule else []
    if zones:
        more = f" and {len(zones) - MOST_ZONES} more" if len(zones) > MOST_ZONES else ""
        said.append(f"by the clock of {', '.join(zones[:MOST_ZONES])}{more}" + (f" (from {origin})" if origin else ""))
    return ", ".join(said)


def _gates_text(gates: Sequence[GateLine]) -> str:
    if not gates:
        return ""
    blocked = next((g for g in gates if not g.passed), None)
    return f"Stopped by {blocked.name.lower()}" if blocked else f"{len(gates)} rule{'' if len(gates) == 1 else 's'} asked, all passed"


def _facts(data: Mapping[str, Any]) -> list[list[str]]:
    told = []
    for key, label in FACTS.items():
        value = data.get(key)
        if value in (None, "", [], {}):
            continue
        if isinstance(value, bool):
            value = STOPPED[value]
        said = f"{value:g} s" if key in SECONDS and isinstance(value, int | float) else str(value)
        told.append([label, said])
    return told


def _web_address(value: Any) -> str:
    """A link that is safe to follow, or nothing: what a provider sends may be anything."""
    text = str(value or "")
    return text if urlsplit(text).scheme in ("http", "https") else ""


SPEAKERS = {"assistant": "Agent", "agent": "Agent", "bot": "Agent", "user": "Lead", "human": "Lead", "lead": "Lead", "customer": "Lead"}


def _turns(transcript: str) -> list[Turn]:
    """A transcript (`assistant: ...`, `user: ...` by line) as turns; a line without a speaker goes on with the one before."""
    turns: list[Turn] = []
    for line in transcript.splitlines():
        head, colon, rest = line.partition(":")
        speaker = SPEAKERS.get(head.strip().lower()) if colon else None
        if speaker:
            turns.append(Turn(speaker=speaker, text=rest.strip()))
        elif line.strip() and turns:
            turns[-1].text += f"\n{line.strip()}"
        elif line.strip():
            turns.append(Turn(speaker="", text=line.strip()))
    return turns
