"""`/api/contacts`: leads in, and the people they are about."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Response
from pydantic import BaseModel

from autoflows.api.deps import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Transaction
from autoflows.api.filters import Search
from autoflows.domain.errors import FieldError, Invalid
from autoflows.engine.ingest import LeadDraft
from autoflows.services import contacts, personal_data, suppressions
from autoflows.services.pages import Page
from autoflows.services.views.contacts import (
    BulkView,
    ContactChange,
    ContactExport,
    ContactView,
    EnrolledView,
    Enrolment,
    IngestedView,
    LiftedView,
)

router = APIRouter(prefix="/contacts", tags=["Contacts"])

LEAD_EXAMPLE = {
    "name": "Asha Patel",
    "phone": "+91 98765 00001",
    "email": "asha@example.com",
    "company": "Asha Agro",
    "lead_source": "IndiaMART",
    "entry_type": "integration",
    "external_id": "2769560468",
    "source_created_at": "2026-11-22T10:14:28Z",
    "tags": ["pump"],
    "custom_fields": {"product": "Solar Pump"},
}


@router.post(
    "",
    status_code=202,
    summary="Send a lead",
    responses={202: {"model": IngestedView, "description": "taken, durably"}, 200: {"model": IngestedView, "description": "sent before"}},
)
async def add_contact(
    actor: CurrentActor,
    draft: Annotated[LeadDraft, Body(openapi_examples={"lead": {"value": LEAD_EXAMPLE}})],
    idempotency_key: Annotated[str | None, Header(description="makes a repeat safe: the first answer is given again")] = None,
) -> Response:
    """Stored for ever once it is answered: 202 for a new lead, 200 with the first answer for one that was sent before."""
    taken = await contacts.add_contact(actor, draft, idempotency_key=idempotency_key)
    return answer_of(taken)


@router.post("/bulk", status_code=202, summary="Send up to 1,000 leads", responses={202: {"model": BulkView}})
async def add_contacts(
    actor: CurrentActor,
    body: Annotated[Any, Body(description='a list of leads, or `{"contacts": [...]}`', examples=[[LEAD_EXAMPLE]])],
) -> Response:
    """Each lead is taken or refused by itself; the results are in the order of the leads."""
    items = body.get("contacts") if isinstance(body, dict) and set(body) == {"contacts"} else body
    if not isinstance(items, list):
        raise Invalid("The leads are missing.", errors=[FieldError("", 'send a list of leads, or {"contacts": [...]}')])
    return _json(await contacts.add_contacts(actor, items), 202)


@router.get("", summary="List contacts")
async def list_contacts(
    actor: CurrentActor,
    session: Transaction,
    search: Search = "",
    tag: Annotated[str, Query(max_length=100)] = "",
    lead_source: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ContactView]:
    """Newest first."""
    return await contacts.list_contacts(actor, session, search=search, tag=tag, lead_source=lead_source, limit=limit, cursor=cursor)


@router.get("/{contact_id}", summary="Get a contact")
async def get_contact(actor: CurrentActor, session: Transaction, contact_id: UUID) -> ContactView:
    """One contact."""
    return await contacts.get_contact(actor, session, contact_id)


@router.patch("/{contact_id}", summary="Change a contact")
async def update_contact(actor: CurrentActor, session: Transaction, contact_id: UUID, change: ContactChange) -> ContactView:
    """Only what is sent changes. 409 names the field if another contact has the phone number or e-mail address."""
    return await contacts.update_contact(actor, session, contact_id, change)


@router.delete("/{contact_id}", status_code=204, summary="Delete a contact")
async def delete_contact(actor: CurrentActor, session: Transaction, contact_id: UUID) -> None:
    """Running executions are cancelled and the person's data is erased; the ledger still balances."""
    await personal_data.delete_contact(actor, session, contact_id)


@router.post("/{contact_id}/enrol", status_code=202, summary="Start a flow by hand")
async def enrol_contact(actor: CurrentActor, session: Transaction, contact_id: UUID, enrolment: Enrolment) -> EnrolledView:
    """409 if the flow runs for this contact already, 422 if they are do-not-call."""
    return EnrolledView(execution_id=await contacts.enrol_contact(actor, session, contact_id, enrolment.flow_id))


@router.get("/{contact_id}/export", summary="Export all data of a person")
async def export_contact(actor: CurrentActor, session: Transaction, contact_id: UUID, response: Response) -> ContactExport:
    """Everything that is held about them, as one JSON document."""
    response.headers["Content-Disposition"] = f'attachment; filename="contact-{contact_id}.json"'
    return await personal_data.export_contact(actor, session, contact_id)


@router.post("/{contact_id}/erase", summary="Forget a person")
async def erase_contact(actor: CurrentActor, session: Transaction, contact_id: UUID) -> ContactView:
    """Names, addresses, words and payloads go; ledger rows, executions and logs stay with their ids."""
    return await personal_data.erase_contact(actor, session, contact_id)


@router.delete("/{contact_id}/suppressions", summary="Let flows contact a person again")
async def remove_suppressions(actor: CurrentActor, session: Transaction, contact_id: UUID) -> LiftedView:
    """Everything that is closed for them is opened, also what they closed themselves: only if they ask. Nothing starts by it."""
    return LiftedView(removed=await suppressions.remove_of_contact(actor, session, contact_id))


def answer_of(taken: IngestedView) -> Response:
    """202 for a new lead, 200 for one that was sent before."""
    return _json(taken, 202 if taken.created else 200)


def _json(view: BaseModel, status: int) -> Response:
    """A view as it is: this route is the hot one, and the model was validated when it was made."""
    return Response(view.model_dump_json(), status_code=status, media_type="application/json")
