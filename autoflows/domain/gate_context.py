"""What a gate may look at, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.capacity import NO_LIMITS, Limits
from autoflows.domain.conditions import Lead
from autoflows.domain.flow import Action, ActionType, FlowDefinition
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.domain.suppressions import Suppressed

CHANNEL_OF_ACTION = {
    ActionType.AI_CALL: "call",
    ActionType.WHATSAPP_MESSAGE: "whatsapp",
    ActionType.SMS: "sms",
    ActionType.EMAIL: "email",
}
"""Actions that contact a person, and by what. The others pass the gates of contact."""


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
    converted: bool = False
    """Whether the execution has met its flow's goal."""


CAP_WINDOW = timedelta(days=7)
"""The longest rolling window of a frequency cap."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What has happened so far in this run, as the gates need it."""

    last_call: CallOutcome | None = None  # of the calls made by earlier steps
    answered: bool = False
    replied: bool = False
    message_states: frozenset[MessageState] = frozenset()
    arms: Mapping[int, str] = field(default_factory=dict)
    """The arm chosen at each split, by the split's order."""


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
class Answer:
    """A gate's own part of a `GateResult`; the fields mean the same."""

    passed: bool
    detail: str = ""
    until: datetime | None = None
    queue: str | None = None
    guess: bool = False
    rule: str | None = None
    zones: tuple[str, ...] = ()
    zone_origin: str | None = None


YES = Answer(True)
