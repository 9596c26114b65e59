"""Suppressions as rows: made, added once, found for a contact, and kept when the contact is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from autoflows.domain.leads import has_dnc
from autoflows.domain.suppressions import ALL, PHONE_CHANNELS, SuppressionReason
from autoflows.models import Contact, Suppression
from autoflows.providers.vault import address_key, address_keys
from autoflows.services.access import AsyncSession, open_to


def row_of(
    account_id: UUID, address: str, channel: str, reason: SuppressionReason, detail: str = "", by: UUID | None = None
) -> dict[str, Any]:
    """A new suppression's columns."""
    row = Suppression(
        user_id=account_id,
        channel=channel,
        address_key=address_key(account_id, address),
        address=address,
        reason=reason,
        detail=detail,
        created_by=by,
    )
    return row.model_dump()


@open_to("services")
async def insert_new(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Suppression]:
    """Those that were new, by key and channel; in the order of the keys, so that two lists do not wait for each other."""
    if not rows:
        return {}
    unique = {(row["address_key"], row["channel"]): row for row in rows}
    statement = insert(Suppression).values([unique[key] for key in sorted(unique)]).on_conflict_do_nothing().returning(Suppression)
    found = (await session.exec(statement)).scalars().all()
    return {(row.address_key, row.channel): row for row in found}


def addresses_of(contact: Contact) -> list[str]:
    """Every address a contact has or had, the present ones first."""
    return [a for a in dict.fromkeys((contact.phone, contact.email, *contact.other_phones, *contact.other_emails)) if a]


def closes(contact: Contact) -> sa.ColumnElement[bool]:
    """Which suppressions hold for a contact: of `all` those of any address they came by, of one channel those of the present one."""
    account = contact.user_id
    ever = [key for address in addresses_of(contact) for key in address_keys(account, address)]
    now = [
        sa.and_(col(Suppression.channel).in_(channels), col(Suppression.address_key).in_(address_keys(account, address)))
        for address, channels in ((contact.phone, PHONE_CHANNELS), (contact.email, ("email",)))
        if address
    ]
    everything = sa.or_(col(Suppression.address_key).in_(ever), col(Suppression.contact_id) == contact.id)
    return sa.or_(sa.and_(col(Suppression.channel) == ALL, everything), *now)


@open_to("services")
async def outlive(session: AsyncSession, contact: Contact) -> None:
    """Before a contact's addresses are erased: what was closed for them stays closed by its key, without the address.

    A person who was do-not-call, by the tag or by any of their addresses, is closed by all of them from now on.
    """
    addresses = addresses_of(contact)
    keys = [key for address in addresses for key in address_keys(contact.user_id, address)]
    mine = sa.and_(
        col(Suppression.user_id) == contact.user_id,
        sa.or_(col(Suppression.address_key).in_(keys), col(Suppression.contact_id) == contact.id),
    )
    changed = sa.update(Suppression).where(mine).values(address=None, detail="", contact_id=None).returning(col(Suppression.channel))
    channels = {row[0] for row in (await session.exec(changed)).all()}
    if not (has_dnc(contact.tags) or ALL in channels):
        return
    rows = [row_of(contact.user_id, address, ALL, SuppressionReason.ERASURE) | {"address": None} for address in addresses]
    await insert_new(session, rows)
