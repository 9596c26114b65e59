"""Executions: what runs, what ran, every attempt of it, and how flows fare."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.permissions import Permission
from autoflows.models import ActionLog, Channel, Contact, Execution, Flow, FlowVersion
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires
from autoflows.services.contacts import clean, matches_person
from autoflows.services.leads import person_view
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.views.executions import (
    ActionLogView,
    ActionStatistics,
    CostView,
    ExecutionView,
    FlowStatistics,
    StatusCounts,
    WaitingView,
)
from autoflows.services.views.masking import shown

MILLISECOND = timedelta(milliseconds=1)


@requires(Permission.EXECUTIONS_READ)
async def list_executions(
    actor: Actor,
    session: AsyncSession,
    *,
    flow_id: UUID | None = None,
    contact_id: UUID | None = None,
    status: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    search: str = "",
    is_test_run: bool | None = None,
    needs_person: bool | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ExecutionView]:
    """Executions, newest first; `since` is included, `until` is not; `search` is for the contact; those that need a person have an attempt
    nobody told about. Raises Invalid for an unknown status."""
    statement = _executions(actor).where(*_filters(flow_id, since, until, is_test_run))
    if status:
        if status not in tuple(ExecutionStatus):
            raise Invalid("There is no such status.", errors=[FieldError("/query/status", f"use one of {', '.join(ExecutionStatus)}")])
        statement = statement.where(col(Execution.status) == status)
    if contact_id is not None:
        statement = statement.where(col(Execution.contact_id) == contact_id)
    if needs_person is not None:
        in_doubt = _in_doubt(actor)
        statement = statement.where(in_doubt if needs_person else ~in_doubt)
    if search := clean(search):
        statement = statement.where(await matches_person(actor, search))
    keys = [col(Execution.triggered_at), col(Execution.id)]
    return await paginate(session, statement, keys, lambda *row: execution_view(actor, *row), limit=limit, cursor=cursor)


@requires(Permission.EXECUTIONS_READ)
async def count_by_status(
    actor: Actor,
    session: AsyncSession,
    *,
    flow_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    is_test_run: bool | None = None,
) -> StatusCounts:
    """How many executions have each status; one query."""
    statement = (
        sa.select(col(Execution.status), sa.func.count())
        .where(col(Execution.user_id) == actor.account_id, *_filters(flow_id, since, until, is_test_run))
        .group_by(col(Execution.status))
    )
    found = {row[0]: row[1] for row in (await session.exec(statement)).all()}  # type: ignore[call-overload]
    doubted = sa.select(sa.func.count()).where(_in_doubt(actor), *_filters(flow_id, since, until, is_test_run))
    return StatusCounts(
        total=sum(found.values()),
        by_status={s.value: found.get(s.value, 0) for s in ExecutionStatus},
        needs_person=(await session.exec(doubted)).one()[0],  # type: ignore[call-overload]
    )


@requires(Permission.EXECUTIONS_READ)
async def get_execution(actor: Actor, session: AsyncSession, execution_id: UUID) -> ExecutionView:
    """One execution. Raises NotFound."""
    row = (await session.exec(_executions(actor).where(col(Execution.id) == execution_id))).first()  # type: ignore[call-overload]
    if row is None:
        raise NotFound(f"There is no execution with the id {execution_id}.")
    return execution_view(actor, *row)


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
    counts = await count_by_status(actor, session, flow_id=flow_id, is_test_run=False)
    done, failed = counts.by_status[ExecutionStatus.COMPLETED], counts.by_status[ExecutionStatus.FAILED]
    return FlowStatistics(
        flow_id=flow_id,
        total=counts.total,
        by_status=counts.by_status,
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
    actor: Actor, execution: Execution, flow_name: str, flow_version: int, action_count: int | None, contact: Contact
) -> ExecutionView:
    """An execution as this actor may see it."""
    waits = execution.status == ExecutionStatus.RUNNING and execution.waiting_reason
    view = ExecutionView(
        id=execution.id,
        flow_id=execution.flow_id,
        flow_name=flow_name,
        flow_version=flow_version,
        contact_id=execution.contact_id,
        contact=person_view(contact),
        lead_event_id=execution.lead_event_id,
        status=execution.status,
        current_action_step=execution.current_action_step,
        action_count=action_count or 0,
        triggered_at=execution.triggered_at,
        completed_at=execution.completed_at,
        waiting=WaitingView(reason=execution.waiting_reason or "", until=execution.waiting_until) if waits else None,
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


def _executions(actor: Actor) -> sa.Select[Any]:
    steps = sa.func.jsonb_array_length(col(FlowVersion.definition)["actions"])
    return (
        sa.select(Execution, col(Flow.name), col(FlowVersion.version), steps, Contact)
        .join(Flow, col(Flow.id) == col(Execution.flow_id))
        .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
        .join(Contact, col(Contact.id) == col(Execution.contact_id))
        .where(col(Execution.user_id) == actor.account_id)
    )


def _filters(
    flow_id: UUID | None, since: datetime | None, until: datetime | None, is_test_run: bool | None
) -> list[sa.ColumnElement[bool]]:
    tests: list[sa.ColumnElement[bool]] = []
    if flow_id is not None:
        tests.append(col(Execution.flow_id) == flow_id)
    if since is not None:
        tests.append(col(Execution.triggered_at) >= since)
    if until is not None:
        tests.append(col(Execution.triggered_at) < until)
    if is_test_run is not None:
        tests.append(col(Execution.is_test_run) == is_test_run)
    return tests


def _in_doubt(actor: Actor) -> sa.ColumnElement[bool]:
    """Executions with an attempt of which nobody told what became of it."""
    doubted = sa.select(col(ActionLog.flow_execution_id)).where(
        col(ActionLog.status) == LogStatus.UNKNOWN, col(ActionLog.user_id) == actor.account_id
    )
    return col(Execution.id).in_(doubted)


def _milliseconds(start: datetime, end: datetime | None) -> int | None:
    """Whole milliseconds between two moments, not below 0 (a source's clock may run a little ahead)."""
    return None if end is None else max((end - start) // MILLISECOND, 0)
