"""One attempt at a step as the page tells it: what was asked, what was sent, how far it got, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from autoflows.domain.flow import ActionType
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.services.views.executions import ActionLogView, CostView
from autoflows.services.views.story import DeliveryView
from autoflows.ui import words
from autoflows.ui.components import duration_text

FACTS = {
    "channel": "Channel",
    "agent": "Agent",
    "template": "Template",
    "language": "Language",
    "to": "To",
    "from": "From",
    "conversation_duration": "Conversation",
    "hangup_by": "Hung up by",
    "hangup_reason": "Hang-up reason",
    "payload": "Button",
    "call_id": "Call id",
    "message_id": "Message id",
    "reply": "Server's answer",
    "stopped_at_provider": "Stopped at the provider",
}
"""What of a result is told as label and value; all of it is read on demand."""
NAMES = ("call_id", "message_id")
SECONDS = ("conversation_duration",)
MOST_ZONES = 3
"""So many are named; a number that may ring anywhere in a country has dozens."""
MADE = ("running", "success", "failed", "unknown", "cancelled")


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


class DeliveryLine(BaseModel):
    """One thing the provider told: how far the message or call had got, and when. `text` is what the person wrote."""

    state: str
    label: str
    at: str
    note: str
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
    subject: str
    body: str
    filled: list[list[str]]
    filled_title: str
    unseen: str
    """Why what was sent is not shown; empty if it is, or if nothing was sent."""
    summary: str
    recording_url: str
    transcript: list[Turn]
    deliveries: list[DeliveryLine]
    cost: str
    is_contact: bool
    unsettled: bool
    is_call: bool
    risk: str
    resolution: str
    retried: bool


def attempt_of(log: ActionLogView, deliveries: Sequence[DeliveryView], *, several: bool, sees_people: bool) -> AttemptView:
    """An attempt and what was told about it; `sees_people` says whether the reader may read what was said and written."""
    data = log.result_data
    gates = [_gate(g) for g in log.gates]
    duration = (log.completed_at - log.started_at).total_seconds() * 1000 if log.completed_at and log.status != "skipped" else None
    values = data.get("variables")
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
        facts=_facts(log),
        subject=str(data.get("subject") or ""),
        body=str(data.get("body") or (data.get("text") if log.action_type == ActionType.EMAIL else "") or ""),
        filled=[[str(name), str(value)] for name, value in values.items()] if isinstance(values, Mapping) else [],
        filled_title="What the agent was told" if log.action_type == ActionType.AI_CALL else "Values it was filled with",
        unseen=_unseen(log, sees_people),
        summary=str(data.get("summary") or ""),
        recording_url=_web_address(data.get("recording_url")),
        transcript=_turns(str(data.get("transcript") or "")),
        deliveries=_deliveries(deliveries),
        is_contact=is_contact(log),
        unsettled=log.status == "unknown",
        is_call=log.action_type == ActionType.AI_CALL,
        risk=_risk(log),
        resolution=_resolution(data.get("resolved")),
        retried=bool(data.get("retried_at")),
        cost=money(log.cost) if log.cost else "",
    )


def is_contact(log: ActionLogView) -> bool:
    """Whether somebody was contacted by it, or was to be."""
    return log.action_type in CHANNEL_OF_ACTION and log.status in MADE


def money(cost: CostView) -> str:
    """`4.00 INR`."""
    return f"{cost.amount / 100:.2f} {cost.currency}"


def _unseen(log: ActionLogView, sees_people: bool) -> str:
    if not is_contact(log):
        return ""
    if not sees_people:
        what = "said on the call" if log.action_type == ActionType.AI_CALL else "written"
        return f"What was {what} is hidden from your role."
    if log.status == "unknown" and "to" not in log.result_data:
        return "What was sent was not recorded: the worker stopped before it could write it down."
    return ""


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


def _facts(log: ActionLogView) -> list[list[str]]:
    data, told = log.result_data, []
    for key, label in FACTS.items():
        value = data.get(key)
        if value in (None, "", [], {}):
            continue
        if isinstance(value, bool):
            value = STOPPED[value]
        said = f"{value:g} s" if key in SECONDS and isinstance(value, int | float) else str(value)
        told.append([label, said])
    if log.arm:
        told.insert(0, ["Arm", log.arm])
    if log.channel_name and "channel" not in data:
        told.insert(0, ["Channel", log.channel_name])
    if log.provider_ref and log.provider_ref not in [data.get(name) for name in NAMES]:
        told.append(["Provider's id", log.provider_ref])
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


NOT_WORTH_TELLING = ("", "Progress", "The same outcome again, with more detail")


def _deliveries(told: Sequence[DeliveryView]) -> list[DeliveryLine]:
    """In the order in which it happened. What is told again in the same words is told once."""
    lines: list[DeliveryLine] = []
    for one in sorted(told, key=lambda d: d.at):
        line = DeliveryLine(
            state=one.state,
            label=one.state.replace("_", " ").replace("-", " ").capitalize(),
            at=one.at.isoformat(),
            note="" if one.note in NOT_WORTH_TELLING else one.note,
            text=one.text or "",
        )
        if not lines or (lines[-1].state, lines[-1].text) != (line.state, line.text):
            lines.append(line)
    return lines
