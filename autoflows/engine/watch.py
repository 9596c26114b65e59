"""Looks, every few seconds and over all accounts, for what the team must be told; raises it once and resolves it when the cause is gone.

Every process may run this: an advisory lock and a pace in the database let one of them look at a time, and no oftener than wanted. All
times are the database's own. Each check is one query over an index that holds only what is amiss, or over a small table.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import asyncpg

from autoflows.domain.errors import Unavailable
from autoflows.domain.notices import KINDS, Notice, NoticeKind, say
from autoflows.engine import ledger, live
from autoflows.engine.live import LiveChange
from autoflows.engine.notices import raise_notice, resolve
from autoflows.engine.pool import LOST, RETRYABLE, Connection, transact

log = logging.getLogger(__name__)

LOCK = 7_307_199_021
LOOK_BACK = "interval '14 days'"
"""Attempts and leads older than this are history, not a task."""
REST = 20
"""A look that takes long is followed by a rest of so many times that: looking costs at most a twentieth of the database's time."""
LEDGER_SECONDS = 60.0

CHANNELS_DOWN = """
SELECT user_id AS account_id, id::text AS subject, name,
  CASE breaker_state WHEN 'closed' THEN status_detail ELSE breaker_reason || ' Contacts by it are held meanwhile.' END AS reason
FROM channels WHERE status = 'error' OR (breaker_state <> 'closed' AND status <> 'disabled')
"""
NO_FLOWS = """
SELECT u.id AS account_id FROM users u
WHERE u.owner_id IS NULL AND NOT EXISTS (SELECT 1 FROM auto_engagement_flows f WHERE f.user_id = u.id AND f.is_enabled)
  AND EXISTS (SELECT 1 FROM lead_events l WHERE l.user_id = u.id AND l.received_at > now() - interval '1 day')
"""
UNKNOWN_ATTEMPTS = f"""
SELECT user_id AS account_id, count(*) AS number FROM flow_action_logs
WHERE status = 'unknown' AND started_at >= now() - {LOOK_BACK} GROUP BY user_id
"""  # noqa: S608
LEAD_ERRORS = f"""
SELECT u.id AS account_id, found.number FROM users u CROSS JOIN LATERAL (
  SELECT count(*) AS number FROM lead_events l
  WHERE l.user_id = u.id AND l.disposition = 'error' AND l.received_at >= now() - {LOOK_BACK}) found
WHERE u.owner_id IS NULL AND found.number > 0
"""  # noqa: S608
# Since when it is on is what the audit log says; its last line that switched it on is the one that counts.
KILL_SWITCHES = """
SELECT u.id AS account_id, held.number, extract(epoch FROM now() - since.at)::float8 AS seconds FROM users u
CROSS JOIN LATERAL (SELECT COALESCE((
  SELECT a.created_at FROM audit_log a
  WHERE a.user_id = u.id AND a.action = 'settings.updated' AND a.data -> 'kill_switch' ->> 'to' = 'true'
  ORDER BY a.created_at DESC LIMIT 1), u.updated_at) AS at) since
CROSS JOIN LATERAL (SELECT count(*) AS number FROM flow_executions e WHERE e.parked_on = 'account:' || u.id) held
WHERE u.owner_id IS NULL AND u.settings ->> 'kill_switch' = 'true' AND since.at < now() - interval '15 minutes' AND held.number > 0
"""
FLOWS_HELD = """
SELECT f.user_id AS account_id, f.id::text AS subject, f.name,
  (SELECT count(*) FROM flow_executions e WHERE e.parked_on = 'flow:' || f.id) AS number
FROM auto_engagement_flows f WHERE f.is_held AND f.deleted_at IS NULL
"""
QUOTAS_USED = """
SELECT c.user_id AS account_id, c.id::text AS subject, c.name FROM channels c
WHERE EXISTS (SELECT 1 FROM flow_executions e WHERE e.parked_on = 'quota:' || c.id AND e.status = 'running')
"""
BUDGETS_USED = """
SELECT u.id AS account_id FROM users u
WHERE u.owner_id IS NULL AND EXISTS (SELECT 1 FROM flow_executions e WHERE e.parked_on = 'quota:' || u.id AND e.status = 'running')
"""
WAITS = "user_id AS account_id, count(*) AS number, extract(epoch FROM now() - min(due_at))::float8 AS seconds"

CHECKS: dict[NoticeKind, str] = {
    NoticeKind.LEAD_STUCK: f"SELECT {WAITS} FROM {ledger.STUCK_LEADS} GROUP BY user_id",  # noqa: S608
    NoticeKind.QUEUE_LATE: f"SELECT {WAITS} FROM {ledger.LATE_EXECUTIONS} GROUP BY user_id",  # noqa: S608
    NoticeKind.CHANNEL_DOWN: CHANNELS_DOWN,
    NoticeKind.NO_FLOW: NO_FLOWS,
    NoticeKind.ATTEMPT_UNKNOWN: UNKNOWN_ATTEMPTS,
    NoticeKind.LEAD_ERROR: LEAD_ERRORS,
    NoticeKind.KILL_SWITCH: KILL_SWITCHES,
    NoticeKind.FLOW_HELD: FLOWS_HELD,
    NoticeKind.QUOTA_REACHED: QUOTAS_USED,
    NoticeKind.BUDGET_REACHED: BUDGETS_USED,
}
"""What is looked at each time. A row is one fault: the account, and what the kind's sentence is made of."""
LEDGER_CHECKS = {NoticeKind.UNACCOUNTED: ledger.UNACCOUNTED_BY_ACCOUNT}
"""What reads every lead, so more seldom."""
NO_WORKERS = f"SELECT user_id AS account_id FROM {ledger.STUCK_LEADS} UNION SELECT user_id FROM {ledger.LATE_EXECUTIONS}"  # noqa: S608
"""Whose work waits; asked only when it is known that nobody works."""
NOBODY = "SELECT id AS account_id FROM users WHERE false"

IS_RESTING = "SELECT 1 FROM paces WHERE key = $1 AND next_at > clock_timestamp() AND next_at < clock_timestamp() + interval '1 hour'"
PATIENCE = "SET LOCAL statement_timeout = '20s'"
SET_PACE = """
INSERT INTO paces (key, next_at) VALUES ($1, clock_timestamp() + $2::float8 * interval '1 second')
ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at
"""
OPEN = "SELECT user_id, kind, subject, title, detail, count FROM notifications WHERE resolved_at IS NULL AND kind = ANY($1)"
# What goes on is not news: the words are kept true, and only a count that grew makes it seen again.
KEEP = """
UPDATE notifications SET title = $4, detail = $5, count = COALESCE($6, count),
  last_at = CASE WHEN $6 > count THEN clock_timestamp() ELSE last_at END
WHERE user_id = $1 AND kind = $2 AND subject = $3 AND resolved_at IS NULL
"""
FORGET = "DELETE FROM notifications WHERE resolved_at < now() - interval '90 days'"

Fault = tuple[UUID, str, str]
"""Account, kind and subject."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Checks that are made together, in one transaction of their own: what a round writes is locked for no longer than that takes."""

    pace: UUID
    seconds: float
    checks: dict[NoticeKind, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    notice: Notice
    number: int | None


async def watch_for_ever(seconds: float, count_workers: Callable[[], Awaitable[int | None]] | None = None) -> None:
    """Look every `seconds`, whatever the database does. A worker is told of itself; others give a way to count workers."""
    while True:
        try:
            await look(1 if count_workers is None else await count_workers(), every=seconds)
        except (Unavailable, *LOST) as error:
            log.warning("not looked for faults, the database does not answer: %s", error)
        except Exception:
            log.exception("looking for faults failed; it is tried again")
        await asyncio.sleep(seconds)


async def look(workers: int | None = 1, *, every: float = 0.0) -> list[LiveChange]:
    """Raise what is amiss and resolve what no longer is, unless another process does just now, or did within `every` seconds.

    `workers` is how many work, as far as known. Gives what was published. Raises Unavailable.
    """
    staffing = {} if workers is None else {NoticeKind.NO_WORKER: NOBODY if workers else NO_WORKERS}
    rounds = (_Round(UUID(int=1), every, {**CHECKS, **staffing}), _Round(UUID(int=2), LEDGER_SECONDS if every else 0.0, LEDGER_CHECKS))
    changes: list[LiveChange] = []
    for one in rounds:
        found = await transact(partial(_look, one))
        live.publish(found)
        changes += found
    return changes


async def _look(one: _Round, connection: Connection) -> list[LiveChange]:
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
        return []
    if one.seconds and await connection.fetchval(IS_RESTING, one.pace):
        return []
    await connection.execute(PATIENCE)
    began = time.monotonic()
    changes = await _check(connection, one.checks)
    if changes:
        await connection.execute(FORGET)
    await connection.execute(SET_PACE, one.pace, max(0.9 * one.seconds, REST * (time.monotonic() - began)))
    return changes


async def _check(connection: Connection, checks: dict[NoticeKind, str]) -> list[LiveChange]:
    # Before the causes: what another raises meanwhile is then not taken for resolved.
    known = {
        (row["user_id"], row["kind"], row["subject"]): (row["title"], row["detail"], row["count"])
        for row in await connection.fetch(OPEN, [kind.value for kind in checks])
    }
    seen: dict[Fault, _Seen] = {}
    for kind, query in checks.items():
        try:
            async with connection.transaction():
                seen |= await _seen(connection, kind, query)
        except (asyncpg.PostgresConnectionError, *RETRYABLE):
            raise
        except asyncpg.PostgresError:
            log.exception("it cannot be looked for %s; the others are", kind)
            known = {fault: words for fault, words in known.items() if fault[1] != kind}
    changes: list[LiveChange] = []
    kept = []
    for fault, found in seen.items():
        account_id, before = fault[0], known.get(fault)
        if before is None:
            changes += await raise_notice(connection, account_id, *found.notice)
        title, detail = found.notice.title, found.notice.detail
        if before is None or before != (title, detail, before[2] if found.number is None else found.number):
            kept.append((*fault, title, detail, found.number))
            changes.append(LiveChange(account_id, kind="notification"))
    if kept:
        await connection.executemany(KEEP, kept)
    for fault in known.keys() - seen.keys():
        changes += await resolve(connection, *fault)
    return changes


async def _seen(connection: Connection, kind: NoticeKind, query: str) -> dict[Fault, _Seen]:
    found = {}
    for row in await connection.fetch(query):
        facts = dict(row)
        account_id, subject = facts.pop("account_id"), facts.pop("subject", "")
        number = facts["number"] if KINDS[kind].counts else None
        found[account_id, kind.value, subject] = _Seen(say(kind, subject, **facts), number)
    return found
