"""Moving executions on: decide in memory, write all of a batch's steps in the transaction that locked them, hand out what to perform.

The write-ahead row of every attempt is committed here, before anyone calls a provider.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from autoflows.domain import decisions as d
from autoflows.domain import queues
from autoflows.domain.decide import decide
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.flow import Action, ActionType
from autoflows.domain.gate_context import CHANNEL_OF_ACTION, GateResult
from autoflows.domain.outcomes import CallOutcome, ErrorClass
from autoflows.engine.batch import CHANNEL_COLUMN, Attempt, Batch
from autoflows.engine.capacity import Capacity
from autoflows.engine.capacity_load import load as load_capacity
from autoflows.engine.live import LiveChange
from autoflows.engine.pool import Connection
from autoflows.engine.runs import CLAIM_COLUMNS, RUN_COLUMNS, RUN_JOINS, LogRow, Run, load
from autoflows.ids import new_id

log = logging.getLogger(__name__)

# Fresh leads first; bulk ones take what is left. FOR UPDATE sits in the CTEs, so what is returned is what was locked.
CLAIM = f"""
WITH fresh AS MATERIALIZED (
  SELECT {CLAIM_COLUMNS} FROM flow_executions WHERE status = 'running' AND bulk = false AND due_at <= now()
  ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
), paced AS MATERIALIZED (
  SELECT {CLAIM_COLUMNS} FROM flow_executions WHERE status = 'running' AND bulk = true AND due_at <= now()
  ORDER BY due_at LIMIT greatest(least($2, $1 - (SELECT count(*) FROM fresh)), 0) FOR UPDATE SKIP LOCKED
), e AS (SELECT * FROM fresh UNION ALL SELECT * FROM paced)
SELECT {RUN_COLUMNS}, now() AS now FROM e {RUN_JOINS}
"""  # noqa: S608
LOCK = f"""
WITH e AS MATERIALIZED (
  SELECT {CLAIM_COLUMNS} FROM flow_executions WHERE id = ANY($1) AND status = 'running' ORDER BY id FOR UPDATE
)
SELECT {RUN_COLUMNS}, now() AS now FROM e {RUN_JOINS}
"""  # noqa: S608
HOURS_GATES = frozenset({"legal_hours", "flow_hours"})
UNREADABLE = "Internal error: what is stored of this flow or account cannot be read. It is tried again every minute"
UNREADABLE_RECHECK = timedelta(minutes=1)
MAX_STEPS = 3 * 200 + 10
"""More pure steps than a flow can have in one go: a guard against a decision that does not move."""


async def claim(connection: Connection, limit: int, bulk: int, timing: d.Timing, lease: timedelta) -> Batch:
    """Lock up to `limit` due executions that nobody else has, at most `bulk` of them bulk ones; move each as far as it goes alone."""
    rows = await connection.fetch(CLAIM, limit, bulk)
    return await advance(connection, rows, timing, lease)


async def lock_and_advance(connection: Connection, ids: Sequence[UUID], timing: d.Timing, lease: timedelta, *, start: bool = True) -> Batch:
    """The same for executions known by id, such as those whose attempts were just answered. Those not running any more are left alone."""
    rows = await connection.fetch(LOCK, list(ids))
    return await advance(connection, rows, timing, lease, start=start)


async def advance(connection: Connection, rows: Sequence[Any], timing: d.Timing, lease: timedelta, *, start: bool = True) -> Batch:
    """Decide and write for locked rows; the others go on whatever becomes of one. Without `start` nothing new is begun: it stays due.

    An execution that cannot be decided fails and says so. One that cannot even be read is held, until a release or a setting mends it.
    """
    batch = Batch()
    if not rows:
        return batch
    now: datetime = rows[0]["now"]
    runs, unreadable = await load(connection, rows)
    for row in unreadable:
        batch.moved.append((row["id"], row["fence"] + 1, now + UNREADABLE_RECHECK, *_still(row["current_action_step"], UNREADABLE), None))
    capacity = await load_capacity(connection, runs, now, timing.provider_timeout + timing.unknown_grace)
    # Those who stand in a queue first, as they came: nobody who has just arrived passes them.
    for run in sorted(runs, key=lambda run: (run.bulk, run.policy.parked_at or now, run.id)):
        capacity.prepare(run)
        step = _Step(run, timing, lease, now, start)
        try:
            step.walk()
        except Exception as error:
            log.exception("execution %s cannot be decided", run.id)
            step = _Step(run, timing, lease, now, start)
            step.finish(ExecutionStatus.FAILED, f"Internal error while deciding: {type(error).__name__}")
        step.settle_with(capacity)
        step.put(batch)
    await capacity.write(connection)
    await batch.write(connection)
    return batch


def _still(step: int, reason: str | None) -> tuple[Any, ...]:
    """The rest of a `MOVE` for an execution that goes on running and stands in no queue."""
    return (ExecutionStatus.RUNNING.value, step, reason, None, None, None, None, None, None, None, None, None)


class _Step:
    """One execution within a batch: applies decisions in memory until one needs the world."""

    def __init__(self, run: Run, timing: d.Timing, lease: timedelta, now: datetime, start: bool) -> None:
        self.run, self.timing, self.lease, self.now, self.start = run, timing, lease, now, start
        self.fence = run.fence + 1
        self.added: dict[UUID, list[Any]] = {}
        self.ended: list[tuple[Any, ...]] = []
        self.freed: list[tuple[UUID, UUID | None]] = []
        self.move: tuple[Any, ...] = ()
        self.queue: str | None = None
        self.attempt: Attempt | None = None

    def settle_with(self, capacity: Capacity) -> None:
        """Tell the batch's limits what this execution takes and where it stands, so that the next one sees it."""
        capacity.stand(self.run, self.queue)
        if self.attempt is None or self.attempt.lookup_of is not None:
            return
        action = self.attempt.action
        channel_id = capacity.channel_id(self.run, action)
        charges, probe = capacity.take(self.run, action)
        self.added[self.attempt.log_id][CHANNEL_COLUMN] = channel_id
        self.move = (*self.move[:-1], channel_id)
        self.attempt = replace(self.attempt, channel_id=channel_id, charges=charges, probe=probe)

    def put(self, batch: Batch) -> None:
        batch.added += [tuple(row) for row in self.added.values()]
        batch.freed += self.freed
        if self.has_passed_its_turn():
            batch.passed.append((self.run.account_id, str(self.run.policy.parked_on)))
        batch.ended += self.ended
        batch.moved.append((*self.move, self.run.last_outcome()))
        if self.attempt is not None:
            batch.attempts.append(self.attempt)
        batch.changes.append(LiveChange(self.run.account_id, execution_id=self.run.id))

    def has_passed_its_turn(self) -> bool:
        """Whether it leaves a queue without taking what it stood there for, a line or the channel's one probe: the next one may then.

        Not if a limit holds it that would hold the next one as well: its turn goes with it, or one free line would move a whole queue.
        """
        queue, attempt = self.run.policy.parked_on, self.attempt
        if queue is None or queue == self.queue or not queues.is_served_in_turn(queue):
            return False
        if queue == queues.line_queue(self.run.account_id) and self.queue is not None and self.queue.startswith("lines:"):
            return True  # its own channel's lines are taken; the next one's may be free
        if queue.startswith("lines:") and self.queue is not None:
            return False
        if attempt is None or attempt.action.action_order != self.run.step:
            return True
        return attempt.channel_id is not None and queue == queues.channel_queue(attempt.channel_id) and not attempt.probe

    def walk(self) -> None:
        run = self.run
        for _ in range(MAX_STEPS):
            situation = d.Situation(run.definition, run.lead, run.consent, run.policy, self.timing, self.now)
            match decide(situation, [row.log for row in run.logs]):
                case d.Skip(action, attempt, reason, gates):
                    self.add(action, attempt, LogStatus.SKIPPED, gates, skip_reason=reason)
                case d.Assign(action, arm, gates):
                    self.add(action, 1, LogStatus.SUCCESS, gates, arm=arm)
                case d.StartWait(action, until, reason, gates):
                    self.add(action, 1, LogStatus.RUNNING, gates, wait_until=until, data={"reason": reason})
                case d.EndWait(order, attempt, cut_short):
                    self.end(order, attempt, LogStatus.SUCCESS, data={"cut_short": cut_short} if cut_short else {})
                case d.GiveUp(order, attempt, reason):
                    self.end(order, attempt, LogStatus.UNKNOWN, message=reason)
                case d.Abandon(action, attempt, reason, gates):
                    self.add(action, attempt, LogStatus.FAILED, gates, error=(ErrorClass.PERMANENT.value, "channel_held", reason))
                case d.WaitUntil() as wait:
                    self.wait(wait)
                    return
                case d.AwaitOutcome(deadline, reason, order):
                    self.stay(deadline, order, waiting_reason=reason)
                    return
                case d.Lookup(order, _) if not self.start:
                    self.stay(self.now, order)
                    return
                case d.Perform(action, _, _) if not self.start:
                    self.stay(self.now, action.action_order)
                    return
                case d.Lookup(order, attempt):
                    row = run.row_of(order, attempt)
                    self.stay(self.now + self.lease, order, waiting_reason="Asking the provider what became of it")
                    self.attempt = Attempt(run, run.definition.action(order), attempt, row.id, self.fence, lookup_of=row)
                    return
                case d.Perform(action, attempt, gates):
                    log_id = self.add(action, attempt, LogStatus.RUNNING, gates)
                    contacting = action.action_type in CHANNEL_OF_ACTION
                    self.stay(self.now + self.lease, action.action_order, first_attempt=contacting)
                    self.attempt = Attempt(run, action, attempt, log_id, self.fence)
                    return
                case d.Finish(status, reason):
                    self.finish(status, reason)
                    return
        raise RuntimeError("the decision does not move")

    def add(
        self,
        action: Action,
        attempt: int,
        status: LogStatus,
        gates: Sequence[GateResult],
        *,
        skip_reason: str | None = None,
        wait_until: datetime | None = None,
        data: dict[str, Any] | None = None,
        error: tuple[str | None, str | None, str | None] = (None, None, None),
        arm: str | None = None,
    ) -> UUID:
        run, log_id = self.run, new_id()
        done = self.now if status in (LogStatus.SKIPPED, LogStatus.FAILED, LogStatus.SUCCESS) else None
        self.added[log_id] = [
            log_id, run.id, run.account_id, run.contact_id, action.id, action.action_type.value, action.action_order, attempt,
            action.model_dump(mode="json"), self.now, done, wait_until, status.value, skip_reason[:255] if skip_reason else None,
            [g.as_dict() for g in gates], data or {}, None, *error, arm, run.version_id,
        ]  # fmt: skip
        entry = d.Log(
            action.action_order,
            attempt,
            ActionType(action.action_type),
            status,
            self.now,
            completed_at=done,
            wait_until=wait_until,
            error_class=ErrorClass(error[0]) if error[0] else None,
            arm=arm,
        )
        run.logs.append(LogRow(log_id, entry))
        return log_id

    def end(self, order: int, attempt: int, status: LogStatus, *, message: str | None = None, data: dict[str, Any] | None = None) -> None:
        row = self.run.row_of(order, attempt)
        outcome = "unknown" if status is LogStatus.UNKNOWN and row.log.action_type is ActionType.AI_CALL else None
        self.ended.append((row.id, status.value, self.now, message, data or {}, outcome))
        if row.log.action_type is ActionType.AI_CALL:
            self.freed.append((self.run.account_id, row.channel_id))
        row.log = replace(row.log, status=status, completed_at=self.now, outcome=CallOutcome.UNKNOWN if outcome else row.log.outcome)

    def wait(self, wait: d.WaitUntil) -> None:
        """Nothing before a time, by the word of a gate or of the step itself; in a queue, if the gate names one."""
        run, block = self.run, wait.block
        self.queue = block.queue if block else None
        parked_at = self._since() if self.queue else None
        until = None if block and block.guess else wait.when
        rule = block.gate if block else None
        self.move = (
            run.id, self.fence, wait.when, ExecutionStatus.RUNNING.value, wait.action_order, wait.reason[:500], until, None, None, None,
            rule, self.queue, parked_at, self._held_by(rule), None,
        )  # fmt: skip

    def _held_by(self, rule: str | None) -> str | None:
        """What the time until then is put down to; only the way to the first attempt is of interest."""
        if self.run.first_attempt_at is not None:
            return None
        if rule is None:
            return "wait"
        return "hours" if rule in HOURS_GATES else "capacity"

    def _since(self) -> datetime:
        """Since when it waits: from one limit to the next it keeps its place, but the patience with a channel begins with that."""
        policy = self.run.policy
        is_limit = policy.parked_on == self.queue or not str(self.queue).startswith("channel:")
        return policy.parked_at if policy.parked_at is not None and is_limit else self.now

    def stay(self, due_at: datetime, order: int, *, waiting_reason: str | None = None, first_attempt: bool = False) -> None:
        first = self.now if first_attempt else None
        status, step, reason, until, _, *rest = _still(order, waiting_reason)
        self.move = (self.run.id, self.fence, due_at, status, step, reason, until, first, *rest)

    def finish(self, status: ExecutionStatus, reason: str = "") -> None:
        step = max((row.log.action_order for row in self.run.logs), default=self.run.step)
        self.move = (
            self.run.id, self.fence, None, status.value, step, None, None, None, self.now, reason or None, None, None, None, None, None,
        )  # fmt: skip
