"""What becomes of running executions when a new version of their flow is published: they move to it or are cancelled.

It happens in the publisher's own transaction, so that there is no moment at which the one is true and the other is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import asyncpg

from autoflows.domain.errors import Conflict
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.flow_steps import new_places
from autoflows.engine import control
from autoflows.engine.pool import Connection

RUNNING = """
SELECT id, flow_version_id, current_action_step FROM flow_executions
WHERE flow_id = $1 AND status = 'running' AND NOT is_test_run AND flow_version_id <> $2 ORDER BY id
"""
LOCKED = RUNNING + " FOR UPDATE"
BEGUN = """
SELECT flow_execution_id, array_agg(DISTINCT action_order) AS orders FROM flow_action_logs
WHERE flow_execution_id = ANY($1) GROUP BY flow_execution_id
"""
MOVE = """
UPDATE flow_executions e SET flow_version_id = $2, current_action_step = m.step, fence = fence + 1, due_at = now()
FROM unnest($1::uuid[], $3::int[]) AS m(id, step) WHERE e.id = m.id
"""
# In two steps, by way of negative numbers: the key on (execution, order, attempt) is checked row by row.
RENUMBER = """
UPDATE flow_action_logs l SET action_order = -m.new FROM unnest($1::uuid[], $2::int[], $3::int[]) AS m(execution, old, new)
WHERE l.flow_execution_id = m.execution AND l.action_order = m.old
"""
RENUMBERED = "UPDATE flow_action_logs SET action_order = -action_order WHERE flow_execution_id = ANY($1) AND action_order < 0"
# A new goal counts from the beginning of each run, as if it had always been the flow's.
NEW_GOAL = """
UPDATE flow_executions SET goal_until = triggered_at + make_interval(days => $2) WHERE id = ANY($1) AND converted_at IS NULL
"""
REVISE = "UPDATE flow_action_logs SET flow_version_id = $2 WHERE flow_execution_id = ANY($1)"
TRIES = 3

T = TypeVar("T")


@dataclass(slots=True)
class Runs:
    """A flow's running executions on other versions: those that can go on in the new one, and how many cannot."""

    moving: dict[UUID, tuple[int, Mapping[int, int]]] = field(default_factory=dict)
    """Execution -> its present step in the new version, and the new order of each step it began."""
    staying: int = 0
    other_goal: list[UUID] = field(default_factory=list)
    """Of those that can go on: whose version had another goal."""


async def sort_runs(
    connection: Connection,
    flow_id: UUID,
    target: UUID,
    versions: Mapping[UUID, FlowDefinition],
    definition: FlowDefinition,
    *,
    lock: bool = False,
) -> Runs:
    """Which running executions could go on in `definition`, the version `target`. `versions` are the flow's others, by their ids."""
    rows = await connection.fetch(LOCKED if lock else RUNNING, flow_id, target)
    begun: dict[UUID, list[int]] = defaultdict(list)
    for row in await connection.fetch(BEGUN, [row["id"] for row in rows]):
        begun[row["flow_execution_id"]] = list(row["orders"])
    runs = Runs()
    for row in rows:
        old = versions.get(row["flow_version_id"])
        places = None if old is None else new_places(old, definition, begun[row["id"]])
        if places is None:
            runs.staying += 1
        else:
            step = places.get(row["current_action_step"], max(places.values(), default=0) + 1)
            runs.moving[row["id"]] = (step, places)
            if old is not None and old.goal != definition.goal:
                runs.other_goal.append(row["id"])
    return runs


async def move_runs(
    connection: Connection, flow_id: UUID, target: UUID, versions: Mapping[UUID, FlowDefinition], definition: FlowDefinition
) -> Runs:
    """Let the running executions that can go on in the new version; their history takes the new numbers of its steps."""

    async def work() -> Runs:
        runs = await sort_runs(connection, flow_id, target, versions, definition, lock=True)
        steps = [step for step, _ in runs.moving.values()]
        await connection.execute(MOVE, list(runs.moving), target, steps)
        if runs.other_goal:
            await connection.execute(NEW_GOAL, runs.other_goal, definition.goal.window_days if definition.goal else None)
        await connection.execute(REVISE, list(runs.moving), target)
        renumbered = [(run, old, new) for run, (_, places) in runs.moving.items() for old, new in places.items() if old != new]
        if renumbered:
            await connection.execute(RENUMBER, *map(list, zip(*renumbered, strict=True)))
            await connection.execute(RENUMBERED, list({run for run, _, _ in renumbered}))
        return runs

    return await _patiently(connection, work)


async def cancel_runs(connection: Connection, flow_id: UUID, target: UUID, reason: str) -> list[UUID]:
    """Cancel the running executions of the flow's other versions: nothing more is sent, what was sent stays sent. Gives their ids."""

    async def work() -> list[UUID]:
        ids = [row["id"] for row in await connection.fetch(LOCKED, flow_id, target)]
        return await control.end(connection, ids, reason)

    return await _patiently(connection, work)


async def _patiently(connection: Connection, work: Callable[[], Awaitable[T]]) -> T:
    """Workers lock a log and its execution in either order: what loses against them is done again. Raises Conflict when it keeps losing."""
    for _ in range(TRIES):
        try:
            async with connection.transaction():
                return await work()
        except asyncpg.DeadlockDetectedError:
            continue
    raise Conflict("The flow's executions are too busy to be changed just now; please publish again.")
