"""The triggers of an account's enabled flows and the leads of the last days: what the analyser and the impact of a change work on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.analyse import Ranked
from autoflows.domain.conditions import Lead
from autoflows.domain.flow import TriggerCondition
from autoflows.ids import utc_now
from autoflows.models import Contact, Flow, FlowTriggerCondition, LeadEvent
from autoflows.services.access import Actor, AsyncSession, open_to

IMPACT_DAYS = 30
IMPACT_LEADS = 5_000
"""The newest leads that a change is held against: enough to see what it means, few enough to be asked while dragging."""


@open_to("services")
async def enabled_triggers(actor: Actor, session: AsyncSession) -> list[Ranked]:
    """The account's enabled flows in order of priority."""
    mine = (col(Flow.user_id) == actor.account_id, col(Flow.deleted_at).is_(None), col(Flow.is_enabled))
    flows = await session.exec(sa.select(col(Flow.id), col(Flow.name), col(Flow.priority)).where(*mine).order_by(col(Flow.priority)))  # type: ignore[call-overload]
    columns = [col(getattr(FlowTriggerCondition, name)) for name in TriggerCondition.model_fields]
    statement = sa.select(col(FlowTriggerCondition.flow_id), *columns).join(Flow, col(Flow.id) == col(FlowTriggerCondition.flow_id))
    conditions: dict[UUID, list[TriggerCondition]] = defaultdict(list)
    for row in (await session.exec(statement.where(*mine).order_by(col(FlowTriggerCondition.position)))).mappings():  # type: ignore[call-overload]
        values = dict(row)
        conditions[values.pop("flow_id")].append(TriggerCondition.model_validate(values))
    return [Ranked(flow_id, name, priority, conditions[flow_id]) for flow_id, name, priority in flows.all()]


@dataclass(frozen=True, slots=True)
class RecentLeads:
    """Leads that came since `since`; `is_capped` if there were more, and these are the newest."""

    leads: list[Lead]
    since: datetime
    is_capped: bool


@open_to("services")
async def recent_leads(actor: Actor, session: AsyncSession) -> RecentLeads:
    """The leads of the last days: how each came in, and the contact as known now, as matching would see it. Erased ones are left out."""
    since = utc_now() - timedelta(days=IMPACT_DAYS)
    event, person = LeadEvent, Contact
    kept = (person.name, person.phone, person.email, person.company, person.timezone, person.tags, person.custom_fields)
    statement = (
        sa.select(col(event.lead_source), col(event.entry_type), *(col(column) for column in kept))
        .join(person, col(person.id) == col(event.contact_id))
        .where(col(event.user_id) == actor.account_id, col(event.received_at) >= since, col(person.deleted_at).is_(None))
        .order_by(col(event.received_at).desc(), col(event.id).desc())
        .limit(IMPACT_LEADS + 1)
    )
    rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
    leads = [
        Lead(source, entry, name, phone, email, company, zone, tuple(tags), custom)
        for source, entry, name, phone, email, company, zone, tags, custom in rows[:IMPACT_LEADS]
    ]
    return RecentLeads(leads, since, len(rows) > IMPACT_LEADS)
