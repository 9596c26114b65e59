"""What holds for every flow, every person and every turn of events."""

from __future__ import annotations

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given

from autoflows.domain import decisions as d
from autoflows.domain.decide import MAX_TRANSIENT_RETRIES, decide
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.flow import ActionType, OutsideHours
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState
from tests.domain import clockwork
from tests.domain.histories import Step, World, logs_of_any_kind, worlds
from tests.domain.settings import THOROUGH

RANG = (CallOutcome.MISSED, CallOutcome.BUSY, CallOutcome.VOICEMAIL)
OUT = (LogStatus.RUNNING, LogStatus.PENDING)


@THOROUGH
@given(worlds())
def test_any_history_has_a_decision_whatever_its_order(world: World) -> None:
    world.logs = logs_of_any_kind(world.definition, world.chance)
    situation = world.situation()
    decision = decide(situation, world.logs)
    if isinstance(decision, d.Perform | d.Skip | d.Assign | d.StartWait):
        order = decision.action.action_order
        of_action = [log for log in world.logs if log.action_order == order]
        assert order >= max((log.action_order for log in world.logs), default=0), "a step left behind was taken up again"
        assert not any(log.status in OUT for log in of_action)
        assert isinstance(decision, d.StartWait | d.Assign) or decision.attempt not in {log.attempt for log in of_action}
    assert decide(situation, sorted(world.logs, key=lambda log: log.started_at)) == decision


@THOROUGH
@given(worlds())
def test_every_run_ends_and_stays_ended(world: World) -> None:
    world.run()
    assert decide(world.situation(), world.logs) == world.finished
    assert world.finished is not None
    contacts = {log.status for log in world.logs if log.action_type in CHANNEL_OF_ACTION}
    assert not contacts & set(OUT)
    if "flow says stop" in world.finished.reason:
        assert world.definition.on_unknown == "stop"
        return
    assert (world.finished.status is ExecutionStatus.SKIPPED) == (contacts == {LogStatus.SKIPPED})
    if LogStatus.SUCCESS in contacts or not contacts:
        assert world.finished.status is ExecutionStatus.COMPLETED
    assert {log.action_order for log in world.logs} == set(range(1, len(world.definition.actions) + 1)), "each step has its row"


@THOROUGH
@given(worlds())
def test_no_contact_while_a_rule_says_no(world: World) -> None:
    """The rules are written out once more here, from the architecture and not from `gates`."""
    for step in world.run().steps:
        if isinstance(step.decision, d.Perform):
            assert not any(not gate.passed for gate in step.decision.gates)
            _may_contact(step, step.decision)


def _may_contact(step: Step, decision: d.Perform) -> None:
    s, action = step.situation, decision.action
    channel = {"ai_call": "call", "whatsapp_message": "whatsapp", "email": "email"}[action.action_type]
    assert "dnc" not in [tag.lower() for tag in s.lead.tags]
    allowed = (s.consent or {}).get("channels")
    assert allowed is None or channel in allowed or (channel == "email" and allowed)
    assert s.lead.email if channel == "email" else s.lead.phone
    assert "None" not in [log.arm for log in step.logs], "a hold-out was contacted"
    if action.condition_type == "split":
        names = {n: a.action_config["name"] for n, a in enumerate(s.definition.actions, 1) if a.action_type is ActionType.SPLIT}
        asked = [n for n in names if n < action.action_order and action.condition_field in (None, names[n])]
        assert [log.arm for log in step.logs if log.action_order == asked[-1]] == [str(action.condition_value).upper()]
    if action.condition_type in (None, "split"):
        rules, goal = s.definition.exit_rules, s.definition.goal
        assert not (goal and goal.stops and s.policy.converted)
        assert not (rules.on_answered and any(log.outcome is CallOutcome.ANSWERED for log in step.logs))
        assert not (rules.on_reply and any(log.message_state is MessageState.REPLIED for log in step.logs))
        assert rules.on_tag not in s.lead.tags
    tried = [log for log in step.logs if log.action_type in CHANNEL_OF_ACTION and log.status is not LogStatus.SKIPPED]
    cap = s.policy.account.frequency_cap
    assert cap is None or len([log for log in tried if log.started_at > s.now - timedelta(days=1)]) < cap
    flow, default = s.definition, s.policy.default_hours
    if flow.use_custom_business_hours:
        start, end, zone = flow.business_hours_start, flow.business_hours_end, flow.business_hours_timezone
        assert start is not None
        assert end is not None
        assert zone is not None
        assert clockwork.is_open(flow.business_days, start, end, zone, (), s.now)
    elif default is not None:
        assert clockwork.is_open(default.days, default.start, default.end, default.timezone, (), s.now)
    if s.policy.account.legal_hours == "on" and channel != "email" and s.lead.phone == "+919876543210":
        zone = s.lead.timezone or "Asia/Kolkata"
        assert time(9) <= s.now.astimezone(ZoneInfo(zone)).time() < time(21)


@THOROUGH
@given(worlds())
def test_one_attempt_at_a_time_and_none_that_may_have_happened_twice(world: World) -> None:
    for step in world.run().steps:
        assert len([log for log in step.logs if log.status in OUT]) <= 1, "two attempts are out at the same time"
        if not isinstance(step.decision, d.Perform):
            continue
        action, attempt = step.decision.action, step.decision.attempt
        before = [log for log in step.logs if log.action_order == action.action_order]
        assert attempt == len(before) + 1
        for log in before:
            refused = log.status is LogStatus.FAILED and log.error_class in (ErrorClass.TRANSIENT, ErrorClass.ACCOUNT)
            redial = action.action_type is ActionType.AI_CALL and log.outcome in RANG
            assert refused or redial, f"repeated after {log.status} {log.outcome} {log.error_class}"
        rang = [log for log in before if log.outcome in RANG]
        assert len(rang) <= int(action.action_config.get("max_retries") or 0)
        assert len(before) - len(rang) <= MAX_TRANSIENT_RETRIES


@THOROUGH
@given(worlds())
def test_pauses_before_another_attempt(world: World) -> None:
    for step in world.run().steps:
        if not isinstance(step.decision, d.Perform) or step.decision.attempt == 1:
            continue
        action = step.decision.action
        before = [log for log in step.logs if log.action_order == action.action_order]
        paused = step.situation.now - (before[-1].completed_at or before[-1].started_at)
        if before[-1].outcome in RANG:
            assert paused >= timedelta(minutes=action.action_config["retry_delay_minutes"])
        else:
            refusals = sum(1 for log in before if log.outcome is None and log.status is LogStatus.FAILED)
            assert paused >= timedelta(seconds=2 * 2 ** (refusals - 1))
            if before[-1].retry_after_seconds == 90.0:
                assert paused >= timedelta(seconds=90)
            if before[-1].retry_after_seconds == 1e30:
                assert paused >= timedelta(days=1)


@THOROUGH
@given(worlds())
def test_a_wait_that_ends_early_says_why(world: World) -> None:
    for step in world.run().steps:
        if isinstance(step.decision, d.EndWait):
            log = next(log for log in step.logs if log.action_order == step.decision.action_order)
            assert log.wait_until is not None
            assert bool(step.decision.cut_short) == (step.situation.now < log.wait_until)
        if isinstance(step.decision, d.Skip) and "hours" in step.decision.reason:
            assert step.situation.definition.outside_hours is OutsideHours.SKIP or "never open" in step.decision.reason
