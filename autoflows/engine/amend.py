"""What a person adds to what is over: what became of an attempt that nobody told about, and another try at what failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from autoflows.domain.decide import to_retry
from autoflows.domain.decisions import Log
from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.evidence import NAMED_BY_PERSON
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import ActionType
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.engine import audit, doorbell, goals, live
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
TOUCH = """
UPDATE flow_executions SET due_at = CASE WHEN status = 'running' THEN clock_timestamp() END,
  first_conversation_at = CASE WHEN $2 THEN COALESCE(first_conversation_at, clock_timestamp()) ELSE first_conversation_at END
WHERE id = $1
"""
LOCK_LOGS = """
SELECT id, action_order, attempt, action_type, status, started_at FROM flow_action_logs WHERE flow_execution_id = $1 AND user_id = $2
ORDER BY id FOR UPDATE
"""
FIND_EXECUTION = """
SELECT e.status, e.flow_version_id, c.phone IS NULL AND c.email IS NULL AS unreachable
FROM flow_executions e JOIN contacts c ON c.id = e.contact_id WHERE e.id = $1 AND e.user_id = $2 FOR UPDATE OF e
"""
MARK = "UPDATE flow_action_logs SET result_data = result_data || jsonb_build_object('retried_at', now()) WHERE id = ANY($1)"
RESTART = """
UPDATE flow_executions SET status = 'running', fence = fence + 1, due_at = now(), completed_at = NULL, error_message = NULL,
  waiting_reason = NULL, waiting_until = NULL, waiting_rule = NULL, parked_on = NULL, parked_at = NULL,
  current_action_step = least(current_action_step, $2)
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
        logs = {
            row["id"]: Log(row["action_order"], row["attempt"], ActionType(row["action_type"]), LogStatus(row["status"]), row["started_at"])
            for row in await connection.fetch(LOCK_LOGS, execution_id, account_id)
        }
        row = await connection.fetchrow(FIND_EXECUTION, execution_id, account_id)
        if row is None:
            raise NotFound(f"There is no execution with the id {execution_id}.")
        _refuse(row, next((log.action_order for log in logs.values() if log.status is LogStatus.UNKNOWN), None))
        definition = (await definitions_of(connection, {row["flow_version_id"]})).get(row["flow_version_id"])
        if definition is None:
            raise Conflict("What is stored of this version of the flow cannot be read, so it cannot run again.")
        again = to_retry(definition, list(logs.values()))
        await connection.execute(MARK, [log_id for log_id, log in logs.items() if log in again])
        await connection.execute(RESTART, execution_id, min((log.action_order for log in again), default=None))
        data: dict[str, Any] = {"steps": [log.action_order for log in again]}
        await audit.note(connection, account_id, actor_id, "execution.retried", "execution", execution_id, data)

    try:
        await transact(work)
    except asyncpg.UniqueViolationError:
        raise Conflict("Another execution of this flow runs for this person now, so this one cannot be tried again.") from None
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, execution_id=execution_id)])


def _refuse(row: Any, unknown: int | None) -> None:
    if row["status"] == "running":
        raise Conflict("This execution runs already.")
    if row["status"] != "failed":
        raise Conflict(f"This execution is {row['status']}; only a failed one can be tried again.")
    if row["unreachable"]:
        raise Conflict("This contact has no phone number and no e-mail address any more, so nothing can be sent.")
    if unknown is not None:
        raise Conflict(f"What became of step {unknown} is unknown. Say first whether it reached them; then try again.")
