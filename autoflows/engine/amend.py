"""What a person adds to what is over: what became of an attempt that nobody told about, and another try at what failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from autoflows.domain.decide import to_retry
from autoflows.domain.decisions import Log
from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.evidence import NAMED_BY_PERSON
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.engine import audit, doorbell, goals, live
from autoflows.engine.outcome import LAST_OUTCOME
from autoflows.engine.pool import Connection, transact
from autoflows.engine.runs import definitions_of

# Attempts before executions, as everywhere that locks both.
FIND_LOG = """
SELECT status, action_type, flow_execution_id FROM flow_action_logs WHERE id = $1 AND user_id = $2 FOR UPDATE
"""
RESOLVE = """
UPDATE flow_action_logs SET status = $2::text, outcome = $3, message_state = COALESCE(message_state, $4),
  completed_at = COALESCE(completed_at, now()), error_message = CASE WHEN $2::text = 'success' THEN NULL ELSE error_message END,
  result_data = result_data || jsonb_build_object('resolved', $5::jsonb)
WHERE id = $1
"""
TOUCH = f"""
UPDATE flow_executions e SET last_outcome = {LAST_OUTCOME}, due_at = CASE WHEN status = 'running' THEN clock_timestamp() END,
  dismissed_at = NULL, dismissed_by = NULL, dismissed_note = '',
  first_conversation_at = CASE WHEN $2 THEN COALESCE(first_conversation_at, clock_timestamp()) ELSE first_conversation_at END
WHERE id = $1
"""  # noqa: S608
LOGS = """
SELECT id, flow_execution_id, action_order, attempt, action_type, status, started_at FROM flow_action_logs
WHERE flow_execution_id = ANY($1) AND user_id = $2 ORDER BY id
"""
EXECUTIONS = """
SELECT e.id, e.status, e.flow_version_id, c.phone IS NULL AND c.email IS NULL AS unreachable,
  NOT e.is_test_run AND EXISTS (SELECT 1 FROM flow_executions o WHERE o.flow_id = e.flow_id AND o.contact_id = e.contact_id
    AND o.status = 'running' AND NOT o.is_test_run) AS another_runs
FROM flow_executions e JOIN contacts c ON c.id = e.contact_id WHERE e.id = ANY($1) AND e.user_id = $2 ORDER BY e.id
"""
MARK = "UPDATE flow_action_logs SET result_data = result_data || jsonb_build_object('retried_at', now()) WHERE id = ANY($1)"
RESTART = """
UPDATE flow_executions SET status = 'running', fence = fence + 1, due_at = now(), completed_at = NULL, error_message = NULL,
  waiting_reason = NULL, waiting_until = NULL, waiting_rule = NULL, parked_on = NULL, parked_at = NULL,
  current_action_step = least(current_action_step, $2), bulk = bulk OR $3,
  cause = NULL, dismissed_at = NULL, dismissed_by = NULL, dismissed_note = ''
WHERE id = $1
"""


async def resolve(
    account_id: UUID,
    log_id: UUID,
    status: LogStatus,
    outcome: CallOutcome | None,
    note: str,
    actor_id: UUID | None,
    actor_name: str,
) -> UUID:
    """Say what became of an `unknown` attempt; gives its execution's id. A running execution decides anew; one that is over stays over.

    What a provider tells later is kept as evidence; where it says otherwise it changes nothing. Raises NotFound, Conflict when the
    attempt is not unknown (any more), and Invalid for an outcome that does not fit.
    """

    async def work(connection: Connection) -> UUID:
        row = await connection.fetchrow(FIND_LOG, log_id, account_id)
        if row is None:
            raise NotFound(f"There is no attempt with the id {log_id}.")
        if row["status"] != LogStatus.UNKNOWN:
            raise Conflict(f"What became of this attempt is known by now: {row['status']}. Load it again.")
        call = _outcome(ActionType(row["action_type"]), status, outcome)
        state = None if call else MessageState.SENT if status is LogStatus.SUCCESS else MessageState.FAILED
        said = {"status": status, "outcome": call, "note": note, "by": actor_name, "at": datetime.now(UTC).isoformat()}
        await connection.execute(RESOLVE, log_id, status.value, call.value if call else None, state.value if state else None, said)
        execution_id: UUID = row["flow_execution_id"]
        await connection.execute(TOUCH, execution_id, call is CallOutcome.ANSWERED)
        await goals.note_happenings(connection, [goals.Happening(execution_id, call, None, None)])
        data = {"execution_id": execution_id, "status": status, "outcome": call, "note": note}
        await audit.note(connection, account_id, actor_id, "action_log.resolved", "action_log", log_id, data)
        return execution_id

    execution_id = await transact(work)
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, execution_id=execution_id)])
    return execution_id


def _outcome(action_type: ActionType, status: LogStatus, outcome: CallOutcome | None) -> CallOutcome | None:
    if action_type is not ActionType.AI_CALL:
        if outcome is not None:
            raise Invalid("Only a call has an outcome.", errors=[FieldError("/outcome", "leave it out: this attempt was no call")])
        return None
    fitting = NAMED_BY_PERSON[status]
    if outcome is not None and outcome not in fitting:
        detail = f"use one of {', '.join(fitting)} with the status {status}"
        raise Invalid("The outcome does not fit the status.", errors=[FieldError("/outcome", detail)])
    return outcome or fitting[0]


async def retry(account_id: UUID, execution_id: UUID, actor_id: UUID | None) -> None:
    """Run a failed execution again from what failed. Nothing that may have reached anybody is sent again.

    Raises NotFound, and Conflict, in a sentence, for one that has not failed or has an attempt nobody told about.
    """

    async def work(connection: Connection) -> None:
        again = await restart(connection, account_id, [execution_id], bulk=False)
        if (refusal := again.refused.get(execution_id)) is not None:
            raise NotFound(f"There is no execution with the id {execution_id}.") if refusal == GONE else Conflict(refusal)
        data: dict[str, Any] = {"steps": again.restarted[execution_id]}
        await audit.note(connection, account_id, actor_id, "execution.retried", "execution", execution_id, data)

    await transact(work)
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, execution_id=execution_id)])


@dataclass(frozen=True, slots=True)
class Again:
    """Executions that were started again, each with the steps that are tried anew, and why the others were not."""

    restarted: dict[UUID, list[int]]
    refused: dict[UUID, str]


GONE = "It is not there any more."
ANOTHER_RUNS = "Another execution of this flow runs for this person now, so this one cannot be tried again."
UNREADABLE = "What is stored of this version of the flow cannot be read, so it cannot run again."


async def refusals(connection: Connection, account_id: UUID, execution_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Which of these executions could not be started again now, and why."""
    return (await _read(connection, account_id, execution_ids, "")).refused


async def restart(connection: Connection, account_id: UUID, execution_ids: Sequence[UUID], *, bulk: bool = True) -> Again:
    """Start these failed executions of the account again, in the caller's transaction; those that cannot be, not. `bulk`: yielding to
    fresh leads."""
    found = await _read(connection, account_id, execution_ids, "FOR UPDATE")
    marked: list[UUID] = []
    restarted: dict[UUID, list[int]] = {}
    for execution_id, definition in found.definitions.items():
        logs = found.logs[execution_id]
        again = to_retry(definition, list(logs.values()))
        steps = [log.action_order for log in again]
        if await _starts(connection, execution_id, min(steps, default=None), bulk):
            restarted[execution_id] = steps
            marked += [log_id for log_id, log in logs.items() if log in again]
        else:
            found.refused[execution_id] = ANOTHER_RUNS
    await connection.execute(MARK, marked)
    return Again(restarted, found.refused)


@dataclass(frozen=True, slots=True)
class _Found:
    """Executions with their attempts; those that can be started again have a definition, the others a reason."""

    logs: dict[UUID, dict[UUID, Log]]
    definitions: dict[UUID, FlowDefinition]
    refused: dict[UUID, str]


async def _read(connection: Connection, account_id: UUID, execution_ids: Sequence[UUID], lock: str) -> _Found:
    ids = list(execution_ids)
    logs: dict[UUID, dict[UUID, Log]] = {execution_id: {} for execution_id in ids}
    for row in await connection.fetch(f"{LOGS} {lock}", ids, account_id):
        logs[row["flow_execution_id"]][row["id"]] = Log(
            row["action_order"], row["attempt"], ActionType(row["action_type"]), LogStatus(row["status"]), row["started_at"]
        )
    rows = {row["id"]: row for row in await connection.fetch(f"{EXECUTIONS} {lock and f'{lock} OF e'}", ids, account_id)}
    versions = await definitions_of(connection, {row["flow_version_id"] for row in rows.values()})
    definitions, refused = {}, {}
    for execution_id in ids:
        why = _refusal(rows.get(execution_id), logs[execution_id].values())
        definition = None if why else versions.get(rows[execution_id]["flow_version_id"])
        if definition is None:
            refused[execution_id] = why or UNREADABLE
        else:
            definitions[execution_id] = definition
    return _Found(logs, definitions, refused)


async def _starts(connection: Connection, execution_id: UUID, step: int | None, bulk: bool) -> bool:
    """Whether the execution runs again now: not while another one of its flow runs for its person."""
    try:
        async with connection.transaction():
            await connection.execute(RESTART, execution_id, step, bulk)
    except asyncpg.UniqueViolationError:
        return False
    return True


def _refusal(row: Any, logs: Iterable[Log]) -> str | None:
    if row is None:
        return GONE
    if row["status"] == "running":
        return "This execution runs already."
    if row["status"] != "failed":
        return f"This execution is {row['status']}; only a failed one can be tried again."
    if row["unreachable"]:
        return "This contact has no phone number and no e-mail address any more, so nothing can be sent."
    unknown = next((log.action_order for log in logs if log.status is LogStatus.UNKNOWN), None)
    if unknown is not None:
        return f"What became of step {unknown} is unknown. Say first whether it reached them; then try again."
    return ANOTHER_RUNS if row["another_runs"] else None
