"""Splits on the real database: an arm is noted once, is the same at every entry, and costs nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from autoflows.domain.conditions import Lead
from autoflows.domain.flow import Action, ActionType
from autoflows.domain.splits import choose_arm
from autoflows.engine.advance import claim
from autoflows.engine.pool import get_pool, transact
from autoflows.engine.runs import timing_of
from autoflows.settings import get_settings
from tests.engine.conftest import MISSED, Bench

EXPERIMENT = UUID(int=77)
HALVES = [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}]
IN_A = {"condition_type": "split", "condition_value": "A"}
IN_B = {"condition_type": "split", "condition_value": "B"}


def split(order: int, arms: Any = HALVES, name: str = "Opening") -> dict[str, Any]:
    return {"id": str(EXPERIMENT), "action_order": order, "action_type": "split", "action_config": {"name": name, "arms": arms}}


def arm_of(phone: str) -> str | None:
    step = Action(id=EXPERIMENT, action_order=1, action_type=ActionType.SPLIT, action_config={"name": "x", "arms": HALVES})
    return choose_arm(step, Lead("IndiaMART", "api", phone=phone))


async def test_people_go_their_arms_ways_at_once(bench: Bench) -> None:
    await bench.flow(split(1), bench.mail(2, **IN_A), bench.whatsapp(3, **IN_B))
    phones = [f"+9198765002{n:02d}" for n in range(12)]
    for n, phone in enumerate(phones):
        await bench.lead(phone, email=f"lead{n}@example.com")
    await bench.finished(12)
    pool = await get_pool()
    rows = await pool.fetch("SELECT c.phone, l.arm FROM flow_action_logs l JOIN contacts c ON c.id = l.contact_id WHERE l.arm IS NOT NULL")
    assert {row["phone"]: row["arm"] for row in rows} == {phone: arm_of(phone) for phone in phones}
    counts = Counter(row["arm"] for row in rows)
    assert set(counts) == {"A", "B"}
    sent = Counter((kind, status) for _, _, kind, status, *_ in await bench.logs())
    assert sent["split", "success"] == 12
    assert sent["email", "success"] == counts["A"]
    assert sent["whatsapp_message", "success"] == counts["B"]
    row = await pool.fetchrow(
        "SELECT completed_at - started_at AS took, cost_amount, channel_id FROM flow_action_logs WHERE arm IS NOT NULL"
    )
    assert (row["took"].total_seconds(), row["cost_amount"], row["channel_id"]) == (0, None, None)


async def test_a_person_who_comes_again_comes_to_the_same_arm(bench: Bench) -> None:
    await bench.change_settings(cooldown_minutes=0)
    await bench.flow(split(1), bench.mail(2))
    for times in (1, 2, 3):
        await bench.lead(MISSED, external_id=str(times))
        await bench.finished(times)
    pool = await get_pool()
    arms = [row["arm"] for row in await pool.fetch("SELECT arm FROM flow_action_logs WHERE action_type = 'split'")]
    assert arms == [arm_of(MISSED)] * 3


async def test_a_worker_that_dies_leaves_one_arm(bench: Bench) -> None:
    """Two workers at the same time, and one whose transaction is lost half-way: the arm is noted once, by whoever commits."""
    await bench.flow(split(1), bench.wait(2, 60), bench.mail(3, **IN_A))
    await bench.lead(MISSED)
    await bench.until("SELECT count(*) FROM flow_action_logs WHERE action_type = 'wait'", expect=1)
    pool = await get_pool()
    await pool.execute("DELETE FROM flow_action_logs")
    await pool.execute("UPDATE flow_executions SET due_at = now()")
    settings = get_settings()

    async def die() -> None:
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await claim(connection, 10, 10, timing_of(settings), bench.drainer.lease)
            await transaction.rollback()

    await die()
    assert await bench.one("SELECT count(*) FROM flow_action_logs") == 0
    await asyncio.gather(*(transact(lambda c: claim(c, 10, 10, timing_of(settings), bench.drainer.lease)) for _ in range(3)))
    assert await bench.one("SELECT count(*) FROM flow_action_logs WHERE arm = $1", arm_of(MISSED)) == 1
    assert await bench.one("SELECT count(*) FROM flow_action_logs WHERE action_type = 'split'") == 1


async def test_who_is_held_out_is_left_alone(bench: Bench) -> None:
    arms = [{"name": "All", "percent": 0}, {"name": "Nobody", "percent": 100, "is_holdout": True}]
    await bench.flow(split(1, arms), bench.call(2), bench.wait(3, 60), bench.mail(4, condition_type="always"))
    await bench.lead(MISSED)
    await bench.finished()
    reason = "Held out by the split 'Opening', to compare with"
    assert await bench.summary() == [("split", "success", None), *((k, "skipped", reason) for k in ("ai_call", "wait", "email"))]
    assert await bench.one("SELECT status FROM flow_executions") == "skipped"
    assert await bench.one("SELECT first_attempt_at FROM flow_executions") is None
