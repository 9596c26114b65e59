"""A person's word on an attempt nobody told about, and another try at what failed; nothing that reached anybody is sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from autoflows.domain.causes import cause_of
from autoflows.domain.errors import Conflict, Invalid, NotFound
from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome, EventKind, MessageState, ProviderEvent
from autoflows.engine import amend, control, outcome
from autoflows.engine.causes import name_causes
from autoflows.engine.pool import get_pool, transact
from autoflows.ids import new_id
from tests.engine.conftest import ANSWERED, FAILED, MISSED, Bench, received

SUCCESS, FAILURE = LogStatus.SUCCESS, LogStatus.FAILED


async def say(bench: Bench, log_id: UUID, status: LogStatus, outcome: CallOutcome | None = None, note: str = "They called us back") -> UUID:
    return await amend.resolve(bench.account_id, log_id, status, outcome, note, None, "Asha")


async def unknown_call(bench: Bench, *later: dict[str, Any], **settings: Any) -> UUID:
    """A call whose fate nobody told, as after a crash at the wrong moment; the engine has moved on from it."""
    await bench.flow(bench.call(1), *later, **settings)
    bench.world.concurrency = 0
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    await bench.one(
        "UPDATE flow_action_logs SET status = 'unknown', outcome = 'unknown', completed_at = now(), error_message = 'No outcome came' "
        "RETURNING id"
    )
    await bench.one("UPDATE flow_executions SET due_at = now() RETURNING id")
    return UUID(str(await bench.one("SELECT id FROM flow_action_logs WHERE action_type = 'ai_call'")))


async def call_event(bench: Bench, log_id: UUID, outcome_: CallOutcome, name: str) -> None:
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    await outcome.record(channel, [ProviderEvent(name, EventKind.CALL, attempt_id=log_id, call_outcome=outcome_, terminal=True)])


async def test_a_word_decides_the_branch_of_what_still_runs(bench: Bench) -> None:
    missed = {"condition_type": "call_outcome", "condition_value": "missed"}
    log_id = await unknown_call(bench, bench.wait(2, 3600), bench.mail(3, **missed))
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait' AND status = 'running'", expect=1)
    await say(bench, log_id, SUCCESS, CallOutcome.MISSED)
    await bench.one("UPDATE flow_action_logs SET wait_until = now() WHERE action_type = 'wait' RETURNING id")
    await bench.finished()
    assert await bench.summary() == [("ai_call", "success", "missed"), ("wait", "success", None), ("email", "success", None)]
    data = await bench.one("SELECT result_data->'resolved' FROM flow_action_logs WHERE id = $1", log_id)
    assert {k: data[k] for k in ("status", "outcome", "note", "by")} == {
        "status": "success", "outcome": "missed", "note": "They called us back", "by": "Asha"
    }  # fmt: skip
    entry = await bench.one("SELECT data FROM audit_log WHERE action = 'action_log.resolved'")
    assert (entry["status"], entry["note"]) == ("success", "They called us back")


async def test_it_reached_them_means_answered_and_stops_as_the_flow_says(bench: Bench) -> None:
    log_id = await unknown_call(bench, bench.wait(2, 3600), bench.mail(3))
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait' AND status = 'running'", expect=1)
    await say(bench, log_id, SUCCESS)
    await bench.finished()  # the exit rule cuts the wait short, at once
    assert [s[:2] for s in await bench.summary()] == [("ai_call", "success"), ("wait", "success"), ("email", "skipped")]
    assert await bench.one("SELECT first_conversation_at IS NOT NULL FROM flow_executions")


async def test_only_an_unknown_attempt_can_be_named_and_only_once(bench: Bench) -> None:
    log_id = await unknown_call(bench)
    await bench.finished()
    with pytest.raises(Invalid) as wrong:
        await say(bench, log_id, SUCCESS, CallOutcome.FAILED)
    assert wrong.value.errors[0].pointer == "/outcome"
    with pytest.raises(NotFound):
        await amend.resolve(new_id(), log_id, SUCCESS, None, "", None, "Stranger")
    await say(bench, log_id, FAILURE)
    with pytest.raises(Conflict, match="known by now: failed"):
        await say(bench, log_id, SUCCESS)
    assert await bench.summary() == [("ai_call", "failed", "failed")]
    assert await bench.one("SELECT count(*) FROM audit_log") == 1


async def test_an_execution_keeps_how_its_last_call_ended(bench: Bench) -> None:
    last = "SELECT last_outcome FROM flow_executions"
    log_id = await unknown_call(bench)
    await bench.finished()
    assert await bench.one(last) == "unknown"
    await call_event(bench, log_id, CallOutcome.ANSWERED, "late")
    assert await bench.one(last) == "answered", "also when it is heard after the end"
    assert await bench.one("SELECT first_conversation_at IS NOT NULL FROM flow_executions")


async def test_a_word_on_a_call_is_its_last_outcome(bench: Bench) -> None:
    log_id = await unknown_call(bench)
    await bench.finished()
    await say(bench, log_id, SUCCESS, CallOutcome.VOICEMAIL)
    assert await bench.one("SELECT last_outcome FROM flow_executions") == "voicemail"


async def test_a_webhook_that_came_first_wins(bench: Bench) -> None:
    log_id = await unknown_call(bench)
    await bench.finished()
    await call_event(bench, log_id, CallOutcome.ANSWERED, "late")
    with pytest.raises(Conflict, match="known by now: success"):
        await say(bench, log_id, FAILURE)


async def test_a_later_webhook_that_contradicts_is_noted_and_not_applied(bench: Bench) -> None:
    log_id = await unknown_call(bench)
    await bench.finished()
    await say(bench, log_id, FAILURE)
    await call_event(bench, log_id, CallOutcome.ANSWERED, "late")
    assert await bench.summary() == [("ai_call", "failed", "failed")]
    pool = await get_pool()
    event = await pool.fetchrow("SELECT applied, note FROM provider_events WHERE provider_event_id = 'late'")
    assert tuple(event) == (False, "A person had said failed; this says success")
    await call_event(bench, log_id, CallOutcome.FAILED, "later")  # it agrees
    assert await bench.one("SELECT applied OR note LIKE 'The same outcome%' FROM provider_events WHERE provider_event_id = 'later'")


async def test_a_message_that_a_person_gave_up_is_not_revived_but_a_reply_is_heard(bench: Bench) -> None:
    bench.world.callback_url = None  # only what is told below
    await bench.flow(bench.whatsapp(1), bench.wait(2, 3600), bench.mail(3))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait'", expect=1)
    log_id = await bench.one(
        "UPDATE flow_action_logs SET status = 'unknown', message_state = NULL WHERE action_type = 'whatsapp_message' RETURNING id"
    )
    with pytest.raises(Invalid, match="Only a call"):
        await say(bench, log_id, FAILURE, CallOutcome.MISSED)
    await say(bench, log_id, FAILURE)
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'whatsapp_cloud'")

    async def told(name: str, state: MessageState, kind: EventKind = EventKind.MESSAGE) -> None:
        await outcome.record(channel, [ProviderEvent(name, kind, attempt_id=log_id, message_state=state)])

    state = "SELECT status || ' ' || message_state FROM flow_action_logs WHERE id = $1"
    await told("read", MessageState.READ)
    assert await bench.one(state, log_id) == "failed failed"
    await told("reply", MessageState.REPLIED, EventKind.REPLY)
    assert await bench.one(state, log_id) == "failed replied"
    await bench.finished()
    assert (await bench.summary())[1:] == [("wait", "success", None), ("email", "skipped", "The lead replied")]


async def failed_execution(bench: Bench, *actions: dict[str, Any], **settings: Any) -> UUID:
    """An execution whose contacts surely all failed: the server takes no mail for this address."""
    await bench.flow(*actions, **settings)
    await bench.lead(FAILED, "unknown@example.com")
    await bench.finished()
    assert await bench.one("SELECT status FROM flow_executions") == "failed"
    return UUID(str(await bench.one("SELECT id FROM flow_executions")))


async def mend_address(phone: str = ANSWERED) -> None:
    pool = await get_pool()
    await pool.execute("UPDATE contacts SET phone = $1", phone)


async def test_a_failed_execution_runs_again_from_what_failed(bench: Bench) -> None:
    execution = await failed_execution(bench, bench.call(1), bench.wait(2, 0), bench.call(3, condition_type="always"))
    assert [log[:4] for log in await bench.logs()] == [
        (1, 1, "ai_call", "failed"), (2, 1, "wait", "success"), (3, 1, "ai_call", "failed")
    ]  # fmt: skip
    fence = await bench.one("SELECT fence FROM flow_executions")
    await mend_address()
    await amend.retry(bench.account_id, execution, None)
    assert await bench.one("SELECT fence > $1 AND status = 'running' AND error_message IS NULL FROM flow_executions", fence)
    await bench.finished()
    assert [log[:5] for log in await bench.logs()] == [
        (1, 1, "ai_call", "failed", "failed"),
        (1, 2, "ai_call", "success", "answered"),
        (2, 1, "wait", "success", None),
        (3, 1, "ai_call", "failed", "failed"),
        (3, 2, "ai_call", "success", "answered"),
    ]
    assert await bench.one("SELECT status FROM flow_executions") == "completed"
    entry = await bench.one("SELECT data FROM audit_log WHERE action = 'execution.retried'")
    assert entry == {"steps": [1, 3]}


async def test_it_may_fail_again_and_be_tried_again(bench: Bench) -> None:
    execution = await failed_execution(bench, bench.call(1))
    await amend.retry(bench.account_id, execution, None)
    with pytest.raises(Conflict, match="runs already"):
        await amend.retry(bench.account_id, execution, None)
    await bench.finished()
    await amend.retry(bench.account_id, execution, None)
    await bench.finished()
    assert [log[1] for log in await bench.logs()] == [1, 2, 3]
    assert await bench.one("SELECT status FROM flow_executions") == "failed"


async def test_rules_are_asked_again(bench: Bench) -> None:
    execution = await failed_execution(bench, bench.call(1))
    await bench.one("UPDATE contacts SET tags = '{dnc}' RETURNING id")
    await amend.retry(bench.account_id, execution, None)
    await bench.finished()
    assert await bench.summary() == [("ai_call", "failed", "failed"), ("ai_call", "skipped", "DNC tag found")]


async def test_what_cannot_be_tried_again_says_why(bench: Bench) -> None:
    log_id = await unknown_call(bench, bench.mail(2), on_unknown="stop")
    await bench.finished()
    execution = await bench.one("SELECT id FROM flow_executions")
    assert await bench.one("SELECT status FROM flow_executions") == "failed"
    with pytest.raises(Conflict, match="step 1 is unknown"):
        await amend.retry(bench.account_id, execution, None)
    with pytest.raises(NotFound):
        await amend.retry(new_id(), execution, None)
    await say(bench, log_id, SUCCESS, CallOutcome.MISSED)
    assert await bench.one("SELECT status FROM flow_executions") == "failed", "what is over stays over"
    await amend.retry(bench.account_id, execution, None)  # the flow goes on with what it had not begun
    await bench.finished()
    assert await bench.summary() == [("ai_call", "success", "missed"), ("email", "success", None)]
    assert received(bench, "calls")["total"] == 1
    with pytest.raises(Conflict, match="completed; only a failed one"):
        await amend.retry(bench.account_id, execution, None)


async def test_not_while_another_execution_of_the_flow_runs_for_the_person(bench: Bench) -> None:
    execution = await failed_execution(bench, bench.call(1))
    flow, contact = await bench.one("SELECT flow_id FROM flow_executions"), await bench.one("SELECT contact_id FROM flow_executions")
    await control.enrol(bench.account_id, contact, flow, None)
    with pytest.raises(Conflict, match="Another execution of this flow"):
        await amend.retry(bench.account_id, execution, None)
    assert await bench.one("SELECT count(*) FROM flow_action_logs WHERE result_data ? 'retried_at'") == 0


async def test_not_for_a_contact_without_any_address(bench: Bench) -> None:
    execution = await failed_execution(bench, bench.call(1))
    await bench.one("UPDATE contacts SET phone = NULL, email = NULL RETURNING id")
    with pytest.raises(Conflict, match="no phone number and no e-mail"):
        await amend.retry(bench.account_id, execution, None)


async def test_a_refusal_heard_of_after_the_retry_was_asked_for_is_not_repeated(bench: Bench) -> None:
    """It was made after all: a late webhook says so before the next attempt began."""
    opens = datetime.now(UTC) + timedelta(hours=2)
    execution = await failed_execution(bench, bench.call(1))
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET outcome = NULL")
    await amend.retry(bench.account_id, execution, None)
    await pool.execute("UPDATE flow_executions SET due_at = $1", opens)
    log_id = await bench.one("SELECT id FROM flow_action_logs")
    await call_event(bench, log_id, CallOutcome.ANSWERED, "late")
    await bench.finished()
    assert await bench.summary() == [("ai_call", "success", "answered")]
    assert received(bench, "calls")["total"] == 1


async def test_what_it_failed_by_is_noted_until_it_is_tried_again(bench: Bench) -> None:
    await failed_execution(bench, bench.call(1), bench.call(2, condition_type="always"))
    voice = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    cause = cause_of(await bench.one("SELECT cause FROM flow_executions"))
    assert (cause.action_type, cause.channel_id, cause.kind) == ("ai_call", voice, "failed")
    await amend.retry(bench.account_id, await bench.one("SELECT id FROM flow_executions"), None)
    assert await bench.one("SELECT cause FROM flow_executions") is None
    await bench.finished()
    assert cause_of(await bench.one("SELECT cause FROM flow_executions")) == cause


async def test_what_only_the_account_can_mend_is_the_cause(bench: Bench) -> None:
    execution = await failed_execution(bench, bench.call(1), bench.call(2, condition_type="always"))
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET error_class = 'account', error_code = '535|auth' WHERE action_order = 1")
    await transact(lambda connection: name_causes(connection, [execution]))
    cause = cause_of(await bench.one("SELECT cause FROM flow_executions"))
    assert (cause.action_type, cause.sign, cause.code) == ("ai_call", "account", "535|auth")
