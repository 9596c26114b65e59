"""Stopping e-mails by the link in one of them, without signing in (RFC 8058)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from autoflows.actions.unsubscribe import read_token
from autoflows.domain.errors import NotFound
from autoflows.domain.people import mask_email
from autoflows.domain.suppressions import SuppressionReason
from autoflows.models import Contact, Suppression, User
from autoflows.providers.vault import address_keys
from autoflows.services.access import AsyncSession, open_to
from autoflows.services.suppression_store import insert_new, row_of
from autoflows.services.views.suppressions import UnsubscribeView


@open_to("anyone")
async def read_unsubscribe(session: AsyncSession, token: str) -> UnsubscribeView:
    """What an unsubscribe link is about. Raises NotFound if it is not one of ours."""
    owner, address = await _unsealed(session, token)
    return UnsubscribeView(account_name=owner.name or "this sender", address=mask_email(address) or "")


@open_to("anyone")
async def unsubscribe(session: AsyncSession, token: str) -> UnsubscribeView:
    """Close e-mail for the address in the link; doing it again changes nothing. Raises NotFound if it is not one of ours."""
    owner, address = await _unsealed(session, token)
    known = sa.select(col(Suppression.id)).where(col(Suppression.address_key).in_(address_keys(owner.id, address)))
    if (await session.exec(known.where(col(Suppression.channel) == "email").limit(1))).first() is None:  # type: ignore[call-overload]
        here = sa.select(sa.literal(1)).where(col(Contact.user_id) == owner.id, col(Contact.email) == address)
        held = (await session.exec(here)).first() is not None  # type: ignore[call-overload]
        row = row_of(owner.id, address, "email", SuppressionReason.UNSUBSCRIBE)
        await insert_new(session, [row if held else row | {"address": None}])  # who was erased meanwhile stays so
    return UnsubscribeView(account_name=owner.name or "this sender", address=mask_email(address) or "")


async def _unsealed(session: AsyncSession, token: str) -> tuple[User, str]:
    found = read_token(token)
    owner = await session.get(User, found[0]) if found else None
    if found is None or owner is None:
        raise NotFound("This link is not complete. Copy it whole from the e-mail, or reply to the e-mail.")
    return owner, found[1]
