"""People who say no more, and providers who say it for them: nothing goes out afterwards, over the real protocols."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from autoflows.actions.unsubscribe import read_token
from autoflows.domain.errors import Invalid
from autoflows.domain.outcomes import EventKind, MessageState, ProviderEvent
from autoflows.engine import control, outcome
from autoflows.engine.advance import lock_and_advance
from autoflows.engine.pool import get_pool, transact
from autoflows.providers.vault import address_key
from autoflows.sandbox.mail import Mailbox
from autoflows.sandbox.whatsapp import inbound, prefer
from autoflows.settings import get_settings
from tests.engine.conftest import ANSWERED, MISSED, Bench, received

WAITING = "SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait' AND status = 'running'"
ROWS = "SELECT string_agg(concat_ws(' ', channel, address, reason, detail), '; ' ORDER BY channel, address) FROM suppressions"
SETTLED = "SELECT count(*) FROM lead_events WHERE disposition <> 'queued'"


def digits(phone: str) -> str:
    return phone.lstrip("+")


async def whatsapp_of(bench: Bench) -> UUID:
    channel: UUID = await bench.one("SELECT id FROM channels WHERE provider = 'whatsapp_cloud'")
    return channel


def reply(text: str, event_id: str = "in-1", address: str | None = MISSED, **more: Any) -> ProviderEvent:
    return ProviderEvent(event_id, EventKind.REPLY, message_state=MessageState.REPLIED, address=address, text=text, **more)


async def test_stop_during_a_wait_ends_it_and_nothing_more_is_sent(bench: Bench) -> None:
    await bench.flow(
        bench.mail(1), bench.wait(2, 3600), bench.whatsapp(3, condition_type="always"), bench.mail(4, condition_type="always"),
        exit_rules={"on_reply": False},
    )  # fmt: skip
    await bench.lead()
    await bench.until(WAITING, expect=1)
    inbound(bench.world, digits(MISSED), "Stop! 🛑")
    await bench.finished(seconds=5)
    today = datetime.now(ZoneInfo("Asia/Kolkata"))  # the clock of the account
    said = f"Suppressed: the person opted out (Stop! 🛑) on {today.day} {today:%b %Y}"
    assert await bench.summary() == [
        ("email", "success", None), ("wait", "success", None), ("whatsapp_message", "skipped", said), ("email", "skipped", said),
    ]  # fmt: skip
    assert await bench.one("SELECT result_data->>'cut_short' FROM flow_action_logs WHERE action_type = 'wait'") == said
    assert received(bench, "messages")["total"] == 0
    assert await bench.one(ROWS) == f"all {MISSED} opt_out Stop! 🛑; all asha@example.com opt_out Stop! 🛑"
    assert await bench.one("SELECT data->>'by' FROM audit_log WHERE action = 'contact.opted_out' AND actor_id IS NULL") == "reply"
    await bench.lead("+919876500211", "asha@example.com")  # the same person by another number
    await bench.until(SETTLED, expect=2)
    assert await bench.one("SELECT reason FROM lead_events WHERE disposition = 'blocked_dnc'") == said


async def test_other_words_leave_the_wait_alone(bench: Bench) -> None:
    await bench.flow(bench.mail(1), bench.wait(2, 3600), exit_rules={"on_reply": False})
    await bench.lead()
    await bench.until(WAITING, expect=1)
    await outcome.record(await whatsapp_of(bench), [reply("cancel my earlier order and send a new quote")])
    await bench.drainer.drain()
    assert await bench.one(WAITING) == 1
    assert await bench.one(ROWS) is None


async def test_stop_while_another_worker_claims_the_next_send(bench: Bench) -> None:
    """The claim was first, so its send goes out; the STOP waits for it, and everything after is closed."""
    await bench.flow(bench.wait(1, 3600), bench.mail(2), bench.mail(3, condition_type="always"), exit_rules={"on_reply": False})
    await bench.lead()
    await bench.until(WAITING, expect=1)
    pool, channel = await get_pool(), await whatsapp_of(bench)
    await pool.execute("UPDATE flow_action_logs SET wait_until = now()")
    async with pool.acquire() as claiming, claiming.transaction():
        execution = await claiming.fetchval("SELECT id FROM flow_executions")
        batch = await lock_and_advance(claiming, [execution], bench.drainer.timing, timedelta(seconds=1))
        assert [attempt.action.action_order for attempt in batch.attempts] == [2]
        stopping = asyncio.create_task(outcome.record(channel, [reply("STOP")]))
        await asyncio.sleep(0.2)
        assert not stopping.done()
    assert await stopping == 1
    bench.drainer._start(batch)
    await bench.finished()
    assert [(kind, status) for kind, status, _ in await bench.summary()] == [
        ("wait", "success"), ("email", "success"), ("email", "skipped"),
    ]  # fmt: skip
    assert received(bench, "emails")["total"] == 1


async def test_stop_that_was_first_is_seen_by_the_claim(bench: Bench) -> None:
    await bench.flow(bench.wait(1, 3600), bench.mail(2))
    lead = await bench.lead()
    await bench.until(WAITING, expect=1)
    pool, channel = await get_pool(), await whatsapp_of(bench)
    await pool.execute("UPDATE flow_action_logs SET wait_until = now()")
    async with pool.acquire() as stopping, stopping.transaction():
        await outcome.write(stopping, channel, [reply("STOP")])
        execution = await stopping.fetchval("SELECT id FROM flow_executions WHERE contact_id = $1", lead.contact_id)
        claim = asyncio.create_task(
            transact(lambda connection: lock_and_advance(connection, [execution], bench.drainer.timing, timedelta(seconds=1)))
        )
        await asyncio.sleep(0.2)
        assert not claim.done()
    assert (await claim).attempts == []
    assert received(bench, "emails")["total"] == 0


async def test_stop_while_the_lead_of_the_person_is_settled(bench: Bench) -> None:
    """Whoever is first with the contact: the opt-out sees the new execution and ends its wait, or is seen and nothing starts."""
    await bench.flow(bench.wait(1, 3600), bench.mail(2))
    lead = await bench.lead()
    pool, channel = await get_pool(), await whatsapp_of(bench)
    async with pool.acquire() as settling, settling.transaction():
        await settling.execute("SELECT 1 FROM contacts WHERE id = $1 FOR NO KEY UPDATE", lead.contact_id)
        stopping = asyncio.create_task(outcome.record(channel, [reply("STOP")]))
        await asyncio.sleep(0.2)
        assert not stopping.done()
    await stopping
    await bench.until(SETTLED, expect=1)
    assert await bench.one("SELECT disposition FROM lead_events") == "blocked_dnc"


async def test_a_queued_call_is_dropped_at_the_provider(bench: Bench) -> None:
    bench.world.concurrency = 0  # every call queues there
    await bench.flow(bench.call(1), bench.mail(2, condition_type="always"))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    await outcome.record(await whatsapp_of(bench), [reply("band karo")])
    await bench.finished(seconds=5)
    assert [(kind, status) for kind, status, _ in await bench.summary()] == [("ai_call", "cancelled"), ("email", "skipped")]


async def test_a_word_from_someone_who_was_never_contacted_counts(bench: Bench) -> None:
    await bench.flow(bench.call(1))
    inbound(bench.world, digits(ANSWERED), "UNSUBSCRIBE")
    await bench.until("SELECT count(*) FROM suppressions", expect=1)
    await bench.lead(ANSWERED)
    await bench.until(SETTLED, expect=1)
    assert await bench.one("SELECT disposition FROM lead_events") == "blocked_dnc"
    assert await bench.one("SELECT contact_id FROM suppressions") is None


async def test_another_accounts_channel_closes_nothing_here(bench: Bench) -> None:
    lead = await bench.lead()
    pool = await get_pool()
    other = await pool.fetchval(
        "INSERT INTO users (id, email, name, password_hash, role, is_active, timezone, settings, created_at, updated_at) "
        "SELECT gen_random_uuid(), 'other@example.com', name, password_hash, role, is_active, timezone, settings, now(), now() FROM users "
        "RETURNING id"
    )
    channel = await whatsapp_of(bench)
    await pool.execute("UPDATE channels SET user_id = $2 WHERE id = $1", channel, other)
    await outcome.record(channel, [reply("STOP")])
    assert await bench.one("SELECT string_agg(user_id::text, '') FROM suppressions") == str(other)
    await bench.flow(bench.mail(1))
    await bench.until(SETTLED, expect=1)
    assert await bench.one("SELECT disposition FROM lead_events WHERE id = $1", lead.lead_event_id) == "enrolled"


async def test_start_takes_back_what_a_word_closed_and_nothing_else(bench: Bench) -> None:
    lead = await bench.lead()
    channel, at = await whatsapp_of(bench), datetime.now(UTC) - timedelta(minutes=10)
    await outcome.record(channel, [reply("STOP", occurred_at=at)])
    pool = await get_pool()
    await pool.execute("UPDATE suppressions SET reason = 'manual' WHERE address = 'asha@example.com'")
    await outcome.record(channel, [reply("Start", "in-0", occurred_at=at - timedelta(minutes=1))])  # came late: it was said before
    assert await bench.one("SELECT count(*) FROM suppressions") == 2
    await outcome.record(channel, [reply("shuru karo", "in-2", occurred_at=at + timedelta(minutes=1))])
    assert await bench.one(ROWS) == "all asha@example.com manual STOP"
    assert await bench.one("SELECT entity_id FROM audit_log WHERE action = 'contact.opted_in'") == lead.contact_id


async def test_whatsapps_own_stop_closes_whatsapp_and_resume_opens_it(bench: Bench) -> None:
    await bench.flow(bench.wait(1, 3600), bench.whatsapp(2), bench.mail(3))
    await bench.lead()
    await bench.until(WAITING, expect=1)
    prefer(bench.world, digits(MISSED), "stop")
    await bench.until("SELECT count(*) FROM suppressions", expect=1)
    assert await bench.one(ROWS) == f"whatsapp {MISSED} provider User requested to stop marketing messages"
    assert await bench.one(WAITING) == 1  # the e-mail may still go out
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET wait_until = now()")
    await pool.execute("UPDATE flow_executions SET due_at = now()")
    await bench.finished()
    assert [(kind, status) for kind, status, _ in await bench.summary()] == [
        ("wait", "success"), ("whatsapp_message", "skipped"), ("email", "success"),
    ]  # fmt: skip
    prefer(bench.world, digits(MISSED), "resume")
    await bench.until("SELECT count(*) FROM suppressions", expect=0)


async def test_131050_closes_whatsapp(bench: Bench) -> None:
    person = "+919876500193"
    await bench.flow(bench.whatsapp(1), bench.wait(2, 3), bench.whatsapp(3, condition_type="always"), bench.mail(4))
    await bench.lead(person)
    await bench.until("SELECT count(*) FROM suppressions", expect=1)
    await bench.finished()
    assert [(kind, status) for kind, status, _ in await bench.summary()] == [
        ("whatsapp_message", "failed"), ("wait", "success"), ("whatsapp_message", "skipped"), ("email", "success"),
    ]  # fmt: skip
    assert (await bench.one(ROWS)).startswith(f"whatsapp {person} provider This person has stopped marketing messages")


async def test_nobody_at_the_address_closes_email_and_a_busy_mailbox_does_not(bench: Bench) -> None:
    await bench.flow(bench.mail(1), bench.mail(2), bench.call(3))
    await bench.lead(MISSED, "bounce@example.com")
    await bench.finished()
    kinds = [(kind, status) for kind, status, _ in await bench.summary()]
    assert kinds == [("email", "failed"), ("email", "skipped"), ("ai_call", "success")]
    assert await bench.one("SELECT channel || ' ' || reason || ' ' || address FROM suppressions") == "email provider bounce@example.com"
    assert await bench.one("SELECT detail FROM suppressions") != ""
    await bench.lead(None, "busy@example.com")
    await bench.finished(2)
    assert await bench.one("SELECT count(*) FROM suppressions") == 1


async def test_131026_is_no_opt_out(bench: Bench) -> None:
    await bench.flow(bench.whatsapp(1))
    await bench.lead("+919876500191")
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE error_code = '131026'", expect=1)
    assert await bench.one("SELECT count(*) FROM suppressions") == 0


async def test_no_flow_is_started_by_hand_for_who_opted_out(bench: Bench) -> None:
    flow = await bench.flow(bench.mail(1), source="Nobody")
    lead = await bench.lead()
    await outcome.record(await whatsapp_of(bench), [reply("STOP")])
    assert lead.contact_id is not None
    with pytest.raises(Invalid, match=r"Suppressed: the person opted out \(STOP\)"):
        await control.enrol(bench.account_id, lead.contact_id, flow, None)


async def test_an_address_is_known_again_after_the_secret_key_was_changed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await outcome.record(await whatsapp_of(bench), [reply("STOP")])
    old = address_key(bench.account_id, MISSED)
    monkeypatch.setenv("AUTOFLOWS_SECRET_KEY", "a-new-secret,test-secret")
    get_settings.cache_clear()
    assert address_key(bench.account_id, MISSED) != old == await bench.one("SELECT address_key FROM suppressions")
    await bench.flow(bench.mail(1))
    await bench.lead()
    await bench.until(SETTLED, expect=1)
    assert await bench.one("SELECT disposition FROM lead_events") == "blocked_dnc"


async def test_the_link_of_a_mail_stops_the_next_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mail server gets is RFC 8058's pair of headers, and its link leads to this account and address."""
    monkeypatch.setenv("AUTOFLOWS_PUBLIC_URL", "https://flows.example.com")
    get_settings.cache_clear()
    seen: list[Any] = []
    handle = Mailbox.handle_DATA

    async def look(self: Mailbox, server: Any, session: Any, envelope: Any) -> str:
        seen.append(BytesParser().parsebytes(envelope.content))
        return await handle(self, server, session, envelope)

    monkeypatch.setattr(Mailbox, "handle_DATA", look)
    await (await get_pool()).execute("UPDATE email_templates SET text = 'Stop: {{ unsubscribe_url }}'")
    await bench.flow(bench.mail(1))
    await bench.lead()
    await bench.finished()
    [mail] = seen
    link = mail["List-Unsubscribe"].strip().strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read_token(link.removeprefix("https://flows.example.com/api/unsubscribe/")) == (bench.account_id, "asha@example.com")
    assert "Stop: https://flows.example.com/api/unsubscribe/" in received(bench, "emails")["items"][0]["text"]


async def test_who_was_erased_opts_out_by_the_key_alone(bench: Bench) -> None:
    """Their reply names our message, and the contact behind it has no address any more."""
    await bench.flow(bench.whatsapp(1))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    ref = await bench.one("SELECT provider_ref FROM flow_action_logs")
    await (await get_pool()).execute("UPDATE contacts SET name = '', phone = NULL, email = NULL")
    stopped = ProviderEvent("s", EventKind.MESSAGE, provider_ref=ref, message_state=MessageState.FAILED, address=MISSED, suppress=True)
    await outcome.record(await whatsapp_of(bench), [reply("STOP", provider_ref=ref), stopped])
    assert await bench.one("SELECT count(*) FROM suppressions WHERE address IS NULL AND detail = ''") == 2
    await bench.lead()
    await bench.until("SELECT count(*) FROM lead_events WHERE disposition = 'blocked_dnc'", expect=1)


async def test_a_provider_that_names_only_our_message_closes_its_address(bench: Bench) -> None:
    await bench.flow(bench.whatsapp(1))
    await bench.lead()
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    ref = await bench.one("SELECT provider_ref FROM flow_action_logs")
    stopped = ProviderEvent("s", EventKind.MESSAGE, provider_ref=ref, message_state=MessageState.FAILED, suppress=True)
    await outcome.record(await whatsapp_of(bench), [stopped])
    assert await bench.one("SELECT channel || ' ' || address FROM suppressions") == f"whatsapp {MISSED}"
