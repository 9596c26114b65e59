"""The gates before every contact, in their fixed order. Each says yes, "not before", or no, with its rule's name and a reason in words.

A block that time cures waits; one that it does not cure skips. The table `GATES` is the order; a new rule is one more line in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.capacity import NO_LIMITS, Allowance, Limits, Lines, Rate
from autoflows.domain.conditions import Lead, compare, field_value
from autoflows.domain.flow import Action, ActionCondition, ActionType, ConditionOperator, FlowDefinition, OutsideHours
from autoflows.domain.holidays import holiday_name
from autoflows.domain.hours import Hours, Window, next_open_in_all, window_of
from autoflows.domain.leads import has_dnc
from autoflows.domain.legal import bounds_of, tightest
from autoflows.domain.outcomes import MESSAGE_RANK, NOT_ANSWERED, CallOutcome, MessageState
from autoflows.domain.suppressions import Suppressed, closing
from autoflows.domain.whereabouts import Whereabouts, address_of, whereabouts

HOLD_RECHECK = timedelta(minutes=1)
"""How soon a hold is looked at again for the first time: it may have been lifted just before. Lifting one wakes what it held."""
LATER_RECHECK = timedelta(minutes=10)
"""And from then on."""

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
    recent_contacts: Sequence[datetime] = ()
    """When this person was contacted in the last `CAP_WINDOW`, by any flow; read only where a cap is set."""
    limits: Mapping[int, Limits] = field(default_factory=dict)
    """What limits each action, by its order; those without any are left out."""
    kill_queue: str = "account"
    flow_queue: str = "flow"
    flow_held: bool = False
    parked_on: str | None = None
    parked_at: datetime | None = None
    """The queue this execution stands in, and since when."""
    suppressed: Sequence[Suppressed] = ()


CAP_WINDOW = timedelta(days=7)
"""The longest rolling window of a frequency cap."""


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

    @property
    def limits(self) -> Limits:
        return self.policy.limits.get(self.action.action_order, NO_LIMITS)


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's answer. Not passed with `next_allowed_at`: wait until then. Not passed without: skip.

    `guess`: nobody knows when it will pass (a busy line, a hold by hand); `next_allowed_at` is then only when to look again.
    `queue`: where to stand in the meantime.
    `rule`: the one among the gate's rules that said no. `zones` and `zone_origin`: by which clocks it was asked, and how they are known.
    """

    gate: str
    passed: bool
    detail: str = ""
    next_allowed_at: datetime | None = None
    queue: str | None = None
    guess: bool = False
    rule: str | None = None
    zones: tuple[str, ...] = ()
    zone_origin: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As stored on the action log and shown to people."""
        when = None if self.guess else self.next_allowed_at
        told: dict[str, Any] = {"gate": self.gate, "passed": self.passed, "detail": self.detail}
        told["next_allowed_at"] = when.isoformat() if when else None
        if self.rule:
            told["rule"] = self.rule
        if self.zone_origin:
            told |= {"zones": list(self.zones), "zone_origin": self.zone_origin}
        return told


@dataclass(frozen=True, slots=True)
class _Answer:
    passed: bool
    detail: str = ""
    until: datetime | None = None
    queue: str | None = None
    guess: bool = False
    rule: str | None = None
    zones: tuple[str, ...] = ()
    zone_origin: str | None = None


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
    if c.channel and c.policy.account.kill_switch:
        return _held(c, "The kill switch is on: every contact is held", c.policy.kill_queue)
    if c.channel and c.policy.flow_held:
        return _held(c, f"The flow '{c.definition.name}' is held", c.policy.flow_queue)
    return YES


def _held(c: GateContext, why: str, queue: str) -> _Answer:
    """Held by a person, until a person lifts it."""
    recheck = LATER_RECHECK if c.policy.parked_on == queue else HOLD_RECHECK
    return _Answer(False, why, c.now + recheck, queue, guess=True)


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
    if rules.on_field and _field_is(c.lead, rules.on_field, rules.on_field_value or ""):
        return _Answer(False, f"The contact's {rules.on_field} is '{rules.on_field_value}'" if rules.on_field_value else
                       f"The contact has a {rules.on_field}")  # fmt: skip
    return YES


def _field_is(lead: Lead, path: str, value: str) -> bool:
    """Whether a contact's field has the value; without one, whether it has any."""
    actual = list(lead.tags) if path == "tags" else [field_value(lead, path)]
    return compare(ConditionOperator.EQUALS if value else ConditionOperator.EXISTS, actual, value)


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
        if not _field_is(c.lead, path, value):
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


def _where(c: GateContext) -> Whereabouts | None:
    """Where the contact may be; None if no law's hours are kept, so that it does not matter."""
    if not c.channel or c.policy.account.legal_hours == "off":
        return None
    lead = c.lead
    return whereabouts(lead.timezone, lead.phone, address_of(lead.custom_fields), c.policy.account_zone, c.policy.account.default_country)


def _legal_hours(c: GateContext) -> _Answer:
    where = _where(c)
    bounds = bounds_of(c.channel, where) if c.channel and where else ()
    if where is None or not bounds:
        return YES
    bound = tightest(bounds, c.now)
    if bound is None:
        return _Answer(True, zones=where.zones, zone_origin=where.origin)
    windows: list[Hours] = [*bounds]
    kept = flow_window(c.definition, c.policy.default_hours, c.policy.holidays)
    if kept is not None and c.definition.outside_hours is OutsideHours.WAIT:
        windows.append(kept)
    answer = _closed(f"Legal hours ({bound.rule.label})", windows, bound.zone, c.now)
    detail = f"{answer.detail}; zone from {where.origin}"
    return replace(answer, detail=detail, rule=bound.rule.id, zones=where.zones, zone_origin=where.origin)


def _flow_hours(c: GateContext) -> _Answer:
    window = flow_window(c.definition, c.policy.default_hours, c.policy.holidays) if c.channel else None
    if window is None or window.is_open(c.now):
        return YES
    whose = "Flow hours" if c.definition.use_custom_business_hours else "Business hours"
    if c.definition.outside_hours is OutsideHours.SKIP:
        today = window.holiday_at(c.now)
        closed = f"closed for {holiday_name(c.policy.account, today)}" if today else "closed now"
        return _Answer(False, f"{whose}: {closed}, and the flow skips instead of waiting")
    where = _where(c)
    bounds = bounds_of(c.channel, where) if c.channel and where else ()
    holiday = window.holiday_before(c.now)
    why = f"closed for {holiday_name(c.policy.account, holiday)}, " if holiday else ""
    return _closed(whose, [window, *bounds], window.zone, c.now, why)


def _closed(whose: str, windows: Sequence[Hours], zone: str, now: datetime, why: str = "") -> _Answer:
    """Not now: wait until all hours are open together, or for good if they never are, lest each waits for the other for ever."""
    opening = next_open_in_all(windows, now)
    if opening is None:
        return _Answer(False, f"{whose}: never open together with the other hours that apply to this contact")
    return _Answer(False, f"{whose}: {why}opens {_local(opening, zone)}", opening)


def _frequency_cap(c: GateContext) -> _Answer:
    """Rolling windows, all of which must have room: a person is never contacted more often in any 24 hours, or any 7 days."""
    if not c.channel:
        return YES
    account, blocks = c.policy.account, []
    for cap, window, words in ((account.frequency_cap, timedelta(days=1), "24 hours"), (account.frequency_cap_week, CAP_WINDOW, "7 days")):
        recent = sorted(t for t in c.policy.recent_contacts if t > c.now - window)
        if cap is not None and len(recent) >= cap:
            blocks.append((recent[len(recent) - cap] + window, f"Frequency cap: {cap} contacts in {words}"))
    if not blocks:
        return YES
    free_at, why = max(blocks)
    return _Answer(False, why, free_at)


def _channel_health(c: GateContext) -> _Answer:
    health = c.limits.health
    if not c.channel or health is None or (until := health.wait(c.now)) is None:
        return YES
    return _Answer(False, f"{health.owner} is held: {health.reason}", until, health.queue)


def _concurrency(c: GateContext) -> _Answer:
    for lines in c.limits.lines:
        if (until := lines.wait(c.now)) is not None:
            return _Answer(False, f"Waiting for a free line{_ahead(lines)}", until, lines.queue, guess=True)
    return YES


def _rate(c: GateContext) -> _Answer:
    waits = [(until, rate) for rate in c.limits.rates if (until := rate.wait(c.now)) is not None]
    if not waits:
        return YES
    until, rate = max(waits, key=lambda w: w[0])
    per = "a minute" if rate.period <= timedelta(minutes=1) else "an hour"
    return _Answer(False, f"{rate.owner}: {rate.limit} contacts {per}{_ahead(rate)}", until, rate.queue)


def _budget(c: GateContext) -> _Answer:
    """The daily quota of the channel and the daily budget of the account."""
    for allowance in c.limits.allowances:
        if (until := allowance.wait(c.now)) is None:
            continue
        if allowance.hopeless:
            return _Answer(False, f"{allowance.owner}: one contact costs more than the whole day may")
        return _Answer(False, f"{allowance.owner}: used up for today{_ahead(allowance)}", until, allowance.queue)
    return YES


def _ahead(limit: Lines | Rate | Allowance) -> str:
    return f", {limit.ahead} ahead" if limit.ahead else ""


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
    ("channel_health", _channel_health),
    ("concurrency", _concurrency),
    ("rate", _rate),
    ("budget", _budget),
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
        a = gate(context)
        results.append(GateResult(name, a.passed, a.detail, a.until, a.queue, a.guess, a.rule, a.zones, a.zone_origin))
        if not a.passed:
            break
    return Verdict(results)
