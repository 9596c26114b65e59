"""Rollups are equal to a count of the rows, whatever is changed, killed or deleted on the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from autoflows.analytics.rollups import rebuild as rebuilding
from autoflows.analytics.rollups.fold import FOLDS, LOCK, fold
from autoflows.analytics.rollups.keep import keep_rollups
from autoflows.analytics.rollups.rebuild import rebuild, recount_marked
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.leads import Disposition
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.engine.pool import Connection, close_pool, get_pool, transact
from autoflows.models.database import dispose_engine
from autoflows.models.rollup import GRAINS
from autoflows.settings import get_settings
from tests.analytics.conftest import fold_everything
from tests.analytics.world import World, fill, make_user

PENDING = """
SELECT (SELECT count(*) FROM changed_executions) + (SELECT count(*) FROM changed_action_logs) + (SELECT count(*) FROM changed_lead_events)
"""
NOWHERE = """
INSERT INTO rollup_sums SELECT user_id, grain, measure, span, starts_on, flow_version_id, 'Nowhere', channel_id, labels, total, slots, sums
FROM rollup_sums WHERE measure = 'busy' LIMIT 1
"""
LOG_WITHOUT_VERSION = """
INSERT INTO flow_action_logs (id, flow_execution_id, user_id, contact_id, action_type, action_order, attempt, snapshot, started_at, status)
SELECT uuidv7(), flow_execution_id, user_id, contact_id, action_type, 99, 1, '{}', now(), 'success' FROM flow_action_logs WHERE id = $1
RETURNING flow_version_id
"""


@pytest.fixture
async def world(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", postgres_url)
    get_settings.cache_clear()
    yield await fill(make_user("asha"), 11, 150)
    await close_pool()
    await dispose_engine()
    get_settings.cache_clear()


async def assert_equal(account: UUID) -> None:
    report = await rebuild(account, check=True)
    assert report.differences == 0, "\n".join(report.examples)
    assert report.logs > 0


async def change_something(rng: random.Random, world: World) -> None:
    """What happens to rows in the engine's life, and what a provider may yet tell; several changes share a transaction."""

    async def work(connection: Connection) -> None:
        for _ in range(rng.randrange(1, 6)):
            execution, log, lead = rng.choice(world.executions), rng.choice(world.logs), rng.choice(world.leads)
            at = timedelta(seconds=rng.uniform(0, 5000))
            match rng.randrange(9):
                case 0:
                    status = rng.choice(list(ExecutionStatus)).value
                    await connection.execute(
                        "UPDATE flow_executions SET status = $2::text, due_at = CASE WHEN $2::text = 'running' THEN now() END, "
                        "completed_at = CASE WHEN $2::text <> 'running' THEN triggered_at + $3::interval END WHERE id = $1",
                        execution.id, status, at,
                    )  # fmt: skip
                case 1:
                    await connection.execute(
                        "UPDATE flow_executions SET first_attempt_at = lead_at + $2::interval, held_hours = $3, first_channel_id = $4 "
                        "WHERE id = $1 AND first_attempt_at IS NULL",
                        execution.id, at, rng.randrange(10**9), rng.choice(world.channels).id,
                    )  # fmt: skip
                case 2:
                    await connection.execute(
                        "UPDATE flow_executions SET first_conversation_at = COALESCE(first_conversation_at, triggered_at + $2) "
                        "WHERE id = $1", execution.id, at,
                    )  # fmt: skip
                case 3:  # a publish moves a run: its history takes the numbers of the new version
                    version = rng.choice(world.versions)
                    await connection.execute("UPDATE flow_executions SET flow_version_id = $2 WHERE id = $1", execution.id, version.id)
                    await connection.execute(
                        "UPDATE flow_action_logs SET flow_version_id = $2, action_order = action_order + 1000 WHERE flow_execution_id = $1",
                        execution.id, version.id,
                    )  # fmt: skip
                case 4:
                    await connection.execute(
                        "UPDATE flow_action_logs SET status = $2, outcome = $3, message_state = $4, answered_at = started_at + $5, "
                        "error_code = $6 WHERE id = $1",
                        log.id, rng.choice(list(LogStatus)).value,
                        rng.choice([*(o.value for o in CallOutcome), None]) if log.action_type == "ai_call" else None,
                        rng.choice([*(s.value for s in MessageState), None]) if log.action_type != "ai_call" else None,
                        at / 1000, rng.choice(["131047", None]),
                    )  # fmt: skip
                case 5:
                    await connection.execute(
                        "UPDATE flow_action_logs SET cost_amount = $2, cost_currency = 'INR', channel_id = $3 WHERE id = $1",
                        log.id, rng.randrange(10**6), rng.choice(world.channels).id,
                    )  # fmt: skip
                case 6 if lead.execution_id is None:
                    disposition = rng.choice([d for d in Disposition if d is not Disposition.ENROLLED])
                    await connection.execute(
                        "UPDATE lead_events SET disposition = $2::text, due_at = CASE WHEN $2::text = 'queued' THEN now() END "
                        "WHERE id = $1",
                        lead.id, disposition.value,
                    )  # fmt: skip
                case 7:  # an erasure
                    await connection.execute(
                        "UPDATE flow_executions SET metadata = jsonb_build_object('trigger_source', metadata->'trigger_source') "
                        "WHERE id = $1",
                        execution.id,
                    )
                    await connection.execute(
                        "UPDATE flow_action_logs SET result_data = '{}', error_message = NULL WHERE flow_execution_id = $1", execution.id
                    )
                case _:
                    await connection.execute("UPDATE flow_executions SET fence = fence + 1 WHERE id = $1", execution.id)

    await transact(work)


async def test_what_was_added_is_counted_once(world: World) -> None:
    assert await fold_everything() > 400
    await assert_equal(world.user.id)
    pool = await get_pool()
    counted = "SELECT grain, sum(total)::int FROM rollup_sums WHERE measure = $1 AND span = $2 GROUP BY 1"
    real = sum(not e.is_test_run for e in world.executions)
    assert dict(await pool.fetch(counted, "executions", "month")) == dict.fromkeys(GRAINS, real)
    assert dict(await pool.fetch(counted, "leads", "day")) == dict.fromkeys(GRAINS, len(world.leads))
    assert await fold_everything() == 0


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_changes_in_whatever_order_the_figures_are_those_of_the_rows(world: World, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(3):
        for _ in range(40):
            await change_something(rng, world)
            if rng.random() < 0.1:
                await fold()
        if rng.random() < 0.5:
            await fold_everything()
        await assert_equal(world.user.id)  # it folds what is left, within its own moment


async def test_attempts_of_many_months_after_their_execution_count_the_same_when_made_anew(world: World) -> None:
    pool = await get_pool()
    moved = "UPDATE flow_action_logs SET started_at = started_at + (action_order % 4) * interval '31 days'"
    assert await pool.execute(moved) == f"UPDATE {len(world.logs)}"
    await fold_everything()
    await assert_equal(world.user.id)
    figures = "SELECT measure, span, starts_on, sum(total) FROM rollup_sums GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    kept = await pool.fetch(figures)
    await pool.execute("DELETE FROM rollup_sums")
    assert (await rebuild(world.user.id)).differences > 0
    assert await pool.fetch(figures) == kept


async def test_what_no_figure_can_see_costs_nothing(world: World) -> None:
    await fold_everything()
    pool = await get_pool()
    await pool.execute("UPDATE flow_executions SET fence = fence + 1, waiting_reason = 'x', due_at = due_at")
    await pool.execute("UPDATE flow_action_logs SET result_data = '{}'")
    await pool.execute("UPDATE lead_events SET reason = 'x'")
    assert await pool.fetchval(PENDING) == 0


@pytest.mark.parametrize("steps", range(len(FOLDS)))
async def test_killed_between_any_two_steps_nothing_is_lost_or_counted_twice(world: World, steps: int, postgres_url: str) -> None:
    """The process dies after so many of a fold's statements: its session ends, and another folds what is still there."""
    pool = await get_pool()
    before = await pool.fetchval(PENDING)
    dying = await asyncpg.connect(postgres_url.replace("postgresql+asyncpg://", "postgresql://", 1))
    await dying.execute("BEGIN")
    assert await dying.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK)
    for one in list(FOLDS.values())[: steps + 1]:
        await dying.fetchval(one)
    assert await fold() == 0  # nobody else folds meanwhile
    dying.terminate()
    for _ in range(100):
        if await pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'") == 0:
            break
    assert await pool.fetchval(PENDING) == before
    await fold_everything()
    assert await pool.fetchval(PENDING) == 0
    await assert_equal(world.user.id)


async def test_killed_during_a_rebuild_the_figures_stay_as_they_were(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await fold_everything()
    pool = await get_pool()
    await pool.execute("DELETE FROM rollup_sums WHERE measure = 'steps'")

    async def die(*_: object) -> None:
        raise ConnectionResetError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_replace", die)
        with pytest.raises(ConnectionResetError):
            await rebuild(world.user.id)
    assert await pool.fetchval("SELECT count(*) FROM rollup_sums WHERE measure = 'steps'") == 0
    assert (await rebuild(world.user.id)).differences > 0
    await assert_equal(world.user.id)


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        ("UPDATE rollup_sums SET total = total + 1 WHERE ctid = (SELECT min(ctid) FROM rollup_sums WHERE measure = 'cost')", "cost"),
        ("UPDATE rollup_sums SET sums[1] = sums[1] - 1 WHERE ctid = (SELECT min(ctid) FROM rollup_sums WHERE measure = 'steps')", "steps"),
        ("DELETE FROM rollup_spreads WHERE ctid = (SELECT min(ctid) FROM rollup_spreads WHERE measure = 'response')", "response"),
        (NOWHERE, "Nowhere"),
    ],
)  # fmt: skip
async def test_a_planted_difference_is_found_and_put_right(world: World, plant: str, named: str) -> None:
    await fold_everything()
    pool = await get_pool()
    await pool.execute(plant)
    report = await rebuild(world.user.id, check=True)
    assert report.differences == 1
    assert named in report.examples[0]
    assert "counted" in report.examples[0]
    assert (await rebuild(world.user.id)).differences == 1
    await assert_equal(world.user.id)


async def test_a_check_changes_nothing_and_another_account_is_left_alone(world: World) -> None:
    other = await fill(make_user("ravi"), 12, 40)
    await fold_everything()
    pool = await get_pool()
    await pool.execute("UPDATE rollup_sums SET total = total + 1 WHERE user_id = $1", other.user.id)
    assert (await rebuild(world.user.id)).differences == 0
    wrong = (await rebuild(other.user.id, check=True)).differences
    assert wrong == (await rebuild(other.user.id, check=True)).differences > 10
    await rebuild(other.user.id)
    await assert_equal(other.user.id)


async def test_figures_of_deleted_rows_go_with_them(world: World) -> None:
    """The product deletes no rows that are counted; whoever does by hand, or ends an account, is followed."""
    await fold_everything()
    pool = await get_pool()
    gone = world.executions[0].contact_id
    await pool.execute("DELETE FROM contacts WHERE id = $1", gone)  # its executions and their logs go as well
    assert await pool.fetchval("SELECT count(*) FROM rollup_recounts") == 1
    await recount_marked()
    assert await pool.fetchval("SELECT count(*) FROM rollup_recounts") == 0
    await assert_equal(world.user.id)
    await pool.execute("DELETE FROM users WHERE id = $1", world.user.id)
    await fold_everything()
    await recount_marked()
    assert await pool.fetchval("SELECT count(*) FROM rollup_sums") == 0


async def test_a_log_without_a_version_takes_that_of_its_execution(world: World) -> None:
    pool = await get_pool()
    log = world.logs[0]
    kept: UUID = await pool.fetchval(LOG_WITHOUT_VERSION, log.id)
    assert kept == log.flow_version_id


async def test_a_worker_keeps_them_and_recounts(world: World) -> None:
    task = asyncio.create_task(keep_rollups(0.05))
    pool = await get_pool()
    try:
        for round_number in range(2):
            for _ in range(200):
                if not await pool.fetchval(PENDING) and not await pool.fetchval("SELECT count(*) FROM rollup_recounts"):
                    break
                await asyncio.sleep(0.05)
            await assert_equal(world.user.id)
            if round_number == 0:
                await pool.execute("DELETE FROM flow_executions WHERE id = $1", world.executions[5].id)
    finally:
        task.cancel()
    assert await pool.fetchval("SELECT count(*) FROM rollup_recounts") == 0
