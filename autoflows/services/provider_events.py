"""What providers told about an attempt: in our words for everybody who sees it, and as it came for those who look into faults."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.permissions import Permission
from autoflows.models import ActionLog, ProviderEventRow
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.views.masking import shown
from autoflows.services.views.story import DeliveryView, ProviderEventView

MOST_DELIVERIES = 500
"""So many of one execution are told; a call or a message has a handful."""


@requires(Permission.EXECUTIONS_READ)
async def list_deliveries(actor: Actor, session: AsyncSession, execution_id: UUID) -> list[DeliveryView]:
    """How far each attempt of an execution got, as told, in the order it was told; nothing of what was erased. Payloads are not read."""
    event = col(ProviderEventRow.event)
    state = sa.func.coalesce(event["message_state"].astext, event["call_outcome"].astext, event["data"]["status"].astext)
    statement = (
        sa.select(
            col(ProviderEventRow.action_log_id),
            col(ProviderEventRow.kind),
            state,
            col(ProviderEventRow.occurred_at),
            col(ProviderEventRow.received_at),
            col(ProviderEventRow.applied),
            col(ProviderEventRow.note),
            event["text"].astext,
        )
        .join(ActionLog, col(ActionLog.id) == col(ProviderEventRow.action_log_id))
        .where(col(ActionLog.flow_execution_id) == execution_id, col(ActionLog.user_id) == actor.account_id, state.is_not(None))
        .order_by(col(ProviderEventRow.received_at), col(ProviderEventRow.id))
        .limit(MOST_DELIVERIES)
    )
    pii = actor.may(Permission.PII_READ)
    return [shown(_delivery(*row), pii=pii) for row in (await session.exec(statement)).all()]  # type: ignore[call-overload]


def _delivery(
    log_id: UUID, kind: str, state: str, occurred_at: datetime | None, received_at: datetime, applied: bool, note: str, text: str | None
) -> DeliveryView:
    at = occurred_at or received_at
    return DeliveryView(action_log_id=log_id, kind=kind, state=state, at=at, received_at=received_at, applied=applied, note=note, text=text)


@requires(Permission.AUDIT_READ)
async def list_provider_events(
    actor: Actor, session: AsyncSession, log_id: UUID, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[ProviderEventView]:
    """What a provider sent about an attempt, newest first, with the payloads as they came. Raises NotFound."""
    await one_of_mine(actor, session, ActionLog, log_id, "attempt")
    pii = actor.may(Permission.PII_READ)

    def view(row: ProviderEventRow) -> ProviderEventView:
        own: dict[str, Any] = {name: getattr(row, name) for name in ProviderEventView.model_fields}
        return shown(ProviderEventView(**own), pii=pii)

    statement = sa.select(ProviderEventRow).where(col(ProviderEventRow.action_log_id) == log_id)
    return await paginate(
        session, statement, [col(ProviderEventRow.received_at), col(ProviderEventRow.id)], view, limit=limit, cursor=cursor
    )
