"""The story of an execution from its plan and its logs."""

from __future__ import annotations

from datetime import timedelta

from autoflows.services.views.executions import WaitingView
from autoflows.ui.timeline import clock, held_in_words, timeline
from tests.ui.runs import AGENT, NOW, delivery, log, run, story


def test_what_is_still_to_come_is_shown_and_what_was_never_reached_says_so() -> None:
    steps = timeline(story(run(), [log(1, "ai_call", "running")]), {str(AGENT): "Priya"})
    assert [(s.order, s.status) for s in steps] == [(1, "running"), (2, "upcoming"), (3, "upcoming")]
    assert steps[0].text == "Call with Priya"
    assert steps[2].when == "always, even after an exit rule"
    ended = timeline(story(run("cancelled"), [log(1, "ai_call", "success")]), {})
    assert [s.label for s in ended] == ["Done", "Not reached", "Not reached"]


def test_a_step_that_is_held_is_waiting() -> None:
    steps = timeline(story(run(step=1, waiting="Flow hours: opens 09:00"), []), {})
    assert [s.status for s in steps] == ["waiting", "upcoming", "upcoming"]


def test_attempts_are_numbered_only_when_there_are_several() -> None:
    logs = [
        log(1, "ai_call", "success", 1, outcome="missed", completed_at=NOW + timedelta(seconds=30)),
        log(1, "ai_call", "success", 2, outcome="answered"),
    ]
    (first, second) = timeline(story(run(), logs), {})[0].attempts
    assert (first.number, first.outcome, first.lasted) == (1, "missed", "30.0 s")
    assert (second.number, second.outcome, second.lasted) == (2, "answered", "")
    assert timeline(story(run(), logs[:1]), {})[0].attempts[0].number == 0


def test_results_read_as_facts_conversation_and_safe_links() -> None:
    data = {
        "agent": "Priya",
        "conversation_duration": 36.2,
        "transcript": "assistant: Hello.\nuser: Hi.\nwho is this?",
        "recording_url": "javascript:alert(1)",
        "summary": "Wants a quote.",
    }
    attempt = timeline(story(run(), [log(1, "ai_call", "success", result_data=data)]), {})[0].attempts[0]
    assert ["Conversation", "36.2 s"] in attempt.facts
    assert [(t.speaker, t.text) for t in attempt.transcript] == [("Agent", "Hello."), ("Lead", "Hi.\nwho is this?")]
    assert attempt.recording_url == ""
    assert attempt.summary == "Wants a quote."


def test_the_rule_that_stopped_a_step_is_named() -> None:
    gates = [
        {"gate": "dnc", "passed": True, "detail": "", "next_allowed_at": None},
        {"gate": "condition", "passed": False, "detail": "Call was answered", "next_allowed_at": None},
    ]
    attempt = timeline(story(run(step=2), [log(2, "wait", "skipped", gates=gates, skip_reason="Call was answered")]), {})[1].attempts[0]
    assert attempt.gates_text == "Stopped by step condition"
    assert [gate.basis for gate in attempt.gates] == ["", ""]
    assert attempt.skip_reason == "Call was answered"


def test_legal_hours_tell_the_rule_and_the_clock() -> None:
    zones = ["America/Chicago", "America/Denver", "America/Boise", "America/Adak", "Pacific/Guam"]
    asked = {"gate": "legal_hours", "passed": False, "detail": "x", "rule": "US-TX-sunday", "zones": zones[:2], "zone_origin": "address"}
    anywhere = {"gate": "legal_hours", "passed": True, "detail": "", "zones": zones, "zone_origin": "phone"}
    attempt = timeline(story(run(), [log(1, "ai_call", "skipped", gates=[asked, anywhere])]), {})[0].attempts[0]
    assert [gate.basis for gate in attempt.gates] == [
        "rule US-TX-sunday, by the clock of America/Chicago, America/Denver (from address)",
        "by the clock of America/Chicago, America/Denver, America/Boise and 2 more (from phone)",
    ]


def test_without_a_plan_the_logs_tell_what_they_can() -> None:
    old = log(2, "wait", "success", action={"action_type": "wait", "action_config": {"duration_minutes": 5}})
    (step,) = timeline(story(run("completed"), [old], plan=None), {})
    assert (step.order, step.title, step.text) == (2, "Wait", "Wait 5 minutes")


def test_an_attempt_in_doubt_tells_what_is_known_and_what_a_second_try_would_risk() -> None:
    taken = timeline(story(run(), [log(1, "ai_call", "unknown", provider_ref="call-1")]), {})[0].attempts[0]
    assert taken.unsettled
    assert taken.is_call
    assert taken.risk.startswith("The provider took the request and never told the outcome. The lead may have been called already")
    unsure = timeline(story(run(), [log(3, "email", "unknown")]), {})[2].attempts[0]
    assert unsure.risk.startswith("The provider never said whether it took the request. The lead may have been sent the e-mail already")
    assert not unsure.is_call
    assert timeline(story(run(), [log(1, "ai_call", "success")]), {})[0].attempts[0].risk == ""


def test_what_a_person_said_and_did_is_told() -> None:
    said = {"status": "success", "outcome": "missed", "note": "Seen on the bill", "by": "Asha"}
    resolved = timeline(story(run(), [log(1, "ai_call", "success", result_data={"resolved": said})]), {})[0].attempts[0]
    assert resolved.resolution == "Asha said it reached them (missed): “Seen on the bill”"
    gave_up = {"status": "failed", "outcome": None, "note": ""}
    mail = timeline(story(run(), [log(3, "email", "failed", result_data={"resolved": gave_up, "retried_at": "now"})]), {})[2].attempts[0]
    assert (mail.resolution, mail.retried) == ("A person said it did not reach them", True)
    assert timeline(story(run(), [log(3, "email", "failed", result_data={"resolved": "x"})]), {})[2].attempts[0].resolution == ""


def test_whether_a_call_was_stopped_is_told() -> None:
    def stopped(value: bool) -> list[list[str]]:
        return timeline(story(run(), [log(1, "ai_call", "cancelled", result_data={"stopped_at_provider": value})]), {})[0].attempts[0].facts

    assert stopped(True) == [["Stopped at the provider", "Yes, before it was placed"]]
    assert stopped(False) == [["Stopped at the provider", "No, it had begun"]]


def test_what_was_sent_is_shown_as_text_with_the_values_it_was_filled_with() -> None:
    message = {"body": "Hello Asha, about pumps.", "variables": {"1": "Asha", "2": "pumps"}, "template": "missed_call", "language": "en"}
    sent = timeline(story(run(), [log(1, "whatsapp_message", "success", result_data=message)]), {})[0].attempts[0]
    assert (sent.subject, sent.body, sent.filled) == ("", "Hello Asha, about pumps.", [["1", "Asha"], ["2", "pumps"]])
    assert sent.filled_title == "Values it was filled with"
    mail = {"subject": "Thank you", "text": "Dear Asha", "to": "asha@example.com"}
    written = timeline(story(run(), [log(3, "email", "success", result_data=mail)]), {})[2].attempts[0]
    assert (written.subject, written.body) == ("Thank you", "Dear Asha")
    call = timeline(story(run(), [log(1, "ai_call", "running", result_data={"variables": {"name": "Asha"}, "text": "x"})]), {})[0].attempts[
        0
    ]
    assert (call.body, call.filled, call.filled_title) == ("", [["name", "Asha"]], "What the agent was told")


def test_what_is_hidden_or_was_never_recorded_says_so() -> None:
    def unseen(kind: str, status: str, *, sees: bool = True, **data: str) -> str:
        steps = timeline(story(run(), [log(1, kind, status, result_data=data)]), {}, sees_people=sees)
        return steps[0].attempts[0].unseen

    assert unseen("ai_call", "success", sees=False) == "What was said on the call is hidden from your role."
    assert unseen("email", "failed", sees=False) == "What was written is hidden from your role."
    assert unseen("email", "skipped", sees=False) == ""
    assert unseen("wait", "running", sees=False) == ""
    assert unseen("email", "unknown").startswith("What was sent was not recorded")
    assert unseen("email", "unknown", to="asha@example.com") == ""
    assert unseen("email", "success") == ""


def test_deliveries_are_told_in_the_order_in_which_they_happened_and_once() -> None:
    sent = log(1, "whatsapp_message", "success")
    other = log(3, "email", "success")
    told = [
        delivery(sent.id, "message", "read", 9),
        delivery(sent.id, "message", "sent", 1),
        delivery(sent.id, "message", "sent", 2, note="Already sent"),
        delivery(sent.id, "message", "delivered", 3, note="Already read"),
        delivery(sent.id, "reply", "replied", 60, text="Yes please"),
        delivery(other.id, "message", "failed", 5),
    ]
    steps = timeline(story(run(), [sent, other], told), {})
    lines = steps[0].attempts[0].deliveries
    assert [(line.label, line.note, line.text) for line in lines] == [
        ("Sent", "", ""),
        ("Delivered", "Already read", ""),
        ("Read", "", ""),
        ("Replied", "", "Yes please"),
    ]
    assert [line.state for line in steps[2].attempts[0].deliveries] == ["failed"]
    call = log(1, "ai_call", "running")
    progress = timeline(story(run(), [call], [delivery(call.id, "call", "in-progress", 2, note="Progress")]), {})[0].attempts[0].deliveries
    assert [(line.label, line.note) for line in progress] == [("In progress", "")]


def test_each_state_is_said_in_words_and_by_a_sign() -> None:
    call = log(1, "ai_call", "success", outcome="answered", took=34)
    by = [{"gate": "exit_rules", "passed": False, "detail": "Call was answered"}]
    steps = timeline(story(run("completed"), [call, log(2, "wait", "skipped", skip_reason="Call was answered", gates=by)]), {})
    assert [(s.mark, s.said, s.passed_by) for s in steps] == [
        ("✓", "Done · answered · 34.0 s", False),
        ("⤼", "Skipped: Call was answered", True),
        ("–", "Not reached", False),
    ]
    dnc = [{"gate": "dnc", "passed": True}, {"gate": "consent", "passed": False}]
    assert not timeline(story(run(), [log(1, "ai_call", "skipped", gates=dnc)]), {})[0].passed_by
    again = [
        log(1, "ai_call", "failed", took=1, error_message="Refused"),
        log(1, "ai_call", "failed", 2, took=2, error_message="No balance"),
    ]
    assert timeline(story(run("failed"), again), {})[0].said == "Failed · 2 attempts · 2.0 s: No balance"
    waits = [log(2, "wait", "running", wait_until=NOW + timedelta(minutes=10))]
    assert timeline(story(run(step=2), waits), {}, zone="Asia/Kolkata")[1].said == "Waiting until 14:40"


def test_a_hold_says_until_when_and_by_which_rule() -> None:
    until = clock(NOW, "Asia/Kolkata", NOW)
    assert until == "14:30"
    assert clock(NOW + timedelta(hours=20), "Asia/Kolkata", NOW) == "10:30 on 31 Mar"
    held = timeline(story(run(waiting="Flow hours: opens 09:00", until=NOW), []), {}, zone="Asia/Kolkata")[0]
    assert held.status == "waiting"
    assert held.said == "Held until 14:30 on 30 Mar (flow hours)"
    assert held_in_words(WaitingView(reason="A free line", until=None), "UTC") == "A free line"
    assert held_in_words(WaitingView(reason="Call in progress", until=NOW), "UTC") == "Held until 09:00 on 30 Mar (call in progress)"
    asked = WaitingView(reason="Opens tomorrow", until=NOW, rule="legal_hours")
    assert held_in_words(asked, "UTC") == "Held until 09:00 on 30 Mar (legal hours)"


def test_a_failed_step_that_is_to_be_tried_again_waits() -> None:
    tried = [log(1, "ai_call", "failed", took=1)]
    steps = timeline(story(run(waiting="Trying again: the provider refused for now"), tried), {})
    assert (steps[0].status, steps[0].said) == ("waiting", "Trying again: the provider refused for now")
    assert timeline(story(run(step=2), tried), {})[0].status == "failed"


def test_a_channel_and_a_providers_name_are_told_once() -> None:
    own = timeline(
        story(run(), [log(1, "ai_call", "success", provider_ref="c-1", channel_name="Bolna", result_data={"call_id": "c-1"})]), {}
    )
    assert own[0].attempts[0].facts == [["Channel", "Bolna"], ["Call id", "c-1"]]
    bare = timeline(story(run(), [log(1, "ai_call", "success", provider_ref="c-1")]), {})
    assert bare[0].attempts[0].facts == [["Provider's id", "c-1"]]


def test_a_split_names_its_arm_and_contacts_nobody() -> None:
    divided = log(1, "split", "success", arm="B", took=0)
    (step, *_) = timeline(story(run(), [divided], plan=None), {})
    assert step.said.startswith("Done · arm B")
    assert (step.attempts[0].facts, step.attempts[0].is_contact) == ([["Arm", "B"]], False)
