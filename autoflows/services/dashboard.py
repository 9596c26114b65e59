"""The home page in one call: the ledger, the speed, what runs, and what needs a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.leads import Disposition
from autoflows.domain.notices import FLOWS, NoticeKind, Severity
from autoflows.domain.permissions import Permission
from autoflows.engine import ledger
from autoflows.engine.ledger import Ledger
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Channel, Contact, Execution, Flow
from autoflows.services.access import Actor, AsyncSession, requires, scoped
from autoflows.services.counted import ledger_of
from autoflows.services.executions import list_executions
from autoflows.services.inbox import MOST_COUNTED, count_inbox
from autoflows.services.notifications import open_notices
from autoflows.services.views.dashboard import AttentionView, DashboardView, LedgerView, SpeedView
from autoflows.services.views.executions import ExecutionFilter
from autoflows.services.views.masking import shown
from autoflows.services.views.notifications import NotificationView

RECENT = 10
SHOWN = 20
"""How many things that need a person are listed; `attention_total` says how many there are."""
DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=14)
"""Attempts older than this are history, not a task."""


@requires(Permission.EXECUTIONS_READ)
async def overview(actor: Actor, session: AsyncSession) -> DashboardView:
    """What the home page shows."""
    now = utc_now()
    midnight = now.astimezone(ZoneInfo(actor.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    found = await ledger_of(actor.account_id)
    today = await ledger.counts(actor.account_id, since=midnight)
    running = await _running(actor, session, midnight)
    enabled = await _number(session, scoped(actor, Flow).where(col(Flow.is_enabled)))
    channels = await _number(session, scoped(actor, Channel))
    notices = await open_notices(actor, session)
    told = _attention(notices)
    unknown, unknown_total = await _unknown_attempts(actor, session, now)
    told += _failed_runs((await count_inbox(actor, session)).failed)
    recent = await list_executions(actor, session, ExecutionFilter(is_test_run=False), limit=RECENT)
    return DashboardView(
        all_time=_ledger(found),
        stuck=sum(n.count for n in notices if n.kind is NoticeKind.LEAD_STUCK),
        today=_ledger(today),
        speed=await _speed(actor, session, now),
        **running,
        enabled_flows=enabled,
        channels=channels,
        recent=recent.data,
        attention=[shown(item, pii=actor.may(Permission.PII_READ)) for item in (told + unknown)[:SHOWN]],
        attention_total=len(told) + unknown_total,
    )


def _ledger(found: Ledger) -> LedgerView:
    by = {d.value: found.by_disposition.get(d.value, 0) for d in Disposition}
    return LedgerView(received=found.received, accounted=found.accounted, unaccounted=found.unaccounted, by_disposition=by)


async def _number(session: AsyncSession, statement: Any) -> int:
    return (await session.exec(select(sa.func.count()).select_from(statement.subquery()))).one()


async def _running(actor: Actor, session: AsyncSession, midnight: datetime) -> dict[str, int]:
    status, today = col(Execution.status), col(Execution.completed_at) >= midnight
    live = status == ExecutionStatus.RUNNING
    waits = sa.and_(live, col(Execution.waiting_until).is_not(None))
    statement = sa.select(
        sa.func.count().filter(sa.and_(live, sa.not_(waits))),
        sa.func.count().filter(waits),
        sa.func.count().filter(sa.and_(status == ExecutionStatus.COMPLETED, today)),
        sa.func.count().filter(sa.and_(status == ExecutionStatus.FAILED, today)),
    ).where(col(Execution.user_id) == actor.account_id, ~col(Execution.is_test_run), sa.or_(live, today))
    row = (await session.exec(statement)).one()  # type: ignore[call-overload]
    return dict(zip(("running", "waiting", "completed_today", "failed_today"), row, strict=True))


async def _speed(actor: Actor, session: AsyncSession, now: datetime) -> SpeedView:
    speed = sa.func.greatest(sa.func.extract("epoch", col(Execution.first_attempt_at) - col(Execution.lead_at)) * 1000, 0)
    statement = sa.select(
        sa.func.count(),
        sa.func.percentile_cont(0.5).within_group(speed),
        sa.func.percentile_cont(0.95).within_group(speed),
        sa.func.count().filter(speed <= 60_000),
    ).where(
        col(Execution.user_id) == actor.account_id,
        col(Execution.triggered_at) >= now - DAY,
        col(Execution.first_attempt_at).is_not(None),
        ~col(Execution.is_test_run),
    )
    contacted, p50, p95, quick = (await session.exec(statement)).one()  # type: ignore[call-overload]
    return SpeedView(
        contacted=contacted,
        p50_ms=None if p50 is None else round(p50),
        p95_ms=None if p95 is None else round(p95),
        within_one_minute=quick,
    )


def _attention(notices: list[NotificationView]) -> list[AttentionView]:
    """The notices that are open, but for the one that counts unknown attempts: these are listed one by one."""
    return [
        AttentionView(kind=n.kind, severity=n.severity, title=n.title, detail=n.detail, href=n.href, at=n.first_at)
        for n in notices
        if n.kind is not NoticeKind.ATTEMPT_UNKNOWN
    ]


def _failed_runs(number: int) -> list[AttentionView]:
    """All of them in one line: the inbox tells them by cause."""
    if not number:
        return []
    runs = f"{number:,}{'+' if number >= MOST_COUNTED else ''} failed {'run' if number == 1 else 'runs'}"
    return [
        AttentionView(
            kind="failed_run",
            severity=Severity.WARNING,
            title=f"{runs} that nobody has dealt with",
            detail="The inbox says what they failed by. Try them again or leave them as they are, one by one or all of one cause.",
            href=f"{FLOWS}/inbox?kind=failed",
        )
    ]


async def _unknown_attempts(actor: Actor, session: AsyncSession, now: datetime) -> tuple[list[AttentionView], int]:
    statement: Any = (
        sa.select(ActionLog, col(Contact.name), sa.func.count().over())
        .join(Contact, col(Contact.id) == col(ActionLog.contact_id))
        .where(
            col(ActionLog.user_id) == actor.account_id,
            col(ActionLog.status) == LogStatus.UNKNOWN,
            col(ActionLog.started_at) >= now - LOOK_BACK,
        )
        .order_by(col(ActionLog.started_at).desc())
        .limit(SHOWN)
    )
    rows = (await session.exec(statement)).all()
    items = [
        AttentionView(
            kind="unknown_attempt",
            severity=Severity.WARNING,
            title=f"Not known whether {name or 'a contact'} was reached",
            detail=log.error_message or "The provider never told what became of this attempt; it is not sent again.",
            href=f"{FLOWS}/executions/{log.flow_execution_id}",
            execution_id=log.flow_execution_id,
            at=log.started_at,
        )
        for log, name, _ in rows
    ]
    return items, rows[0][2] if rows else 0
