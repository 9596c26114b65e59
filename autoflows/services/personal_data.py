"""What a person may ask of us: to be told everything that is held about them, and to be forgotten.

Forgetting takes names, addresses, words and payloads away and leaves the rows with their ids: the ledger still balances, and what was
done is still known, but not to whom. Who was do-not-contact stays so: a keyed hash of the address is enough to know them again.
"""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from autoflows.domain.errors import Conflict
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.leads import Disposition
from autoflows.domain.permissions import Permission
from autoflows.engine import control
from autoflows.ids import utc_now
from autoflows.models import ActionLog, Channel, Contact, Execution, Flow, FlowVersion, LeadEvent, ProviderEventRow
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.contacts import contact_view, my_contact
from autoflows.services.executions import action_log_view, execution_view
from autoflows.services.leads import lead_event_detail
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.suppression_store import outlive
from autoflows.services.suppressions import list_suppressions
from autoflows.services.views.contacts import ContactExport, ContactView
from autoflows.services.views.masking import result, scrub, scrub_trace, shown

ERASED = "The person's data was erased"


@requires(Permission.EXPORT)
async def export_contact(actor: Actor, session: AsyncSession, contact_id: UUID) -> ContactExport:
    """Everything held about one person. Raises NotFound."""
    contact = await my_contact(actor, session, contact_id)
    steps = sa.func.jsonb_array_length(col(FlowVersion.definition)["actions"])
    events: Any = (
        sa.select(LeadEvent, col(Execution.status))
        .outerjoin(Execution, col(Execution.id) == col(LeadEvent.execution_id))
        .where(col(LeadEvent.contact_id) == contact_id)
        .order_by(col(LeadEvent.received_at))
    )
    executions: Any = (
        sa.select(Execution, col(Flow.name), col(FlowVersion.version), steps)
        .join(Flow, col(Flow.id) == col(Execution.flow_id))
        .join(FlowVersion, col(FlowVersion.id) == col(Execution.flow_version_id))
        .where(col(Execution.contact_id) == contact_id)
        .order_by(col(Execution.triggered_at))
    )
    logs: Any = (
        sa.select(ActionLog, col(Channel.name))
        .outerjoin(Channel, col(Channel.id) == col(ActionLog.channel_id))
        .where(col(ActionLog.contact_id) == contact_id)
        .order_by(col(ActionLog.started_at))
    )
    told = select(ProviderEventRow).where(await _told_about(session, contact)).order_by(col(ProviderEventRow.received_at))
    audit.record(session, actor, "contact.exported", "contact", contact_id)
    view = ContactExport(
        exported_at=utc_now(),
        contact=contact_view(actor, contact),
        lead_events=[lead_event_detail(actor, event, contact, status) for event, status in (await session.exec(events)).all()],
        executions=[execution_view(actor, row[0], row[1], row[2], row[3], contact) for row in (await session.exec(executions)).all()],
        action_logs=[action_log_view(actor, *row) for row in (await session.exec(logs)).all()],
        suppressions=(await list_suppressions(actor, session, contact_id=contact_id, limit=MAX_LIMIT)).data,
        provider_events=[row.model_dump(mode="json") for row in (await session.exec(told)).all()],
    )
    return shown(view, pii=actor.may(Permission.PII_READ))


@requires(Permission.CONTACTS_WRITE)
async def erase_contact(actor: Actor, session: AsyncSession, contact_id: UUID) -> ContactView:
    """Forget a person: their running executions are cancelled first, then every name, address, word and payload goes. Raises NotFound."""
    contact = await _forget(actor, session, contact_id)
    audit.record(session, actor, "contact.erased", "contact", contact_id)
    return contact_view(actor, contact)


@requires(Permission.CONTACTS_WRITE)
async def delete_contact(actor: Actor, session: AsyncSession, contact_id: UUID) -> None:
    """Forget a person and list them no more; the nameless row stays under the ledger and the executions. Raises NotFound."""
    contact = await _forget(actor, session, contact_id)
    contact.deleted_at = utc_now()
    audit.record(session, actor, "contact.deleted", "contact", contact_id)


async def _forget(actor: Actor, session: AsyncSession, contact_id: UUID) -> Contact:
    contact = await my_contact(actor, session, contact_id)
    # In the order in which a worker that settles a lead locks them: its lead events, then the contact.
    arrivals = select(LeadEvent).where(LeadEvent.contact_id == contact_id).order_by(col(LeadEvent.id)).with_for_update()
    events = (await session.exec(arrivals)).all()
    await session.refresh(contact, with_for_update={"key_share": True})  # FOR NO KEY UPDATE: rows that point here may still be inserted
    running = select(Execution.id).where(Execution.contact_id == contact_id, Execution.status == ExecutionStatus.RUNNING)
    for execution_id in (await session.exec(running)).all():
        with contextlib.suppress(Conflict):  # it ended by itself meanwhile
            await control.cancel(actor.account_id, execution_id, ERASED, actor.user_id)
    await outlive(session, contact)
    await _blank_provider_events(session, contact)
    for event in events:
        event.payload, event.trace = {}, scrub_trace(event.trace)
        if event.disposition == Disposition.QUEUED:
            event.disposition, event.reason = Disposition.INVALID, f"{ERASED} before a flow was chosen"
            event.settled_at, event.due_at = utc_now(), None
    await _blank_history(session, contact_id)
    for name, value in {"name": "", "company": "", "tags": [], "custom_fields": {}, "other_phones": [], "other_emails": []}.items():
        setattr(contact, name, value)
    contact.phone = contact.phone_raw = contact.email = contact.timezone = contact.consent = None
    contact.updated_at = utc_now()
    return contact


async def _told_about(session: AsyncSession, contact: Contact) -> sa.ColumnElement[bool]:
    """Which provider events are about a person: those of their attempts, and those of the account's channels that name their number."""
    attempts = sa.select(col(ActionLog.id)).where(col(ActionLog.contact_id) == contact.id)
    channels = sa.select(col(Channel.id)).where(col(Channel.user_id) == contact.user_id)
    addresses = [a for a in (contact.phone, contact.email, *contact.other_phones, *contact.other_emails) if a]
    named = sa.and_(col(ProviderEventRow.channel_id).in_(channels), col(ProviderEventRow.event)["address"].astext.in_(addresses))
    return sa.or_(col(ProviderEventRow.action_log_id).in_(attempts), named)


async def _blank_provider_events(session: AsyncSession, contact: Contact) -> None:
    about = await _told_about(session, contact)
    await session.exec(sa.update(ProviderEventRow).where(about).values(payload={}, event={}))


async def _blank_history(session: AsyncSession, contact_id: UUID) -> None:
    for execution in (await session.exec(select(Execution).where(Execution.contact_id == contact_id))).all():
        execution.metadata_ = {k: v for k, v in execution.metadata_.items() if k == "trigger_source"}
        execution.error_message = scrub(execution.error_message) if execution.error_message else execution.error_message
        execution.dismissed_note = ""
    for log in (await session.exec(select(ActionLog).where(ActionLog.contact_id == contact_id))).all():
        log.result_data = result(log.result_data)
        log.error_message = scrub(log.error_message) if log.error_message else log.error_message
