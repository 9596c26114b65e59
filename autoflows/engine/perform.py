"""The one place that calls providers: an attempt whose write-ahead row is committed goes out, and what came of it is recorded.

Nothing here retries. What cannot be known stays unknown and is looked up later by `decide`'s word.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from autoflows.actions import ACTIONS, validate_config
from autoflows.actions.base import ActionContext, CannotPerform, Prepared
from autoflows.domain.decisions import Timing
from autoflows.domain.errors import AutoflowsError
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType
from autoflows.domain.outcomes import Accepted, ErrorClass, MessageState, ProviderEvent, Refused, SendResult, Unanswered
from autoflows.engine import breaker, outcome, parking, suppression
from autoflows.engine.advance import lock_and_advance
from autoflows.engine.batch import Attempt, Batch
from autoflows.engine.capacity import Charge, refund
from autoflows.engine.pool import LOST, Connection, get_pool
from autoflows.providers import get_provider
from autoflows.providers.base import Connection as ChannelConnection
from autoflows.providers.connections import connect
from autoflows.settings import get_settings

log = logging.getLogger(__name__)

CACHE_SECONDS = 1.0
TABLES = frozenset({"agents", "phone_numbers", "whatsapp_numbers", "whatsapp_templates", "email_templates", "channels"})
GRACE = 5.0  # beyond an adapter's own timeout, before it is taken for stuck


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt, as it is written to its log."""

    attempt: Attempt
    status: LogStatus
    channel_id: UUID | None = None
    provider_ref: str | None = None
    answered: bool = False
    message_state: MessageState | None = None
    error_class: ErrorClass | None = None
    error_code: str | None = None
    error_message: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    cost: int | None = None
    events: Sequence[ProviderEvent] = ()
    suppress: bool = False


class Catalogue:
    """Rows that actions name, remembered for a second: a burst of leads does not ask for the same agent a thousand times."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, UUID, UUID], tuple[float, Mapping[str, Any] | None]] = {}

    async def get(self, account_id: UUID, table: str, item_id: UUID, *, fresh: bool = False) -> Mapping[str, Any] | None:
        """The row of one of `TABLES`, or None if the account has no such row; `fresh`: as it is now."""
        if table not in TABLES:
            raise ValueError(table)
        key, now = (table, account_id, item_id), time.monotonic()
        if not fresh and (known := self._rows.get(key)) is not None and known[0] > now:
            return known[1]
        pool = await get_pool()
        row: Mapping[str, Any] | None = await pool.fetchrow(f"SELECT * FROM {table} WHERE id = $1 AND user_id = $2", item_id, account_id)  # noqa: S608
        if len(self._rows) > 5000:
            self._rows.clear()
        self._rows[key] = (now + CACHE_SECONDS, row)
        return row


_catalogue = Catalogue()


async def perform(attempt: Attempt) -> Result:
    """Make the attempt, or look up an old one. Never raises but for cancellation."""
    if attempt.lookup_of is not None:
        return await _look_up(attempt)
    try:
        prepared = await _prepare(attempt)
        # A probe asks whether the channel was mended, so it must not go by what was remembered.
        channel, connection = await _open(attempt.run.account_id, prepared.channel_id, fresh=attempt.probe)
        if _is_stale(attempt):
            return _not_sent(attempt, ErrorClass.TRANSIENT, "internal", "Not sent: this worker had stood still for too long")
    except CannotPerform as problem:
        return _not_sent(attempt, ErrorClass.PERMANENT, "cannot_perform", str(problem))
    except AutoflowsError as problem:
        return _not_sent(attempt, ErrorClass.ACCOUNT, "configuration", problem.detail)
    except (*LOST, TimeoutError) as error:
        log.warning("attempt %s not made: %s", attempt.log_id, error)
        return _not_sent(attempt, ErrorClass.TRANSIENT, "internal", "Not sent: our database was away")
    except Exception as error:
        log.exception("attempt %s cannot be prepared", attempt.log_id)
        return _not_sent(attempt, ErrorClass.PERMANENT, "internal", f"Not sent: internal error ({type(error).__name__})")
    return await _send(attempt, prepared, channel, connection)


def _is_stale(attempt: Attempt) -> bool:
    """Whether others may have given the attempt up by now, since this process stood still: then it must not be made any more."""
    settings = get_settings()
    return time.monotonic() - attempt.claimed > settings.provider_timeout_seconds + settings.unknown_grace_seconds


def _not_sent(attempt: Attempt, error_class: ErrorClass, code: str, message: str) -> Result:
    return Result(attempt, LogStatus.FAILED, error_class=error_class, error_code=code, error_message=message)


async def _open(account_id: UUID, channel_id: UUID, *, fresh: bool = False) -> tuple[Mapping[str, Any], ChannelConnection]:
    row = await _catalogue.get(account_id, "channels", channel_id, fresh=fresh)
    if row is None:
        raise CannotPerform("The channel of this step is not there any more")
    if row["status"] == "disabled":
        raise CannotPerform(f"The channel '{row['name']}' is disabled")
    return row, connect(row["id"], row["provider"], row["credentials"], row["settings"])


async def _prepare(attempt: Attempt) -> Prepared:
    run, spec = attempt.run, ACTIONS.get(attempt.action.action_type)
    if spec is None or spec.prepare is None:
        raise CannotPerform(f"'{attempt.action.action_type}' steps cannot be performed")
    calls = [r for r in run.logs if r.log.action_type is ActionType.AI_CALL and r.log.outcome is not None]
    last = calls[-1] if calls else None
    context = ActionContext(
        attempt_id=attempt.log_id,
        config=validate_config(attempt.action.action_type, attempt.action.action_config),
        lead=run.lead,
        account_name=run.account_name,
        flow_name=run.flow_name,
        call={"outcome": str(last.log.outcome), "summary": str(last.data.get("summary") or "")} if last else {},
        resolve=lambda table, item_id: _catalogue.get(run.account_id, table, item_id),
        account_id=run.account_id,
    )
    return await spec.prepare(context)


async def _send(attempt: Attempt, prepared: Prepared, channel: Mapping[str, Any], connection: ChannelConnection) -> Result:
    provider = get_provider(channel["provider"])
    shown = {"channel": channel["name"], **prepared.shown}
    try:
        async with asyncio.timeout(get_settings().provider_timeout_seconds + GRACE):
            answer: SendResult = await provider.send(connection, prepared.message)
    except TimeoutError:
        answer = Unanswered("No answer within the time limit")
    except Exception as error:  # whatever it is, the request may have gone out before: it is never taken for "not sent"
        log.exception("attempt %s broke", attempt.log_id)
        answer = Unanswered(f"Internal error: {type(error).__name__}")
    match answer:
        case Accepted(ref, data):
            waits = attempt.action.action_type is ActionType.AI_CALL
            return Result(
                attempt,
                LogStatus.RUNNING if waits else LogStatus.SUCCESS,
                channel_id=prepared.channel_id,
                provider_ref=ref,
                answered=True,
                message_state=None if waits else MessageState.SENT,
                data={**shown, **data},
                cost=attempt.run.account.prices.get(attempt.action.action_type),
            )
        case Refused(error_class, code, message, retry_after, template_only):
            extra: dict[str, Any] = {"retry_after_seconds": retry_after} if retry_after is not None else {}
            extra |= {"template_only": True} if template_only else {}
            return Result(
                attempt,
                LogStatus.FAILED,
                channel_id=prepared.channel_id,
                answered=True,
                error_class=error_class,
                error_code=code,
                error_message=message,
                data={**shown, **extra},
                suppress=answer.suppress,
            )
        case Unanswered(message):
            return Result(attempt, LogStatus.RUNNING, channel_id=prepared.channel_id, error_message=message, data=shown)


async def _look_up(attempt: Attempt) -> Result:
    """Ask the provider what became of an attempt; whatever it says is one more event."""
    row = attempt.lookup_of
    assert row is not None
    asked = {"lookups": row.log.lookups + 1}
    channel_id, event = row.channel_id, None
    try:
        async with asyncio.timeout(get_settings().provider_timeout_seconds + GRACE):
            prepared = await _prepare(attempt)
            channel_id = channel_id or prepared.channel_id
            channel, connection = await _open(attempt.run.account_id, channel_id)
            provider = get_provider(channel["provider"])
            if row.log.provider_ref is not None:
                event = await provider.lookup(connection, row.log.provider_ref)
            else:
                event = await provider.find(connection, prepared.message, row.log.started_at - timedelta(minutes=1))
    except Exception as error:  # a look-up that fails proves nothing, and is counted like one that finds nothing
        log.warning("look-up of attempt %s failed: %s", row.id, error)
    return Result(attempt, LogStatus.RUNNING, channel_id=channel_id, data=asked, events=[event] if event else [])


RECORD = """
UPDATE flow_action_logs SET
  status = CASE WHEN status = 'running' THEN $2::text ELSE status END,
  completed_at = CASE WHEN status = 'running' AND $2::text <> 'running' THEN clock_timestamp() ELSE completed_at END,
  answered_at = CASE WHEN $3::boolean THEN COALESCE(answered_at, clock_timestamp()) ELSE answered_at END,
  channel_id = COALESCE($4, channel_id), provider_ref = COALESCE(provider_ref, $5), message_state = COALESCE(message_state, $6),
  error_class = CASE WHEN status = 'running' THEN COALESCE($7::text, error_class) ELSE error_class END,
  error_code = CASE WHEN status = 'running' THEN COALESCE($8::text, error_code) ELSE error_code END,
  error_message = CASE WHEN status = 'running' THEN COALESCE($9::text, error_message) ELSE error_message END,
  result_data = $10::jsonb || result_data || jsonb_strip_nulls(jsonb_build_object('lookups', $10::jsonb->'lookups')),
  cost_amount = COALESCE($11::bigint, cost_amount), cost_currency = CASE WHEN $11::bigint IS NULL THEN cost_currency ELSE $12 END
WHERE id = $1
"""


STILL_OUT = "SELECT id FROM flow_action_logs WHERE id = ANY($1) AND status = 'running' ORDER BY id FOR UPDATE"


def _refusal(result: Result) -> suppression.Refusal:
    run, action_type = result.attempt.run, result.attempt.action.action_type
    address = run.lead.email if action_type is ActionType.EMAIL else run.lead.phone
    return suppression.Refusal(run.account_id, run.contact_id, action_type, address or "", result.error_message or "")


async def settle(connection: Connection, results: Sequence[Result], timing: Timing, lease: timedelta, *, start: bool = True) -> Batch:
    """Write what came of these attempts and move their executions on, in one transaction.

    A log is the attempt's own and always takes its result. The execution moves whoever holds it: decisions are made from the logs
    under its row lock, so a result that comes late only finds less left to decide. Without `start` the next steps are left to others.
    """
    ordered = sorted(results, key=lambda r: r.attempt.log_id)
    named = [(r.channel_id, r.provider_ref) for r in ordered if r.channel_id and r.provider_ref]
    await outcome.lock_refs(connection, named)
    told = [await outcome.add(connection, r.channel_id, r.events, r.attempt.log_id) for r in ordered if r.events and r.channel_id]
    await suppression.heed_refusals(connection, [_refusal(r) for r in ordered if r.suppress])
    refunds = await _refunds(connection, ordered)
    await connection.executemany(
        RECORD,
        [
            (
                r.attempt.log_id, r.status.value, r.answered, r.channel_id, r.provider_ref,
                r.message_state.value if r.message_state else None, r.error_class.value if r.error_class else None, r.error_code,
                r.error_message, r.data, r.cost, r.attempt.run.account.currency,
            )
            for r in ordered
        ],
    )  # fmt: skip
    freed = await outcome.claim_early(connection, named)
    signs = [sign for r in ordered if (sign := _sign(r)) is not None]
    for events in told:
        written = await outcome.apply(connection, events)
        freed, signs = freed + written.freed, signs + written.signs
    freed += [
        (r.attempt.run.account_id, r.channel_id or r.attempt.channel_id)
        for r in ordered
        if r.status is LogStatus.FAILED and r.attempt.action.action_type is ActionType.AI_CALL
    ]
    batch = await lock_and_advance(connection, sorted({r.attempt.run.id for r in ordered}), timing, lease, start=start)
    moved = {row[0] for row in batch.moved}
    if late := [r.attempt for r in ordered if r.attempt.run.id not in moved]:  # their executions were over, perhaps by an erasure
        await connection.execute(outcome.FORGET_RESULTS, [attempt.log_id for attempt in late])
        batch.over = [attempt.run.id for attempt in late]
    await parking.free_lines(connection, freed)
    await refund(connection, refunds)
    pause = timedelta(seconds=get_settings().breaker_pause_seconds)
    batch.changes += await breaker.heed(connection, signs, pause)
    return batch


async def _refunds(connection: Connection, results: Sequence[Result]) -> list[Charge]:
    """What attempts that failed had been charged; not of those that were written before, or that were heard of otherwise meanwhile."""
    failed = {r.attempt.log_id: r.attempt.charges for r in results if r.status is LogStatus.FAILED and r.attempt.charges}
    if not failed:
        return []
    return [charge for row in await connection.fetch(STILL_OUT, list(failed)) for charge in failed[row["id"]]]


def _sign(r: Result) -> breaker.Sign | None:
    """What a result tells about its channel; a look-up tells nothing."""
    channel_id = r.channel_id or r.attempt.channel_id
    if channel_id is None or r.attempt.lookup_of is not None:
        return None
    mend = r.error_class is ErrorClass.ACCOUNT and not r.data.get("template_only")
    unanswered = r.status is LogStatus.RUNNING and not r.answered
    failed = unanswered or (r.error_class is ErrorClass.TRANSIENT and r.error_code != "internal")
    made = r.answered or r.status is not LogStatus.FAILED
    return breaker.Sign(channel_id, r.error_message or "It did not answer", mend=mend, failed=failed, probe=r.attempt.probe, made=made)
