"""One execution in a world where anything may happen at any time, in any order: a state machine that looks for a way to break a promise."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autoflows.domain import decisions as d
from autoflows.domain.decide import to_retry
from autoflows.domain.executions import EXECUTION_TRANSITIONS, LOG_TRANSITIONS, ExecutionStatus, LogStatus
from autoflows.domain.flow import ActionType
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.domain.suppressions import ALL, Suppressed, SuppressionReason
from tests.domain.histories import World, worlds

OUT = (LogStatus.RUNNING, LogStatus.PENDING)
MAY_HAVE_REACHED = (LogStatus.SUCCESS, LogStatus.UNKNOWN)


class Execution(RuleBasedStateMachine):
    """Its rules are what workers, providers and people do; its invariants are what is promised."""

    def __init__(self) -> None:
        super().__init__()
        self.status = ExecutionStatus.RUNNING
        self.closed = False
        self.sent: Counter[tuple[int, int]] = Counter()
        self.before: dict[tuple[int, int], LogStatus] = {}
        self.reached: dict[int, set[int]] = {}

    @initialize(world=worlds())
    def begin(self, world: World) -> None:
        self.world = world

    @precondition(lambda self: self.status is ExecutionStatus.RUNNING)
    @rule(steps=st.integers(1, 4))
    def a_worker_goes_on(self, steps: int) -> None:
        """The decision is made under the row's lock, so a decided step is a written one."""
        for _ in range(steps):
            if self.world.finished is not None:
                break
            self.world.step()
            decision = self.world.steps[-1].decision
            if isinstance(decision, d.Perform):
                self._may_be_sent(decision)
        if self.world.finished is not None:
            self._move(self.world.finished.status)

    def _may_be_sent(self, decision: d.Perform) -> None:
        order, action = decision.action.action_order, decision.action
        self.sent[order, decision.attempt] += 1
        assert self.sent[order, decision.attempt] == 1, "one attempt was sent twice"
        assert not self.closed, "a person who had opted out was contacted"
        if action.action_type in CHANNEL_OF_ACTION:
            earlier = [log for log in self.world.steps[-1].logs if log.action_order == order]
            for log in earlier:
                rang = log.outcome in (CallOutcome.MISSED, CallOutcome.BUSY, CallOutcome.VOICEMAIL)
                assert rang or log.status not in MAY_HAVE_REACHED, "what may have reached somebody was repeated"

    @precondition(lambda self: self.world.logs)
    @rule(number=st.integers(0, 100), times=st.integers(1, 3))
    def a_provider_tells(self, number: int, times: int) -> None:
        """Of any attempt, at any time, true or not, and perhaps again."""
        for _ in range(times):
            self.world._event(number % len(self.world.logs))

    @rule(seconds=st.integers(1, 200_000))
    def time_passes(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule()
    def the_person_opts_out(self) -> None:
        said = Suppressed(ALL, SuppressionReason.OPT_OUT, self.world.now, "STOP")
        self.world.policy = replace(self.world.policy, suppressed=(said,))
        self.closed = True

    @precondition(lambda self: self.status is ExecutionStatus.RUNNING)
    @rule(held=st.booleans())
    def a_person_holds_the_flow(self, held: bool) -> None:
        self.world.policy = replace(self.world.policy, flow_held=held)

    @precondition(lambda self: self.status is ExecutionStatus.RUNNING)
    @rule()
    def a_person_cancels(self) -> None:
        self._move(ExecutionStatus.CANCELLED)

    @precondition(lambda self: any(log.status is LogStatus.UNKNOWN for log in self.world.logs))
    @rule(reached=st.booleans())
    def a_person_says_what_became_of_it(self, reached: bool) -> None:
        log = next(log for log in self.world.logs if log.status is LogStatus.UNKNOWN)
        told = LogStatus.SUCCESS if reached else LogStatus.FAILED
        call = log.action_type is ActionType.AI_CALL
        outcome = (CallOutcome.ANSWERED if reached else CallOutcome.FAILED) if call else None
        state = None if call else MessageState.SENT if reached else MessageState.FAILED
        self.world.logs[self.world.logs.index(log)] = replace(log, status=told, outcome=outcome, message_state=log.message_state or state)

    @precondition(lambda self: self.status is ExecutionStatus.FAILED)
    @rule()
    def a_person_has_it_tried_again(self) -> None:
        if any(log.status is LogStatus.UNKNOWN for log in self.world.logs):
            return
        again = to_retry(self.world.definition, self.world.logs)
        self.world.logs = [replace(log, retried=True) if log in again else log for log in self.world.logs]
        self.world.finished = None
        self._move(ExecutionStatus.RUNNING)

    def _move(self, to: ExecutionStatus) -> None:
        assert to in EXECUTION_TRANSITIONS[self.status], f"from {self.status} to {to}"
        self.status = to

    @invariant()
    def one_attempt_is_out_at_a_time(self) -> None:
        if hasattr(self, "world"):
            assert len([log for log in self.world.logs if log.status in OUT]) <= 1

    @invariant()
    def attempts_only_move_as_the_table_says(self) -> None:
        if not hasattr(self, "world"):
            return
        now = {(log.action_order, log.attempt): log.status for log in self.world.logs}
        assert len(now) == len(self.world.logs), "two rows of one attempt"
        for key, status in now.items():
            before = self.before.get(key, status)
            assert status is before or status in _reachable(before), f"{key}: from {before} to {status}"
        assert self.before.keys() <= now.keys(), "an attempt was forgotten"
        self.before = now

    def teardown(self) -> None:
        """Whatever happened: left alone, it ends."""
        if hasattr(self, "world") and self.status is ExecutionStatus.RUNNING:
            self.world.policy = replace(self.world.policy, flow_held=False)
            self.world.run()


def _reachable(status: LogStatus) -> set[LogStatus]:
    """By one move or several: a rule may make more than one."""
    found: set[LogStatus] = set()
    ahead = {status}
    while ahead:
        ahead = {to for state in ahead for to in LOG_TRANSITIONS[state]} - found
        found |= ahead
    return found


Execution.TestCase.settings = settings(
    max_examples=120, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
TestExecution = Execution.TestCase
