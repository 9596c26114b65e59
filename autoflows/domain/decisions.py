"""The words of `decide`: what it looks at, and what it can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from autoflows.domain.conditions import Lead
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.flow import Action, ActionType, FlowDefinition
from autoflows.domain.gate_context import GateResult, Policy
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState


@dataclass(frozen=True, slots=True)
class Timing:
    """Deadlines of the engine, from settings."""

    provider_timeout: timedelta = timedelta(seconds=20)
    call_deadline: timedelta = timedelta(minutes=10)
    unknown_grace: timedelta = timedelta(minutes=2)
    retry_base: timedelta = timedelta(seconds=2)
    channel_patience: timedelta = timedelta(minutes=30)
    lookups: int = 3


@dataclass(frozen=True, slots=True)
class Log:
    """One attempt as `decide` sees it. `answered_at`: when the provider answered the request; None while that is not known."""

    action_order: int
    attempt: int
    action_type: ActionType
    status: LogStatus
    started_at: datetime
    answered_at: datetime | None = None
    completed_at: datetime | None = None
    wait_until: datetime | None = None  # of a call: until when the provider itself has put it off
    provider_ref: str | None = None
    outcome: CallOutcome | None = None
    message_state: MessageState | None = None
    error_class: ErrorClass | None = None
    retry_after_seconds: float | None = None
    template_only: bool = False
    lookups: int = 0
    retried: bool = False
    """A person asked for the action to be tried again after this attempt, which surely reached nobody."""
    arm: str | None = None
    """Of a split: the arm that was chosen."""


@dataclass(frozen=True, slots=True)
class Perform:
    """Make this attempt now: write its log row first, then call the provider."""

    action: Action
    attempt: int
    gates: list[GateResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule says no to this action, for good."""

    action: Action
    attempt: int
    reason: str
    gates: list[GateResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StartWait:
    """Begin a `wait` action: its log row runs until `until`."""

    action: Action
    until: datetime
    reason: str
    gates: list[GateResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EndWait:
    """A `wait` action is over."""

    action_order: int
    attempt: int
    cut_short: str = ""


@dataclass(frozen=True, slots=True)
class Abandon:
    """The channel of this action has not worked for so long that the flow goes on without it: a failed attempt that was never made."""

    action: Action
    attempt: int
    reason: str
    gates: list[GateResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Assign:
    """A split: the person goes on in this arm. It is done at once and for good."""

    action: Action
    arm: str
    gates: list[GateResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing may be done before `when`. `gates` end with the one that said so, if it was a gate."""

    when: datetime
    reason: str
    action_order: int
    gates: list[GateResult] = field(default_factory=list)

    @property
    def block(self) -> GateResult | None:
        """The gate that holds the execution; None for a wait of another kind."""
        return self.gates[-1] if self.gates else None


@dataclass(frozen=True, slots=True)
class AwaitOutcome:
    """An attempt is out; an event or the deadline brings us back."""

    deadline: datetime
    reason: str
    action_order: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """The deadline of an attempt is over: ask the provider what became of it."""

    action_order: int
    attempt: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody can tell what became of an attempt: it is `unknown` from now on and never sent again."""

    action_order: int
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The execution is over."""

    status: ExecutionStatus
    reason: str = ""


Decision = Perform | Skip | Abandon | Assign | StartWait | EndWait | WaitUntil | AwaitOutcome | Lookup | GiveUp | Finish


@dataclass(frozen=True, slots=True)
class Situation:
    """One execution's surroundings at the moment of the decision."""

    definition: FlowDefinition
    lead: Lead
    consent: Mapping[str, Any] | None
    policy: Policy
    timing: Timing
    now: datetime
