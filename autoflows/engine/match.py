"""Settling queued lead events: load a batch, let `domain.matching` decide, insert executions, and move them on at once."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

from autoflows.domain.account import BusinessHours
from autoflows.domain.conditions import Lead
from autoflows.domain.decisions import Timing
from autoflows.domain.goals import window_end
from autoflows.domain.leads import Disposition
from autoflows.domain.matching import Candidate, History, Match, match
from autoflows.domain.suppressions import Suppressed
from autoflows.engine import goals
from autoflows.engine.advance import lock_and_advance
from autoflows.engine.batch import Batch
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection, transact
from autoflows.engine.runs import account_settings, definitions_of, holidays_of, lead_of
from autoflows.engine.suppression import person_of, suppressed_of
from autoflows.ids import new_id

log = logging.getLogger(__name__)

CLAIM = """
WITH fresh AS MATERIALIZED (
  SELECT id, user_id, contact_id, lead_source, entry_type, received_at, source_created_at, bulk FROM lead_events
  WHERE disposition = 'queued' AND bulk = false AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
), paced AS MATERIALIZED (
  SELECT id, user_id, contact_id, lead_source, entry_type, received_at, source_created_at, bulk FROM lead_events
  WHERE disposition = 'queued' AND bulk = true AND due_at <= now()
  ORDER BY due_at LIMIT greatest(least($2, $1 - (SELECT count(*) FROM fresh)), 0) FOR UPDATE SKIP LOCKED
)
SELECT *, clock_timestamp() AS now FROM fresh UNION ALL SELECT *, clock_timestamp() FROM paced
"""
# Two arrivals of one person are settled one after the other, whoever settles them; inserting rows that point here is not held up.
CONTACTS = """
SELECT id, user_id, name, phone, email, other_phones, other_emails, company, tags, custom_fields, timezone, consent, lead_source, entry_type
FROM contacts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
"""
ACCOUNTS = "SELECT id, settings, timezone, default_business_hours FROM users WHERE id = ANY($1)"
FLOWS = """
SELECT f.id, f.user_id, f.name, f.priority, v.id AS version_id FROM auto_engagement_flows f
JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.version WHERE f.user_id = ANY($1) AND f.is_enabled
"""
HISTORY = """
SELECT contact_id, max(triggered_at) AS last_at, array_agg(flow_id) FILTER (WHERE status = 'running') AS live
FROM flow_executions WHERE contact_id = ANY($1) AND NOT is_test_run GROUP BY contact_id
"""
ADD_EXECUTION = """
INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, lead_event_id, triggered_at, status, current_action_step,
                             metadata, is_test_run, bulk, due_at, fence, lead_at, goal_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', 1, $8, false, $9, $7, 0, $10, $11)
"""
SETTLE = """
UPDATE lead_events SET disposition = $2, reason = $3, trace = $4, execution_id = $5,
  settled_at = clock_timestamp(), due_at = NULL WHERE id = $1 AND disposition = 'queued'
"""
FAULTS = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError),
    *(asyncpg.DataError, asyncpg.IntegrityConstraintViolationError),
)
"""What one lead's values or one flow's definition can do to the batch they are in; a database in trouble is none of them."""


async def match_due(limit: int, bulk: int, timing: Timing, lease: timedelta) -> tuple[Batch, int]:
    """Settle up to `limit` queued lead events, at most `bulk` of them bulk ones. Gives what is to be performed, and how many were settled.

    If one of them cannot be settled, the batch is done again one by one and the guilty one becomes `error`, with the reason.
    """

    async def work(connection: Connection) -> tuple[Batch, int]:
        return await _match(connection, await connection.fetch(CLAIM, limit, bulk), timing, lease)

    try:
        return await transact(work)
    except FAULTS:
        log.exception("a lead event cannot be matched; taking the batch apart")
        return await _one_by_one(limit, bulk, timing, lease)


async def _one_by_one(limit: int, bulk: int, timing: Timing, lease: timedelta) -> tuple[Batch, int]:
    whole, settled = Batch(), 0
    for _ in range(limit):
        guilty: list[UUID] = []

        async def work(connection: Connection, guilty: list[UUID] = guilty) -> tuple[Batch, int]:
            rows = await connection.fetch(CLAIM, 1, min(bulk, 1))
            guilty[:] = [row["id"] for row in rows]
            return await _match(connection, rows, timing, lease)

        try:
            try:
                batch, count = await transact(work)
            except FAULTS as error:
                await transact(partial(_give_up, guilty, f"Internal error while matching: {type(error).__name__}"))
                settled += len(guilty)
                continue
        except Exception:  # what was settled so far is committed, and known only here: it is to be performed all the same
            log.exception("matching stopped half-way")
            break
        whole.attempts += batch.attempts
        whole.changes += batch.changes
        settled += count
        if not count:
            break
    return whole, settled


async def _give_up(event_ids: Sequence[UUID], reason: str, connection: Connection) -> None:
    await connection.executemany(SETTLE, [(event_id, Disposition.ERROR.value, reason, [], None) for event_id in event_ids])


async def _match(connection: Connection, events: Sequence[Mapping[str, Any]], timing: Timing, lease: timedelta) -> tuple[Batch, int]:
    if not events:
        return Batch(), 0
    contact_ids = sorted({e["contact_id"] for e in events if e["contact_id"] is not None})
    account_ids = list({e["user_id"] for e in events})
    contacts = {row["id"]: row for row in await connection.fetch(CONTACTS, contact_ids)}
    accounts = {row["id"]: row for row in await connection.fetch(ACCOUNTS, account_ids)}
    candidates, versions = await _candidates(connection, account_ids)
    history = {
        row["contact_id"]: History(row["last_at"], frozenset(row["live"] or ())) for row in await connection.fetch(HISTORY, contact_ids)
    }
    suppressed = await suppressed_of(connection, [person_of(row["user_id"], row["id"], row) for row in contacts.values()])
    settled: list[tuple[Any, ...]] = []
    executions: list[tuple[Any, ...]] = []
    # An arrival may bring a tag or a field that is the goal of what was begun for this person before.
    changes: list[LiveChange] = await goals.note_contacts(connection, list(history))
    now: datetime = events[0]["now"]
    for event in events:
        contact = contacts.get(event["contact_id"])
        if contact is None:
            settled.append((event["id"], Disposition.ERROR.value, "The contact was deleted before the lead was matched", [], None))
            continue
        past, closed = history.get(contact["id"], History()), suppressed.get(contact["id"], ())
        found = _decide(event, contact, accounts[event["user_id"]], candidates[event["user_id"]], past, closed, now)
        execution_id = new_id() if found.flow is not None else None
        if found.flow is not None:
            winner = next(t for t in found.trace if t["flow_id"] == str(found.flow.flow_id))
            metadata = {"trigger_source": event["lead_source"], "matched_conditions": winner["conditions"]}
            lead_at = min(event["source_created_at"] or event["received_at"], event["received_at"])
            executions.append((
                execution_id, found.flow.flow_id, versions[found.flow.flow_id], contact["id"], event["user_id"], event["id"], now, metadata,
                event["bulk"], lead_at, window_end(found.flow.definition.goal, lead_of(contact), now),
            ))  # fmt: skip
            known = history.get(contact["id"], History())
            history[contact["id"]] = History(now, known.live_flow_ids | {found.flow.flow_id})
        settled.append((event["id"], found.disposition.value, found.reason, found.trace, execution_id))
        changes.append(LiveChange(event["user_id"], execution_id=execution_id, lead_event_id=event["id"], kind="lead"))
    if executions:
        await connection.executemany(ADD_EXECUTION, executions)
    await connection.executemany(SETTLE, settled)
    batch = await lock_and_advance(connection, [e[0] for e in executions], timing, lease) if executions else Batch()
    batch.changes += changes
    return batch, len(events)


def _decide(
    event: Mapping[str, Any],
    contact: Mapping[str, Any],
    account: Mapping[str, Any],
    candidates: Sequence[Candidate],
    past: History,
    suppressed: Sequence[Suppressed],
    now: datetime,
) -> Match:
    settings, hours = account_settings(account["settings"]), account["default_business_hours"]
    # The trigger looks at this arrival's source and entry type, not at how the contact first came in.
    lead: Lead = replace(lead_of(contact), lead_source=event["lead_source"], entry_type=event["entry_type"])
    default_hours = BusinessHours.model_validate(hours) if hours else None
    holidays, zone = holidays_of(settings, now), account["timezone"]
    return match(lead, candidates, past, settings, default_hours, contact["consent"], holidays, now, suppressed, zone)


async def _candidates(connection: Connection, account_ids: list[UUID]) -> tuple[dict[UUID, list[Candidate]], dict[UUID, UUID]]:
    rows = await connection.fetch(FLOWS, account_ids)
    definitions = await definitions_of(connection, {row["version_id"] for row in rows})
    candidates: dict[UUID, list[Candidate]] = defaultdict(list)
    for row in rows:
        candidates[row["user_id"]].append(Candidate(row["id"], row["name"], row["priority"], definitions[row["version_id"]]))
    return candidates, {row["id"]: row["version_id"] for row in rows}
