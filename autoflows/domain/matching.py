"""Which flow a lead enters, and why not the others: the decision trace comes from the code that decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.conditions import ConditionResult, Lead, evaluate
from autoflows.domain.flow import FlowDefinition, OutsideHours
from autoflows.domain.gate_context import GateResult
from autoflows.domain.gate_hours import flow_window
from autoflows.domain.gates import NO_CONSENT, consented_to_nothing
from autoflows.domain.holidays import holiday_name
from autoflows.domain.leads import Disposition, has_dnc
from autoflows.domain.suppressions import Suppressed, closing

DNC_FOUND = "DNC tag found"


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


@dataclass(frozen=True, slots=True)
class _Arrival:
    """What the gates of enrolment look at once a flow has won."""

    lead: Lead
    winner: Candidate
    history: History
    account: AccountSettings
    default_hours: BusinessHours | None
    consent: Mapping[str, Any] | None
    holidays: frozenset[date]
    now: datetime
    do_not_contact: str


@dataclass(frozen=True, slots=True)
class _No:
    """A gate's refusal: the disposition, the reason for people, and when it would be a yes, if time cures it."""

    disposition: Disposition
    reason: str
    until: datetime | None = None


def _dnc(a: _Arrival) -> _No | None:
    return _No(Disposition.BLOCKED_DNC, a.do_not_contact) if a.do_not_contact else None


def _consent(a: _Arrival) -> _No | None:
    return _No(Disposition.BLOCKED_CONSENT, NO_CONSENT) if consented_to_nothing(a.consent) else None


def _re_entry(a: _Arrival) -> _No | None:
    if a.winner.flow_id in a.history.live_flow_ids:
        return _No(Disposition.DUPLICATE, f"'{a.winner.name}' is running for this person already")
    return None


def _cooldown(a: _Arrival) -> _No | None:
    own = a.winner.definition.cooldown_minutes
    minutes = a.account.cooldown_minutes if own is None else own
    if a.history.last_enrolled_at is None or a.now >= (free_at := a.history.last_enrolled_at + timedelta(minutes=minutes)):
        return None
    return _No(Disposition.COOLDOWN, f"Cooldown: this person entered a flow less than {minutes} minutes ago", free_at)


def _flow_hours(a: _Arrival) -> _No | None:
    window = flow_window(a.winner.definition, a.default_hours, a.holidays)
    if window is None or a.winner.definition.outside_hours is not OutsideHours.SKIP or window.is_open(a.now):
        return None
    holiday = window.holiday_at(a.now)
    why = f" (closed for {holiday_name(a.account, holiday)})" if holiday else ""
    return _No(Disposition.OUTSIDE_HOURS, f"Outside the hours of '{a.winner.name}'{why}, which is set to skip", window.next_open(a.now))


GATES: tuple[tuple[str, Callable[[_Arrival], _No | None]], ...] = (
    ("dnc", _dnc),
    ("consent", _consent),
    ("re_entry", _re_entry),
    ("cooldown", _cooldown),
    ("flow_hours", _flow_hours),
)
"""The gates of enrolment, in order. What a step may do later is asked again by `gates` before every contact."""


def match(
    lead: Lead,
    candidates: Sequence[Candidate],
    history: History,
    account: AccountSettings,
    default_hours: BusinessHours | None,
    consent: Mapping[str, Any] | None,
    holidays: frozenset[date],
    now: datetime,
    suppressed: Sequence[Suppressed] = (),
    zone: str = "UTC",
) -> Match:
    """Settle one lead: the first flow by priority whose conditions all hold, then the gates of enrolment, in order.

    A person who is suppressed for all channels is do-not-call; one closed channel only skips its steps later. `zone` is the account's.
    """
    do_not_contact = why_not(lead, suppressed, zone)
    flows = sorted(candidates, key=lambda c: c.priority)
    traces = [_trace(flow, lead) for flow in flows]
    winner = next((flow for flow, trace in zip(flows, traces, strict=True) if trace.matched), None)
    if winner is None:
        if do_not_contact:
            return _settled(Disposition.BLOCKED_DNC, do_not_contact, traces)
        return _settled(Disposition.NO_MATCH, "No enabled flow's conditions hold" if flows else "No flow is enabled", traces)
    first, *others = [trace for trace in traces if trace.matched]
    for trace in others:
        trace.note = f"Matched too, but '{winner.name}' has the higher priority"
    arrival = _Arrival(lead, winner, history, account, default_hours, consent, holidays, now, do_not_contact)
    for name, gate in GATES:
        no = gate(arrival)
        result = GateResult(name, True) if no is None else GateResult(name, False, no.reason, no.until)
        first.gates.append(result.as_dict())
        if no is not None:
            return _settled(no.disposition, no.reason, traces)
    return _settled(Disposition.ENROLLED, f"Matched '{winner.name}' (priority {winner.priority})", traces, winner)


def why_not(lead: Lead, suppressed: Sequence[Suppressed], zone: str) -> str:
    """Why no flow may contact this person at all, in words; empty if nothing says so."""
    if has_dnc(list(lead.tags)):
        return DNC_FOUND
    closed = closing(suppressed)
    return closed.sentence(zone) if closed else ""


def _trace(flow: Candidate, lead: Lead) -> FlowTrace:
    results = [evaluate(c, lead) for c in flow.definition.conditions]
    note = "" if results else "The flow has no trigger condition, so it never starts by itself"
    return FlowTrace(str(flow.flow_id), flow.name, flow.priority, bool(results) and all(r.met for r in results), results, note=note)


def _settled(disposition: Disposition, reason: str, traces: Sequence[FlowTrace], flow: Candidate | None = None) -> Match:
    return Match(disposition, reason[:500], flow, [asdict(t) for t in traces])
