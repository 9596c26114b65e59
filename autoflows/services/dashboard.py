"""The home page in one call: the ledger, the speed, what runs, and what needs a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.leads import Disposition
from autoflows.domain.permissions import Permission
from autoflows.engine import ledger
from autoflows.engine.ledger import Ledger
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Channel, Contact, Execution, Flow, LeadEvent
from autoflows.services.access import Actor, AsyncSession, requires, scoped
from autoflows.services.contacts import account_settings
from autoflows.services.counted import ledger_of
from autoflows.services.executions import list_executions
from autoflows.services.views.dashboard import AttentionView, DashboardView, LedgerView, SpeedView
from autoflows.services.views.masking import shown

RECENT = 10
SHOWN = 20
"""How many things that need a person are listed; `attention_total` says how many there are."""
DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=14)
"""Attempts and leads older than this are history, not a task."""

ENGAGEMENT = "/dashboard/auto-engagement"


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
    attention, total = await _attention(actor, session, found, enabled, now)
    recent = await list_executions(actor, session, is_test_run=False, limit=RECENT)
    return DashboardView(
        all_time=_ledger(found),
        today=_ledger(today),
        speed=await _speed(actor, session, now),
        **running,
        enabled_flows=enabled,
        channels=channels,
        recent=recent.data,
        attention=[shown(item, pii=actor.may(Permission.PII_READ)) for item in attention],
        attention_total=total,
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


async def _attention(actor: Actor, session: AsyncSession, found: Ledger, enabled: int, now: datetime) -> tuple[list[AttentionView], int]:
    items: list[AttentionView] = []
    if found.unaccounted:
        items.append(
            AttentionView(
                kind="unaccounted",
                title=f"{found.unaccounted} leads unaccounted for",
                detail="They were taken in, and nobody knows where they stand. Please report this.",
                href="/dashboard/leads",
            )
        )
    if (await account_settings(actor.account_id)).kill_switch:
        items.append(
            AttentionView(
                kind="kill_switch",
                title="The kill switch is on",
                detail="Every outgoing contact is held until it is switched off.",
                href="/dashboard/settings",
            )
        )
    if not enabled:
        items.append(
            AttentionView(
                kind="no_flow", title="No flow is enabled", detail="Leads are taken in and nobody contacts them.", href=ENGAGEMENT
            )
        )
    errors = scoped(actor, Channel).where(col(Channel.status) == "error").order_by(col(Channel.name))
    items += [
        AttentionView(
            kind="channel_error",
            title=f"Channel '{channel.name}' does not work",
            detail=channel.status_detail or "Check it to see why.",
            href="/dashboard/channels",
            channel_id=channel.id,
            at=channel.checked_at,
        )
        for channel in (await session.exec(errors)).all()
    ]
    unknown, unknown_total = await _unknown_attempts(actor, session, now)
    failed = await _number(
        session,
        scoped(actor, LeadEvent).where(col(LeadEvent.disposition) == Disposition.ERROR, col(LeadEvent.received_at) >= now - LOOK_BACK),
    )
    if failed:
        items.append(
            AttentionView(
                kind="lead_error",
                title=f"{failed} lead{'s' if failed > 1 else ''} could not be matched",
                detail="Each says why.",
                href="/dashboard/leads?disposition=error",
            )
        )
    return (items + unknown)[:SHOWN], len(items) + unknown_total


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
            title=f"Not known whether {name or 'a contact'} was reached",
            detail=log.error_message or "The provider never told what became of this attempt; it is not sent again.",
            href=f"{ENGAGEMENT}/executions/{log.flow_execution_id}",
            execution_id=log.flow_execution_id,
            at=log.started_at,
        )
        for log, name, _ in rows
    ]
    return items, rows[0][2] if rows else 0
