"""What an execution set out to do and what became of it, in one reading: the page of an execution, and what support answers from."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import NotFound
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.permissions import Permission
from autoflows.domain.whereabouts import Whereabouts, address_of, whereabouts
from autoflows.models import Contact, Execution, Flow, FlowVersion, LeadEvent, User
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.execution_acts import list_acts
from autoflows.services.executions import get_execution, list_logs
from autoflows.services.provider_events import list_deliveries
from autoflows.services.views.executions import ActionLogView, CostView
from autoflows.services.views.masking import shown
from autoflows.services.views.story import OriginView, StoryView


@requires(Permission.EXECUTIONS_READ)
async def get_story(actor: Actor, session: AsyncSession, execution_id: UUID) -> StoryView:
    """An execution with its plan, attempts, deliveries and what people did to it. Raises NotFound."""
    execution = await get_execution(actor, session, execution_id)
    logs = await list_logs(actor, session, execution_id)
    definition, origin = await _origin(actor, session, execution_id)
    return StoryView(
        execution=execution,
        origin=origin,
        plan=_plan(definition),
        logs=logs,
        deliveries=await list_deliveries(actor, session, execution_id),
        acts=await list_acts(actor, session, execution_id),
        costs=_costs(logs),
    )


async def _origin(actor: Actor, session: AsyncSession, execution_id: UUID) -> tuple[Any, OriginView]:
    """The definition of the version it is pinned to, and where it comes from, in one query."""
    source = sa.func.coalesce(col(LeadEvent.lead_source), col(Execution.metadata_)["trigger_source"].astext, "")
    statement = (
        sa.select(col(FlowVersion.definition), col(Flow.deleted_at), Contact, User, source, col(LeadEvent.entry_type))
        .select_from(Execution)
        .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
        .join(Flow, col(Flow.id) == col(Execution.flow_id))
        .join(Contact, col(Contact.id) == col(Execution.contact_id))
        .join(User, col(User.id) == col(Execution.user_id))
        .outerjoin(LeadEvent, col(LeadEvent.id) == col(Execution.lead_event_id))
        .where(col(Execution.id) == execution_id, col(Execution.user_id) == actor.account_id)
    )
    row = (await session.exec(statement)).first()  # type: ignore[call-overload]
    if row is None:
        raise NotFound(f"There is no execution with the id {execution_id}.")
    definition, deleted_at, contact, owner, lead_source, entry_type = row
    where = _whereabouts(contact, owner)
    view = OriginView(
        lead_source=lead_source,
        entry_type=entry_type,
        zones=list(where.zones),
        zone_origin=where.origin,
        flow_deleted=deleted_at is not None,
    )
    return definition, shown(view, pii=actor.may(Permission.PII_READ))


def _whereabouts(contact: Contact, owner: User) -> Whereabouts:
    """As the gate of legal hours knows them."""
    try:
        account = AccountSettings.model_validate(owner.settings)
    except ValueError:  # those of another release hold an execution up, and this page has to say so
        account = AccountSettings()
    return whereabouts(contact.timezone, contact.phone, address_of(contact.custom_fields), owner.timezone, account.default_country)


def _plan(definition: Any) -> FlowDefinition | None:
    try:
        return FlowDefinition.model_validate(definition)
    except ValueError:  # an older release's: the attempts still tell what was done
        return None


def _costs(logs: list[ActionLogView]) -> list[CostView]:
    """What they cost together, by currency."""
    sums: Counter[str] = Counter()
    for log in logs:
        if log.cost is not None:
            sums[log.cost.currency] += log.cost.amount
    return [CostView(amount=amount, currency=currency) for currency, amount in sorted(sums.items())]
