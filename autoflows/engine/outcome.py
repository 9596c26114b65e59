"""What providers tell us, recorded once and applied to the attempt it is about, in one transaction; then the execution is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.domain.evidence import OUT, Attempted, Change, weigh
from autoflows.domain.executions import LogStatus
from autoflows.domain.outcomes import CallOutcome, ErrorClass, EventKind, MessageState, ProviderEvent
from autoflows.engine import breaker, control, doorbell, goals, live, parking, suppression
from autoflows.engine.pool import Connection, transact
from autoflows.ids import new_id
from autoflows.settings import get_settings

ADD_EVENT = """
INSERT INTO provider_events (id, channel_id, provider_event_id, kind, provider_ref, action_log_id, received_at, occurred_at, applied, note,
                             event, payload)
VALUES ($1, $2, $3, $4, $5, NULL, clock_timestamp(), $6, false, '', $7, $8)
ON CONFLICT (channel_id, provider_event_id) DO NOTHING RETURNING id
"""
# The attempt an event is about: by our id if the provider echoed it, else by its own name for it. Never another account's or channel's.
FIND_LOG = """
SELECT l.id FROM flow_action_logs l JOIN channels c ON c.id = $1 AND c.user_id = l.user_id
WHERE l.id = $2 AND (l.channel_id IS NULL OR l.channel_id = $1)
UNION ALL SELECT id FROM flow_action_logs WHERE channel_id = $1 AND provider_ref = $3
LIMIT 1
"""
# A reply without a reference is about the latest message or call to that address.
FIND_REPLIED = """
SELECT l.id FROM flow_action_logs l JOIN channels ch ON ch.id = $1 JOIN contacts c ON c.id = l.contact_id
WHERE c.user_id = ch.user_id AND c.phone = $2 AND l.channel_id = $1 AND l.status <> 'failed' AND l.started_at > now() - interval '7 days'
ORDER BY l.started_at DESC LIMIT 1
"""
# A contact without any address was erased: what is told of them afterwards is weighed, and not kept.
ERASED = "c.phone IS NULL AND c.phone_raw IS NULL AND c.email IS NULL"
LOCK_LOGS = f"""
SELECT l.id, l.flow_execution_id, l.user_id, l.status, l.outcome, l.message_state,
  l.result_data ? 'resolved' AS resolved, l.result_data->>'conversation_duration' AS seconds, {ERASED} AS erased
FROM flow_action_logs l JOIN contacts c ON c.id = l.contact_id WHERE l.id = ANY($1) ORDER BY l.id FOR UPDATE OF l
"""  # noqa: S608
FORGET_RESULTS = f"""
UPDATE flow_action_logs l SET result_data = '{{}}', error_message = NULL
FROM contacts c WHERE l.id = ANY($1) AND c.id = l.contact_id AND {ERASED}
"""  # noqa: S608
FORGET_EVENT = "UPDATE provider_events SET event = '{}', payload = '{}' WHERE id = $1"
CHANGE_LOG = """
UPDATE flow_action_logs SET
  completed_at = CASE WHEN $2::text IS NOT NULL AND completed_at IS NULL THEN clock_timestamp() ELSE completed_at END,
  answered_at = COALESCE(answered_at, clock_timestamp()), channel_id = COALESCE(channel_id, $9), provider_ref = COALESCE(provider_ref, $10),
  status = COALESCE($2::text, status), outcome = COALESCE($3, outcome), message_state = COALESCE($4, message_state),
  error_class = COALESCE($5, error_class), error_code = COALESCE($6, error_code), error_message = COALESCE($7, error_message),
  result_data = result_data || $8, wait_until = COALESCE($11, wait_until)
WHERE id = $1
"""
NOTE_EVENT = "UPDATE provider_events SET action_log_id = $2, applied = $3, note = $4 WHERE id = $1"
WAKE = """
UPDATE flow_executions SET due_at = clock_timestamp(),
  first_conversation_at = CASE WHEN id = ANY($2) THEN COALESCE(first_conversation_at, clock_timestamp()) ELSE first_conversation_at END
WHERE id = ANY($1) AND status = 'running'
"""
LAST_OUTCOME = """(
  SELECT l.outcome FROM flow_action_logs l WHERE l.flow_execution_id = e.id AND l.outcome IS NOT NULL
  ORDER BY l.action_order DESC, l.attempt DESC LIMIT 1
)"""
# What is heard after the end. One that runs takes its last outcome over as it moves on.
HEARD_LATE = f"""
UPDATE flow_executions e SET last_outcome = {LAST_OUTCOME}, first_conversation_at =
  CASE WHEN id = ANY($2) THEN COALESCE(first_conversation_at, clock_timestamp()) ELSE first_conversation_at END
WHERE id = ANY($1) AND status <> 'running'
"""  # noqa: S608
LOCK_EXECUTIONS = "SELECT id, status FROM flow_executions WHERE id = ANY($1) ORDER BY id FOR UPDATE"
OWNERLESS = "SELECT id FROM provider_events WHERE channel_id = $1 AND provider_event_id = $2 AND action_log_id IS NULL"
REF_LOCKS = "SELECT pg_advisory_xact_lock(hashtextextended(name, 11)) FROM unnest($1::text[]) AS name"
EARLY = """
SELECT id, channel_id, event FROM provider_events
WHERE action_log_id IS NULL AND (channel_id, provider_ref) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
"""
TEMPLATE = """
UPDATE whatsapp_templates SET status = $3, updated_at = now() WHERE channel_id = $1 AND (provider_template_id = $2 OR name = $4)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """Events of a channel that are new, each with its row and the attempt it is about, and what people said in them of being contacted."""

    channel_id: UUID
    about: Sequence[tuple[UUID, ProviderEvent, UUID | None]]
    heeded: suppression.Heeded = field(default_factory=suppression.Heeded)


@dataclass(slots=True)
class Written:
    """What a set of events changed. After the commit `changes` are news for browsers, and the calls of those who opted out, `ended`, are
    stopped; before it, lines that calls have `freed` are given on, and the channel's breaker heeds the `signs`."""

    new: int = 0
    changes: list[live.LiveChange] = field(default_factory=list)
    freed: list[tuple[UUID, UUID | None]] = field(default_factory=list)
    signs: list[breaker.Sign] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)


async def record(channel_id: UUID, events: Sequence[ProviderEvent]) -> int:
    """Take a provider's events in, once each, and wake what they concern. Gives the number that were new. Raises Unavailable."""
    if not events:
        return 0

    async def work(connection: Connection) -> Written:
        written = await write(connection, channel_id, events)
        await parking.free_lines(connection, written.freed)
        pause = timedelta(seconds=get_settings().breaker_pause_seconds)
        written.changes += await breaker.heed(connection, written.signs, pause)
        return written

    written = await transact(work)
    if written.changes:
        await doorbell.ring()
        live.publish(written.changes)
    control.stop_calls(written.ended)
    return written.new


async def write(connection: Connection, channel_id: UUID, events: Sequence[ProviderEvent]) -> Written:
    """The same inside a transaction, at whose end the caller frees the lines."""
    return await apply(connection, await add(connection, channel_id, events))


async def add(connection: Connection, channel_id: UUID, events: Sequence[ProviderEvent], attempt_id: UUID | None = None) -> Told:
    """Record those that are new, find the attempts they are about, and heed who opts out; `attempt_id` names the attempt when we asked for
    it ourselves.

    Comes before any attempt is locked, everywhere: who is second with an event waits here, and must not hold what the first one needs.
    """
    nameless = {(channel_id, event.provider_ref) for event in events if event.attempt_id is None and event.provider_ref is not None}
    if attempt_id is None:
        await lock_refs(connection, list(nameless))
    new: list[tuple[UUID, ProviderEvent]] = []
    for event in events:
        row_id = await connection.fetchval(
            ADD_EVENT,
            new_id(),
            channel_id,
            event.event_id[:255],
            event.kind.value,
            event.provider_ref,
            event.occurred_at,
            _stored(event),
            event.raw,
        )
        if row_id is None and attempt_id is not None:  # what we asked for had come before, and nobody knew then whose it was
            row_id = await connection.fetchval(OWNERLESS, channel_id, event.event_id[:255])
        if row_id is not None:
            new.append((row_id, event))
        if event.kind is EventKind.TEMPLATE and row_id is not None:
            await connection.execute(
                TEMPLATE, channel_id, event.data.get("provider_template_id"), event.data.get("status"), event.data.get("name")
            )
    about = [(row_id, event, attempt_id or await _attempt_of(connection, channel_id, event)) for row_id, event in new]
    return Told(channel_id, about, await suppression.heed(connection, channel_id, [(event, log_id) for _, event, log_id in about]))


async def lock_refs(connection: Connection, refs: Sequence[tuple[UUID, str]]) -> None:
    """Settle who is first: the transaction that tells us a provider's name for an attempt, or the event that only knows that name.

    Without it an event could look for the attempt just before the name is committed, and be looked for just before it is committed itself.
    """
    if refs:
        await connection.execute(REF_LOCKS, sorted(f"{channel_id}:{ref}" for channel_id, ref in refs))


async def claim_early(connection: Connection, refs: Sequence[tuple[UUID, str]]) -> list[tuple[UUID, UUID | None]]:
    """Apply events that came before the attempt knew the provider's name for it (a webhook faster than the answer). Gives freed lines."""
    freed: list[tuple[UUID, UUID | None]] = []
    if not refs:
        return freed
    rows = await connection.fetch(EARLY, [channel for channel, _ in refs], [ref for _, ref in refs])
    for row in rows:
        event = _restored(row["event"])
        found = await connection.fetchval(FIND_LOG, row["channel_id"], None, event.provider_ref)
        if found is not None:
            freed += (await apply(connection, Told(row["channel_id"], [(row["id"], event, found)]))).freed
    return freed


async def _attempt_of(connection: Connection, channel_id: UUID, event: ProviderEvent) -> UUID | None:
    if event.attempt_id is None and event.provider_ref is None and event.address is None:
        return None
    found: UUID | None = await connection.fetchval(FIND_LOG, channel_id, event.attempt_id, event.provider_ref)
    if found is None and event.kind is EventKind.REPLY and event.address:
        found = await connection.fetchval(FIND_REPLIED, channel_id, event.address)
    return found


async def apply(connection: Connection, told: Told) -> Written:
    """Weigh each event against its attempt, in order, and note the goals that are met. Locks are taken in id order, logs before executions,
    as everywhere."""
    channel_id, about, heeded = told.channel_id, told.about, told.heeded
    ids = sorted({log_id for _, _, log_id in about if log_id is not None})
    locked = {row["id"]: row for row in await connection.fetch(LOCK_LOGS, ids)} if ids else {}
    standing = {
        log_id: Attempted(
            LogStatus(row["status"]),
            CallOutcome(row["outcome"]) if row["outcome"] else None,
            MessageState(row["message_state"]) if row["message_state"] else None,
            row["resolved"],
        )
        for log_id, row in locked.items()
    }
    wakes: set[UUID] = set(heeded.execution_ids)
    conversed: set[UUID] = set()
    called: set[UUID] = set()
    happenings: list[goals.Happening] = []
    changes: set[live.LiveChange] = set()
    written = Written(len(about), ended=heeded.execution_ids)
    if heeded.account_id:
        changes = {live.LiveChange(heeded.account_id, kind="contact")}
        changes |= {live.LiveChange(heeded.account_id, execution_id=ended) for ended in wakes}
    for row_id, event, log_id in about:
        if log_id is None or log_id not in locked:
            await connection.execute(NOTE_EVENT, row_id, None, False, "No attempt of ours is named by it")
            continue
        change = weigh(standing[log_id], event)
        if locked[log_id]["erased"]:
            change = replace(change, data={}, error_message=None)
            await connection.execute(FORGET_EVENT, row_id)
        execution_id = locked[log_id]["flow_execution_id"]
        reply = event.kind is EventKind.REPLY
        await _change(connection, channel_id, log_id, change, None if reply else event.provider_ref)
        await connection.execute(NOTE_EVENT, row_id, log_id, not change.note, change.note[:255])
        before = standing[log_id]
        standing[log_id] = replace(
            before,
            status=change.status or before.status,
            outcome=change.outcome or before.outcome,
            message_state=change.message_state or before.message_state,
        )
        changes.add(live.LiveChange(locked[log_id]["user_id"], execution_id=execution_id))
        if change.wakes:
            wakes.add(execution_id)
        if event.kind is EventKind.CALL and before.status in OUT and (change.status or change.postponed_until):
            written.freed.append((locked[log_id]["user_id"], channel_id))
        if change.error_class is ErrorClass.ACCOUNT and not event.data.get("template_only"):
            written.signs.append(breaker.Sign(channel_id, change.error_message or "The provider refused", mend=True))
        if change.outcome is not None:
            called.add(execution_id)
        if change.outcome is CallOutcome.ANSWERED or change.message_state is MessageState.REPLIED:
            conversed.add(execution_id)
        if change.data or not change.note:
            after, seconds = standing[log_id], event.data.get("conversation_duration", locked[log_id]["seconds"])
            reached = after.outcome if event.kind is EventKind.CALL else None
            if reached is CallOutcome.ANSWERED or change.message_state is MessageState.REPLIED:
                happenings.append(goals.Happening(execution_id, reached, change.message_state, _number(seconds), event.occurred_at))
    touched = wakes | {happening.execution_id for happening in happenings}
    rows = await connection.fetch(LOCK_EXECUTIONS, sorted(touched)) if touched else []
    if wakes:
        await connection.execute(WAKE, sorted(wakes), sorted(conversed))
    if over := [row["id"] for row in rows if row["status"] != "running" and row["id"] in called | conversed]:
        await connection.execute(HEARD_LATE, over, sorted(conversed))
    changes |= set(await goals.note_happenings(connection, happenings))
    written.changes = list(changes)
    return written


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


async def _change(connection: Connection, channel_id: UUID, log_id: UUID, change: Change, ref: str | None) -> None:
    if change.note and not change.data:
        return
    await connection.execute(
        CHANGE_LOG,
        log_id,
        change.status.value if change.status else None,
        change.outcome.value if change.outcome else None,
        change.message_state.value if change.message_state else None,
        change.error_class.value if change.error_class else None,
        change.error_code,
        change.error_message,
        change.data,
        channel_id,
        ref,
        change.postponed_until,
    )


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _stored(event: ProviderEvent) -> dict[str, Any]:
    stored = {key: value for key, value in asdict(event).items() if key != "raw" and value not in (None, {}, False)}
    return {**stored, **{name: value.isoformat() for name, value in stored.items() if isinstance(value, datetime)}}


def _restored(stored: dict[str, Any]) -> ProviderEvent:
    return ProviderEvent(
        event_id=stored["event_id"],
        kind=EventKind(stored["kind"]),
        attempt_id=UUID(stored["attempt_id"]) if stored.get("attempt_id") else None,
        provider_ref=stored.get("provider_ref"),
        call_outcome=CallOutcome(stored["call_outcome"]) if stored.get("call_outcome") else None,
        message_state=MessageState(stored["message_state"]) if stored.get("message_state") else None,
        terminal=bool(stored.get("terminal")),
        error_class=ErrorClass(stored["error_class"]) if stored.get("error_class") else None,
        error_code=stored.get("error_code"),
        error_message=stored.get("error_message"),
        address=stored.get("address"),
        text=stored.get("text"),
        occurred_at=_moment(stored.get("occurred_at")),
        postponed_until=_moment(stored.get("postponed_until")),
        data=stored.get("data") or {},
    )
