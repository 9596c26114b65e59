"""People: taking leads in, finding, changing, enrolling, exporting and forgetting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import AutoflowsError, Conflict, FieldError, Invalid, NotFound, TooLarge
from autoflows.domain.leads import has_dnc
from autoflows.domain.people import normalise_email, normalise_phone
from autoflows.domain.permissions import Permission
from autoflows.engine import control, doorbell, goals, live
from autoflows.engine.ingest import Ingested, LeadDraft, ingest, ingest_many
from autoflows.ids import utc_now
from autoflows.models import Contact
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, one_of_mine, raw_connection, requires, scoped
from autoflows.services.after_commit import after_commit
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.person_search import find_people
from autoflows.services.recent_settings import account_settings
from autoflows.services.validation import invalid
from autoflows.services.views.bulk import BulkItemError
from autoflows.services.views.contacts import (
    BulkItemView,
    BulkView,
    ContactChange,
    ContactView,
    IngestedView,
    LeadLinks,
)
from autoflows.services.views.masking import shown

MAX_BULK = 1000


@requires(Permission.CONTACTS_WRITE)
async def add_contact(actor: Actor, draft: LeadDraft, *, idempotency_key: str | None = None) -> IngestedView:
    """Take one lead in. It is stored for ever when this returns; repeats give the first answer with `created` false.

    Raises Invalid (neither phone nor e-mail; the key was used with another body) and Unavailable (no database).
    """
    if idempotency_key is not None and not (0 < len(idempotency_key) <= 255 and idempotency_key.isprintable()):
        raise Invalid(
            "The Idempotency-Key cannot be used.", errors=[FieldError("/headers/Idempotency-Key", "must be 1 to 255 printable characters")]
        )
    settings = await account_settings(actor.account_id)
    return ingested_view(await ingest(actor.account_id, settings, draft, idempotency_key=idempotency_key))


@requires(Permission.CONTACTS_WRITE)
async def add_contacts(actor: Actor, items: Sequence[Any]) -> BulkView:
    """Take up to 1,000 leads in, each by itself: a bad one spoils no other. Results are in the order of the items.

    Raises TooLarge for more, Invalid for none.
    """
    if len(items) > MAX_BULK:
        raise TooLarge(f"At most {MAX_BULK:,} leads may be sent in one call; these are {len(items):,}. Send them in parts.")
    if not items:
        raise Invalid("There is no lead in the request.", errors=[FieldError("/contacts", "name at least one lead")])
    settings = await account_settings(actor.account_id)
    drafts: dict[int, LeadDraft] = {}
    answers: dict[int, Ingested | AutoflowsError] = {}
    for index, item in enumerate(items):
        try:
            drafts[index] = LeadDraft.model_validate(item)
        except ValidationError as error:
            answers[index] = invalid(error, detail="This lead has values that cannot be used.")
    taken = await ingest_many(actor.account_id, settings, list(drafts.values()), bulk=True)
    answers.update(zip(drafts, taken, strict=True))
    results = [_bulk_item(index, answers[index]) for index in range(len(items))]
    return BulkView(
        created=sum(r.status == 202 for r in results),
        repeated=sum(r.status == 200 for r in results),
        refused=sum(r.error is not None for r in results),
        results=results,
    )


@requires(Permission.CONTACTS_READ)
async def list_contacts(
    actor: Actor,
    session: AsyncSession,
    *,
    search: str = "",
    tag: str = "",
    lead_source: str = "",
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[ContactView]:
    """Contacts, newest first. `search` reads names, companies, e-mail addresses, and phone numbers in any way of writing."""
    statement: Any = scoped(actor, Contact).where(col(Contact.deleted_at).is_(None))
    if search := clean(search):
        statement = statement.where((await find_people(actor, session, search)).are())
    if tag := clean(tag):
        each = sa.func.unnest(col(Contact.tags)).column_valued("each_tag")
        statement = statement.where(sa.exists(sa.select(sa.literal(1)).where(sa.func.lower(each) == tag.lower())))
    if lead_source := clean(lead_source):
        statement = statement.where(sa.func.lower(col(Contact.lead_source)) == lead_source.lower())
    keys = [col(Contact.created_at), col(Contact.id)]
    return await paginate(session, statement, keys, lambda row: contact_view(actor, row), limit=limit, cursor=cursor)


@requires(Permission.CONTACTS_READ)
async def get_contact(actor: Actor, session: AsyncSession, contact_id: UUID) -> ContactView:
    """One contact. Raises NotFound."""
    return contact_view(actor, await my_contact(actor, session, contact_id))


@requires(Permission.CONTACTS_WRITE)
async def update_contact(actor: Actor, session: AsyncSession, contact_id: UUID, change: ContactChange) -> ContactView:
    """Change the fields that were sent. Raises Invalid (an address that cannot be one) and Conflict (another contact has it)."""
    contact = await my_contact(actor, session, contact_id)
    values = _checked(change, await account_settings(actor.account_id))
    for name in ("phone", "email"):
        if values.get(name) is not None:
            await _refuse_taken(actor, session, contact, name, values[name])
    if not (values.get("phone", contact.phone) or values.get("email", contact.email) or contact.phone_raw):
        raise Invalid("A contact needs a phone number or an e-mail address.", errors=[FieldError("/phone", "keep one of phone and email")])
    if values.get("phone"):
        values["phone_raw"] = None
    if "custom_fields" in values:
        values["custom_fields"] = dict(values["custom_fields"])
    for name, value in values.items():
        setattr(contact, name, value)
    contact.updated_at = utc_now()
    if {"tags", "phone", "email", "timezone", "consent"} & values.keys():  # a wait is cut short by what now says no
        after_commit(session, lambda: control.wake_contact(actor.account_id, contact_id))
    audit.record(session, actor, "contact.updated", "contact", contact_id, changed=sorted(values))
    try:
        async with session.begin_nested():
            session.add(contact)
            await session.flush()
    except IntegrityError as error:  # the other contact came between the look and the write
        name = "email" if "uq_contacts_user_email" in str(error.orig) else "phone"
        raise _taken(name) from error
    changes = await goals.note_contacts(await raw_connection(session), [contact_id])
    if changes:
        after_commit(session, lambda: _tell(changes))
    return contact_view(actor, contact)


async def _tell(changes: Sequence[live.LiveChange]) -> None:
    await doorbell.ring()
    live.publish(changes)


@requires(Permission.CONTACTS_WRITE)
async def enrol_contact(actor: Actor, session: AsyncSession, contact_id: UUID, flow_id: UUID) -> UUID:
    """Start a flow for a contact by hand; the id of the execution. Raises NotFound, and Conflict if the flow runs for them already."""
    await my_contact(actor, session, contact_id)
    return await control.enrol(actor.account_id, contact_id, flow_id, actor.user_id)


async def my_contact(actor: Actor, session: AsyncSession, contact_id: UUID) -> Contact:
    """The account's contact with this id. Raises NotFound for another account's, a deleted one, or none."""
    contact = await one_of_mine(actor, session, Contact, contact_id, "contact")
    if contact.deleted_at is not None:
        raise NotFound(f"There is no contact with the id {contact_id}.")
    return contact


my_contact.__open_to__ = "services"  # type: ignore[attr-defined]


def contact_view(actor: Actor, contact: Contact) -> ContactView:
    """A contact as this actor may see it."""
    fields = {name: getattr(contact, name) for name in ContactView.model_fields if name != "is_dnc"}
    return shown(ContactView(**fields, is_dnc=has_dnc(contact.tags)), pii=actor.may(Permission.PII_READ))


def ingested_view(answer: Ingested) -> IngestedView:
    """The answer to a lead, with links."""
    links = LeadLinks(
        self=f"/api/lead-events/{answer.lead_event_id}",
        contact=f"/api/contacts/{answer.contact_id}" if answer.contact_id else "",
    )
    return IngestedView(
        contact_id=answer.contact_id,
        lead_event_id=answer.lead_event_id,
        disposition=answer.disposition,
        created=answer.created,
        links=links,
    )


def clean(text: str) -> str:
    """A text as typed into a box: no spaces around it, nothing that cannot be compared with stored text, at most 255 characters."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode().strip()[:255]


def _bulk_item(index: int, answer: Ingested | AutoflowsError) -> BulkItemView:
    if isinstance(answer, Ingested):
        return BulkItemView(index=index, status=202 if answer.created else 200, result=ingested_view(answer))
    errors = [{"pointer": e.pointer, "detail": e.detail} for e in answer.errors]
    return BulkItemView(
        index=index,
        status=answer.status,
        error=BulkItemError(status=answer.status, title=answer.title, detail=answer.detail, errors=errors),
    )


def _checked(change: ContactChange, settings: AccountSettings) -> dict[str, Any]:
    """The sent fields as columns hold them. Raises Invalid for addresses that cannot be used."""
    values: dict[str, Any] = change.model_dump(exclude_unset=True)
    for name in ("name", "company", "tags", "custom_fields"):
        if name in values and values[name] is None:
            values[name] = {"tags": [], "custom_fields": {}}.get(name, "")
    if "tags" in values:
        values["tags"] = list(dict.fromkeys(values["tags"]))
    if values.get("consent") is not None and change.consent is not None:
        values["consent"] = change.consent.model_dump(mode="json")
    errors = []
    if values.get("phone"):
        values["phone"] = normalise_phone(raw := values["phone"], settings.default_country)
        if values["phone"] is None:
            detail = f"'{raw[:40]}' is not a phone number; write it with its country code, such as +91 98765 43210"
            errors.append(FieldError("/phone", detail))
    if values.get("email"):
        values["email"] = normalise_email(raw := values["email"])
        if values["email"] is None:
            errors.append(FieldError("/email", f"'{raw[:60]}' is not an e-mail address"))
    if errors:
        raise Invalid("The contact was not changed.", errors=errors)
    return {name: value or None if name in ("phone", "email", "timezone") else value for name, value in values.items()}


async def _refuse_taken(actor: Actor, session: AsyncSession, contact: Contact, name: str, value: str) -> None:
    column: Mapping[str, Any] = {"phone": col(Contact.phone), "email": col(Contact.email)}
    if (await session.exec(scoped(actor, Contact).where(column[name] == value, col(Contact.id) != contact.id))).first() is not None:
        raise _taken(name)


def _taken(name: str) -> Conflict:
    what = {"phone": "phone number", "email": "e-mail address"}[name]
    return Conflict(f"Another contact has this {what}.", errors=[FieldError(f"/{name}", f"this {what} belongs to another contact")])
