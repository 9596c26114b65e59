"""Executions: what runs, what ran, every attempt of it, and how flows fare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Bundle
from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.domain.queues import is_for_capacity
from autoflows.models import ActionLog, Channel, Contact, Execution, Flow, FlowVersion
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires
from autoflows.services.execution_filter import choose
from autoflows.services.execution_pages import Place, read_cursor, read_on, write_cursor
from autoflows.services.leads import person_view
from autoflows.services.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from autoflows.services.views.executions import (
    A_STEP,
    MOST_AHEAD,
    ActionLogView,
    ActionStatistics,
    CostView,
    ExecutionFilter,
    ExecutionSort,
    ExecutionView,
    FlowStatistics,
    WaitingView,
)
from autoflows.services.views.leads import PersonView
from autoflows.services.views.masking import shown

ALL = ExecutionFilter()
MILLISECOND = timedelta(milliseconds=1)


@requires(Permission.EXECUTIONS_READ)
async def list_executions(
    actor: Actor,
    session: AsyncSession,
    wanted: ExecutionFilter = ALL,
    *,
    sort: ExecutionSort = ExecutionSort.NEWEST,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ExecutionView]:
    """Executions that fit, in this order. Raises Invalid for a cursor of another filter or order."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("The page size is out of range.", errors=[FieldError("/query/limit", f"must be between 1 and {MAX_LIMIT}")])
    place = Place() if cursor is None else read_cursor(wanted, sort, cursor)
    found = await read_on(session, await choose(actor, session, wanted), sort, limit + 1, place, _executions())
    has_more, rows = len(found) > limit, [row for _, row in found[:limit]]
    ahead = await _ahead(session, [row[0] for row in rows])
    return Page(
        data=[execution_view(actor, *row, ahead=ahead.get(row[0].id)) for row in rows],
        has_more=has_more,
        next_cursor=write_cursor(wanted, sort, found[limit - 1][0]) if has_more else None,
    )


@requires(Permission.EXECUTIONS_READ)
async def get_execution(actor: Actor, session: AsyncSession, execution_id: UUID) -> ExecutionView:
    """One execution. Raises NotFound."""
    mine = (col(Execution.id) == execution_id, col(Execution.user_id) == actor.account_id)
    row = (await session.exec(_executions().where(*mine))).first()  # type: ignore[call-overload]
    if row is None:
        raise NotFound(f"There is no execution with the id {execution_id}.")
    ahead = await _ahead(session, [row[0]])
    return execution_view(actor, *row, ahead=ahead.get(row[0].id))


@requires(Permission.EXECUTIONS_READ)
async def list_logs(actor: Actor, session: AsyncSession, execution_id: UUID) -> list[ActionLogView]:
    """All attempts of an execution, in the order of steps and attempts. Raises NotFound."""
    await one_of_mine(actor, session, Execution, execution_id, "execution")
    statement = (
        sa.select(ActionLog, col(Channel.name))
        .outerjoin(Channel, col(Channel.id) == col(ActionLog.channel_id))
        .where(col(ActionLog.flow_execution_id) == execution_id)
        .order_by(col(ActionLog.action_order), col(ActionLog.attempt))
    )
    return [action_log_view(actor, *row) for row in (await session.exec(statement)).all()]  # type: ignore[call-overload]


@requires(Permission.EXECUTIONS_READ)
async def flow_statistics(actor: Actor, session: AsyncSession, flow_id: UUID) -> FlowStatistics:
    """How a flow fares, test runs left out. Raises NotFound."""
    await one_of_mine(actor, session, Flow, flow_id, "flow")
    mine = (col(Execution.flow_id) == flow_id, col(Execution.user_id) == actor.account_id, ~col(Execution.is_test_run))
    seconds = sa.func.extract("epoch", col(Execution.completed_at) - col(Execution.triggered_at))
    speed = sa.func.extract("epoch", col(Execution.first_attempt_at) - col(Execution.lead_at)) * 1000
    over = col(Execution.status) == ExecutionStatus.COMPLETED
    totals = (
        await session.exec(
            sa.select(  # type: ignore[call-overload]
                sa.func.avg(seconds).filter(over),
                sa.func.percentile_cont(0.5).within_group(speed).filter(col(Execution.first_attempt_at).is_not(None)),
                sa.func.max(col(Execution.triggered_at)),
            ).where(*mine)
        )
    ).one()
    grouped = sa.select(col(Execution.status), sa.func.count()).where(*mine).group_by(col(Execution.status))
    found = {row[0]: row[1] for row in (await session.exec(grouped)).all()}  # type: ignore[call-overload]
    by_status = {status.value: found.get(status.value, 0) for status in ExecutionStatus}
    done, failed = by_status[ExecutionStatus.COMPLETED], by_status[ExecutionStatus.FAILED]
    return FlowStatistics(
        flow_id=flow_id,
        total=sum(by_status.values()),
        by_status=by_status,
        success_rate=done / (done + failed) if done + failed else None,
        average_duration_seconds=None if totals[0] is None else float(totals[0]),
        speed_to_lead_p50_ms=None if totals[1] is None else max(round(totals[1]), 0),
        last_triggered_at=totals[2],
        actions=await _action_statistics(session, mine),
    )


async def _action_statistics(session: AsyncSession, mine: tuple[Any, ...]) -> list[ActionStatistics]:
    columns = (col(ActionLog.action_order), col(ActionLog.action_type), col(ActionLog.status))
    statement = (
        sa.select(*columns, sa.func.count())
        .join(Execution, col(Execution.id) == col(ActionLog.flow_execution_id))
        .where(*mine)
        .group_by(*columns)
        .order_by(*columns)
    )
    steps: dict[tuple[int, str], dict[str, int]] = {}
    for order, kind, status, number in (await session.exec(statement)).all():  # type: ignore[call-overload]
        steps.setdefault((order, kind), {})[status] = number
    return [
        ActionStatistics(action_order=order, action_type=kind, attempts=sum(by.values()), by_status=by)
        for (order, kind), by in steps.items()
    ]


def execution_view(
    actor: Actor,
    execution: Any,
    flow_name: str,
    flow_version: int,
    action_count: int | None,
    contact: Any,
    *,
    ahead: int | None = None,
) -> ExecutionView:
    """An execution as this actor may see it; `ahead` is how many stand before it in its queue.

    Of the execution and the contact what is shown is enough: `_executions` reads no more.
    """
    view = ExecutionView(
        id=execution.id,
        flow_id=execution.flow_id,
        flow_name=flow_name,
        flow_version=flow_version,
        contact_id=execution.contact_id,
        contact=person_view(contact),
        lead_event_id=execution.lead_event_id,
        lead_source=str(execution.metadata_.get("trigger_source") or ""),
        status=execution.status,
        outcome=execution.last_outcome,
        current_action_step=execution.current_action_step,
        action_count=action_count or 0,
        triggered_at=execution.triggered_at,
        completed_at=execution.completed_at,
        waiting=_waiting(execution, ahead),
        error_message=execution.error_message,
        metadata=execution.metadata_,
        is_test_run=execution.is_test_run,
        speed_to_lead_ms=_milliseconds(execution.lead_at, execution.first_attempt_at),
        speed_to_conversation_ms=_milliseconds(execution.lead_at, execution.first_conversation_at),
        converted_at=execution.converted_at,
        goal_until=execution.goal_until,
    )
    return shown(view, pii=actor.may(Permission.PII_READ))


def action_log_view(actor: Actor, log: ActionLog, channel_name: str | None) -> ActionLogView:
    """An attempt as this actor may see it."""
    own = {name: getattr(log, name) for name in ActionLogView.model_fields if name in ActionLog.model_fields}
    cost = None if log.cost_amount is None else CostView(amount=log.cost_amount, currency=log.cost_currency or "")
    view = ActionLogView(**own, execution_id=log.flow_execution_id, channel_name=channel_name, cost=cost, action=log.snapshot)
    return shown(view, pii=actor.may(Permission.PII_READ))


def _waiting(execution: Any, ahead: int | None) -> WaitingView | None:
    if execution.status != ExecutionStatus.RUNNING or not execution.waiting_reason:
        return None
    rule = execution.waiting_rule or (A_STEP if execution.waiting_until else None)
    return WaitingView(reason=execution.waiting_reason, until=execution.waiting_until, rule=rule, ahead=ahead)


_OF_EXECUTION = (
    *("id", "flow_id", "contact_id", "lead_event_id", "status", "last_outcome", "current_action_step", "triggered_at", "completed_at"),
    *("waiting_reason", "waiting_until", "waiting_rule", "parked_on", "error_message", "metadata_", "is_test_run", "lead_at"),
    *("first_attempt_at", "first_conversation_at", "converted_at", "goal_until"),
)


def _part(name: str, model: type[Any], columns: Sequence[str]) -> Any:
    """Some columns as one value with attributes: a list is read again and again, and a whole row takes three times as long."""
    return Bundle(name, *(getattr(model, column) for column in columns))


def _executions() -> sa.Select[Any]:
    steps = sa.func.jsonb_array_length(col(FlowVersion.definition)["actions"])
    execution, contact = _part("execution", Execution, _OF_EXECUTION), _part("contact", Contact, list(PersonView.model_fields))
    return (
        sa.select(execution, col(Flow.name), col(FlowVersion.version), steps, contact)
        .select_from(Execution)
        .join(Flow, col(Flow.id) == col(Execution.flow_id))
        .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
        .join(Contact, col(Contact.id) == col(Execution.contact_id))
    )


async def _ahead(session: AsyncSession, executions: Sequence[Any]) -> dict[UUID, int]:
    """How many stand before each of those that wait in a queue for a line or a rate: one query, however many there are.

    Only the first `MOST_AHEAD` of a queue are counted; who stands behind them has at least so many ahead.
    """
    waiting = {e.id: e.parked_on for e in executions if e.parked_on is not None and is_for_capacity(e.parked_on)}
    if not waiting:
        return {}
    queues = sa.select(sa.func.unnest(sa.literal(sorted(set(waiting.values())), ARRAY(sa.String))).label("name")).subquery()
    order = (col(Execution.bulk), col(Execution.parked_at), col(Execution.id))
    first = (
        sa.select(col(Execution.id), (sa.func.row_number().over(order_by=order) - 1).label("place"))
        .where(col(Execution.parked_on) == queues.c.name)
        .order_by(*order)
        .limit(MOST_AHEAD)
        .lateral()
    )
    statement = sa.select(first.c.id, first.c.place).select_from(queues.join(first, sa.true())).where(first.c.id.in_(list(waiting)))
    found = {row[0]: row[1] for row in (await session.exec(statement)).all()}  # type: ignore[call-overload]
    return {key: found.get(key, MOST_AHEAD) for key in waiting}


def _milliseconds(start: datetime, end: datetime | None) -> int | None:
    """Whole milliseconds between two moments, not below 0 (a source's clock may run a little ahead)."""
    return None if end is None else max((end - start) // MILLISECOND, 0)
