"""What an execution does next, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from autoflows.domain import decisions as d
from autoflows.domain.account import BusinessHours
from autoflows.domain.capacity import BreakerState, Health, Limits
from autoflows.domain.decide import decide
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState
from tests.domain.build import ALWAYS, ASHA, NOT_ANSWERED, NOW, call, flow, log, mail, policy, situation, wait, whatsapp

TRANSIENT: dict[str, Any] = {"status": "failed", "error_class": ErrorClass.TRANSIENT}


def decided(definition: FlowDefinition, *logs: d.Log, now: datetime = NOW, **other: Any) -> d.Decision:
    return decide(situation(definition, now, **other), logs)


def test_it_begins_with_the_first_step() -> None:
    decision = decided(flow(call(), mail()))
    assert isinstance(decision, d.Perform)
    assert (decision.action.action_order, decision.attempt) == (1, 1)
    assert all(gate.passed for gate in decision.gates)


@pytest.mark.parametrize("outcome", CallOutcome)
def test_the_plans_flow_after_each_outcome(outcome: CallOutcome) -> None:
    definition = flow(call(), wait(duration_minutes=10, **NOT_ANSWERED), whatsapp(**NOT_ANSWERED), mail(**ALWAYS))
    decision = decided(definition, log(1, outcome=outcome))
    if outcome is CallOutcome.ANSWERED:
        assert isinstance(decision, d.Skip)
        assert decision.reason == "Call was answered"
    else:
        assert isinstance(decision, d.StartWait)
        assert decision.until == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("wanted", "meets"),
    [
        ("answered", {"answered"}),
        ("missed", {"missed", "voicemail"}),
        ("busy", {"busy"}),
        ("failed", {"failed"}),
        ("voicemail", {"voicemail"}),
        ("unknown", {"unknown"}),
        ("not_answered", {"missed", "voicemail", "busy", "failed", "unknown"}),
    ],
)
def test_conditions_on_the_call(wanted: str, meets: set[str]) -> None:
    definition = flow(call(), mail(condition_type="call_outcome", condition_value=wanted))
    met = {o.value for o in CallOutcome if isinstance(decided(definition, log(1, outcome=o)), d.Perform)}
    assert met == meets


@pytest.mark.parametrize("wanted", ["answered", "missed", "not_answered"])
def test_no_call_yet_meets_no_condition_on_it(wanted: str) -> None:
    decision = decided(flow(mail(condition_type="call_outcome", condition_value=wanted)))
    assert isinstance(decision, d.Skip)
    assert decision.reason == "No call was made yet"


@pytest.mark.parametrize("error_class", [ErrorClass.PERMANENT, ErrorClass.ACCOUNT, ErrorClass.LEAD])
@pytest.mark.parametrize("wanted", ["failed", "not_answered"])
def test_a_call_the_provider_refused_is_a_failed_call(error_class: ErrorClass, wanted: str) -> None:
    """The plan: if the call failed, go on to the next action; a refused one never even rang."""
    definition = flow(call(), whatsapp(condition_type="call_outcome", condition_value=wanted))
    assert isinstance(decided(definition, log(1, status="failed", error_class=error_class)), d.Perform)


def test_a_skipped_call_is_no_call() -> None:
    decision = decided(flow(call(), mail(**NOT_ANSWERED)), log(1, status="skipped"))
    assert isinstance(decision, d.Skip)
    assert decision.reason == "No call was made yet"


def test_the_latest_call_counts() -> None:
    definition = flow(call(), call(), mail(condition_type="call_outcome", condition_value="busy"))
    assert isinstance(decided(definition, log(1, outcome=CallOutcome.MISSED), log(2, outcome=CallOutcome.BUSY)), d.Perform)
    assert isinstance(decided(definition, log(1, outcome=CallOutcome.BUSY), log(2, outcome=CallOutcome.MISSED)), d.Skip)


def test_exit_rules_stop_all_but_always() -> None:
    definition = flow(call(), mail(), whatsapp(**ALWAYS))
    answered = log(1, outcome=CallOutcome.ANSWERED)
    assert isinstance(decided(definition, answered), d.Skip)
    decision = decided(definition, answered, log(2, "email", "skipped"))
    assert isinstance(decision, d.Perform)
    assert decision.action.action_order == 3
    lenient = flow(call(), mail(), exit_rules={"on_answered": False})
    assert isinstance(decided(lenient, answered), d.Perform)


def test_a_reply_and_a_tag_stop_too() -> None:
    replied = log(1, "whatsapp_message", message_state=MessageState.REPLIED)
    decision = decided(flow(whatsapp(), mail()), replied)
    assert isinstance(decision, d.Skip)
    assert decision.reason == "The lead replied"
    tagged = replace(ASHA, tags=("VIP ",))
    decision = decided(flow(mail(), exit_rules={"on_tag": "vip"}), lead=tagged)
    assert isinstance(decision, d.Skip)
    assert "has the tag" in decision.reason


class TestCallingAgain:
    def test_while_nobody_answers(self) -> None:
        definition = flow(call(max_retries=2, retry_delay_minutes=30), mail())
        first = log(1, outcome=CallOutcome.MISSED, minutes_ago=10)
        decision = decided(definition, first)
        assert isinstance(decision, d.WaitUntil)
        assert decision.when == NOW + timedelta(minutes=20)
        decision = decided(definition, first, now=NOW + timedelta(minutes=20))
        assert isinstance(decision, d.Perform)
        assert decision.attempt == 2

    @pytest.mark.parametrize("outcome", [CallOutcome.MISSED, CallOutcome.BUSY, CallOutcome.VOICEMAIL])
    def test_no_more_often_than_the_flow_says(self, outcome: CallOutcome) -> None:
        definition = flow(call(max_retries=1, retry_delay_minutes=1), mail())
        logs = [log(1, outcome=outcome, minutes_ago=9), log(1, outcome=outcome, attempt=2, minutes_ago=5)]
        decision = decided(definition, *logs)
        assert isinstance(decision, d.Perform)
        assert decision.action.action_order == 2

    @pytest.mark.parametrize("outcome", [CallOutcome.ANSWERED, CallOutcome.FAILED, CallOutcome.UNKNOWN])
    def test_not_after_any_other_outcome(self, outcome: CallOutcome) -> None:
        status = {"failed": "failed", "unknown": "unknown"}.get(outcome, "success")
        decision = decided(flow(call(max_retries=5), mail(**ALWAYS)), log(1, status=status, outcome=outcome, minutes_ago=999))
        assert isinstance(decision, d.Perform)
        assert decision.action.action_order == 2

    def test_the_steps_own_outcome_does_not_end_it(self) -> None:
        """A call on condition `failed` that is then missed is made again, though the most recent call has not failed."""
        definition = flow(call(), call(max_retries=1, condition_type="call_outcome", condition_value="failed"))
        logs = [log(1, status="failed", outcome=CallOutcome.FAILED), log(2, outcome=CallOutcome.MISSED, minutes_ago=60)]
        decision = decided(definition, *logs)
        assert isinstance(decision, d.Perform)
        assert (decision.action.action_order, decision.attempt) == (2, 2)

    def test_the_gates_are_asked_again(self) -> None:
        definition = flow(call(max_retries=1))
        decision = decided(definition, log(1, outcome=CallOutcome.MISSED, minutes_ago=60), lead=replace(ASHA, tags=("DNC",)))
        assert isinstance(decision, d.Skip)
        assert (decision.attempt, decision.reason) == (2, "DNC tag found")

    def test_a_call_that_was_made_counts_though_the_next_was_skipped(self) -> None:
        logs = [log(1, outcome=CallOutcome.MISSED), log(1, status="skipped", attempt=2)]
        assert decided(flow(call(max_retries=1)), *logs) == d.Finish(ExecutionStatus.COMPLETED)

    def test_not_once_the_flow_has_gone_on(self) -> None:
        """A late word about the first call must not ring the person who is on the second one now."""
        definition = flow(call(max_retries=2), call())
        late = log(1, outcome=CallOutcome.MISSED, minutes_ago=300)
        out = log(2, status="running", answered_at=NOW)
        decision = decided(definition, late, out)
        assert isinstance(decision, d.AwaitOutcome)
        assert decision.action_order == 2


class TestRetries:
    def test_pauses_double(self) -> None:
        definition = flow(mail())
        logs: list[d.Log] = []
        for n, seconds in enumerate([2, 4, 8, 16], 1):
            logs.append(log(1, "email", attempt=n, minutes_ago=0, **TRANSIENT))
            decision = decided(definition, *logs)
            assert isinstance(decision, d.WaitUntil)
            assert decision.when == NOW + timedelta(seconds=seconds)
        logs.append(log(1, "email", attempt=5, **TRANSIENT))
        assert decided(definition, *logs) == d.Finish(ExecutionStatus.FAILED, "No contact attempt succeeded")

    @pytest.mark.parametrize(
        ("asked", "seconds"), [(None, 2), (0.5, 2), (90.0, 90), (float("nan"), 2), (-3.0, 2), (float("inf"), 86_400), (1e300, 86_400)]
    )
    def test_the_provider_may_ask_for_a_longer_pause_but_not_for_ever(self, asked: float | None, seconds: int) -> None:
        refused = log(1, "email", minutes_ago=0, retry_after_seconds=asked, **TRANSIENT)
        decision = decided(flow(mail()), refused)
        assert isinstance(decision, d.WaitUntil)
        assert decision.when == NOW + timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        "refusal",
        [
            {"error_class": ErrorClass.PERMANENT},
            {"error_class": ErrorClass.LEAD},
            {"error_class": ErrorClass.ACCOUNT, "template_only": True},
        ],
    )
    def test_definite_refusals_are_final(self, refusal: dict[str, Any]) -> None:
        decision = decided(flow(mail(), whatsapp()), log(1, "email", "failed", **refusal))
        assert isinstance(decision, d.Perform)
        assert decision.action.action_order == 2

    def test_what_the_account_must_mend_is_tried_again_when_its_channel_lets_it(self) -> None:
        refused = log(1, "email", "failed", minutes_ago=1, error_class=ErrorClass.ACCOUNT)
        held = Health("'SMTP'", "channel:1", BreakerState.OPEN, NOW + timedelta(seconds=30), "535 wrong password")
        closed = replace(policy(), limits={1: Limits(health=held)})
        decision = decided(flow(mail(), whatsapp()), refused, policy=closed)
        assert isinstance(decision, d.WaitUntil)
        assert (decision.when, decision.block and decision.block.queue) == (NOW + timedelta(seconds=30), "channel:1")
        decision = decided(flow(mail(), whatsapp()), refused)
        assert isinstance(decision, d.Perform)
        assert (decision.action.action_order, decision.attempt) == (1, 2)

    def test_patience_with_a_broken_channel_ends(self) -> None:
        held = Health("'Bolna'", "channel:1", BreakerState.OPEN, NOW + timedelta(seconds=30), "no balance")
        definition = flow(call(), whatsapp(**NOT_ANSWERED))
        waiting = replace(policy(), limits={1: Limits(health=held)}, parked_on="channel:1", parked_at=NOW - timedelta(minutes=29))
        assert isinstance(decided(definition, policy=waiting), d.WaitUntil)
        tired = replace(waiting, parked_at=NOW - timedelta(minutes=30))
        decision = decided(definition, policy=tired)
        assert isinstance(decision, d.Abandon)
        assert "no balance" in decision.reason
        given_up = log(1, status="failed", error_class=ErrorClass.PERMANENT)
        after = decided(definition, given_up, policy=tired)
        assert isinstance(after, d.Perform), "a call that could not be tried counts as failed, so the fallback runs"
        elsewhere = replace(tired, parked_on="lines:1")
        assert isinstance(decided(definition, policy=elsewhere), d.WaitUntil), "waiting for something else is not the channel's fault"

    def test_a_refused_attempt_that_was_heard_of_since_is_not_repeated(self) -> None:
        bounced = log(1, "whatsapp_message", message_state=MessageState.FAILED, **TRANSIENT)
        assert isinstance(decided(flow(whatsapp()), bounced), d.Finish)
        rang = log(1, outcome=CallOutcome.FAILED, **TRANSIENT)
        assert isinstance(decided(flow(call()), rang), d.Finish)
        delivered_after_all = [log(1, "whatsapp_message", minutes_ago=9), log(1, "whatsapp_message", attempt=2, **TRANSIENT)]
        assert isinstance(decided(flow(whatsapp()), *delivered_after_all), d.Finish)


class TestInFlight:
    def test_silence_is_looked_up_thrice_and_then_given_up(self) -> None:
        definition = flow(mail(), whatsapp())
        out = log(1, "email", "running", minutes_ago=0)
        decision = decided(definition, out)
        assert decision == d.AwaitOutcome(NOW + timedelta(seconds=60), "Waiting for the provider's answer", 1)
        assert decided(definition, out, now=NOW + timedelta(seconds=60)) == d.Lookup(1, 1)
        out = replace(out, lookups=3)
        assert isinstance(decided(definition, out, now=NOW + timedelta(seconds=179)), d.AwaitOutcome)
        assert isinstance(decided(definition, out, now=NOW + timedelta(seconds=180)), d.GiveUp)

    def test_a_call_has_longer_each_time(self) -> None:
        out = log(1, status="running", minutes_ago=0, answered_at=NOW)
        for lookups, minutes in enumerate([10, 20, 40]):
            looked = replace(out, lookups=lookups)
            assert decided(flow(call()), looked) == d.AwaitOutcome(NOW + timedelta(minutes=minutes), "Call in progress", 1)
            assert decided(flow(call()), looked, now=NOW + timedelta(minutes=minutes)) == d.Lookup(1, 1)
        assert isinstance(decided(flow(call()), replace(out, lookups=3), now=NOW + timedelta(minutes=80)), d.GiveUp)

    def test_an_older_attempt_that_is_out_blocks_a_new_one(self) -> None:
        logs = [log(1, "email", "running", minutes_ago=0), log(1, "email", attempt=2, minutes_ago=99, **TRANSIENT)]
        assert isinstance(decided(flow(mail()), *logs), d.AwaitOutcome)


class TestUnknown:
    def test_continues_or_stops_as_the_flow_says(self) -> None:
        unknown = log(1, "email", "unknown")
        assert isinstance(decided(flow(mail(), whatsapp()), unknown), d.Perform)
        stopped = decided(flow(mail(), whatsapp(**ALWAYS), on_unknown="stop"), unknown)
        assert isinstance(stopped, d.Finish)
        assert stopped.status is ExecutionStatus.FAILED

    def test_counts_as_an_attempt_made(self) -> None:
        decision = decided(flow(mail()), log(1, "email", "unknown"))
        assert decision == d.Finish(ExecutionStatus.COMPLETED, "What became of at least one attempt is unknown")


class TestWaits:
    def waiting(self, **more: Any) -> d.Log:
        return log(1, "wait", "running", wait_until=NOW + timedelta(hours=2), **more)

    def test_it_sleeps_until_its_end(self) -> None:
        definition = flow(wait(duration_minutes=120), mail())
        assert decided(definition, self.waiting()) == d.WaitUntil(NOW + timedelta(hours=2), "The flow's wait", 1)
        assert decided(definition, self.waiting(), now=NOW + timedelta(hours=2)) == d.EndWait(1, 1)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"lead": replace(ASHA, tags=("dnc",))}, "DNC tag found"),
            ({"lead": replace(ASHA, tags=("vip",))}, "The contact has the tag 'vip'"),
            ({"consent": {"channels": []}}, "The contact consented to no channel"),
        ],
    )
    def test_what_happens_meanwhile_cuts_it_short(self, change: dict[str, Any], reason: str) -> None:
        definition = flow(wait(duration_minutes=120), mail(), exit_rules={"on_tag": "vip"})
        assert decided(definition, self.waiting(), **change) == d.EndWait(1, 1, reason)

    def test_a_reply_cuts_it_short(self) -> None:
        definition = flow(wait(duration_minutes=120), mail())
        replied = log(2, "email", message_state=MessageState.REPLIED)
        assert decided(definition, self.waiting(), replied) == d.EndWait(1, 1, "The lead replied")

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({}, NOW),
            ({"duration_minutes": 10}, NOW + timedelta(minutes=10)),
            ({"duration_minutes": 1.5, "duration_seconds": 15}, NOW + timedelta(seconds=105)),
            ({"until_time": "12:30"}, NOW + timedelta(minutes=30)),  # 12:00 in Kolkata now
            ({"until_time": "12:00"}, NOW),
            ({"until_time": "11:59"}, NOW + timedelta(hours=23, minutes=59)),
            ({"duration_minutes": 45, "until_time": "12:30"}, NOW + timedelta(hours=24, minutes=30)),
            ({"duration_minutes": 600, "wait_until_business_hours": True}, NOW + timedelta(hours=21)),  # 22:00, so 09:00 tomorrow
            ({"duration_minutes": 60, "wait_until_business_hours": True}, NOW + timedelta(hours=1)),
            ({"duration_minutes": 4 * 24 * 60, "wait_until_business_hours": True}, NOW + timedelta(days=5, hours=-3)),  # Sunday: closed
        ],
    )
    def test_arithmetic(self, config: dict[str, Any], expected: datetime) -> None:
        rules = policy(default_hours=BusinessHours())
        decision = decided(flow(wait(**config)), policy=rules)
        assert isinstance(decision, d.StartWait)
        assert decision.until == expected

    def test_until_a_time_in_the_flows_own_zone(self) -> None:
        hours = {
            "use_custom_business_hours": True,
            "business_hours_start": "09:00",
            "business_hours_end": "17:00",
            "business_hours_timezone": "America/New_York",
        }
        decision = decided(flow(wait(until_time="10:30"), **hours))
        assert isinstance(decision, d.StartWait)
        assert decision.until == datetime(2026, 3, 4, 15, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            # 02:30 does not exist on 8 March 2026 in New York: the first instant after the gap.
            (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC)),
            # 01:30 comes twice on 1 November 2026; once its first pass is over, the next is tomorrow's.
            (datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
            (datetime(2026, 11, 1, 6, 10, tzinfo=UTC), datetime(2026, 11, 2, 6, 30, tzinfo=UTC)),
        ],
    )
    def test_until_a_time_that_daylight_saving_moves(self, now: datetime, expected: datetime) -> None:
        at = "02:30" if now.month == 3 else "01:30"
        rules = replace(policy(), account_zone="America/New_York")
        decision = decided(flow(wait(until_time=at)), now=now, policy=rules)
        assert isinstance(decision, d.StartWait)
        assert decision.until == expected
        assert decision.until >= now


class TestHoursTogether:
    NIGHT: dict[str, Any] = {  # noqa: RUF012
        "use_custom_business_hours": True,
        "business_hours_start": "22:00",
        "business_hours_end": "02:00",
        "business_hours_timezone": "Asia/Kolkata",
    }

    @pytest.mark.parametrize("hour", [1, 6, 17, 20])
    def test_hours_that_never_meet_skip_instead_of_waiting_in_turns(self, hour: int) -> None:
        """By night the law says no, by day the flow does: each sent the execution to the other, for ever."""
        decision = decided(flow(call(), **self.NIGHT), now=NOW.replace(hour=hour), policy=policy(legal_hours="on"))
        assert isinstance(decision, d.Skip)
        assert "never open together" in decision.reason

    def test_it_waits_once_for_all_of_them(self) -> None:
        evening = {**self.NIGHT, "business_hours_start": "19:00"}
        night = NOW.replace(hour=16)  # 21:30: open for the flow, not by law
        decision = decided(flow(call(), **evening), now=night, policy=policy(legal_hours="on"))
        assert isinstance(decision, d.WaitUntil)
        assert decision.when == datetime(2026, 3, 5, 13, 30, tzinfo=UTC)  # 19:00 tomorrow, not 09:00
        assert "Legal hours (IN)" in decision.reason

    def test_a_flow_that_skips_still_skips(self) -> None:
        decision = decided(flow(call(), **self.NIGHT, outside_hours="skip"))
        assert isinstance(decision, d.Skip)
        assert "skips instead of waiting" in decision.reason


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], ExecutionStatus.COMPLETED),
        (["success", "failed", "skipped"], ExecutionStatus.COMPLETED),
        (["unknown", "failed"], ExecutionStatus.COMPLETED),
        (["failed", "skipped"], ExecutionStatus.FAILED),
        (["skipped", "skipped"], ExecutionStatus.SKIPPED),
    ],
)
def test_how_it_ends(statuses: list[str], expected: ExecutionStatus) -> None:
    logs = [log(n, "email", status, error_class=ErrorClass.PERMANENT) for n, status in enumerate(statuses, 1)]
    decision = decided(flow(*[mail() for _ in statuses]), *logs)
    assert isinstance(decision, d.Finish)
    assert decision.status is expected
