"""Who must not be contacted any more: read for the gates, and written when people or providers say so.

A suppression is about an address. `all` holds for a person by any address they ever came by; one channel's holds for the address that
channel would use now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from autoflows.domain.flow import ActionType
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.opt_out import is_opt_in, is_opt_out
from autoflows.domain.outcomes import EventKind, ProviderEvent
from autoflows.domain.suppressions import ALL, Suppressed, SuppressionReason, fits
from autoflows.engine import audit
from autoflows.engine.pool import Connection
from autoflows.ids import new_id
from autoflows.providers import get_provider
from autoflows.providers.vault import address_key, address_keys

MAX_DETAIL = 500

FIND = """
SELECT address_key, channel, reason, detail, contact_id, created_at FROM suppressions
WHERE address_key = ANY($1) OR (contact_id = ANY($2) AND channel = 'all') ORDER BY created_at
"""
ADD = """
INSERT INTO suppressions (id, user_id, channel, address_key, address, reason, detail, contact_id, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, least(COALESCE($9, clock_timestamp()), clock_timestamp()))
ON CONFLICT (user_id, address_key, channel) DO NOTHING
"""
# What was said later than the row stands; what came before it is news of the past.
LIFT_WORD = """
DELETE FROM suppressions WHERE user_id = $1 AND reason = 'opt_out' AND (address_key = ANY($2) OR contact_id = ANY($3))
  AND created_at <= COALESCE($4, clock_timestamp())
"""
LIFT_PROVIDER = """
DELETE FROM suppressions WHERE user_id = $1 AND reason = 'provider' AND address_key = ANY($2) AND channel = $3
  AND created_at <= COALESCE($4, clock_timestamp())
"""
CHANNEL = "SELECT user_id, provider FROM channels WHERE id = $1"
# Locked like by a worker that settles a lead: either it sees the suppression, or its execution is seen and woken here.
PEOPLE = """
SELECT id, phone, phone_raw, email, other_phones, other_emails FROM contacts WHERE user_id = $1 AND id IN (
  SELECT contact_id FROM flow_action_logs WHERE id = $2
  UNION ALL SELECT id FROM contacts WHERE user_id = $1 AND phone = ANY($3)
  UNION ALL SELECT id FROM contacts WHERE user_id = $1 AND email = ANY($3)
  UNION ALL SELECT id FROM contacts WHERE user_id = $1 AND other_phones <> '{}' AND other_phones && $3::text[]
  UNION ALL SELECT id FROM contacts WHERE user_id = $1 AND other_emails <> '{}' AND other_emails && $3::text[]
) ORDER BY id FOR NO KEY UPDATE
"""
LIVE = "SELECT id FROM flow_executions WHERE contact_id = ANY($1) AND status = 'running' ORDER BY id"
LOCK_LIVE = f"{LIVE} FOR UPDATE"
ERASED = "SELECT id FROM contacts WHERE id = ANY($1) AND phone IS NULL AND phone_raw IS NULL AND email IS NULL"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact, as suppressions are looked up for it; `earlier` are addresses they came by before."""

    contact_id: UUID
    account_id: UUID
    phone: str | None
    email: str | None
    earlier: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A provider's word, in answer to a send, that an address must not be used again."""

    account_id: UUID
    contact_id: UUID
    action_type: ActionType
    address: str
    detail: str


@dataclass(slots=True)
class Heeded:
    """Whose running executions are to be ended, after someone opted out."""

    account_id: UUID | None = None
    execution_ids: list[UUID] = field(default_factory=list)


def person_of(account_id: UUID, contact_id: UUID, row: Mapping[str, Any]) -> Person:
    """A row with a contact's addresses as a person."""
    return Person(contact_id, account_id, row["phone"], row["email"], (*row["other_phones"], *row["other_emails"]))


def addresses_of(person: Person) -> list[str]:
    """Every address of a person, the present ones first."""
    return [address for address in dict.fromkeys((person.phone, person.email, *person.earlier)) if address]


async def suppressed_of(connection: Connection, people: Iterable[Person]) -> dict[UUID, list[Suppressed]]:
    """What is closed for these people, by contact: those for whom nothing is are left out. One query for all of them."""
    by_key: dict[str, list[tuple[UUID, str, bool]]] = defaultdict(list)
    contacts: list[UUID] = []
    for person in people:
        contacts.append(person.contact_id)
        for address in addresses_of(person):
            for key in address_keys(person.account_id, address):
                by_key[key].append((person.contact_id, address, address in (person.phone, person.email)))
    found: dict[UUID, list[Suppressed]] = defaultdict(list)
    if not contacts:
        return found
    for row in await connection.fetch(FIND, list(by_key), contacts):
        said = Suppressed(row["channel"], SuppressionReason(row["reason"]), row["created_at"], row["detail"])
        about = {
            contact_id
            for contact_id, address, present in by_key.get(row["address_key"], ())
            if said.channel == ALL or (present and fits(said.channel, is_email="@" in address))
        }
        if row["contact_id"] in contacts and said.channel == ALL:
            about.add(row["contact_id"])
        for contact_id in about:
            found[contact_id].append(said)
    return found


async def heed(connection: Connection, channel_id: UUID, told: Sequence[tuple[ProviderEvent, UUID | None]]) -> Heeded:
    """Write down what people and providers said of not being contacted, in the order told; each event beside the attempt it is about.

    An opt-out by a word closes all channels of everybody who has the address. A provider's word closes its own channel.
    """
    heeded = Heeded()
    told = [(event, log_id) for event, log_id in told if event.suppress is not None or _said(event, is_opt_out) or _said(event, is_opt_in)]
    if not told:
        return heeded
    channel = await connection.fetchrow(CHANNEL, channel_id)
    if channel is None:
        return heeded
    heeded.account_id = account_id = channel["user_id"]
    kind = CHANNEL_OF_ACTION.get(ActionType(get_provider(channel["provider"]).action_type), ALL)
    for event, log_id in told:
        people = await connection.fetch(PEOPLE, account_id, log_id, [event.address] if event.address else [])
        if event.suppress is not None:
            await _provider_said(connection, account_id, people, kind, event)
        elif _said(event, is_opt_in):
            await _opted_in(connection, account_id, people, event)
        else:
            heeded.execution_ids += await _opted_out(connection, account_id, people, event)
    return heeded


def _said(event: ProviderEvent, is_word: Any) -> bool:
    """Whether a reply, or what we had put behind the button that was tapped, is such a word."""
    return event.kind is EventKind.REPLY and any(is_word(text) for text in (event.text, event.data.get("payload")) if isinstance(text, str))


async def _provider_said(connection: Connection, account_id: UUID, people: Sequence[Any], channel: str, event: ProviderEvent) -> None:
    present = (row["email" if channel == "email" else "phone"] for row in people)  # where the provider names only our message
    address = event.address or next((address for address in present if address), None)
    if address is None:
        return
    if event.suppress is False:
        await connection.execute(LIFT_PROVIDER, account_id, address_keys(account_id, address), channel, event.occurred_at)
        return
    detail = event.error_message or event.text or ""
    reason, keep = SuppressionReason.PROVIDER, not any(map(_is_erased, people))
    await _add(connection, account_id, [address], channel, reason, detail, None, event.occurred_at, keep=keep)


def _is_erased(row: Mapping[str, Any]) -> bool:
    return not (row["phone"] or row["phone_raw"] or row["email"])


async def _opted_out(connection: Connection, account_id: UUID, people: Sequence[Any], event: ProviderEvent) -> list[UUID]:
    detail = event.text or str(event.data.get("payload") or "")
    common = (ALL, SuppressionReason.OPT_OUT, detail)
    for row in people:
        addresses = addresses_of(person_of(account_id, row["id"], row))
        await _add(connection, account_id, addresses, *common, row["id"], event.occurred_at)
        await audit.note(connection, account_id, None, "contact.opted_out", "contact", row["id"], {"by": "reply"})
    if event.address:
        keep = not any(map(_is_erased, people))
        await _add(connection, account_id, [event.address], *common, None, event.occurred_at, keep=keep)
    return [row["id"] for row in await connection.fetch(LIVE, [row["id"] for row in people])]


async def _opted_in(connection: Connection, account_id: UUID, people: Sequence[Any], event: ProviderEvent) -> None:
    addresses = {address for row in people for address in addresses_of(person_of(account_id, row["id"], row))}
    addresses |= {event.address} if event.address else set()
    keys = [key for address in addresses for key in address_keys(account_id, address)]
    done = await connection.execute(LIFT_WORD, account_id, keys, [row["id"] for row in people], event.occurred_at)
    if done != "DELETE 0":
        for row in people:
            await audit.note(connection, account_id, None, "contact.opted_in", "contact", row["id"], {"by": "reply"})


async def _add(
    connection: Connection,
    account_id: UUID,
    addresses: Iterable[str],
    channel: str,
    reason: SuppressionReason,
    detail: str,
    contact_id: UUID | None,
    at: datetime | None = None,
    *,
    keep: bool = True,
) -> None:
    """What is suppressed already stays as it is. Without `keep` only the key is stored. In the order of the keys, as everywhere."""
    rows = sorted((address_key(account_id, address), address) for address in set(addresses))
    shown = detail.strip()[:MAX_DETAIL]
    await connection.executemany(
        ADD,
        [
            (new_id(), account_id, channel, key, address if keep else None, reason.value, shown if keep else "", contact_id, at)
            for key, address in rows
        ],
    )


async def heed_refusals(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """The same for what was said in answer to sends, in the transaction that records the answers."""
    if not refusals:
        return
    gone = {row["id"] for row in await connection.fetch(ERASED, [refusal.contact_id for refusal in refusals])}
    for refusal in refusals:
        kept = refusal.contact_id not in gone
        channel = CHANNEL_OF_ACTION[refusal.action_type]
        await _add(connection, refusal.account_id, [refusal.address], channel, SuppressionReason.PROVIDER, refusal.detail, None, keep=kept)


async def live_of(connection: Connection, account_id: UUID, addresses: Sequence[str]) -> list[UUID]:
    """The running executions of everybody who has, or had, one of these addresses; locked."""
    people = [row["id"] for row in await connection.fetch(PEOPLE, account_id, None, list(addresses))]
    return [row["id"] for row in await connection.fetch(LOCK_LIVE, people)]
