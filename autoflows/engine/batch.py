"""What one transaction has to write of executions that were moved, and the attempts that are to be made once it has committed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.flow import Action
from autoflows.engine import parking
from autoflows.engine.capacity import Charge
from autoflows.engine.causes import name_causes
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection
from autoflows.engine.runs import LogRow, Run

ADD_LOG = """
INSERT INTO flow_action_logs (id, flow_execution_id, user_id, contact_id, action_id, action_type, action_order, attempt, snapshot,
                              started_at, completed_at, wait_until, status, skip_reason, gates, result_data, channel_id, error_class,
                              error_code, error_message, arm, flow_version_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
"""
END_LOG = """
UPDATE flow_action_logs SET status = $2, completed_at = $3, error_message = COALESCE($4, error_message),
  result_data = result_data || $5, outcome = COALESCE($6, outcome)
WHERE id = $1 AND status IN ('pending', 'running')
"""
# Until the first attempt, what held it until it was due is added up by what that was: see `where the time goes` in docs/analytics.md.
HELD = "CASE WHEN first_attempt_at IS NULL AND held_by = '{0}' THEN held_{0} + {1} ELSE held_{0} END"
HELD_FOR = "(greatest(extract(epoch FROM least(due_at, now()) - held_since), 0) * 1000000)::bigint"
MOVE = f"""
UPDATE flow_executions SET fence = $2, due_at = $3, status = $4, current_action_step = $5, waiting_reason = $6, waiting_until = $7,
  first_attempt_at = COALESCE(first_attempt_at, $8), completed_at = $9, error_message = COALESCE($10, error_message),
  waiting_rule = $11, parked_on = $12, parked_at = $13, held_by = $14::text, held_since = CASE WHEN $14::text IS NOT NULL THEN now() END,
  held_hours = {HELD.format("hours", HELD_FOR)}, held_capacity = {HELD.format("capacity", HELD_FOR)},
  held_wait = {HELD.format("wait", HELD_FOR)},
  first_channel_id = CASE WHEN first_attempt_at IS NULL AND $8::timestamptz IS NOT NULL THEN $15 ELSE first_channel_id END,
  last_outcome = COALESCE($16, last_outcome)
WHERE id = $1
"""  # noqa: S608
CHANNEL_COLUMN = 16
"""Place of `channel_id` in a row of `ADD_LOG`: it is known once the attempt is sure to be made."""
STATUS_COLUMN = 3
"""Place of `status` in a row of `MOVE`."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something to do outside any transaction: one contact attempt, or a look-up of an old one. `fence` is what it may be applied under."""

    run: Run
    action: Action
    attempt: int
    log_id: UUID
    fence: int
    lookup_of: LogRow | None = None
    channel_id: UUID | None = None
    charges: tuple[Charge, ...] = ()
    probe: bool = False
    """The one contact let through to see whether a held channel works again."""
    claimed: float = field(default_factory=time.monotonic)
    """When this process took it, by its own clock."""


@dataclass(slots=True)
class Batch:
    """What one transaction has to write, and what is to be performed once it has committed."""

    added: list[tuple[Any, ...]] = field(default_factory=list)
    ended: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    over: list[UUID] = field(default_factory=list)
    """Executions that had ended before an answer came for them: a call accepted in the meantime is to be stopped."""
    changes: list[LiveChange] = field(default_factory=list)
    freed: list[tuple[UUID, UUID | None]] = field(default_factory=list)
    """Calls given up: account and channel whose line is free."""
    passed: list[tuple[UUID, str]] = field(default_factory=list)
    """Turns that were not taken: account and queue."""

    async def write(self, connection: Connection) -> None:
        """All of it, in the caller's transaction."""
        if self.added:
            await connection.executemany(ADD_LOG, self.added)
        if self.ended:
            await connection.executemany(END_LOG, self.ended)
        if self.moved:
            await connection.executemany(MOVE, self.moved)
            await name_causes(connection, [row[0] for row in self.moved if row[STATUS_COLUMN] == ExecutionStatus.FAILED])
        await parking.free_lines(connection, self.freed)
        await parking.pass_turns(connection, self.passed)
