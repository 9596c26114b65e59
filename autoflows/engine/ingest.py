"""A lead comes in: one transaction that upserts the contact and writes the ledger row, then the doorbell. Nothing else is on this path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from pydantic import AfterValidator, Field, StringConstraints, field_validator

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import AutoflowsError, FieldError, Invalid, Unavailable
from autoflows.domain.flow import Strict, check_timezone
from autoflows.domain.leads import Disposition, EntryType
from autoflows.domain.people import normalise_email, normalise_phone
from autoflows.engine import doorbell, live
from autoflows.engine.pool import Connection, transact
from autoflows.ids import new_id

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""A source's time beyond these is no time, and could not be shown in every zone."""
MAX_CUSTOM_FIELDS = 100
CHUNK = 50
"""Leads of a bulk call that share a commit."""


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_storable)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_storable)]


class Consent(Strict):
    """What the person agreed to, in their source's words."""

    channels: list[Annotated[str, StringConstraints(pattern="^(call|whatsapp|sms|email)$")]] | None = Field(
        default=None, description="call, whatsapp, sms, email; null = not asked"
    )
    text: Annotated[str, StringConstraints(max_length=5000), AfterValidator(_storable)] = ""
    at: datetime | None = None


class LeadDraft(Strict):
    """A lead as a source gives it: the body of `POST /api/contacts`. One of `phone` and `email` is needed."""

    name: Text = ""
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_storable)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320), AfterValidator(_storable)] | None = None
    company: Text = ""
    lead_source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_storable)] = "API"
    entry_type: EntryType = EntryType.API
    external_id: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_storable)] | None
    ) = None
    source_created_at: datetime | None = None
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    custom_fields: dict[str, Any] = Field(default_factory=dict)
    timezone: str | None = None
    consent: Consent | None = None

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return check_timezone(value) if value else None

    @field_validator("source_created_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("must carry its zone, such as 2026-11-22T10:14:28Z")
        if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValueError(f"must be between the years {FIRST_YEAR} and {LAST_YEAR}")
        return value

    @field_validator("custom_fields")
    @classmethod
    def _fields(cls, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) > MAX_CUSTOM_FIELDS:
            raise ValueError(f"at most {MAX_CUSTOM_FIELDS} fields")
        text = json.dumps(value, default=str)
        if "\\u0000" in text:
            raise ValueError("must not contain the NUL character")
        if len(text) > 50_000:
            raise ValueError("at most 50,000 characters in all")
        return value


@dataclass(frozen=True, slots=True)
class Ingested:
    """The durable answer: `created` is False when this very lead had come before, and the first answer is given again."""

    contact_id: UUID | None
    lead_event_id: UUID
    disposition: str
    created: bool


async def ingest(
    account_id: UUID, settings: AccountSettings, draft: LeadDraft, *, idempotency_key: str | None = None, bulk: bool = False
) -> Ingested:
    """Take one lead in, durably.

    Raises Invalid (neither phone nor e-mail; the Idempotency-Key was used with another body) and Unavailable (no database).
    Repeating a call with the same Idempotency-Key, or the same (lead_source, external_id), gives the first answer.
    """
    lead = _Lead(account_id, settings, draft, idempotency_key, bulk)
    answer = await transact(lead.write)
    if answer.created:
        await doorbell.ring()
        live.publish([live.LiveChange(account_id, lead_event_id=answer.lead_event_id, kind="lead")])
    return answer


async def ingest_many(
    account_id: UUID, settings: AccountSettings, drafts: Sequence[LeadDraft], *, bulk: bool
) -> list[Ingested | AutoflowsError]:
    """Take many leads in, each by itself: one bad item spoils no other. The answers are in the order of the drafts."""
    answers: dict[int, Ingested | AutoflowsError] = {}
    leads: dict[int, _Lead] = {}
    for number, draft in enumerate(drafts):
        try:
            leads[number] = _Lead(account_id, settings, draft, None, bulk)
        except AutoflowsError as error:
            answers[number] = error
    # In the order of their addresses, so that two bulk calls over the same people lock them in the same order.
    numbers = sorted(leads, key=lambda n: leads[n].addresses)
    for start in range(0, len(numbers), CHUNK):
        chunk = numbers[start : start + CHUNK]
        try:
            written = await transact(partial(_write_chunk, [leads[n] for n in chunk]))
        except AutoflowsError as error:  # what was committed before stays: only these are to be sent again
            written = [error for _ in chunk]
        answers.update(zip(chunk, written, strict=True))
    await doorbell.ring()
    live.publish([live.LiveChange(account_id, kind="lead")])
    return [answers[n] for n in range(len(drafts))]


async def _write_chunk(leads: Sequence[_Lead], connection: Connection) -> list[Ingested | AutoflowsError]:
    """Several leads in one transaction; each has a savepoint of its own, so a bad one takes only itself back."""
    answers: list[Ingested | AutoflowsError] = []
    for lead in leads:
        try:
            answers.append(await lead.write(connection))
        except AutoflowsError as error:
            answers.append(error)
    return answers


FIND_EVENT = """
SELECT id, contact_id, disposition, idempotency_key, request_hash FROM lead_events
WHERE user_id = $1 AND (idempotency_key = $2::text OR (lead_source = $3::text AND external_id = $4::text) OR id = $5)
"""
# Whoever has the address now, else whoever had it: a person who comes back by an earlier address is still do-not-call.
FIND_CONTACT = """
SELECT id, 1 AS rank FROM contacts WHERE user_id = $1 AND phone = $2
UNION ALL
SELECT id, 2 AS rank FROM contacts WHERE user_id = $1 AND email = $3
UNION ALL
SELECT id, 3 AS rank FROM contacts WHERE user_id = $1 AND other_phones <> '{}' AND other_phones @> ARRAY[$2::text]
UNION ALL
SELECT id, 4 AS rank FROM contacts WHERE user_id = $1 AND other_emails <> '{}' AND other_emails @> ARRAY[$3::text]
ORDER BY rank, id
"""
ADD_CONTACT = """
INSERT INTO contacts (id, user_id, name, phone, phone_raw, email, company, tags, custom_fields, timezone, consent, lead_source, entry_type,
                      created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now(), now())
ON CONFLICT DO NOTHING RETURNING id
"""
# A known person: blanks are filled, what is new is added, what was said before stays. The newest phone is the one to reach them on.
MERGE_CONTACT = """
UPDATE contacts SET
  name = CASE WHEN name = '' THEN $2 ELSE name END,
  company = CASE WHEN company = '' THEN $3 ELSE company END,
  other_phones = CASE WHEN $4::text IS NOT NULL AND phone IS NOT NULL AND phone <> $4 AND NOT phone = ANY(other_phones)
                      THEN array_append(other_phones, phone::text) ELSE other_phones END,
  phone = COALESCE($4, phone),
  phone_raw = COALESCE(phone_raw, $5),
  email = CASE WHEN email IS NULL THEN $6 ELSE email END,
  other_emails = CASE WHEN $7::text IS NOT NULL AND email IS NOT NULL AND email <> $7 AND NOT $7 = ANY(other_emails)
                      THEN array_append(other_emails, $7) ELSE other_emails END,
  tags = CASE WHEN tags @> $8 THEN tags ELSE ARRAY(SELECT DISTINCT t FROM unnest(tags || $8) AS t ORDER BY t) END,
  custom_fields = custom_fields || $9, timezone = COALESCE($10, timezone),
  consent = CASE WHEN $11::jsonb -> 'channels' = 'null'::jsonb THEN COALESCE(consent, $11) ELSE COALESCE($11, consent) END,
  updated_at = now()
WHERE id = $1
"""
# A source's clock that runs ahead would make speed to lead negative, so a time well in the future is not kept.
ADD_EVENT = """
INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, external_id, idempotency_key, request_hash, payload,
                         received_at, source_created_at, disposition, reason, trace, settled_at, due_at, bulk)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(),
        CASE WHEN $10::timestamptz <= clock_timestamp() + interval '5 minutes' THEN $10 END, $11::text, $12, '[]',
        CASE WHEN $11::text = 'queued' THEN NULL ELSE clock_timestamp() END, CASE WHEN $11::text = 'queued' THEN clock_timestamp() END, $13)
ON CONFLICT DO NOTHING RETURNING id
"""


class _Raced(Exception):
    """Another request wrote the same contact or event first: start over and find it."""


class _Lead:
    """One lead on its way in: what was normalised once, for as many tries as the transaction needs."""

    def __init__(self, account_id: UUID, settings: AccountSettings, draft: LeadDraft, idempotency_key: str | None, bulk: bool) -> None:
        if not draft.phone and not draft.email:
            raise Invalid(
                "A lead needs a phone number or an e-mail address",
                errors=[FieldError("/phone", "give phone, or email"), FieldError("/email", "give email, or phone")],
            )
        self.account_id, self.draft, self.key, self.bulk = account_id, draft, idempotency_key, bulk
        self.phone = normalise_phone(draft.phone, settings.default_country) if draft.phone else None
        self.email = normalise_email(draft.email) if draft.email else None
        self.event_id, self.tried = new_id(), False  # one id for all tries: a lost answer to a commit must not make two
        self.addresses = (self.phone or "", self.email or "")
        self.body = draft.model_dump(mode="json")
        self.hash = hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()

    async def write(self, connection: Connection) -> Ingested:
        """The transaction. Safe to repeat: the unique keys of event and contact decide."""
        for _ in range(5):
            if (first := await self._earlier(connection)) is not None:
                return first
            self.tried = True
            try:
                async with connection.transaction():  # a savepoint: a lost race undoes the contact too
                    return await self._write(connection)
            except (_Raced, asyncpg.UniqueViolationError):
                continue
        raise Unavailable("This contact is being changed by many requests at once; please send the lead again")

    async def _earlier(self, connection: Connection) -> Ingested | None:
        if self.key is None and self.draft.external_id is None and not self.tried:
            return None
        rows = await connection.fetch(FIND_EVENT, self.account_id, self.key, self.draft.lead_source, self.draft.external_id, self.event_id)
        for row in rows:
            if self.key is not None and row["idempotency_key"] == self.key and row["request_hash"] != self.hash:
                raise Invalid(
                    "This Idempotency-Key was used before with another body; use a new key for a new lead",
                    errors=[FieldError("/headers/Idempotency-Key", "use a new key, or send the same body")],
                )
        if not rows:
            return None
        row = next((row for row in rows if row["id"] == self.event_id), rows[0])
        # Our own event from a try whose commit was not answered was made by this very request.
        return Ingested(row["contact_id"], row["id"], row["disposition"], row["id"] == self.event_id)

    async def _write(self, connection: Connection) -> Ingested:
        draft = self.draft
        contact_id = await self._contact(connection)
        usable = bool(self.phone or self.email)
        disposition = Disposition.QUEUED if usable else Disposition.INVALID
        reason = "" if usable else "Neither the phone number nor the e-mail address can be used"
        event_id = await connection.fetchval(
            ADD_EVENT, self.event_id, self.account_id, contact_id, draft.lead_source, draft.entry_type.value, draft.external_id, self.key,
            self.hash, self.body, draft.source_created_at, disposition.value, reason, self.bulk,
        )  # fmt: skip
        if event_id is None:
            raise _Raced
        return Ingested(contact_id, event_id, disposition.value, True)

    async def _contact(self, connection: Connection) -> UUID:
        draft = self.draft
        rows = await connection.fetch(FIND_CONTACT, self.account_id, self.phone, self.email)
        phone_raw = draft.phone if draft.phone and self.phone is None else None
        consent = draft.consent.model_dump(mode="json") if draft.consent else None
        if not rows:
            added: UUID | None = await connection.fetchval(
                ADD_CONTACT, new_id(), self.account_id, draft.name, self.phone, phone_raw, self.email, draft.company, draft.tags,
                draft.custom_fields, draft.timezone, consent, draft.lead_source, draft.entry_type.value,
            )  # fmt: skip
            if added is None:
                raise _Raced
            return added
        known = rows[0]
        taken = any(row["id"] != known["id"] for row in rows)  # the e-mail is another person's: it stays theirs
        email = None if taken else self.email
        contact_id: UUID = known["id"]
        await connection.execute(
            MERGE_CONTACT, contact_id, draft.name, draft.company, self.phone, phone_raw, email, email, draft.tags, draft.custom_fields,
            draft.timezone, consent,
        )  # fmt: skip
        return contact_id
