"""Which flows use an agent, a number or a template: nothing is removed under a flow that would need it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.errors import Conflict
from autoflows.domain.executions import ExecutionStatus
from autoflows.models import EmailTemplate, Execution, Flow, FlowVersion, PhoneNumber, VoiceAgent, WhatsAppNumber, WhatsAppTemplate
from autoflows.models.catalogue import CatalogueItem
from autoflows.services.access import Actor, AsyncSession, open_to

CATALOGUE_TABLES: tuple[type[CatalogueItem], ...] = (VoiceAgent, PhoneNumber, WhatsAppNumber, WhatsAppTemplate, EmailTemplate)
NAMES_SHOWN = 5


@open_to("services")
async def items_of_channel(session: AsyncSession, channel_id: UUID) -> set[UUID]:
    """The ids of all that a channel offers."""
    found: set[UUID] = set()
    for table in CATALOGUE_TABLES:
        model: Any = table
        found.update((await session.exec(select(model.id).where(model.channel_id == channel_id))).all())
    return found


@open_to("services")
async def refuse_if_used(actor: Actor, session: AsyncSession, item_ids: Collection[UUID], what: str) -> None:
    """Raise Conflict if an enabled flow, or an execution that is running, names one of these items."""
    wanted = {str(item_id) for item_id in item_ids}
    if not wanted:
        return
    runs = sa.exists().where(col(Execution.flow_version_id) == col(FlowVersion.id), col(Execution.status) == ExecutionStatus.RUNNING)
    enabled = sa.and_(col(Flow.is_enabled), col(FlowVersion.version) == col(Flow.version))
    statement = (
        sa.select(col(Flow.name), enabled, col(FlowVersion.definition)["actions"])
        .join(Flow, col(Flow.id) == col(FlowVersion.flow_id))
        .where(col(Flow.user_id) == actor.account_id, sa.or_(enabled, runs))
        .order_by(col(Flow.name))
    )
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    using = [(name, on) for name, on, actions in rows if any(wanted & _texts(action.get("action_config", {})) for action in actions or [])]
    if flows := list(dict.fromkeys(name for name, on in using if on)):
        raise Conflict(f"{what} is used by {_listed('enabled flow', flows)}. Disable or change what uses it first.")
    if flows := list(dict.fromkeys(name for name, _ in using)):
        raise Conflict(f"{what} is used by running executions of {_listed('flow', flows)}. Cancel them, or wait for their end.")


def _listed(noun: str, names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    quoted = ", ".join(f"'{name}'" for name in names[:NAMES_SHOWN])
    return f"the {noun}{'s' if len(names) > 1 else ''} {quoted}{more}"


def _texts(config: dict[str, Any]) -> set[str]:
    return {value for value in config.values() if isinstance(value, str)}
