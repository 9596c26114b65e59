"""Random flows, random people and a world of chance, to drive `decide` with: an interpreter in fifty lines and a clock that jumps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from autoflows.domain import decisions as d
from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.capacity import Allowance, BreakerState, Health, Limits, Lines, Rate
from autoflows.domain.conditions import Lead
from autoflows.domain.decide import decide
from autoflows.domain.evidence import Attempted, weigh
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import CALL_OUTCOME_VALUES, ActionCondition, ActionType, FlowDefinition
from autoflows.domain.gate_context import CHANNEL_OF_ACTION, Policy
from autoflows.domain.outcomes import CallOutcome, ErrorClass, EventKind, MessageState, ProviderEvent

START = datetime(2026, 3, 4, 6, 30, tzinfo=UTC)  # Wednesday noon in Kolkata
AGENT, SENDER, TEMPLATE = (str(UUID(int=n)) for n in (1, 2, 3))
MAX_STEPS = 4000

CONFIGS: dict[ActionType, st.SearchStrategy[dict[str, Any]]] = {
    ActionType.AI_CALL: st.fixed_dictionaries(
        {"agent_id": st.just(AGENT), "max_retries": st.integers(0, 3), "retry_delay_minutes": st.integers(1, 120)}
    ),
    ActionType.WHATSAPP_MESSAGE: st.just({"whatsapp_phone_number_id": SENDER, "template_id": TEMPLATE, "variable_mappings": {"1": "name"}}),
    ActionType.EMAIL: st.just({"email_template_id": TEMPLATE}),
    ActionType.WAIT: st.fixed_dictionaries(
        {},
        optional={
            "duration_minutes": st.sampled_from([0, 0.5, 10, 1440]),
            "duration_seconds": st.sampled_from([0, 30]),
            "until_time": st.sampled_from([None, "00:00", "10:30", "23:59:30"]),
            "wait_until_business_hours": st.booleans(),
        },
    ),
    ActionType.SPLIT: st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Split", "Opening"]),
            "arms": st.sampled_from(
                [
                    [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}],
                    [{"name": "A", "percent": 40}, {"name": "B", "percent": 30}, {"name": "None", "percent": 30, "is_holdout": True}],
                    [{"name": "A", "percent": 0}, {"name": "B", "percent": 100}],
                    [],
                ]
            ),
        }
    ),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([None, None, *ActionCondition]))
    found: dict[str, Any] = {"condition_type": kind}
    if kind is ActionCondition.CALL_OUTCOME:
        found["condition_value"] = draw(st.sampled_from(CALL_OUTCOME_VALUES))
    if kind is ActionCondition.MESSAGE_STATUS:
        found["condition_value"] = draw(st.sampled_from(MessageState))
    if kind is ActionCondition.CONTACT_FIELD:
        found |= {"condition_field": "company", "condition_value": draw(st.sampled_from([None, "Asha Agro", "Other"]))}
    if kind is ActionCondition.SPLIT:
        found |= {"condition_field": draw(st.sampled_from([None, "Opening"])), "condition_value": draw(st.sampled_from(["A", "b", "C"]))}
    return found


HOURS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "use_custom_business_hours": st.just(True),
            "business_hours_start": st.sampled_from(["09:00", "22:00", "13:15"]),
            "business_hours_end": st.sampled_from(["19:00", "02:00", "13:45"]),
            "business_hours_timezone": st.sampled_from(["Asia/Kolkata", "America/New_York", "UTC"]),
            "business_days": st.sampled_from([[1, 2, 3, 4, 5], [6], [1, 2, 3, 4, 5, 6, 7]]),
        }
    ),
)


@st.composite
def definitions(draw: st.DrawFn) -> FlowDefinition:
    """A valid flow of 1 to 12 steps of any type, with any conditions, hours, exit rules and a goal that may be one of them."""
    actions = []
    for order in range(1, draw(st.integers(1, 12)) + 1):
        kind = draw(st.sampled_from(list(CONFIGS)))
        actions.append({"action_order": order, "action_type": kind, "action_config": draw(CONFIGS[kind]), **draw(conditions())})
    rules = {"on_answered": draw(st.booleans()), "on_reply": draw(st.booleans()), "on_tag": draw(st.sampled_from([None, "vip"]))}
    return FlowDefinition.model_validate(
        {
            "name": "Random",
            "actions": actions,
            "exit_rules": rules,
            "on_unknown": draw(st.sampled_from(["continue", "stop"])),
            "outside_hours": draw(st.sampled_from(["wait", "skip"])),
            "goal": draw(st.sampled_from([None, {"kind": "reply_received"}, {"kind": "reply_received", "stops": True}])),
            **draw(HOURS),
        }
    )


LEADS = st.builds(
    Lead,
    lead_source=st.just("IndiaMART"),
    entry_type=st.just("api"),
    name=st.just("Asha Patel"),
    phone=st.sampled_from([None, "+919876543210", "+12125550123", "+18005550123"]),
    email=st.sampled_from([None, "asha@example.com"]),
    company=st.sampled_from(["", "Asha Agro"]),
    timezone=st.sampled_from([None, "Asia/Kolkata", "America/New_York"]),
    tags=st.sampled_from([(), ("vip",), ("DNC",), ("new", "pump")]),
)

POLICIES = st.builds(
    Policy,
    account=st.builds(
        AccountSettings,
        legal_hours=st.sampled_from(["on", "off"]),
        frequency_cap=st.sampled_from([None, 3]),
        max_concurrent_calls=st.sampled_from([None, 1]),
    ),
    default_hours=st.sampled_from([None, BusinessHours(), BusinessHours(days=[7], start=time(20), end=time(4), timezone="Europe/London")]),
    account_zone=st.just("Asia/Kolkata"),
    converted=st.booleans(),
)

CONSENTS: st.SearchStrategy[dict[str, Any] | None] = st.sampled_from(
    [None, {"channels": None}, {"channels": []}, {"channels": ["email"]}, {"channels": ["call", "whatsapp"]}]
)

TERMINAL_CALLS = tuple(CallOutcome)
MESSAGES = (MessageState.SENT, MessageState.DELIVERED, MessageState.READ, MessageState.FAILED)


@dataclass(frozen=True)
class Step:
    """One decision with everything it was made from."""

    situation: d.Situation
    logs: tuple[d.Log, ...]
    decision: d.Decision


@dataclass
class World:
    """One execution in a world of chance. It does to rows what the engine does, by the same pure functions, and remembers each step."""

    definition: FlowDefinition
    lead: Lead
    consent: dict[str, Any] | None
    policy: Policy
    chance: Random
    timing: d.Timing = field(default_factory=d.Timing)
    now: datetime = START
    logs: list[d.Log] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    finished: d.Finish | None = None
    limited: bool = False
    parked: tuple[str | None, datetime | None] = (None, None)

    def situation(self) -> d.Situation:
        sent = tuple(log.started_at for log in self.logs if log.action_type in CHANNEL_OF_ACTION and log.status is not LogStatus.SKIPPED)
        policy = replace(
            self.policy,
            recent_contacts=tuple(t for t in sent if t > self.now - timedelta(days=1)),
            limits={a.action_order: self._limits() for a in self.definition.actions} if self.limited else {},
            parked_on=self.parked[0],
            parked_at=self.parked[1],
        )
        return d.Situation(self.definition, self.lead, self.consent, policy, self.timing, self.now)

    def _limits(self) -> Limits:
        """What a busy account may have left at this moment."""
        soon = self.now + timedelta(seconds=self.chance.randrange(1, 4000))
        state, ahead = self.chance.choice([*BreakerState, BreakerState.CLOSED]), self.chance.choice([0, 0, 0, 7])
        return Limits(
            Health("'Channel'", "channel:1", state, self.chance.choice([None, self.now, soon]), "no balance", ahead),
            (Lines("'Channel'", "lines:1", 2, self.chance.randrange(3), ahead, self.chance.choice([True, False])),),
            (Rate("'Channel'", "rate:1", 60, timedelta(minutes=1), self.chance.choice([self.now, soon]), ahead),),
            (Allowance("Daily budget", "quota:1", 100, self.chance.randrange(0, 101, 25), soon, self.chance.choice([0, 25, 50])),),
        )

    def run(self) -> World:
        """Until the execution is over. Raises AssertionError if it does not end."""
        for _ in range(MAX_STEPS):
            if self.finished is not None:
                return self
            self.step()
        raise AssertionError("the execution does not end")

    def step(self) -> None:
        situation, logs = self.situation(), tuple(self.logs)
        decision = decide(situation, logs)
        self.steps.append(Step(situation, logs, decision))
        queue = decision.block.queue if isinstance(decision, d.WaitUntil) and decision.block else None
        since = self.parked[1] if queue is not None and queue == self.parked[0] else self.now
        self.parked = (queue, since if queue else None)
        match decision:
            case d.Perform(action, attempt):
                self._add(d.Log(action.action_order, attempt, action.action_type, LogStatus.RUNNING, self.now))
                self._send(len(self.logs) - 1)
            case d.Skip(action, attempt):
                self._add(d.Log(action.action_order, attempt, action.action_type, LogStatus.SKIPPED, self.now, completed_at=self.now))
            case d.Abandon(action, attempt):
                row = d.Log(action.action_order, attempt, action.action_type, LogStatus.FAILED, self.now, completed_at=self.now)
                self._add(replace(row, error_class=ErrorClass.PERMANENT))
            case d.Assign(action, arm):
                row = d.Log(action.action_order, 1, action.action_type, LogStatus.SUCCESS, self.now, completed_at=self.now)
                self._add(replace(row, arm=arm))
            case d.StartWait(action, until):
                self._add(d.Log(action.action_order, 1, action.action_type, LogStatus.RUNNING, self.now, wait_until=until))
            case d.EndWait(order, attempt):
                self._change(order, attempt, status=LogStatus.SUCCESS, completed_at=self.now)
            case d.GiveUp(order, attempt):
                self._change(order, attempt, status=LogStatus.UNKNOWN, completed_at=self.now)
            case d.Lookup(order, attempt):
                log = self._find(order, attempt)
                self._change(order, attempt, lookups=log.lookups + 1)
                if self.chance.random() < 0.3:
                    self._event(self.logs.index(self._find(order, attempt)))
            case d.WaitUntil(when, _, _):
                assert when > self.now
                self._pass_time(when)
            case d.AwaitOutcome(deadline, _, order):
                assert deadline > self.now
                out = [i for i, log in enumerate(self.logs) if log.action_order == order and log.status is LogStatus.RUNNING]
                if self.chance.random() < 0.7:
                    self.now += timedelta(seconds=self.chance.randrange(1, 200))
                    self._event(self.chance.choice(out))
                else:
                    self._pass_time(deadline)
            case d.Finish():
                self.finished = decision

    def _pass_time(self, until: datetime) -> None:
        """Sometimes news comes first: the person replies, a late webhook names an old attempt, somebody adds a tag."""
        if self.chance.random() < 0.3 and self.logs:
            self.now += (until - self.now) * self.chance.random()
            self._event(self.chance.randrange(len(self.logs)))
            if self.chance.random() < 0.2:
                self.lead = replace(self.lead, tags=(*self.lead.tags, self.chance.choice(["DNC", "vip"])))
        else:
            self.now = until

    def _add(self, log: d.Log) -> None:
        self.logs.append(log)

    def _find(self, order: int, attempt: int) -> d.Log:
        return next(log for log in self.logs if (log.action_order, log.attempt) == (order, attempt))

    def _change(self, order: int, attempt: int, **changes: Any) -> None:
        log = self._find(order, attempt)
        self.logs[self.logs.index(log)] = replace(log, **changes)

    def _send(self, index: int) -> None:
        """The provider's answer: taken, refused for a reason, or none at all."""
        log, luck = self.logs[index], self.chance.random()
        self.now += timedelta(seconds=self.chance.randrange(20))
        if luck < 0.55:
            done: dict[str, Any] = {} if log.action_type is ActionType.AI_CALL else {"status": LogStatus.SUCCESS, "completed_at": self.now}
            self.logs[index] = replace(log, answered_at=self.now, provider_ref="ref", **done)
        elif luck < 0.85:
            refusal = self.chance.choice([ErrorClass.TRANSIENT, *ErrorClass])
            pause = self.chance.choice([None, 0.0, 90.0, 1e30, float("nan")])
            self.logs[index] = replace(
                log,
                status=LogStatus.FAILED,
                answered_at=self.now,
                completed_at=self.now,
                error_class=refusal,
                retry_after_seconds=pause,
            )

    def _event(self, index: int) -> None:
        """One more word about an attempt, true or not, applied as the engine applies it."""
        log = self.logs[index]
        if log.action_type in (ActionType.WAIT, ActionType.SPLIT):
            return
        if log.action_type is ActionType.AI_CALL:
            done = self.chance.random() < 0.8
            event = ProviderEvent(
                "e", EventKind.CALL, call_outcome=self.chance.choice(TERMINAL_CALLS) if done else None, terminal=done,
                error_class=self.chance.choice([None, *ErrorClass]),
            )  # fmt: skip
        else:
            reply = self.chance.random() < 0.1
            event = ProviderEvent("e", EventKind.REPLY if reply else EventKind.MESSAGE, message_state=self.chance.choice(MESSAGES))
        self.logs[index] = applied(log, event, self.now)


def applied(log: d.Log, event: ProviderEvent, now: datetime) -> d.Log:
    """The log after the event."""
    change = weigh(Attempted(log.status, log.outcome, log.message_state), event)
    return replace(
        log,
        status=change.status or log.status,
        outcome=change.outcome or log.outcome,
        message_state=change.message_state or log.message_state,
        error_class=change.error_class or log.error_class,
        completed_at=(log.completed_at or now) if change.status else log.completed_at,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A random flow, person and account, and a seed for what happens."""
    return World(
        definition=draw(definitions()),
        lead=draw(LEADS),
        consent=draw(CONSENTS),
        policy=draw(POLICIES),
        chance=Random(draw(st.integers(0, 2**32))),
        limited=draw(st.booleans()),
    )


def logs_of_any_kind(definition: FlowDefinition, chance: Random) -> list[d.Log]:
    """Histories no engine would write: any status with any outcome, in any order, gaps and all."""
    found = [
        d.Log(
            action.action_order,
            attempt,
            action.action_type,
            chance.choice(list(LogStatus)),
            START - timedelta(seconds=chance.randrange(-100, 10**6)),
            answered_at=chance.choice([None, START, START - timedelta(days=2)]),
            completed_at=chance.choice([None, START, START - timedelta(days=1)]),
            wait_until=chance.choice([None, START, START + timedelta(hours=1)]),
            outcome=chance.choice([None, *CallOutcome]),
            message_state=chance.choice([None, *MessageState]),
            error_class=chance.choice([None, *ErrorClass]),
            retry_after_seconds=chance.choice([None, -5.0, 30.0, 1e300, float("inf"), float("nan")]),
            lookups=chance.randrange(2000),
            arm=chance.choice([None, "A", "B", "None", "Gone"]),
        )
        for action in definition.actions
        for attempt in range(1, chance.randrange(4) + 1)
    ]
    chance.shuffle(found)
    return found
