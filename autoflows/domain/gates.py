"""The gates before every contact, in their fixed order. Each says yes, "not before", or no, with its rule's name and a reason in words.

A block that time cures waits; one that it does not cure skips. The table `GATES` is the order; a new rule is one more line in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from autoflows.domain import gate_hours, gate_limits
from autoflows.domain.conditions import Lead, compare, field_value, fold
from autoflows.domain.flow import ActionCondition, ConditionOperator
from autoflows.domain.gate_context import YES, Answer, GateContext, GateResult
from autoflows.domain.goals import goal_in_words
from autoflows.domain.leads import has_dnc
from autoflows.domain.outcomes import MESSAGE_RANK, NOT_ANSWERED, CallOutcome, MessageState
from autoflows.domain.splits import held_out_by, name_of, split_asked
from autoflows.domain.suppressions import closing

HOLD_RECHECK = timedelta(minutes=1)
"""How soon a hold is looked at again for the first time: it may have been lifted just before. Lifting one wakes what it held."""
LATER_RECHECK = timedelta(minutes=10)
"""And from then on."""

OPT_IN_CHANNELS = frozenset({"call", "whatsapp", "sms"})
"""Where a recorded consent that leaves the channel out means no (WhatsApp Business policy; TCPA and TCCCPR for calls and texts).
E-mail in answer to an enquiry needs none; it stops at an unsubscribe, at do-not-call, or at a consent to no channel at all."""


EXITED = (None, ActionCondition.SPLIT)
"""The conditions of steps that exit rules stop: an arm of a split is no reason to go on with who has answered."""
NO_CONSENT = "The contact consented to no channel"


def _kill_switch(c: GateContext) -> Answer:
    if c.channel and c.policy.account.kill_switch:
        return _held(c, "The kill switch is on: every contact is held", c.policy.kill_queue)
    if c.channel and c.policy.flow_held:
        return _held(c, f"The flow '{c.definition.name}' is held", c.policy.flow_queue)
    return YES


def _held(c: GateContext, why: str, queue: str) -> Answer:
    """Held by a person, until a person lifts it."""
    recheck = LATER_RECHECK if c.policy.parked_on == queue else HOLD_RECHECK
    return Answer(False, why, c.now + recheck, queue, guess=True)


def _dnc(c: GateContext) -> Answer:
    if c.channel and has_dnc(list(c.lead.tags)):
        return Answer(False, "DNC tag found")
    if c.channel and (closed := closing(c.policy.suppressed, c.channel)) is not None:
        return Answer(False, closed.sentence(c.policy.account_zone))
    return YES


def consented_to_nothing(consent: Mapping[str, Any] | None) -> bool:
    """Whether the person was asked and agreed to no channel at all; not having been asked is no refusal."""
    return consent is not None and consent.get("channels") == []


def _consent(c: GateContext) -> Answer:
    allowed = (c.consent or {}).get("channels")
    if c.channel is None or allowed is None:
        return YES
    if consented_to_nothing(c.consent):
        return Answer(False, NO_CONSENT)
    if c.channel in OPT_IN_CHANNELS and c.channel not in allowed:
        return Answer(False, f"No consent for {c.channel}")
    return YES


def _holdout(c: GateContext) -> Answer:
    """Whom a split has held out is not contacted again by this run, whatever a step's condition says; nor does it wait for anything."""
    split = held_out_by(c.definition, c.standing.arms)
    return YES if split is None else Answer(False, f"Held out by the split '{split}', to compare with"[:255])


def _exit_rules(c: GateContext) -> Answer:
    if c.action.condition_type not in EXITED:
        return YES
    rules, goal = c.definition.exit_rules, c.definition.goal
    if goal is not None and goal.stops and c.policy.converted:
        return Answer(False, f"The goal is met: {goal_in_words(goal)}"[:255])
    if rules.on_answered and c.standing.answered:
        return Answer(False, "Call was answered")
    if rules.on_reply and c.standing.replied:
        return Answer(False, "The lead replied")
    if rules.on_tag and any(t.strip().casefold() == rules.on_tag.strip().casefold() for t in c.lead.tags):
        return Answer(False, f"The contact has the tag '{rules.on_tag}'")
    if rules.on_field and _field_is(c.lead, rules.on_field, rules.on_field_value or ""):
        return Answer(False, f"The contact's {rules.on_field} is '{rules.on_field_value}'" if rules.on_field_value else
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


def _condition(c: GateContext) -> Answer:
    kind, value = c.action.condition_type, c.action.condition_value or ""
    if kind is ActionCondition.CALL_OUTCOME:
        if c.standing.last_call is None:
            return Answer(False, "No call was made yet")
        if not outcome_meets(c.standing.last_call, value):
            said = {
                CallOutcome.BUSY: "The line was busy",
                CallOutcome.VOICEMAIL: "Call went to voicemail",
                CallOutcome.UNKNOWN: "Call outcome is unknown",
            }
            return Answer(False, said.get(c.standing.last_call, f"Call was {c.standing.last_call}"))
    if kind is ActionCondition.MESSAGE_STATUS and not _message_meets(c.standing.message_states, value):
        return Answer(False, f"No message was {value}")
    if kind is ActionCondition.CONTACT_FIELD:
        path = c.action.condition_field or ""
        if not _field_is(c.lead, path, value):
            return Answer(False, f"The contact's {path} is not '{value}'" if value else f"The contact has no {path}")
    return _arm(c) if kind is ActionCondition.SPLIT else YES


def _arm(c: GateContext) -> Answer:
    split = split_asked(c.definition, c.action)
    chosen = c.standing.arms.get(split.action_order) if split is not None else None
    if split is None or chosen is None:
        return Answer(False, "The contact did not go through the split")
    if fold(chosen) == fold(c.action.condition_value):
        return YES
    return Answer(False, f"In arm {chosen}" + (f" of '{name_of(split)}'" if c.action.condition_field else ""))


def _address(c: GateContext) -> Answer:
    if c.channel == "email":
        return YES if c.lead.email else Answer(False, "The contact has no e-mail address")
    if c.channel and not c.lead.phone:
        return Answer(False, "The contact has no usable phone number")
    return YES


def _message_meets(states: frozenset[MessageState], wanted: str) -> bool:
    """Whether a message got at least so far; `failed` is met by a failed one only, and a failed one meets nothing else."""
    if wanted == MessageState.FAILED:
        return MessageState.FAILED in states
    return any(MESSAGE_RANK[s] >= MESSAGE_RANK[MessageState(wanted)] for s in states - {MessageState.FAILED})


GATES: tuple[tuple[str, Callable[[GateContext], Answer]], ...] = (
    ("kill_switch", _kill_switch),
    ("dnc", _dnc),
    ("consent", _consent),
    ("holdout", _holdout),
    ("exit_rules", _exit_rules),
    ("condition", _condition),
    ("address", _address),
    ("legal_hours", gate_hours.legal_hours),
    ("flow_hours", gate_hours.flow_hours),
    ("frequency_cap", gate_limits.frequency_cap),
    ("channel_health", gate_limits.channel_health),
    ("concurrency", gate_limits.concurrency),
    ("rate", gate_limits.rate),
    ("budget", gate_limits.budget),
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
