"""What an execution does next. One pure function for live runs, test mode and simulation: only the clock and the outcomes differ.

Properties, held by tests: total over any history; finished executions absorb; no contact is performed while a gate blocks; an attempt
is never repeated unless it surely did not happen; duplicates and reordering of events change nothing; a flow of n actions ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from autoflows.domain.decisions import (
    Abandon,
    Assign,
    AwaitOutcome,
    Decision,
    EndWait,
    Finish,
    GiveUp,
    Log,
    Lookup,
    Perform,
    Situation,
    Skip,
    StartWait,
    Timing,
    WaitUntil,
)
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.flow import Action, ActionType, FlowDefinition, OnUnknown
from autoflows.domain.gate_context import CHANNEL_OF_ACTION, GateContext, GateResult, Policy, Standing
from autoflows.domain.gate_hours import flow_window
from autoflows.domain.gates import NO_CONSENT, Verdict, ask, consented_to_nothing
from autoflows.domain.hours import next_time
from autoflows.domain.leads import has_dnc
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState
from autoflows.domain.splits import choose_arm
from autoflows.domain.suppressions import closing

MAX_TRANSIENT_RETRIES = 4
"""Further attempts after a definite, transient refusal; the back-off doubles from `Timing.retry_base`."""
MAX_RETRY_AFTER = timedelta(days=1)
"""The longest a provider can make us wait by its `Retry-After`; a lead that old is not worth more patience."""
DEFAULT_REDIAL_MINUTES = 15
A_WAIT = "The flow's wait"
"""Why a run stands still that nothing holds but a wait of its flow."""
SENT = frozenset({LogStatus.SUCCESS, LogStatus.UNKNOWN})
"""What may have reached somebody: an action with such an attempt is not repeated, whoever asks."""
RANG = frozenset({CallOutcome.MISSED, CallOutcome.BUSY, CallOutcome.VOICEMAIL})
"""Outcomes after which a flow may want to call again."""


def standing_of(logs: Sequence[Log], before: int | None = None) -> Standing:
    """What has happened so far, from the logs in the order of their attempts.

    With `before`, the last call is that of the steps before this one: a step's condition does not turn on its own attempts.
    """
    calls = [(log.action_order, outcome) for log in _ordered(logs) if (outcome := _call_outcome(log)) is not None]
    earlier = [outcome for order, outcome in calls if before is None or order < before]
    states = frozenset(log.message_state for log in logs if log.message_state is not None)
    return Standing(
        last_call=earlier[-1] if earlier else None,
        answered=any(outcome is CallOutcome.ANSWERED for _, outcome in calls),
        replied=MessageState.REPLIED in states,
        message_states=states,
        arms={log.action_order: log.arm for log in logs if log.arm is not None and log.status is LogStatus.SUCCESS},
    )


def _call_outcome(log: Log) -> CallOutcome | None:
    """How a call ended; None while it has not. One that was refused, or could not even be tried, could not be placed: `failed`."""
    if log.action_type is not ActionType.AI_CALL:
        return None
    if log.outcome is None and log.status is LogStatus.FAILED:
        return CallOutcome.FAILED
    return CallOutcome.UNKNOWN if log.outcome is None and log.status is LogStatus.UNKNOWN else log.outcome


def decide(situation: Situation, logs: Sequence[Log]) -> Decision:
    """The next thing to do for one running execution.

    Walks the sequence to the first step that is not settled; asks the gates before any contact. A step that the run has left behind is
    not taken up again, whatever becomes known about it, unless a person asks for a retry. Raises nothing for any history.
    """
    definition, timing = situation.definition, situation.timing
    attempts_of: dict[int, list[Log]] = defaultdict(list)
    for log in _ordered(logs):
        attempts_of[log.action_order].append(log)
    reached = max(attempts_of, default=0)
    for action in definition.actions:
        attempts, left_behind = attempts_of[action.action_order], action.action_order < reached
        out = next((log for log in attempts if log.status in (LogStatus.RUNNING, LogStatus.PENDING)), None)
        if out is not None:
            if action.action_type is ActionType.WAIT:
                return _waiting(action, out, situation, logs)
            return _in_flight(action, out, timing, situation.now)
        if attempts and attempts[-1].status is LogStatus.UNKNOWN and definition.on_unknown is OnUnknown.STOP:
            return Finish(ExecutionStatus.FAILED, f"Step {action.action_order}: what became of it is unknown, and the flow says stop")
        if left_behind and not any(log.retried for log in attempts):
            continue
        if not attempts:
            return _begin(action, 1, situation, logs)
        if attempts[-1].retried:
            if any(log.status in SENT for log in attempts):  # heard of since it was asked for
                continue
            return _begin(action, attempts[-1].attempt + 1, situation, logs)
        if (again := _repetition(action, attempts, timing)) is not None:
            return _again(action, attempts[-1], *again, situation, logs)
    return _finish(logs)


def _ordered(logs: Sequence[Log]) -> list[Log]:
    return sorted(logs, key=lambda log: (log.action_order, log.attempt))


def _ask(action: Action, situation: Situation, logs: Sequence[Log]) -> Verdict:
    s = situation
    standing = standing_of(logs, before=action.action_order)
    return ask(GateContext(action, s.definition, s.lead, s.consent, standing, s.policy, s.now))


def _begin(action: Action, attempt: int, situation: Situation, logs: Sequence[Log]) -> Decision:
    verdict = _ask(action, situation, logs)
    if verdict.block is not None:
        if verdict.block.next_allowed_at is None:
            return Skip(action, attempt, verdict.block.detail, verdict.results)
        when = verdict.block.next_allowed_at
        if verdict.block.gate == "channel_health":
            patient_until = _patient_until(situation, verdict.block)
            if situation.now >= patient_until:
                return Abandon(action, attempt, verdict.block.detail, verdict.results)
            when = min(when, patient_until)
        return WaitUntil(when, verdict.block.detail, action.action_order, verdict.results)
    if action.action_type is ActionType.WAIT:
        until, reason = wait_end(action, situation.definition, situation.policy, situation.now)
        return StartWait(action, until, reason, verdict.results)
    if action.action_type is ActionType.SPLIT:
        arm = choose_arm(action, situation.lead)
        return Skip(action, attempt, "The split has no arms", verdict.results) if arm is None else Assign(action, arm, verdict.results)
    return Perform(action, attempt, verdict.results)


def _patient_until(situation: Situation, block: GateResult) -> datetime:
    """How long the execution stands in the queue of a channel that does not work before the flow goes on without it."""
    policy = situation.policy
    since = policy.parked_at if policy.parked_on == block.queue and policy.parked_at else situation.now
    return since + situation.timing.channel_patience


def _again(action: Action, latest: Log, pause: timedelta, reason: str, situation: Situation, logs: Sequence[Log]) -> Decision:
    """One more attempt at the same action after a pause; the gates are asked again, and a no now ends the action."""
    when = (latest.completed_at or latest.started_at) + pause
    if situation.now < when:
        return WaitUntil(when, reason, action.action_order)
    return _begin(action, latest.attempt + 1, situation, logs)


def to_retry(definition: FlowDefinition, logs: Sequence[Log]) -> list[Log]:
    """The last attempt of each action that surely failed, which a person may have tried again.

    An action that may have reached somebody, or is still out, is not among them.
    """
    attempts_of: dict[int, list[Log]] = defaultdict(list)
    for log in _ordered(logs):
        attempts_of[log.action_order].append(log)
    orders = {action.action_order for action in definition.actions if action.action_type in CHANNEL_OF_ACTION}
    statuses_of = {order: {log.status for log in attempts} for order, attempts in attempts_of.items() if order in orders}
    surely = {LogStatus.FAILED, LogStatus.SKIPPED}
    return [attempts_of[order][-1] for order, statuses in statuses_of.items() if LogStatus.FAILED in statuses and statuses <= surely]


def _repetition(action: Action, attempts: Sequence[Log], timing: Timing) -> tuple[timedelta, str] | None:
    """The pause before the next attempt at this action and why there is one, or None if it is settled.

    Only what surely did not happen is repeated: a transient refusal, or a call that the flow wants made again since nobody answered.
    """
    latest = attempts[-1]
    if any(a.status is LogStatus.UNKNOWN or (a.status is LogStatus.SUCCESS and a.outcome not in RANG) for a in attempts):
        return None
    rang = sum(1 for a in attempts if a.outcome in RANG)
    if rang > int(action.action_config.get("max_retries") or 0):
        return None
    if _refused_for_now(latest):
        # All that did not ring count, also a refusal that was heard of later: a provider that refuses and acts must come to an end.
        failures = sum(1 for a in _since_retry(attempts) if a.outcome not in RANG)
        if failures > MAX_TRANSIENT_RETRIES:
            return None
        return _back_off(latest, failures, timing), "Trying again: the provider refused for now"
    if latest.outcome not in RANG:
        return None
    minutes = float(action.action_config.get("retry_delay_minutes") or DEFAULT_REDIAL_MINUTES)
    return timedelta(minutes=minutes), "Calling again: not answered"


def _since_retry(attempts: Sequence[Log]) -> Sequence[Log]:
    """The attempts that a person's last wish for a retry is answered by; all of them if there was none."""
    asked = max((n for n, log in enumerate(attempts, start=1) if log.retried), default=0)
    return attempts[asked:]


def _refused_for_now(log: Log) -> bool:
    """Refused with a word that the same request may work later, or once the channel is mended, and nothing heard of it since."""
    for_now = log.error_class is ErrorClass.TRANSIENT or (log.error_class is ErrorClass.ACCOUNT and not log.template_only)
    return log.status is LogStatus.FAILED and for_now and log.outcome is None and log.message_state is None


def _back_off(latest: Log, failures: int, timing: Timing) -> timedelta:
    pause: timedelta = timing.retry_base * 2 ** (failures - 1)
    asked = latest.retry_after_seconds or 0
    return max(pause, timedelta(seconds=min(asked, MAX_RETRY_AFTER.total_seconds()))) if asked > 0 else pause


def _in_flight(action: Action, log: Log, timing: Timing, now: datetime) -> Decision:
    lookups = min(log.lookups, timing.lookups)
    if log.answered_at is None:
        # No answer recorded. Until the request's own timeout plus a grace has passed, silence proves nothing.
        reason = "Waiting for the provider's answer"
        deadline = log.started_at + timing.provider_timeout + timing.unknown_grace * (lookups + 1) / max(timing.lookups, 1)
    else:
        reason = "Call in progress" if action.action_type is ActionType.AI_CALL else "Waiting for the outcome"
        begun = max(log.answered_at, log.wait_until or log.answered_at)
        if log.wait_until is not None and now < log.wait_until:
            reason = "The provider has put the call off to its own calling hours"
        deadline = begun + timing.call_deadline * 2**lookups
    if now < deadline:
        return AwaitOutcome(deadline, reason, action.action_order)
    if log.lookups < timing.lookups:
        return Lookup(log.action_order, log.attempt)
    why = "The provider never said whether it acted" if log.answered_at is None else "No outcome came, by webhook or by asking"
    return GiveUp(log.action_order, log.attempt, why)


def _waiting(action: Action, log: Log, situation: Situation, logs: Sequence[Log]) -> Decision:
    until = log.wait_until or log.started_at
    if situation.now >= until:
        return EndWait(log.action_order, log.attempt)
    # What a person does during a wait counts at once: an exit rule, DNC or opt-out ends the wait instead of sleeping on.
    block = _ask(action, situation, logs).block
    if block is not None and block.gate == "exit_rules":
        return EndWait(log.action_order, log.attempt, block.detail)
    if has_dnc(list(situation.lead.tags)):
        return EndWait(log.action_order, log.attempt, "DNC tag found")
    if (closed := closing(situation.policy.suppressed)) is not None:
        return EndWait(log.action_order, log.attempt, closed.sentence(situation.policy.account_zone))
    if consented_to_nothing(situation.consent):
        return EndWait(log.action_order, log.attempt, NO_CONSENT)
    return WaitUntil(until, A_WAIT, action.action_order)


def wait_end(action: Action, definition: FlowDefinition, policy: Policy, now: datetime) -> tuple[datetime, str]:
    """When a `wait` that begins now is over, and why then.

    `duration_minutes` and `duration_seconds` add up; `until_time` is the next such wall-clock time in the flow's (else the account's)
    zone after that; `wait_until_business_hours` moves the end to the next opening.
    """
    config = action.action_config
    until = now + timedelta(minutes=float(config.get("duration_minutes") or 0), seconds=float(config.get("duration_seconds") or 0))
    reason = A_WAIT
    window = flow_window(definition, policy.default_hours, policy.holidays)
    if config.get("until_time"):
        at = time.fromisoformat(str(config["until_time"]))
        until, reason = next_time(until, at, window.zone if window else policy.account_zone), f"Waiting until {at:%H:%M}"
    if (
        config.get("wait_until_business_hours")
        and window is not None
        and (opening := window.next_open(until)) is not None
        and opening > until
    ):
        until, reason = opening, "Waiting for business hours"
    return until, reason


def _finish(logs: Sequence[Log]) -> Finish:
    """Completed if any contact was made; failed if all that were tried failed; skipped if rules said no to all."""
    states = {log.status for log in logs if log.action_type in CHANNEL_OF_ACTION}
    if LogStatus.SUCCESS in states or not states:
        return Finish(ExecutionStatus.COMPLETED)
    if LogStatus.UNKNOWN in states:
        return Finish(ExecutionStatus.COMPLETED, "What became of at least one attempt is unknown")
    if LogStatus.FAILED in states:
        return Finish(ExecutionStatus.FAILED, "No contact attempt succeeded")
    return Finish(ExecutionStatus.SKIPPED, "Every contact was skipped by a rule")
