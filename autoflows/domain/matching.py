"""Which flow a lead enters, and why not the others: the decision trace comes from the code that decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.conditions import ConditionResult, Lead, evaluate
from autoflows.domain.flow import FlowDefinition, OutsideHours
from autoflows.domain.gates import flow_window
from autoflows.domain.leads import Disposition, has_dnc


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enabled flow, as matching sees it."""

    flow_id: UUID
    name: str
    priority: int
    definition: FlowDefinition


@dataclass(frozen=True, slots=True)
class History:
    """What the account did with this person before: time of the latest enrolment, and the flows that run for them now."""

    last_enrolled_at: datetime | None = None
    live_flow_ids: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class FlowTrace:
    """One flow's line in the trace."""

    flow_id: str
    flow_name: str
    priority: int
    matched: bool
    conditions: list[ConditionResult]
    gates: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The disposition of one lead event; `flow` is the winner if it is `enrolled`."""

    disposition: Disposition
    reason: str
    flow: Candidate | None
    trace: list[dict[str, Any]]


def match(
    lead: Lead,
    candidates: Sequence[Candidate],
    history: History,
    account: AccountSettings,
    default_hours: BusinessHours | None,
    consent: Mapping[str, Any] | None,
    holidays: frozenset[date],
    now: datetime,
) -> Match:
    """Settle one lead: the first flow by priority whose conditions all hold, then the gates of enrolment, in order."""
    traces: list[FlowTrace] = []
    winner: Candidate | None = None
    for flow in sorted(candidates, key=lambda c: c.priority):
        results = [evaluate(c, lead) for c in flow.definition.conditions]
        matched = bool(results) and all(r.met for r in results)
        trace = FlowTrace(str(flow.flow_id), flow.name, flow.priority, matched, results)
        if not results:
            trace.note = "The flow has no trigger condition, so it never starts by itself"
        elif matched and winner is not None:
            trace.note = f"Matched too, but '{winner.name}' has the higher priority"
        if matched and winner is None:
            winner = flow
        traces.append(trace)

    def settled(disposition: Disposition, reason: str, flow: Candidate | None = None) -> Match:
        return Match(disposition, reason[:500], flow, [asdict(t) for t in traces])

    if winner is None:
        why = "No flow is enabled" if not candidates else "No enabled flow's conditions hold"
        if has_dnc(list(lead.tags)):
            return settled(Disposition.BLOCKED_DNC, "DNC tag found")
        return settled(Disposition.NO_MATCH, why)

    gates = next(t.gates for t in traces if t.flow_id == str(winner.flow_id))

    def gate(name: str, passed: bool, detail: str = "", next_allowed_at: datetime | None = None) -> bool:
        gates.append(
            {"gate": name, "passed": passed, "detail": detail, "next_allowed_at": next_allowed_at.isoformat() if next_allowed_at else None}
        )
        return passed

    if not gate("dnc", not has_dnc(list(lead.tags)), "DNC tag found" if has_dnc(list(lead.tags)) else ""):
        return settled(Disposition.BLOCKED_DNC, "DNC tag found")
    refused = consent is not None and consent.get("channels") == []
    if not gate("consent", not refused, "The contact consented to no channel" if refused else ""):
        return settled(Disposition.BLOCKED_CONSENT, "The contact consented to no channel")
    if not gate("re_entry", winner.flow_id not in history.live_flow_ids):
        return settled(Disposition.DUPLICATE, f"'{winner.name}' is running for this person already")
    minutes = account.cooldown_minutes if winner.definition.cooldown_minutes is None else winner.definition.cooldown_minutes
    if history.last_enrolled_at is not None and minutes:
        free_at = history.last_enrolled_at + timedelta(minutes=minutes)
        if not gate("cooldown", now >= free_at, f"{minutes} minutes between enrolments of one person", free_at):
            return settled(Disposition.COOLDOWN, f"Cooldown: this person entered a flow less than {minutes} minutes ago")
    else:
        gate("cooldown", True)
    window = flow_window(winner.definition, default_hours, holidays)
    if winner.definition.outside_hours is OutsideHours.SKIP and window is not None and not window.is_open(now):
        gate("flow_hours", False, "Outside the flow's hours, and the flow says skip", window.next_open(now))
        return settled(Disposition.OUTSIDE_HOURS, f"Outside the hours of '{winner.name}', which is set to skip")
    return settled(Disposition.ENROLLED, f"Matched '{winner.name}' (priority {winner.priority})", winner)
