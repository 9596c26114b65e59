"""One lead on its way into the database: who it is, whether it came before, and the rows it becomes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import FieldError, Invalid, Unavailable
from autoflows.domain.leads import Disposition
from autoflows.domain.people import normalise_email, normalise_phone
from autoflows.engine.lead_draft import LeadDraft
from autoflows.engine.pool import Connection
from autoflows.ids import new_id


@dataclass(frozen=True, slots=True)
class Ingested:
    """The durable answer: `created` is False when this very lead had come before, and the first answer is given again."""

    contact_id: UUID | None
    lead_event_id: UUID
    disposition: str
    created: bool


FIND_EVENT = """
SELECT id, contact_id, disposition, idempotency_key, request_hash FROM lead_events
WHERE user_id = $1 AND (idempotency_key = $2::text OR (lead_source = $3::text AND external_id = $4::text) OR id = $5)
"""
# Whoever has the address now, else whoever had it: a person who comes back by an earlier address is still do-not-call.
# IS NOT DISTINCT FROM keeps the account out of the choice of an index: on a young table, all its contacts would be looked through.
FIND_CONTACT = """
SELECT id, 1 AS rank FROM contacts WHERE user_id = $1 AND phone = $2
UNION ALL
SELECT id, 2 AS rank FROM contacts WHERE user_id = $1 AND email = $3
UNION ALL
SELECT id, 3 AS rank FROM contacts WHERE user_id IS NOT DISTINCT FROM $1 AND other_phones <> '{}' AND other_phones @> ARRAY[$2::text]
UNION ALL
SELECT id, 4 AS rank FROM contacts WHERE user_id IS NOT DISTINCT FROM $1 AND other_emails <> '{}' AND other_emails @> ARRAY[$3::text]
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

# Many leads in one statement: those that are new in every respect. Whoever is known, or lost a race to another request, is not among
# the answers and goes the long way. Each look-up is a subquery of its own, so that it stays one probe of one index per lead.
ADD_NEW = """
WITH draft AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS d(
    event_id uuid, contact_id uuid, user_id uuid, name text, phone text, phone_raw text, email text, company text, tags text[],
    custom_fields jsonb, timezone text, consent jsonb, lead_source text, entry_type text, external_id text, idempotency_key text,
    request_hash text, payload jsonb, source_created_at timestamptz, disposition text, reason text, bulk boolean)
), fresh AS MATERIALIZED (
  SELECT * FROM draft d
  WHERE (SELECT count(*) FROM lead_events l WHERE l.id = d.event_id) = 0
    AND (d.idempotency_key IS NULL
         OR (SELECT count(*) FROM lead_events l WHERE l.user_id = d.user_id AND l.idempotency_key = d.idempotency_key) = 0)
    AND (d.external_id IS NULL OR (SELECT count(*) FROM lead_events l
         WHERE l.user_id = d.user_id AND l.lead_source = d.lead_source AND l.external_id = d.external_id) = 0)
    AND (d.phone IS NULL OR (SELECT count(*) FROM contacts c WHERE c.user_id = d.user_id AND c.phone = d.phone) = 0
         AND (SELECT count(*) FROM contacts c
              WHERE c.user_id IS NOT DISTINCT FROM d.user_id AND c.other_phones <> '{}' AND c.other_phones @> ARRAY[d.phone]) = 0)
    AND (d.email IS NULL OR (SELECT count(*) FROM contacts c WHERE c.user_id = d.user_id AND c.email = d.email) = 0
         AND (SELECT count(*) FROM contacts c
              WHERE c.user_id IS NOT DISTINCT FROM d.user_id AND c.other_emails <> '{}' AND c.other_emails @> ARRAY[d.email]) = 0)
), c AS (
  INSERT INTO contacts (id, user_id, name, phone, phone_raw, email, company, tags, custom_fields, timezone, consent, lead_source,
                        entry_type, created_at, updated_at)
  SELECT contact_id, user_id, name, phone, phone_raw, email, company, tags, custom_fields, timezone, consent, lead_source, entry_type,
         now(), now() FROM fresh
  ON CONFLICT DO NOTHING RETURNING id
), e AS (
  INSERT INTO lead_events (id, user_id, contact_id, lead_source, entry_type, external_id, idempotency_key, request_hash, payload,
                           received_at, source_created_at, disposition, reason, trace, settled_at, due_at, bulk)
  SELECT event_id, user_id, contact_id, lead_source, entry_type, external_id, idempotency_key, request_hash, payload, clock_timestamp(),
         CASE WHEN source_created_at <= clock_timestamp() + interval '5 minutes' THEN source_created_at END, disposition, reason, '[]',
         CASE WHEN disposition = 'queued' THEN NULL ELSE clock_timestamp() END,
         CASE WHEN disposition = 'queued' THEN clock_timestamp() END, bulk
  FROM fresh JOIN c ON c.id = fresh.contact_id
  ON CONFLICT DO NOTHING RETURNING id, contact_id
)
SELECT c.id AS contact_id, e.id AS event_id FROM c LEFT JOIN e ON e.contact_id = c.id
"""


class Raced(Exception):
    """Another request wrote the same contact or event first: start over and find it."""


class Arrival:
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
        self.phone_raw = draft.phone if draft.phone and self.phone is None else None
        # One id for all tries: a lost answer to a commit must not make two.
        self.event_id, self.contact_id, self.tried = new_id(), new_id(), False
        self.addresses = (self.phone or "", self.email or "")
        self.body = draft.model_dump(mode="json")
        self.hash = hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()
        usable = bool(self.phone or self.email)
        self.disposition = Disposition.QUEUED if usable else Disposition.INVALID
        self.reason = "" if usable else "Neither the phone number nor the e-mail address can be used"
        self.source_created_at = draft.source_created_at

    async def write(self, connection: Connection) -> Ingested:
        """The transaction. Safe to repeat: the unique keys of event and contact decide."""
        for _ in range(5):
            if (first := await self._earlier(connection)) is not None:
                return first
            self.tried = True
            try:
                async with connection.transaction():  # a savepoint: a lost race undoes the contact too
                    return await self._write(connection)
            except (Raced, asyncpg.UniqueViolationError):
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

    def row(self) -> dict[str, Any]:
        """The columns of the contact and the lead event it becomes, for one that is new in every respect."""
        draft = self.draft
        return {
            "event_id": self.event_id,
            "contact_id": self.contact_id,
            "user_id": self.account_id,
            "name": draft.name,
            "phone": self.phone,
            "phone_raw": self.phone_raw,
            "email": self.email,
            "company": draft.company,
            "tags": draft.tags,
            "custom_fields": self.body["custom_fields"],
            "timezone": draft.timezone,
            "consent": self.body["consent"],
            "lead_source": draft.lead_source,
            "entry_type": draft.entry_type.value,
            "external_id": draft.external_id,
            "idempotency_key": self.key,
            "request_hash": self.hash,
            "payload": self.body,
            "source_created_at": self.source_created_at,
            "disposition": self.disposition.value,
            "reason": self.reason,
            "bulk": self.bulk,
        }

    async def _write(self, connection: Connection) -> Ingested:
        draft = self.draft
        contact_id = await self._contact(connection)
        event_id = await connection.fetchval(
            ADD_EVENT, self.event_id, self.account_id, contact_id, draft.lead_source, draft.entry_type.value, draft.external_id, self.key,
            self.hash, self.body, self.source_created_at, self.disposition.value, self.reason, self.bulk,
        )  # fmt: skip
        if event_id is None:
            raise Raced
        return Ingested(contact_id, event_id, self.disposition.value, True)

    async def _contact(self, connection: Connection) -> UUID:
        draft = self.draft
        rows = await connection.fetch(FIND_CONTACT, self.account_id, self.phone, self.email)
        consent = self.body["consent"]
        if not rows:
            added: UUID | None = await connection.fetchval(
                ADD_CONTACT, self.contact_id, self.account_id, draft.name, self.phone, self.phone_raw, self.email, draft.company,
                draft.tags, draft.custom_fields, draft.timezone, consent, draft.lead_source, draft.entry_type.value,
            )  # fmt: skip
            if added is None:
                raise Raced
            return added
        known = rows[0]
        taken = any(row["id"] != known["id"] for row in rows)  # the e-mail is another person's: it stays theirs
        email = None if taken else self.email
        contact_id: UUID = known["id"]
        await connection.execute(
            MERGE_CONTACT, contact_id, draft.name, draft.company, self.phone, self.phone_raw, email, email, draft.tags,
            draft.custom_fields, draft.timezone, consent,
        )  # fmt: skip
        return contact_id


async def add_new(connection: Connection, arrivals: Sequence[Arrival]) -> dict[UUID, Ingested]:
    """Add those that are new in every respect, in one statement; the answers by event id. The others are left for `Arrival.write`.

    Raises Raced if another request wrote one of the events meanwhile: the caller's savepoint must take all of it back.
    """
    for arrival in arrivals:
        arrival.tried = True
    rows = await connection.fetch(ADD_NEW, json.dumps([arrival.row() for arrival in arrivals], default=str, separators=(",", ":")))
    added = {row["event_id"]: row["contact_id"] for row in rows}
    if None in added:
        raise Raced
    return {
        arrival.event_id: Ingested(arrival.contact_id, arrival.event_id, arrival.disposition.value, True)
        for arrival in arrivals
        if arrival.event_id in added
    }
