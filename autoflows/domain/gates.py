"""The gates before every contact, in their fixed order. Each says yes, "not before", or no, with its rule's name and a reason in words.

A block that time cures waits; one that it does not cure skips. The table `GATES` is the order; a new rule is one more line in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.conditions import Lead, compare, field_value
from autoflows.domain.flow import Action, ActionCondition, ActionType, ConditionOperator, FlowDefinition, OutsideHours
from autoflows.domain.hours import Window, legal_country, legal_windows, next_open_in_all, window_of, zones_of
from autoflows.domain.leads import has_dnc
from autoflows.domain.outcomes import MESSAGE_RANK, NOT_ANSWERED, CallOutcome, MessageState
from autoflows.domain.suppressions import Suppressed, closing

HOLD_RECHECK = timedelta(minutes=1)
"""How soon a hold without a known end (kill switch, busy lines) is looked at again; lifting one also wakes what it held."""

CHANNEL_OF_ACTION = {
    ActionType.AI_CALL: "call",
    ActionType.WHATSAPP_MESSAGE: "whatsapp",
    ActionType.SMS: "sms",
    ActionType.EMAIL: "email",
}
"""Actions that contact a person, and by what. The others pass the gates of contact."""


OPT_IN_CHANNELS = frozenset({"call", "whatsapp", "sms"})
"""Where a recorded consent that leaves the channel out means no (WhatsApp Business policy; TCPA and TCCCPR for calls and texts).
E-mail in answer to an enquiry needs none; it stops at an unsubscribe, at do-not-call, or at a consent to no channel at all."""


NO_CONSENT = "The contact consented to no channel"


@dataclass(frozen=True, slots=True)
class Policy:
    """The account's rules, the present load, and what is closed for the person, read when the decision is made."""

    account: AccountSettings
    default_hours: BusinessHours | None
    account_zone: str
    holidays: frozenset[date] = frozenset()
    calls_in_flight: int = 0
    contacts_last_day: Sequence[datetime] = ()
    suppressed: Sequence[Suppressed] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What has happened so far in this run, as the gates need it."""

    last_call: CallOutcome | None = None  # of the calls made by earlier steps
    answered: bool = False
    replied: bool = False
    message_states: frozenset[MessageState] = frozenset()


@dataclass(frozen=True, slots=True)
class GateContext:
    """Everything a gate may look at."""

    action: Action
    definition: FlowDefinition
    lead: Lead
    consent: Mapping[str, Any] | None
    standing: Standing
    policy: Policy
    now: datetime

    @property
    def channel(self) -> str | None:
        return CHANNEL_OF_ACTION.get(self.action.action_type)


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's answer. Not passed with `next_allowed_at`: wait until then. Not passed without: skip."""

    gate: str
    passed: bool
    detail: str = ""
    next_allowed_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """As stored on the action log and shown to people."""
        when = self.next_allowed_at
        return {"gate": self.gate, "passed": self.passed, "detail": self.detail, "next_allowed_at": when.isoformat() if when else None}


@dataclass(frozen=True, slots=True)
class _Answer:
    passed: bool
    detail: str = ""
    until: datetime | None = None


YES = _Answer(True)


def flow_window(definition: FlowDefinition, default_hours: BusinessHours | None, holidays: frozenset[date]) -> Window | None:
    """The hours a flow keeps: its own, else the account's; None means always open."""
    if definition.use_custom_business_hours:
        assert definition.business_hours_start and definition.business_hours_end and definition.business_hours_timezone
        return Window(
            frozenset(definition.business_days),
            definition.business_hours_start,
            definition.business_hours_end,
            definition.business_hours_timezone,
            holidays,
        )
    return window_of(default_hours, holidays) if default_hours else None


def _kill_switch(c: GateContext) -> _Answer:
    if c.policy.account.kill_switch and c.channel:
        return _Answer(False, "The kill switch is on: every contact is held", c.now + HOLD_RECHECK)
    return YES


def _dnc(c: GateContext) -> _Answer:
    if c.channel and has_dnc(list(c.lead.tags)):
        return _Answer(False, "DNC tag found")
    if c.channel and (closed := closing(c.policy.suppressed, c.channel)) is not None:
        return _Answer(False, closed.sentence(c.policy.account_zone))
    return YES


def consented_to_nothing(consent: Mapping[str, Any] | None) -> bool:
    """Whether the person was asked and agreed to no channel at all; not having been asked is no refusal."""
    return consent is not None and consent.get("channels") == []


def _consent(c: GateContext) -> _Answer:
    allowed = (c.consent or {}).get("channels")
    if c.channel is None or allowed is None:
        return YES
    if consented_to_nothing(c.consent):
        return _Answer(False, NO_CONSENT)
    if c.channel in OPT_IN_CHANNELS and c.channel not in allowed:
        return _Answer(False, f"No consent for {c.channel}")
    return YES


def _exit_rules(c: GateContext) -> _Answer:
    if c.action.condition_type is not None:
        return YES
    rules = c.definition.exit_rules
    if rules.on_answered and c.standing.answered:
        return _Answer(False, "Call was answered")
    if rules.on_reply and c.standing.replied:
        return _Answer(False, "The lead replied")
    if rules.on_tag and any(t.strip().casefold() == rules.on_tag.strip().casefold() for t in c.lead.tags):
        return _Answer(False, f"The contact has the tag '{rules.on_tag}'")
    return YES


def outcome_meets(outcome: CallOutcome, wanted: str) -> bool:
    """Whether a call's outcome satisfies a condition value; voicemail also counts as missed."""
    if wanted == NOT_ANSWERED:
        return outcome is not CallOutcome.ANSWERED
    if wanted == CallOutcome.MISSED:
        return outcome in (CallOutcome.MISSED, CallOutcome.VOICEMAIL)
    return outcome == wanted


def _condition(c: GateContext) -> _Answer:
    kind, value = c.action.condition_type, c.action.condition_value or ""
    if kind is ActionCondition.CALL_OUTCOME:
        if c.standing.last_call is None:
            return _Answer(False, "No call was made yet")
        if not outcome_meets(c.standing.last_call, value):
            said = {
                CallOutcome.BUSY: "The line was busy",
                CallOutcome.VOICEMAIL: "Call went to voicemail",
                CallOutcome.UNKNOWN: "Call outcome is unknown",
            }
            return _Answer(False, said.get(c.standing.last_call, f"Call was {c.standing.last_call}"))
    if kind is ActionCondition.MESSAGE_STATUS and not _message_meets(c.standing.message_states, value):
        return _Answer(False, f"No message was {value}")
    if kind is ActionCondition.CONTACT_FIELD:
        path = c.action.condition_field or ""
        operator = ConditionOperator.EQUALS if value else ConditionOperator.EXISTS
        actual = list(c.lead.tags) if path == "tags" else [field_value(c.lead, path)]
        if not compare(operator, actual, value):
            return _Answer(False, f"The contact's {path} is not '{value}'" if value else f"The contact has no {path}")
    return YES


def _address(c: GateContext) -> _Answer:
    if c.channel == "email":
        return YES if c.lead.email else _Answer(False, "The contact has no e-mail address")
    if c.channel and not c.lead.phone:
        return _Answer(False, "The contact has no usable phone number")
    return YES


def _message_meets(states: frozenset[MessageState], wanted: str) -> bool:
    """Whether a message got at least so far; `failed` is met by a failed one only, and a failed one meets nothing else."""
    if wanted == MessageState.FAILED:
        return MessageState.FAILED in states
    return any(MESSAGE_RANK[s] >= MESSAGE_RANK[MessageState(wanted)] for s in states - {MessageState.FAILED})


def _legal(c: GateContext) -> list[Window]:
    """The legal windows of this contact by this channel: one for each zone the person may be in."""
    if not c.channel or c.policy.account.legal_hours == "off":
        return []
    country = legal_country(c.lead.phone, c.policy.account.default_country)
    zones = zones_of(c.lead.timezone, c.lead.phone, c.policy.account_zone)
    return legal_windows(c.channel, country, zones.zones, c.now.date())


def _legal_hours(c: GateContext) -> _Answer:
    windows = _legal(c)
    if all(window.is_open(c.now) for window in windows):
        return YES
    country = legal_country(c.lead.phone, c.policy.account.default_country)
    kept = flow_window(c.definition, c.policy.default_hours, c.policy.holidays)
    if kept is not None and c.definition.outside_hours is OutsideHours.WAIT:
        windows = [*windows, kept]
    return _closed(f"Legal hours ({country})", windows, windows[0].zone, c.now)


def _flow_hours(c: GateContext) -> _Answer:
    window = flow_window(c.definition, c.policy.default_hours, c.policy.holidays) if c.channel else None
    if window is None or window.is_open(c.now):
        return YES
    whose = "Flow hours" if c.definition.use_custom_business_hours else "Business hours"
    if c.definition.outside_hours is OutsideHours.SKIP:
        return _Answer(False, f"{whose}: closed now, and the flow skips instead of waiting")
    return _closed(whose, [window, *_legal(c)], window.zone, c.now)


def _closed(whose: str, windows: Sequence[Window], zone: str, now: datetime) -> _Answer:
    """Not now: wait until all hours are open together, or for good if they never are, lest each waits for the other for ever."""
    opening = next_open_in_all(windows, now)
    if opening is None:
        return _Answer(False, f"{whose}: never open together with the other hours that apply to this contact")
    return _Answer(False, f"{whose}: opens {_local(opening, zone)}", opening)


def _frequency_cap(c: GateContext) -> _Answer:
    cap = c.policy.account.frequency_cap
    recent = sorted(t for t in c.policy.contacts_last_day if t > c.now - timedelta(days=1))
    if not c.channel or cap is None or len(recent) < cap:
        return YES
    free_at = recent[len(recent) - cap] + timedelta(days=1)
    return _Answer(False, f"Frequency cap: {cap} contacts in 24 hours", free_at)


def _concurrency(c: GateContext) -> _Answer:
    limit = c.policy.account.max_concurrent_calls
    if c.channel != "call" or limit is None or c.policy.calls_in_flight < limit:
        return YES
    return _Answer(False, "Waiting for a free line", c.now + timedelta(seconds=5))


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"


GATES: tuple[tuple[str, Callable[[GateContext], _Answer]], ...] = (
    ("kill_switch", _kill_switch),
    ("dnc", _dnc),
    ("consent", _consent),
    ("exit_rules", _exit_rules),
    ("condition", _condition),
    ("address", _address),
    ("legal_hours", _legal_hours),
    ("flow_hours", _flow_hours),
    ("frequency_cap", _frequency_cap),
    ("concurrency", _concurrency),
)
"""The order of architecture: what no time can cure comes before what it can, so that nobody waits for a no."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All the gates asked, up to the first that did not pass."""

    results: list[GateResult] = field(default_factory=list)

    @property
    def block(self) -> GateResult | None:
        """The gate that stopped the contact, or None if all passed."""
        return self.results[-1] if self.results and not self.results[-1].passed else None


def ask(context: GateContext) -> Verdict:
    """Put one action through the gates in order, stopping at the first block."""
    results = []
    for name, gate in GATES:
        answer = gate(context)
        results.append(GateResult(name, answer.passed, answer.detail, answer.until))
        if not answer.passed:
            break
    return Verdict(results)
