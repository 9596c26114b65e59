"""A channel that does not work: its contacts are held instead of failing, one is let through to see, and then all go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from autoflows.domain.notices import NoticeKind
from autoflows.engine import breaker, doorbell
from autoflows.engine.pool import get_pool, transact
from autoflows.providers.vault import seal
from autoflows.sandbox import world as sandbox
from autoflows.settings import get_settings
from tests.engine.conftest import ANSWERED, MISSED, Bench, received

STATE = "SELECT breaker_state FROM channels WHERE provider = 'bolna'"
OPEN_NOTICES = "SELECT count(*) FROM notifications WHERE kind = $1 AND resolved_at IS NULL"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    monkeypatch.setattr(get_settings(), "breaker_pause_seconds", 0.6)


async def set_key(bench: Bench, key: str) -> None:
    pool = await get_pool()
    await pool.execute("UPDATE channels SET credentials = $1 WHERE provider = 'bolna'", seal({"api_key": key}))


async def test_a_refused_key_holds_the_channel_until_it_is_mended(bench: Bench) -> None:
    await set_key(bench, "wrong")
    await bench.flow(bench.call(1), bench.whatsapp(2, condition_type="call_outcome", condition_value="not_answered"))
    await bench.lead(ANSWERED, email=None)
    await bench.until(STATE, expect="open")
    assert await bench.one(OPEN_NOTICES, NoticeKind.CHANNEL_DOWN) == 1
    for n in range(3):
        await bench.lead(f"+9198765001{n + 2}1", email=None)
    held = "SELECT count(*) FROM flow_executions WHERE waiting_rule = 'channel_health' AND parked_on LIKE 'channel:%'"
    await bench.until(held, expect=4)
    reason = await bench.one("SELECT max(waiting_reason) FROM flow_executions")
    assert reason.startswith("The channel 'bolna' is held: ")
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE status = 'failed'") == 0
    # Nobody but the probes is sent to a channel that is known not to work.
    await bench.until("SELECT breaker_trips >= 3 FROM channels WHERE provider = 'bolna'")
    tried = await bench.one("SELECT count(*) FROM flow_action_logs WHERE status = 'failed'")
    assert tried <= await bench.one("SELECT breaker_trips + 1 FROM channels WHERE provider = 'bolna'")
    await set_key(bench, sandbox.BOLNA_KEY)
    await bench.finished(4, seconds=25)
    assert await bench.one(STATE) == "closed"
    assert await bench.one(OPEN_NOTICES, NoticeKind.CHANNEL_DOWN) == 0
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE status = 'completed'") == 4
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE parked_on IS NOT NULL") == 0


async def test_after_a_while_the_flow_goes_on_without_the_channel(bench: Bench) -> None:
    bench.drainer.timing = replace(bench.drainer.timing, channel_patience=timedelta(seconds=1))
    await set_key(bench, "wrong")
    await bench.flow(bench.call(1), bench.whatsapp(2, condition_type="call_outcome", condition_value="not_answered"))
    await bench.lead(MISSED, email=None)
    await bench.lead("+919876500121", email=None)
    await bench.finished(2)
    assert await bench.one("SELECT count(*) FROM flow_action_logs WHERE error_code = 'channel_held' AND status = 'failed'") == 2
    assert received(bench, "messages")["total"] == 2
    assert received(bench, "calls")["total"] == 0


async def test_a_channel_that_mostly_fails_is_held_and_one_failure_of_many_opens_nothing(bench: Bench) -> None:
    await bench.flow(bench.call(1))
    bench.world.faults.error_500 = 1.0
    await bench.lead(ANSWERED, email=None)
    await bench.until("SELECT count(*) >= 2 FROM flow_action_logs WHERE status = 'failed'")
    assert await bench.one(STATE) == "closed"
    for n in range(11):
        await bench.lead(f"+9198765{n + 100}01", email=None)
    await bench.until(STATE, expect="open")
    assert "contacts by it failed, the latest with" in await bench.one("SELECT breaker_reason FROM channels WHERE provider = 'bolna'")
    bench.world.faults.error_500 = 0
    await bench.finished(12, seconds=30)
    await bench.until(STATE, expect="closed", seconds=5)
    assert await bench.one("SELECT count(*) FROM flow_executions WHERE status = 'completed'") == 12


async def test_a_person_can_try_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "breaker_pause_seconds", 600.0)
    await set_key(bench, "wrong")
    await bench.flow(bench.call(1))
    await bench.lead(ANSWERED, email=None)
    await bench.until("SELECT waiting_rule FROM flow_executions", expect="channel_health")
    await set_key(bench, sandbox.BOLNA_KEY)
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    assert await transact(lambda connection: breaker.let_through(connection, channel))
    await doorbell.ring()
    await bench.finished(1)
    assert await bench.one(STATE) == "closed"
    assert not await transact(lambda connection: breaker.let_through(connection, channel)), "it is not held any more"


async def test_what_failed_before_the_channel_was_held_does_not_hold_it_again(bench: Bench) -> None:
    await bench.flow(bench.call(1))
    bench.world.faults.error_500 = 1.0
    for n in range(11):
        await bench.lead(f"+9198765{n + 100}01", email=None)
    await bench.until(STATE, expect="open")
    bench.world.faults.error_500 = 0
    await bench.finished(11, seconds=30)
    await bench.until(STATE, expect="closed", seconds=5)
    pool = await get_pool()
    # All of those went in the end, so that it looks as if they had been given up: only what comes after the opening counts.
    await pool.execute("UPDATE flow_action_logs SET error_class = 'transient', started_at = started_at - interval '1 minute'")
    await pool.execute("UPDATE channels SET breaker_opened_at = now() - interval '30 seconds'")
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    failed = breaker.Sign(channel, "The provider answered 500", failed=True)
    await transact(lambda connection: breaker.heed(connection, [failed], timedelta(seconds=1)))
    assert await bench.one(STATE) == "closed"


async def test_when_a_channel_works_again_each_who_goes_calls_the_next(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "WAVE", 1)
    monkeypatch.setattr(get_settings(), "breaker_pause_seconds", 600.0)
    await set_key(bench, "wrong")
    await bench.flow(bench.call(1))
    for n in range(6):
        await bench.lead(f"+9198765001{n + 2}1", email=None)
    await bench.until("SELECT count(*) FROM flow_executions WHERE waiting_rule = 'channel_health'", expect=6)
    await set_key(bench, sandbox.BOLNA_KEY)
    channel = await bench.one("SELECT id FROM channels WHERE provider = 'bolna'")
    await transact(lambda connection: breaker.let_through(connection, channel))
    await bench.finished(6)
