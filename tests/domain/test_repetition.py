"""When an attempt may be made again: only what surely did not happen, or a call the flow wants made again; and never without end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autoflows.domain.account import AccountSettings
from autoflows.domain.conditions import Lead
from autoflows.domain.decide import MAX_TRANSIENT_RETRIES, decide
from autoflows.domain.decisions import Decision, Finish, Log, Perform, Situation, Timing
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.domain.gate_context import Policy
from autoflows.domain.outcomes import CallOutcome, ErrorClass

START = datetime(2026, 11, 22, 6, tzinfo=UTC)
LEAD = Lead(lead_source="API", entry_type="api", name="Asha", phone="+919876500001")


def after(logs: list[Log], max_retries: int) -> Decision:
    """What is decided an hour after the last of these attempts, when every pause is over."""
    flow = FlowDefinition.model_validate(
        {"name": "Call", "actions": [{"action_order": 1, "action_type": "ai_call", "action_config": {"max_retries": max_retries}}]}
    )
    now = START + timedelta(hours=len(logs))
    policy = Policy(AccountSettings(legal_hours="off"), None, "Asia/Kolkata")
    return decide(Situation(flow, LEAD, None, policy, Timing(), now), logs)


def refused(attempt: int) -> Log:
    at = START + timedelta(hours=attempt - 1)
    return Log(
        1, attempt, ActionType.AI_CALL, LogStatus.FAILED, at, answered_at=at, completed_at=at, error_class=ErrorClass.TRANSIENT
    )  # fmt: skip


def named(log: Log, outcome: CallOutcome) -> Log:
    """The same attempt once a webhook has told that it was made all the same."""
    return replace(log, status=LogStatus.FAILED if outcome is CallOutcome.FAILED else LogStatus.SUCCESS, outcome=outcome)


def test_a_refusal_that_rang_all_the_same_is_a_call() -> None:
    """A provider that answers 5xx and places the call would else ring the person for ever."""
    assert isinstance(after([named(refused(1), CallOutcome.MISSED), refused(2)], max_retries=0), Finish)


def test_a_redial_that_is_refused_is_tried_again() -> None:
    decision = after([named(refused(1), CallOutcome.MISSED), refused(2)], max_retries=1)
    assert isinstance(decision, Perform)
    assert decision.attempt == 3


@pytest.mark.parametrize("outcome", [None, CallOutcome.FAILED, CallOutcome.MISSED])
@pytest.mark.parametrize("max_retries", [0, 2])
def test_refusals_come_to_an_end_whatever_is_heard_of_them_later(outcome: CallOutcome | None, max_retries: int) -> None:
    logs: list[Log] = []
    while isinstance(decision := after(logs, max_retries), Perform):
        logs = [log if outcome is None or log.outcome else named(log, outcome) for log in logs]
        logs.append(refused(decision.attempt))
        assert len(logs) <= 1 + MAX_TRANSIENT_RETRIES + max_retries
    assert isinstance(decision, Finish)
