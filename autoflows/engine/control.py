"""What people do to work that is under way: cancel it, wake it, start it by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from autoflows.domain.errors import Conflict, Invalid, NotFound
from autoflows.domain.leads import has_dnc
from autoflows.domain.queues import line_queue, quota_queue, rate_queue
from autoflows.domain.suppressions import closing
from autoflows.engine import breaker, doorbell, goals, live, parking
from autoflows.engine.advance import UNREADABLE
from autoflows.engine.audit import note
from autoflows.engine.background import spawn
from autoflows.engine.pool import Connection, get_pool, transact
from autoflows.engine.suppression import live_of, person_of, suppressed_of
from autoflows.ids import new_id
from autoflows.providers import get_provider
from autoflows.providers.connections import connect

log = logging.getLogger(__name__)

FIND = "SELECT status FROM flow_executions WHERE id = $1 AND user_id = $2 FOR UPDATE"
# Locked by id, as everywhere. What is over already is left alone.
CANCEL = """
WITH chosen AS MATERIALIZED (
  SELECT id, CASE WHEN due_at <= clock_timestamp() THEN parked_on END AS turn_of
  FROM flow_executions WHERE id = ANY($1) AND status = 'running' ORDER BY id FOR UPDATE
)
UPDATE flow_executions e SET status = 'cancelled', fence = fence + 1, due_at = NULL, completed_at = now(), waiting_reason = NULL,
  waiting_until = NULL, waiting_rule = NULL, parked_on = NULL, parked_at = NULL, error_message = $2
FROM chosen WHERE e.id = chosen.id RETURNING e.id, e.user_id, chosen.turn_of
"""
# What is out at a provider keeps its row open, so that its result is still recorded; a wait or a pending step ends here.
CANCEL_LOGS = """
UPDATE flow_action_logs SET status = 'cancelled', completed_at = now(), error_message = $2
WHERE flow_execution_id = ANY($1) AND status IN ('pending', 'running') AND (action_type = 'wait' OR status = 'pending')
"""
MAX_ASKS = 3
STOPS_AT_ONCE = 10
ASK_AGAIN_AFTER = timedelta(seconds=4)
# Calls that may still queue at their provider: of these executions, or of all that have ended. Asking is noted first, so that no two
# workers ask at once.
TAKE_OUT = """
WITH out AS MATERIALIZED (
  SELECT l.id FROM flow_action_logs l JOIN flow_executions e ON e.id = l.flow_execution_id
  WHERE l.status = 'running' AND l.action_type = 'ai_call' AND l.provider_ref IS NOT NULL
    AND (e.status <> 'running' OR $1::uuid[] IS NOT NULL)
    AND COALESCE((l.result_data->>'stops_asked')::int, 0) < $2
    AND COALESCE((l.result_data->>'stop_asked_at')::timestamptz, '-infinity') < now() - $4::interval
    AND ($1::uuid[] IS NULL OR l.flow_execution_id = ANY($1))
  ORDER BY l.id LIMIT $3 FOR UPDATE OF l SKIP LOCKED
)
UPDATE flow_action_logs l
SET result_data = l.result_data
  || jsonb_build_object('stops_asked', COALESCE((l.result_data->>'stops_asked')::int, 0) + 1, 'stop_asked_at', now())
FROM channels c WHERE c.id = l.channel_id AND l.id IN (SELECT id FROM out)
RETURNING l.id, l.user_id, l.flow_execution_id, l.provider_ref, l.channel_id, c.provider, c.credentials, c.settings
"""
STOPPED = """
UPDATE flow_action_logs SET status = 'cancelled', completed_at = now(), result_data = result_data || '{"stopped_at_provider": true}'
WHERE id = $1 AND status = 'running' RETURNING id
"""
WAKE_ONE = "UPDATE flow_executions SET due_at = now() WHERE id = $1 AND status = 'running'"
NOT_STOPPED = """
UPDATE flow_action_logs SET result_data = result_data || '{"stopped_at_provider": false}' WHERE id = $1 AND status = 'running'
"""
# A page of those that a rule holds, or that could not be read; and of those in one queue. Locked by id, as everywhere, so that no worker
# and no wake wait for each other. Whom a worker holds that still goes by what was lifted is waited for, and woken after it.
WAKE_PAGE = """
WITH chosen AS MATERIALIZED (
  SELECT id FROM flow_executions WHERE {which} AND status = 'running' AND id > $2 ORDER BY id LIMIT $3 FOR UPDATE
), woken AS (UPDATE flow_executions e SET due_at = clock_timestamp() FROM chosen WHERE e.id = chosen.id AND e.status = 'running')
SELECT id FROM chosen ORDER BY id DESC LIMIT 1
"""
WAKE_ACCOUNT = WAKE_PAGE.format(which="user_id = $1 AND (waiting_rule IS NOT NULL OR waiting_reason = $4)")
WAKE_QUEUE = WAKE_PAGE.format(which="parked_on = $1")
PAGE = 5_000
"""Executions woken in one transaction: a hundred thousand in one would hold up workers for seconds, a million would not end in time."""
WAKE_CONTACT = """
UPDATE flow_executions SET due_at = now() WHERE status = 'running' AND id IN (
  SELECT id FROM flow_executions WHERE contact_id = $1 AND status = 'running' ORDER BY id FOR UPDATE)
"""
WAKE = "UPDATE flow_executions SET due_at = now() WHERE id = ANY($1) AND status = 'running'"
CONTACT = """
SELECT c.tags, c.phone, c.email, c.other_phones, c.other_emails, u.timezone AS zone FROM contacts c JOIN users u ON u.id = c.user_id
WHERE c.id = $1 AND c.user_id = $2 FOR NO KEY UPDATE OF c
"""
ENROL = """
INSERT INTO flow_executions (id, flow_id, flow_version_id, contact_id, user_id, triggered_at, status, current_action_step, metadata,
                             is_test_run, bulk, due_at, fence, lead_at)
SELECT $1, f.id, v.id, $3, f.user_id, now(), 'running', 1, $5, false, false, now(), 0, now()
FROM auto_engagement_flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.version
WHERE f.id = $2 AND f.user_id = $4 AND f.deleted_at IS NULL
ON CONFLICT DO NOTHING RETURNING id
"""

_stopping: set[asyncio.Task[None]] = set()


async def cancel(account_id: UUID, execution_id: UUID, reason: str, actor_id: UUID | None) -> None:
    """Cancel a running execution: nothing more is sent, what was sent stays sent. Raises NotFound, and Conflict when it is over already.

    Calls that still queue at a provider are stopped there where the provider can; one in progress goes on, and its outcome is recorded.
    """
    why = reason.strip()[:500] or "Cancelled by hand"

    async def work(connection: Connection) -> None:
        status = await connection.fetchval(FIND, execution_id, account_id)
        if status is None:
            raise NotFound("There is no such execution in this account")
        if status != "running":
            raise Conflict(f"This execution is over already ({status}), so it cannot be cancelled")
        await end(connection, [execution_id], why)
        await note(connection, account_id, actor_id, "execution.cancelled", "execution", execution_id, {"reason": why})

    await transact(work)
    live.publish([live.LiveChange(account_id, execution_id=execution_id)])
    await stop_at_providers(execution_id)


async def end(connection: Connection, execution_ids: Sequence[UUID], why: str) -> list[UUID]:
    """Cancel those of these executions that still run, in the caller's transaction; gives their ids."""
    rows = await connection.fetch(CANCEL, list(execution_ids), why)
    ended = [row["id"] for row in rows]
    await connection.execute(CANCEL_LOGS, ended, why)
    await parking.pass_turns(connection, [(row["user_id"], row["turn_of"]) for row in rows if row["turn_of"]])
    return ended


async def stop_at_providers(*execution_ids: UUID) -> int:
    """Ask providers to drop calls that have not begun: of these executions, else of any that has ended. Gives how many it asked.

    Best effort, and at most `MAX_ASKS` times a call: workers ask again for what was not stopped, and a webhook tells of the rest.
    An execution that still runs, such as one of a person who opted out, goes on without waiting for the call's outcome.
    """
    pool = await get_pool()
    rows = await pool.fetch(TAKE_OUT, list(execution_ids) or None, MAX_ASKS, max(len(execution_ids), STOPS_AT_ONCE), ASK_AGAIN_AFTER)
    for start in range(0, len(rows), STOPS_AT_ONCE):
        await asyncio.gather(*(_stop(row) for row in rows[start : start + STOPS_AT_ONCE]))
    live.publish(live.LiveChange(row["user_id"], execution_id=row["flow_execution_id"]) for row in rows)
    return len(rows)


async def _stop(row: Mapping[str, Any]) -> None:
    try:
        connection = connect(row["channel_id"], row["provider"], row["credentials"], row["settings"])
        stopped = await get_provider(row["provider"]).cancel(connection, row["provider_ref"])
    except Exception as error:  # the cancel itself is done; what its provider does not tell, its webhook will
        log.warning("call %s could not be stopped at its provider: %s", row["provider_ref"], error)
        return
    await transact(partial(_note_stop, row, stopped))
    await doorbell.ring()


async def _note_stop(row: Mapping[str, Any], stopped: bool, connection: Connection) -> None:
    if not stopped:
        await connection.execute(NOT_STOPPED, row["id"])
    elif await connection.fetchval(STOPPED, row["id"]) is not None:
        await connection.execute(WAKE_ONE, row["flow_execution_id"])
        await parking.free_lines(connection, [(row["user_id"], row["channel_id"])])


async def _wake_all(page: str, whose: object, *more: object) -> None:
    """Page after page, each in a transaction of its own: what is woken stays so."""
    last: UUID | None = UUID(int=0)
    while last is not None:

        async def work(connection: Connection, after: UUID = last) -> UUID | None:
            found: UUID | None = await connection.fetchval(page, whose, after, PAGE, *more)
            return found

        last = await transact(work)


async def wake_queue(account_id: UUID, queue: str) -> None:
    """Let those who stand in one queue be looked at again, after what held them was lifted."""
    await _wake_all(WAKE_QUEUE, queue)
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="account")])


async def wake_channel(account_id: UUID, channel_id: UUID) -> None:
    """Look again at everything that waits for a channel, after it or its limits changed; one that its breaker holds is tried at once."""
    await transact(lambda connection: parking.let_pass(connection, account_id))
    for queue in (line_queue(channel_id), rate_queue(channel_id), quota_queue(channel_id)):
        await _wake_all(WAKE_QUEUE, queue)
    await transact(lambda connection: breaker.let_through(connection, channel_id))
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="channel")])


async def wake_account(account_id: UUID) -> None:
    """Look again at everything of an account that a rule holds, after its rules changed (kill switch, hours, limits)."""
    await transact(lambda connection: parking.let_pass(connection, account_id))
    await _wake_all(WAKE_ACCOUNT, account_id, UNREADABLE)
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="account")])


async def wake_contact(account_id: UUID, contact_id: UUID) -> None:
    """Look again at everything of one contact, after its tags or addresses changed."""
    await transact(lambda connection: connection.execute(WAKE_CONTACT, contact_id))
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="contact")])


async def enforce(account_id: UUID, addresses: Sequence[str]) -> None:
    """Look again at once at everything that runs for the people of these addresses, after a suppression, and stop what queues."""

    async def work(connection: Connection) -> list[UUID]:
        ids = await live_of(connection, account_id, addresses)
        await connection.execute(WAKE, ids)
        return ids

    ids = await transact(work)
    if ids:
        await doorbell.ring()
        live.publish([live.LiveChange(account_id, execution_id=execution_id) for execution_id in ids])
        stop_calls(ids)


def stop_calls(execution_ids: Sequence[UUID]) -> None:
    """`stop_at_providers` for these, in the background."""
    if execution_ids:
        spawn(partial(stop_at_providers, *execution_ids), _stopping)


async def enrol(account_id: UUID, contact_id: UUID, flow_id: UUID, actor_id: UUID | None) -> UUID:
    """Start a flow for a contact by hand; gives the execution's id. Cooldown does not hold a person's own decision up, DNC does.

    Raises NotFound (flow or contact), Invalid (do-not-call, suppressed) and Conflict (the flow runs for this contact already).
    """

    async def work(connection: Connection) -> UUID:
        contact = await connection.fetchrow(CONTACT, contact_id, account_id)
        if contact is None:
            raise NotFound("There is no such contact in this account")
        if has_dnc(list(contact["tags"])):
            raise Invalid("This contact has the DNC tag, so no flow can be started for it")
        found = await suppressed_of(connection, [person_of(account_id, contact_id, contact)])
        if (closed := closing(found.get(contact_id, ()))) is not None:
            raise Invalid(f"No flow can be started for this contact. {closed.sentence(contact['zone'])}")
        known = await connection.fetchval(
            "SELECT 1 FROM auto_engagement_flows WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL", flow_id, account_id
        )
        if known is None:
            raise NotFound("There is no such flow in this account")
        metadata = {"trigger_source": "manual", "matched_conditions": []}
        added: UUID | None = await connection.fetchval(ENROL, new_id(), flow_id, contact_id, account_id, metadata)
        if added is None:
            raise Conflict("This flow runs for this contact already")
        await goals.open_window(connection, added)
        await note(connection, account_id, actor_id, "contact.enrolled", "execution", added, {"flow_id": str(flow_id)})
        return added

    execution_id = await transact(work)
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, execution_id=execution_id)])
    return execution_id
