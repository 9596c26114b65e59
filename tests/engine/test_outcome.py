"""Provider events against the attempts they are about: early, late, doubled, foreign."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome, EventKind, MessageState, ProviderEvent
from autoflows.engine import control, outcome
from autoflows.engine.advance import claim
from autoflows.engine.perform import Result, settle
from autoflows.engine.pool import get_pool, transact
from tests.engine.conftest import MISSED, Bench


def missed(ref: str, event_id: str = "e1") -> ProviderEvent:
    return ProviderEvent(event_id, EventKind.CALL, provider_ref=ref, call_outcome=CallOutcome.MISSED, terminal=True)


async def silent_call(bench: Bench) -> tuple[UUID, UUID, str]:
    """A call that was accepted and whose webhooks go nowhere: its log, its channel and the provider's name for it."""
    for agent in bench.world.agents.values():
        agent["agent_config"]["webhook_url"] = None
    bench.world.speed = 0.01  # nothing happens at the provider by itself
    await bench.flow(bench.call(1), bench.mail(2))
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE provider_ref IS NOT NULL", expect=1)
    pool = await get_pool()
    row = await pool.fetchrow("SELECT id, channel_id, provider_ref FROM flow_action_logs")
    return row["id"], row["channel_id"], row["provider_ref"]


async def test_an_event_by_the_providers_name_alone_decides(bench: Bench) -> None:
    _, channel, ref = await silent_call(bench)
    assert await outcome.record(channel, [missed(ref)]) == 1
    assert await outcome.record(channel, [missed(ref)]) == 0
    await bench.finished()
    assert await bench.summary() == [("ai_call", "success", "missed"), ("email", "success", None)]


async def test_an_event_that_races_the_answer_is_not_lost(bench: Bench) -> None:
    log_id, channel, ref = await silent_call(bench)
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET provider_ref = NULL WHERE id = $1", log_id)
    async with pool.acquire() as answering, answering.transaction():
        # The worker has the answer and is about to commit the provider's name; the webhook comes in between.
        await outcome.lock_refs(answering, [(channel, ref)])
        await answering.execute("UPDATE flow_action_logs SET provider_ref = $2 WHERE id = $1", log_id, ref)
        await outcome.claim_early(answering, [(channel, ref)])
        racing = asyncio.create_task(outcome.record(channel, [missed(ref)]))
        await asyncio.sleep(0.2)
        assert not racing.done()
    await racing
    await bench.finished()
    assert (await bench.summary())[0] == ("ai_call", "success", "missed")


async def test_an_event_before_the_answer_is_claimed_by_it(bench: Bench) -> None:
    log_id, channel, ref = await silent_call(bench)
    pool = await get_pool()
    await pool.execute("UPDATE flow_action_logs SET provider_ref = NULL WHERE id = $1", log_id)
    await outcome.record(channel, [missed(ref)])
    assert await bench.one("SELECT outcome FROM flow_action_logs WHERE id = $1", log_id) is None
    async with pool.acquire() as answering, answering.transaction():
        await outcome.lock_refs(answering, [(channel, ref)])
        await answering.execute("UPDATE flow_action_logs SET provider_ref = $2 WHERE id = $1", log_id, ref)
        await outcome.claim_early(answering, [(channel, ref)])
    await bench.finished()
    assert (await bench.summary())[0] == ("ai_call", "success", "missed")


async def test_a_contradiction_after_the_end_changes_nothing(bench: Bench) -> None:
    _, channel, ref = await silent_call(bench)
    await outcome.record(channel, [missed(ref)])
    answered = ProviderEvent("e2", EventKind.CALL, provider_ref=ref, call_outcome=CallOutcome.ANSWERED, terminal=True)
    await outcome.record(channel, [answered])
    assert await bench.one("SELECT outcome FROM flow_action_logs WHERE action_type = 'ai_call'") == "missed"
    assert "had ended before" in await bench.one("SELECT note FROM provider_events WHERE provider_event_id = 'e2'")


async def test_an_attempt_id_of_another_channel_is_not_believed(bench: Bench) -> None:
    log_id, channel, _ = await silent_call(bench)
    other = await bench.one("SELECT id FROM channels WHERE id <> $1 LIMIT 1", channel)
    forged = ProviderEvent("x", EventKind.CALL, attempt_id=log_id, call_outcome=CallOutcome.ANSWERED, terminal=True)
    await outcome.record(other, [forged])
    assert await bench.one("SELECT outcome FROM flow_action_logs WHERE id = $1", log_id) is None
    assert await bench.one("SELECT applied FROM provider_events WHERE provider_event_id = 'x'") is False


async def test_events_about_nothing_of_ours_are_kept(bench: Bench) -> None:
    channel = await bench.one("SELECT id FROM channels LIMIT 1")
    strange = ProviderEvent("s", EventKind.MESSAGE, attempt_id=uuid4(), provider_ref="wamid.none", message_state=MessageState.READ)
    assert await outcome.record(channel, [strange]) == 1
    assert await bench.one("SELECT action_log_id FROM provider_events") is None


async def test_waking_an_account_waits_in_the_order_of_ids(bench: Bench) -> None:
    """A worker that holds the first and wants the second is not waited for by someone who holds the second."""
    flow = await bench.flow(bench.wait(1, 3600))
    for name in ("asha", "ravi"):
        await bench.lead(None, f"{name}@example.com")
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_reason IS NOT NULL", expect=2)
    pool = await get_pool()
    first, second = [row["id"] for row in await pool.fetch("SELECT id FROM flow_executions WHERE flow_id = $1 ORDER BY id", flow)]
    await pool.execute("UPDATE flow_executions SET waiting_rule = 'legal_hours'")
    await pool.execute("UPDATE flow_executions SET fence = fence + 1 WHERE id = $1", first)  # now it lies behind the second one
    async with pool.acquire() as worker, worker.transaction():
        await worker.execute("SELECT 1 FROM flow_executions WHERE id = $1 FOR UPDATE", first)
        waking = asyncio.create_task(control.wake_account(bench.account_id))
        await asyncio.sleep(0.2)
        assert await worker.fetchval("SELECT 1 FROM flow_executions WHERE id = $1 FOR UPDATE NOWAIT", second)
    await waking


async def test_a_webhook_and_a_look_up_that_tell_the_same_do_not_wait_for_each_other(bench: Bench) -> None:
    log_id, channel, ref = await silent_call(bench)
    pool, timing, lease = await get_pool(), bench.drainer.timing, bench.drainer.lease
    await pool.execute("UPDATE flow_action_logs SET answered_at = answered_at - interval '1 minute'")
    await pool.execute("UPDATE flow_executions SET due_at = now()")
    (attempt,) = (await transact(lambda connection: claim(connection, 1, 1, timing, lease))).attempts
    assert attempt.lookup_of is not None
    found = Result(attempt, LogStatus.RUNNING, channel_id=channel, data={"lookups": 1}, events=[missed(ref)])
    async with pool.acquire() as hook, hook.transaction():
        about = await outcome.add(hook, channel, [missed(ref)])
        settling = asyncio.create_task(transact(lambda connection: settle(connection, [found], timing, lease)))
        await asyncio.sleep(0.2)  # it waits for the event, which is ours
        await hook.execute("SELECT FROM flow_action_logs WHERE id = $1 FOR UPDATE NOWAIT", log_id)
        await outcome.apply(hook, about)
    await settling
    assert (await bench.summary())[0] == ("ai_call", "success", "missed")
