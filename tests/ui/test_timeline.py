"""The story of an execution from its plan and its logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from autoflows.domain.flow import FlowDefinition
from autoflows.services.views.executions import ActionLogView, ExecutionView, WaitingView
from autoflows.services.views.leads import PersonView
from autoflows.ui.timeline import timeline

NOW = datetime(2026, 3, 30, 9, 0, tzinfo=UTC)
AGENT = uuid4()
PLAN = FlowDefinition.model_validate(
    {
        "name": "Call, wait, mail",
        "actions": [
            {"action_order": 1, "action_type": "ai_call", "action_config": {"agent_id": str(AGENT)}},
            {"action_order": 2, "action_type": "wait", "action_config": {"duration_minutes": 10}},
            {"action_order": 3, "action_type": "email", "action_config": {}, "condition_type": "always"},
        ],
    }
)


def run(status: str = "running", step: int = 1, waiting: str = "") -> ExecutionView:
    person = PersonView(id=uuid4(), name="Asha", phone=None, email=None)
    return ExecutionView(
        id=uuid4(),
        flow_id=uuid4(),
        flow_name=PLAN.name,
        flow_version=1,
        contact_id=person.id,
        contact=person,
        lead_event_id=None,
        lead_source="Website",
        status=status,
        outcome=None,
        current_action_step=step,
        action_count=3,
        triggered_at=NOW,
        completed_at=None,
        waiting=WaitingView(reason=waiting, until=None) if waiting else None,
        error_message=None,
        metadata={},
        is_test_run=False,
        speed_to_lead_ms=None,
    )


def log(order: int, kind: str, status: str, attempt: int = 1, **values: Any) -> ActionLogView:
    blank: dict[str, Any] = dict.fromkeys(ActionLogView.model_fields)
    given = {
        "id": uuid4(), "execution_id": uuid4(), "action_order": order, "action_type": kind, "attempt": attempt, "status": status,
        "started_at": NOW, "result_data": {}, "gates": [], "action": {}, **values,
    }  # fmt: skip
    return ActionLogView.model_validate(blank | given)


def test_what_is_still_to_come_is_shown_and_what_was_never_reached_says_so() -> None:
    steps = timeline(run(), PLAN, [log(1, "ai_call", "running")], {str(AGENT): "Priya"})
    assert [(s.order, s.status) for s in steps] == [(1, "running"), (2, "upcoming"), (3, "upcoming")]
    assert steps[0].text == "Call with Priya"
    assert steps[2].when == "always, even after an exit rule"
    ended = timeline(run("cancelled"), PLAN, [log(1, "ai_call", "success")], {})
    assert [s.label for s in ended] == ["Done", "Not reached", "Not reached"]


def test_a_step_that_is_held_is_waiting() -> None:
    steps = timeline(run(step=1, waiting="Flow hours: opens 09:00"), PLAN, [], {})
    assert [s.status for s in steps] == ["waiting", "upcoming", "upcoming"]


def test_attempts_are_numbered_only_when_there_are_several() -> None:
    logs = [
        log(1, "ai_call", "success", 1, outcome="missed", completed_at=NOW + timedelta(seconds=30)),
        log(1, "ai_call", "success", 2, outcome="answered"),
    ]
    (first, second) = timeline(run(), PLAN, logs, {})[0].attempts
    assert (first.number, first.outcome, first.lasted) == (1, "missed", "30.0 s")
    assert (second.number, second.outcome, second.lasted) == (2, "answered", "")
    assert timeline(run(), PLAN, logs[:1], {})[0].attempts[0].number == 0


def test_results_read_as_facts_conversation_and_safe_links() -> None:
    data = {
        "agent": "Priya",
        "conversation_duration": 36.2,
        "transcript": "assistant: Hello.\nuser: Hi.\nwho is this?",
        "recording_url": "javascript:alert(1)",
        "summary": "Wants a quote.",
    }
    attempt = timeline(run(), PLAN, [log(1, "ai_call", "success", result_data=data)], {})[0].attempts[0]
    assert ["Conversation", "36.2 s"] in attempt.facts
    assert [(t.speaker, t.text) for t in attempt.transcript] == [("Agent", "Hello."), ("Lead", "Hi.\nwho is this?")]
    assert attempt.recording_url == ""
    assert attempt.summary == "Wants a quote."


def test_the_rule_that_stopped_a_step_is_named() -> None:
    gates = [
        {"gate": "dnc", "passed": True, "detail": "", "next_allowed_at": None},
        {"gate": "condition", "passed": False, "detail": "Call was answered", "next_allowed_at": None},
    ]
    attempt = timeline(run(step=2), PLAN, [log(2, "wait", "skipped", gates=gates, skip_reason="Call was answered")], {})[1].attempts[0]
    assert attempt.gates_text == "Stopped by step condition"
    assert [gate.basis for gate in attempt.gates] == ["", ""]
    assert attempt.skip_reason == "Call was answered"


def test_legal_hours_tell_the_rule_and_the_clock() -> None:
    zones = ["America/Chicago", "America/Denver", "America/Boise", "America/Adak", "Pacific/Guam"]
    asked = {"gate": "legal_hours", "passed": False, "detail": "x", "rule": "US-TX-sunday", "zones": zones[:2], "zone_origin": "address"}
    anywhere = {"gate": "legal_hours", "passed": True, "detail": "", "zones": zones, "zone_origin": "phone"}
    attempt = timeline(run(), PLAN, [log(1, "ai_call", "skipped", gates=[asked, anywhere])], {})[0].attempts[0]
    assert [gate.basis for gate in attempt.gates] == [
        "rule US-TX-sunday, by the clock of America/Chicago, America/Denver (from address)",
        "by the clock of America/Chicago, America/Denver, America/Boise and 2 more (from phone)",
    ]


def test_without_a_plan_the_logs_tell_what_they_can() -> None:
    old = log(2, "wait", "success", action={"action_type": "wait", "action_config": {"duration_minutes": 5}})
    (step,) = timeline(run("completed"), None, [old], {})
    assert (step.order, step.title, step.text) == (2, "Wait", "Wait 5 minutes")


def test_an_attempt_in_doubt_tells_what_is_known_and_what_a_second_try_would_risk() -> None:
    taken = timeline(run(), PLAN, [log(1, "ai_call", "unknown", provider_ref="call-1")], {})[0].attempts[0]
    assert taken.unsettled
    assert taken.is_call
    assert taken.risk.startswith("The provider took the request and never told the outcome. The lead may have been called already")
    unsure = timeline(run(), PLAN, [log(3, "email", "unknown")], {})[2].attempts[0]
    assert unsure.risk.startswith("The provider never said whether it took the request. The lead may have been sent the e-mail already")
    assert not unsure.is_call
    assert timeline(run(), PLAN, [log(1, "ai_call", "success")], {})[0].attempts[0].risk == ""


def test_what_a_person_said_and_did_is_told() -> None:
    said = {"status": "success", "outcome": "missed", "note": "Seen on the bill", "by": "Asha"}
    resolved = timeline(run(), PLAN, [log(1, "ai_call", "success", result_data={"resolved": said})], {})[0].attempts[0]
    assert resolved.resolution == "Asha said it reached them (missed): “Seen on the bill”"
    gave_up = {"status": "failed", "outcome": None, "note": ""}
    mail = timeline(run(), PLAN, [log(3, "email", "failed", result_data={"resolved": gave_up, "retried_at": "now"})], {})[2].attempts[0]
    assert (mail.resolution, mail.retried) == ("A person said it did not reach them", True)
    assert timeline(run(), PLAN, [log(3, "email", "failed", result_data={"resolved": "x"})], {})[2].attempts[0].resolution == ""


def test_whether_a_call_was_stopped_is_told() -> None:
    def stopped(value: bool) -> list[list[str]]:
        return timeline(run(), PLAN, [log(1, "ai_call", "cancelled", result_data={"stopped_at_provider": value})], {})[0].attempts[0].facts

    assert stopped(True) == [["Stopped at the provider", "Yes, before it was placed"]]
    assert stopped(False) == [["Stopped at the provider", "No, it had begun"]]
