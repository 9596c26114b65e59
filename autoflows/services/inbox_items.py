"""What is known of each thing in the inbox: its rows read together, and told as an item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import col

from autoflows.domain.causes import INTERNAL, SILENT, TAKEN, Cause, InboxKind, risk_of
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.permissions import Permission
from autoflows.models import ActionLog, Channel, Contact, Execution, Flow, FlowVersion, ProviderEventRow, User
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.inbox_story import decisive, known_of, retry_of, sent_by
from autoflows.services.leads import person_view
from autoflows.services.views.inbox import (
    DismissalView,
    InboxItem,
)
from autoflows.services.views.masking import shown

UNNAMED = Cause("", INTERNAL, None).key
Row = tuple[InboxKind, datetime, UUID]
"""What is listed: its kind, since when, and its id."""


@open_to("services")
async def all_rows(session: AsyncSession, statement: Any) -> Sequence[Any]:
    """The rows of a statement of any number of columns."""
    # Not `exec`, which takes a select of one column apart.
    return await session.run_sync(lambda sync: sync.execute(statement).all())


@open_to("services")
async def channel_names(actor: Actor, session: AsyncSession) -> dict[UUID, str]:
    """The account's channels by id."""
    statement = sa.select(col(Channel.id), col(Channel.name)).where(col(Channel.user_id) == actor.account_id)
    return {row[0]: row[1] for row in await all_rows(session, statement)}


@open_to("services")
async def logs_of(session: AsyncSession, execution_ids: Any) -> dict[UUID, list[ActionLog]]:
    """All attempts of these executions, in order."""
    statement = (
        sa.select(ActionLog)
        .where(col(ActionLog.flow_execution_id).in_(list(execution_ids)))
        .order_by(col(ActionLog.action_order), col(ActionLog.attempt))
    )
    logs: dict[UUID, list[ActionLog]] = defaultdict(list)
    for (log,) in await all_rows(session, statement):
        logs[log.flow_execution_id].append(log)
    return logs


@open_to("services")
async def items_of(actor: Actor, session: AsyncSession, rows: Sequence[Row]) -> list[InboxItem]:
    """What is known of these, in four queries however many they are."""
    if not rows:
        return []
    doubted = [row_id for kind, _, row_id in rows if kind is InboxKind.UNKNOWN]
    execution_of = sa.select(col(ActionLog.id), col(ActionLog.flow_execution_id)).where(col(ActionLog.id).in_(doubted))
    of_log = {row[0]: row[1] for row in await all_rows(session, execution_of)}
    execution_ids = {of_log.get(row_id, row_id) for _, _, row_id in rows}
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email), "A former member of the team")
    statement = (
        sa.select(Execution, col(Flow.name), FlowVersion, Contact, person)
        .join(Flow, col(Flow.id) == col(Execution.flow_id))
        .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
        .join(Contact, col(Contact.id) == col(Execution.contact_id))
        .outerjoin(User, col(User.id) == col(Execution.dismissed_by))
        .where(col(Execution.id).in_(execution_ids), col(Execution.user_id) == actor.account_id)
    )
    runs = {row[0].id: row for row in await all_rows(session, statement)}
    plans = {version.id: _definition(version) for version in {row[2].id: row[2] for row in runs.values()}.values()}
    logs, names = await logs_of(session, runs), await channel_names(actor, session)
    about = {row_id: _log_about(kind, row_id, logs[of_log.get(row_id, row_id)]) for kind, _, row_id in rows}
    wanted = [log.id for log in about.values() if log is not None]
    events: dict[UUID | None, list[ProviderEventRow]] = defaultdict(list)
    for (event,) in await all_rows(session, sa.select(ProviderEventRow).where(col(ProviderEventRow.action_log_id).in_(wanted))):
        events[event.action_log_id].append(event)
    items = []
    for kind, at, row_id in rows:
        if (run := runs.get(of_log.get(row_id, row_id))) is None:
            continue
        log = about[row_id]
        told = events[log.id] if log else []
        items.append(_item(actor, (kind, at, row_id), run, plans[run[2].id], log, logs[run[0].id], names, told))
    return items


def _log_about(kind: InboxKind, row_id: UUID, logs: Sequence[ActionLog]) -> ActionLog | None:
    return next((log for log in logs if log.id == row_id), None) if kind is InboxKind.UNKNOWN else decisive(logs)


def _item(
    actor: Actor,
    row: Row,
    run: Any,
    definition: FlowDefinition | None,
    log: ActionLog | None,
    logs: Sequence[ActionLog],
    names: dict[UUID, str],
    events: Sequence[ProviderEventRow],
) -> InboxItem:
    kind, at, row_id = row
    execution, flow_name, version, contact, person = run
    can_retry, retry = retry_of(definition, logs, bool(contact.phone or contact.email))
    is_unknown = kind is InboxKind.UNKNOWN
    channel_id = log.channel_id if log else None
    channel_name = names.get(channel_id) if channel_id else None
    cause = execution.cause or UNNAMED
    if is_unknown and log:
        cause = Cause(log.action_type, TAKEN if log.provider_ref else SILENT, channel_id).key
    left = execution.dismissed_at
    view = InboxItem(
        id=row_id,
        kind=kind,
        cause=cause,
        execution_id=execution.id,
        flow_id=execution.flow_id,
        flow_name=flow_name,
        flow_version=version.version,
        contact=person_view(contact),
        action_type=log.action_type if log else "",
        action_order=log.action_order if log else execution.current_action_step,
        action_count=len(definition.actions) if definition else 0,
        channel_id=channel_id,
        channel_name=channel_name,
        at=at if left is None else execution.completed_at,
        known=known_of(log, channel_name, events) if log else [],
        sent=sent_by(log) if log else "",
        provider_ref=log.provider_ref if log else None,
        risk=risk_of(log.action_type) if is_unknown and log else "",
        retry="" if is_unknown else retry,
        can_retry=can_retry and not is_unknown,
        dismissed=None if left is None or is_unknown else DismissalView(at=left, by=person, note=execution.dismissed_note),
    )
    return shown(view, pii=actor.may(Permission.PII_READ))


def _definition(version: FlowVersion) -> FlowDefinition | None:
    try:
        return FlowDefinition.model_validate(version.definition)
    except ValidationError:
        return None
