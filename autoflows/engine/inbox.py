"""Dealing with what needs a person: leaving what failed as it is, and acting on many of one cause at once.

Many are read once and then changed in short transactions, so that no row is locked for long. What is done stays done, whatever dies on
the way, and the same request again goes on with the rest. Two people at once do each thing once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from autoflows.domain.causes import INTERNAL, TAKEN, Cause
from autoflows.domain.errors import Conflict, NotFound
from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome
from autoflows.engine import amend, audit, live, selection
from autoflows.engine.pool import Connection, get_pool, transact

BATCH = 500
PATIENCE_SECONDS = 20.0
"""How long one request goes on; what is left then is told, and the request can be repeated."""

# One with an attempt in doubt is not dealt with before that: what became of it decides what can be tried again.
TO_DEAL = """
e.user_id = $1 AND e.status = 'failed' AND e.dismissed_at IS NULL AND NOT e.is_test_run
AND NOT EXISTS (SELECT 1 FROM flow_action_logs l WHERE l.flow_execution_id = e.id AND l.user_id = e.user_id AND l.status = 'unknown')
"""
CHOOSE_FAILED = f"""
SELECT e.id FROM flow_executions e WHERE {TO_DEAL} AND (e.cause = $2 OR ($3 AND e.cause IS NULL))
AND ($4::uuid IS NULL OR e.flow_id = $4) AND ($5::timestamptz IS NULL OR e.completed_at < $5) ORDER BY e.completed_at, e.id
"""  # noqa: S608
CHOOSE_UNKNOWN = """
SELECT l.id FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id
WHERE l.user_id = $1 AND l.status = 'unknown' AND NOT e.is_test_run AND l.action_type = $2 AND l.channel_id IS NOT DISTINCT FROM $3
AND (l.provider_ref IS NOT NULL) = $4 AND ($5::uuid IS NULL OR e.flow_id = $5) AND ($6::timestamptz IS NULL OR l.completed_at < $6)
ORDER BY l.started_at, l.id
"""
KNOWN = "SELECT id FROM flow_executions WHERE id = ANY($1) AND user_id = $2"
# Locked by id, as everywhere.
DISMISS = f"""
WITH chosen AS MATERIALIZED (SELECT e.id FROM flow_executions e WHERE {TO_DEAL} AND e.id = ANY($2) ORDER BY e.id FOR UPDATE OF e)
UPDATE flow_executions e SET dismissed_at = now(), dismissed_by = $3, dismissed_note = $4 FROM chosen WHERE e.id = chosen.id RETURNING e.id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of an account's things of one cause; what is None does not narrow. `until` is not included."""

    cause: Cause
    flow_id: UUID | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dealt:
    """What one request did, what it could not do, the first reason why, and how many it leaves to another."""

    done: int
    refused: int = 0
    why: str = ""
    left: int = 0


async def choose(account_id: UUID, chosen: Chosen) -> list[UUID]:
    """Ids of the failed executions, or of the attempts in doubt, as the cause says; the oldest first."""
    pool, cause = await get_pool(), chosen.cause
    if cause.kind == "failed":
        rows = await pool.fetch(CHOOSE_FAILED, account_id, cause.key, cause.sign == INTERNAL, chosen.flow_id, chosen.until)
    else:
        is_taken = cause.sign == TAKEN
        rows = await pool.fetch(CHOOSE_UNKNOWN, account_id, cause.action_type, cause.channel_id, is_taken, chosen.flow_id, chosen.until)
    return [row["id"] for row in rows]


async def database_time() -> datetime:
    """Now, by the clock that the rows are written by: what comes after it is not among what was counted before."""
    pool = await get_pool()
    now: datetime = await pool.fetchval("SELECT clock_timestamp()")
    return now


async def dismiss(account_id: UUID, execution_ids: Sequence[UUID], note: str, actor_id: UUID | None) -> Dealt:
    """Leave these failed executions as they are; who and when is kept. Those that need nobody (any more) are counted as refused.

    Raises NotFound, before anything is changed, if one is not the account's.
    """
    pool = await get_pool()
    known = {row["id"] for row in await pool.fetch(KNOWN, list(execution_ids), account_id)}
    if missing := [execution_id for execution_id in execution_ids if execution_id not in known]:
        raise NotFound(f"There is no execution with the id {missing[0]}.")
    done = 0
    for start in range(0, len(execution_ids), BATCH):
        batch = execution_ids[start : start + BATCH]

        async def work(connection: Connection, batch: Sequence[UUID] = batch) -> list[UUID]:
            ended = [row["id"] for row in await connection.fetch(DISMISS, account_id, list(batch), actor_id, note)]
            for execution_id in ended:
                await audit.note(connection, account_id, actor_id, "execution.dismissed", "execution", execution_id, {"note": note})
            return ended

        ended = await transact(work)
        done += len(ended)
        live.publish(live.LiveChange(account_id, execution_id=execution_id) for execution_id in ended)
    return Dealt(done, len(execution_ids) - done, "Somebody was quicker." if done < len(execution_ids) else "")


async def retry_all(account_id: UUID, chosen: Chosen, actor_id: UUID | None, patience: float = PATIENCE_SECONDS) -> Dealt:
    """Try the chosen executions again, as `selection.retry` does, for up to `patience` seconds."""
    told = {"cause": chosen.cause.key}
    told |= {"flow_id": str(chosen.flow_id)} if chosen.flow_id else {}
    told |= {"until": chosen.until.isoformat()} if chosen.until else {}
    found = await selection.retry(account_id, await choose(account_id, chosen), told, actor_id, patience)
    return Dealt(found.retried, sum(found.skipped.values()), next(iter(found.skipped), ""), found.left)


async def resolve_all(
    account_id: UUID,
    chosen: Chosen,
    status: LogStatus,
    outcome: CallOutcome | None,
    note: str,
    actor_id: UUID | None,
    actor_name: str,
    patience: float = PATIENCE_SECONDS,
) -> Dealt:
    """Say the same of all the chosen attempts in doubt, each as `amend.resolve` does. Raises Invalid for an outcome that does not fit."""
    ids = await choose(account_id, chosen)

    async def one(log_id: UUID) -> None:
        await amend.resolve(account_id, log_id, status, outcome, note, actor_id, actor_name)

    return await _each(ids, one, patience)


async def _each(ids: Sequence[UUID], act: Callable[[UUID], Awaitable[Any]], patience: float) -> Dealt:
    loop = asyncio.get_running_loop()
    deadline, done, refused, why = loop.time() + patience, 0, 0, ""
    for item in ids:
        if done + refused and loop.time() > deadline:
            break
        try:
            await act(item)
            done += 1
        except (Conflict, NotFound) as error:
            refused += 1
            why = why or error.detail
    return Dealt(done, refused, why, len(ids) - done - refused)
