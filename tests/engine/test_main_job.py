"""The main job: a lead comes in, its flow runs over the providers' protocols, and every row says what happened."""

from __future__ import annotations

import pytest

from tests.engine.conftest import ANSWERED, BUSY, FAILED, HANGS, LOST_WEBHOOK, MISSED, REJECTED, VOICEMAIL, Bench

NOT_ANSWERED = {"condition_type": "call_outcome", "condition_value": "not_answered"}


async def example(bench: Bench) -> None:
    """The plan's flow: call, and unless answered wait and send WhatsApp; e-mail in any case."""
    await bench.flow(
        bench.call(1), bench.wait(2, 0.2, **NOT_ANSWERED), bench.whatsapp(3, **NOT_ANSWERED), bench.mail(4, condition_type="always")
    )


@pytest.mark.parametrize(
    ("phone", "outcome"), [(MISSED, "missed"), (BUSY, "busy"), (VOICEMAIL, "voicemail"), (REJECTED, "missed"), (LOST_WEBHOOK, "missed")]
)
async def test_not_answered_gets_whatsapp_and_email(bench: Bench, phone: str, outcome: str) -> None:
    await example(bench)
    await bench.lead(phone)
    await bench.finished()
    assert await bench.summary() == [
        ("ai_call", "success", outcome),
        ("wait", "success", None),
        ("whatsapp_message", "success", None),
        ("email", "success", None),
    ]
    assert await bench.one("SELECT status FROM flow_executions") == "completed"


async def test_failed_call_goes_on(bench: Bench) -> None:
    await example(bench)
    await bench.lead(FAILED)
    await bench.finished()
    assert [s[:2] for s in await bench.summary()] == [
        ("ai_call", "failed"),
        ("wait", "success"),
        ("whatsapp_message", "success"),
        ("email", "success"),
    ]


async def test_answered_call_stops_all_but_always(bench: Bench) -> None:
    await example(bench)
    await bench.lead(ANSWERED)
    await bench.finished()
    assert await bench.summary() == [
        ("ai_call", "success", "answered"),
        ("wait", "skipped", "Call was answered"),
        ("whatsapp_message", "skipped", "Call was answered"),
        ("email", "success", None),
    ]
    assert await bench.one("SELECT first_conversation_at IS NOT NULL FROM flow_executions")


async def test_a_request_that_hangs_is_found_and_not_repeated(bench: Bench) -> None:
    await example(bench)
    await bench.lead(HANGS)
    await bench.finished(seconds=25)
    logs = await bench.logs()
    assert len([log for log in logs if log[2] == "ai_call"]) == 1
    assert sum(bench.world.received["calls"].by_attempt.values()) == 1


async def test_the_ledger_adds_up(bench: Bench) -> None:
    from autoflows.engine import ledger

    await example(bench)
    await bench.lead(MISSED)
    await bench.lead("+919876500111", email=None, source="Somewhere else")
    await bench.lead("12", email=None)
    await bench.lead("+919876500112", email=None, tags=["dnc"])
    await bench.finished()
    counts = await ledger.counts(bench.account_id)
    assert counts.by_disposition == {"enrolled": 1, "no_match": 1, "invalid": 1, "blocked_dnc": 1}
    assert (counts.received, counts.accounted, counts.unaccounted) == (4, 4, 0)


async def test_cooldown_is_on_the_person_and_reentry_is_refused(bench: Bench) -> None:
    await bench.flow(bench.mail(1))
    await bench.lead(MISSED)
    await bench.finished()
    await bench.lead(MISSED, email=None, source="IndiaMART")
    await bench.lead(None, email="ASHA@example.com")
    await bench.until("SELECT count(*) FROM lead_events WHERE disposition = 'cooldown'", expect=2)
    assert await bench.one("SELECT count(*) FROM contacts") == 1
    assert "less than 60 minutes" in await bench.one("SELECT reason FROM lead_events WHERE disposition = 'cooldown' LIMIT 1")


async def test_same_source_id_and_same_key_are_one_lead(bench: Bench) -> None:
    first = await bench.lead(external_id="42")
    again = await bench.lead(external_id="42")
    assert (first.created, again.created) == (True, False)
    assert first.lead_event_id == again.lead_event_id
    keyed = await bench.lead("+919876500113", email=None, idempotency_key="k1")
    assert (await bench.lead("+919876500113", email=None, idempotency_key="k1")).lead_event_id == keyed.lead_event_id
    with pytest.raises(Exception, match="another body"):
        await bench.lead("+919876500114", email=None, idempotency_key="k1")
    assert await bench.one("SELECT count(*) FROM lead_events") == 2


async def test_priority_decides_and_the_trace_says_why(bench: Bench) -> None:
    await bench.flow(bench.mail(1), priority=2, name="Any", source="*")
    first = await bench.flow(bench.mail(1), priority=1, name="IndiaMART only")
    lead = await bench.lead()
    await bench.finished()
    assert await bench.one("SELECT flow_id FROM flow_executions") == first
    trace = await bench.one("SELECT trace FROM lead_events WHERE id = $1", lead.lead_event_id)
    assert [t["matched"] for t in trace] == [True, True]
    assert "higher priority" in trace[1]["note"]
    assert await bench.one("SELECT reason FROM lead_events") == "Matched 'IndiaMART only' (priority 1)"


async def test_transient_refusals_are_retried_with_a_pause(bench: Bench) -> None:
    await bench.flow(bench.mail(1))
    await bench.lead(None, email="busy@example.com")
    await bench.finished()
    logs = await bench.logs()
    assert [(log[1], log[3]) for log in logs] == [(n, "failed") for n in range(1, 6)]
    assert await bench.one("SELECT status FROM flow_executions") == "failed"


async def test_permanent_refusals_are_not(bench: Bench) -> None:
    await bench.flow(bench.mail(1))
    await bench.lead(None, email="bounce@example.com")
    await bench.finished()
    assert [(log[1], log[3]) for log in await bench.logs()] == [(1, "failed")]


async def test_cancel_during_a_wait(bench: Bench) -> None:
    from autoflows.domain.errors import Conflict
    from autoflows.engine import control

    await bench.flow(bench.wait(1, 60), bench.mail(2))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait' AND status = 'running'", expect=1)
    execution = await bench.one("SELECT id FROM flow_executions")
    await control.cancel(bench.account_id, execution, "Wrong number", None)
    await bench.finished()
    assert await bench.summary() == [("wait", "cancelled", None)]
    with pytest.raises(Conflict, match="over already"):
        await control.cancel(bench.account_id, execution, "", None)


async def test_dnc_cuts_a_wait_short(bench: Bench) -> None:
    from autoflows.engine import control

    await bench.flow(bench.wait(1, 60), bench.mail(2))
    lead = await bench.lead()
    assert lead.contact_id is not None
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait' AND status = 'running'", expect=1)
    await bench.one("UPDATE contacts SET tags = '{Dnc}' RETURNING id")
    await control.wake_contact(bench.account_id, lead.contact_id)
    await bench.finished()
    assert await bench.summary() == [("wait", "success", None), ("email", "skipped", "DNC tag found")]
    assert await bench.one("SELECT status FROM flow_executions") == "skipped"


async def test_kill_switch_holds_and_lets_go(bench: Bench) -> None:
    from autoflows.engine import control

    await bench.flow(bench.mail(1))
    await bench.change_settings(kill_switch=True)
    await bench.lead()
    await bench.until("SELECT waiting_reason FROM flow_executions", expect="The kill switch is on: every contact is held")
    await bench.change_settings(kill_switch=False)
    await control.wake_account(bench.account_id)
    await bench.finished()
    assert await bench.summary() == [("email", "success", None)]


async def test_flow_hours_hold_until_the_opening(bench: Bench) -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    start, end = (now + timedelta(hours=2)).strftime("%H:%M"), (now + timedelta(hours=3)).strftime("%H:%M")
    await bench.flow(
        bench.mail(1), use_custom_business_hours=True, business_hours_start=start, business_hours_end=end, business_hours_timezone="UTC"
    )
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason LIKE 'Flow hours: opens%'", expect=1)
    assert await bench.logs() == []
    assert await bench.one("SELECT waiting_until > now() + interval '1 hour' FROM flow_executions")


async def test_message_states_arrive_after_the_end(bench: Bench) -> None:
    await bench.flow(bench.whatsapp(1))
    await bench.lead()
    await bench.until("SELECT message_state IN ('delivered', 'read') FROM flow_action_logs")
    assert await bench.one("SELECT status FROM flow_executions") == "completed"


async def test_not_one_call_more_than_the_lines_allow(bench: Bench) -> None:
    await bench.change_settings(max_concurrent_calls=1)
    await bench.flow(bench.call(1))
    for n in (21, 41, 61):
        await bench.lead(f"+9198765001{n}", email=None)
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason LIKE 'Waiting for a free line%'", expect=2)
    await bench.finished(3, seconds=25)


async def test_a_call_accepted_after_a_cancel_is_stopped_at_the_provider(bench: Bench) -> None:
    from autoflows.engine import control

    bench.world.speed = 0.02  # the call queues at the provider for a while
    await bench.flow(bench.call(1))
    await bench.lead(MISSED)
    await bench.drainer.drain()  # the request is on its way
    execution = await bench.one("SELECT id FROM flow_executions")
    await control.cancel(bench.account_id, execution, "Wrong number", None)
    await bench.until("SELECT status FROM flow_action_logs", expect="cancelled")
    assert [call.stopped for call in bench.world.calls.values()] == [True]


async def test_a_bulk_call_takes_each_lead_by_itself(bench: Bench) -> None:
    from autoflows.domain.errors import Invalid
    from autoflows.engine.ingest import Ingested, LeadDraft, ingest_many

    drafts = [LeadDraft(phone=f"+91987651{n:04d}", external_id=str(n), lead_source="Upload") for n in range(120)]
    drafts[7] = LeadDraft(name="No address")
    answers = await ingest_many(bench.account_id, bench.settings, drafts, bulk=True)
    assert isinstance(answers[7], Invalid)
    assert sum(isinstance(a, Ingested) and a.created for a in answers) == 119
    again = await ingest_many(bench.account_id, bench.settings, drafts, bulk=True)
    firsts = [a.lead_event_id for a in answers if isinstance(a, Ingested)]
    assert [a.lead_event_id for a in again if isinstance(a, Ingested)] == firsts


async def test_a_condition_sees_the_source_of_this_arrival(bench: Bench) -> None:
    await bench.lead(source="Website")  # the contact first came from elsewhere
    await bench.until("SELECT count(*) FROM lead_events WHERE disposition = 'no_match'", expect=1)
    condition = {"condition_type": "contact_field", "condition_field": "lead_source", "condition_value": "IndiaMART"}
    await bench.flow(bench.mail(1, **condition))
    await bench.lead(source="IndiaMART")
    await bench.finished()
    assert await bench.summary() == [("email", "success", None)]


async def test_a_worker_that_closes_begins_nothing_and_leaves_the_rest_due(bench: Bench) -> None:
    await bench.flow(bench.mail(1), bench.mail(2))
    await bench.lead()
    await bench.drainer.drain()  # the first mail is on its way
    await bench.drainer.close(5)
    assert await bench.summary() == [("email", "success", None)]
    assert await bench.one("SELECT status = 'running' AND due_at <= now() FROM flow_executions")


async def test_a_refusal_is_no_contact_for_the_frequency_cap(bench: Bench) -> None:
    await bench.change_settings(frequency_cap=1)
    await bench.flow(bench.mail(1))
    await bench.lead(None, email="busy@example.com")
    await bench.finished()  # all its tries, seconds apart, not a day
    assert len(await bench.logs()) == 5


async def test_the_frequency_cap_holds_over_flows_and_within_a_batch(bench: Bench) -> None:
    await bench.change_settings(frequency_cap=1, cooldown_minutes=0)
    await bench.flow(bench.mail(1), priority=1, name="One")
    await bench.flow(bench.mail(1), priority=2, name="Two", source="TradeIndia")
    await bench.lead()
    await bench.lead(source="TradeIndia")
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason LIKE 'Frequency cap%'", expect=1)
    assert sum(bench.world.received["emails"].by_attempt.values()) <= 1


async def test_a_later_consent_without_channels_keeps_the_earlier_no(bench: Bench) -> None:
    await bench.lead(consent={"channels": []}, external_id="1")
    await bench.lead(consent={"text": "asked again"}, external_id="2")
    assert (await bench.one("SELECT consent FROM contacts"))["channels"] == []


async def test_a_commit_whose_answer_was_lost_makes_one_lead(bench: Bench) -> None:
    from autoflows.engine.arrival import Arrival
    from autoflows.engine.ingest import LeadDraft
    from autoflows.engine.pool import transact

    lead = Arrival(bench.account_id, bench.settings, LeadDraft(phone=MISSED), None, False)
    first = await transact(lead.write)
    again = await transact(lead.write)  # as `transact` does when the connection is lost during the commit
    assert (first, again) == (again, first)
    assert first.created
    assert await bench.one("SELECT count(*) FROM lead_events") == 1
