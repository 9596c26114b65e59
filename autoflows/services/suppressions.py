"""The do-not-contact list: what people, providers and the team have closed. It outlives the contacts it is about."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import col

from autoflows.domain.errors import AutoflowsError, Conflict, FieldError, Invalid, TooLarge
from autoflows.domain.people import normalise_email, normalise_phone
from autoflows.domain.permissions import Permission
from autoflows.domain.suppressions import ALL, CHANNELS, PHONE_CHANNELS, Suppressed, SuppressionReason, fits
from autoflows.engine import control
from autoflows.models import Suppression, User
from autoflows.providers.vault import address_key, address_keys
from autoflows.services import audit
from autoflows.services.access import Actor, AsyncSession, one_of_mine, requires
from autoflows.services.after_commit import after_commit
from autoflows.services.contacts import clean, my_contact
from autoflows.services.pages import DEFAULT_LIMIT, Page, paginate
from autoflows.services.recent_settings import account_settings
from autoflows.services.suppression_store import closes, insert_new, row_of
from autoflows.services.validation import invalid
from autoflows.services.views.bulk import BulkItemError
from autoflows.services.views.masking import shown
from autoflows.services.views.suppressions import (
    SuppressionBulkView,
    SuppressionCreate,
    SuppressionItemView,
    SuppressionView,
)

MAX_BULK = 1000
MIN_DIGITS = 3
ADDRESS_COLUMNS = ("address", "phone", "email", "e-mail", "number", "mobile")
"""Headings under which a CSV file may have its addresses."""


@requires(Permission.CONTACTS_READ)
async def list_suppressions(
    actor: Actor,
    session: AsyncSession,
    *,
    search: str = "",
    channel: str = "",
    reason: str = "",
    contact_id: UUID | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[SuppressionView]:
    """Suppressions, newest first. `search` takes a phone number in any way of writing, also an erased person's; `contact_id` gives what
    is closed for one contact. Raises Invalid for an unknown channel or reason, NotFound for the contact."""
    statement: Any = _rows(actor)
    if channel:
        statement = statement.where(col(Suppression.channel) == _one_of("channel", channel, CHANNELS))
    if reason:
        statement = statement.where(col(Suppression.reason) == _one_of("reason", reason, tuple(SuppressionReason)))
    if search := clean(search):
        statement = statement.where(await _matches(actor, search))
    if contact_id is not None:
        statement = statement.where(closes(await my_contact(actor, session, contact_id)))
    keys = [col(Suppression.created_at), col(Suppression.id)]
    return await paginate(session, statement, keys, lambda *row: _view(actor, *row), limit=limit, cursor=cursor)


@requires(Permission.CONTACTS_WRITE)
async def add_suppression(actor: Actor, session: AsyncSession, new: SuppressionCreate) -> SuppressionView:
    """Close an address. What waits for its person is ended at once. Raises Invalid (no address, or not one of this channel), Conflict."""
    [row] = await _store(actor, session, [_normalised(new, await _country(actor))])
    if row is None:
        raise Conflict("This address is on the list already.", errors=[FieldError("/address", "is on the list already for this channel")])
    audit.record(session, actor, "suppression.added", "suppression", row.id, channel=row.channel)
    return _view(actor, row, actor.name or actor.email)


@requires(Permission.CONTACTS_WRITE)
async def add_suppressions(actor: Actor, session: AsyncSession, items: Sequence[Any]) -> SuppressionBulkView:
    """Close up to 1,000 addresses, each by itself: a bad one spoils no other. Results are in the order of the items.

    Raises TooLarge for more, Invalid for none.
    """
    if len(items) > MAX_BULK:
        raise TooLarge(f"At most {MAX_BULK:,} addresses may be sent in one call; these are {len(items):,}. Send them in parts.")
    if not items:
        raise Invalid("There is no address in the request.", errors=[FieldError("/suppressions", "name at least one address")])
    country = await _country(actor)
    good: dict[int, tuple[str, SuppressionCreate]] = {}
    results: dict[int, SuppressionItemView] = {}
    for index, item in enumerate(items):
        try:
            good[index] = _normalised(SuppressionCreate.model_validate(item), country)
        except ValidationError as error:
            results[index] = _refused(index, invalid(error, detail="This address cannot be used."))
        except AutoflowsError as error:
            results[index] = _refused(index, error)
    stored = await _store(actor, session, list(good.values()))
    for index, row in zip(good, stored, strict=True):
        results[index] = SuppressionItemView(index=index, status=200 if row is None else 201)
    added = sum(row is not None for row in stored)
    audit.record(session, actor, "suppression.imported", "suppression", added=added)
    ordered = [results[index] for index in range(len(items))]
    return SuppressionBulkView(added=added, known=len(stored) - added, refused=len(items) - len(stored), results=ordered)


@requires(Permission.CONTACTS_WRITE)
async def remove_suppression(actor: Actor, session: AsyncSession, suppression_id: UUID) -> None:
    """Open an address again. Nothing that was ended starts by it. Raises NotFound."""
    row = await one_of_mine(actor, session, Suppression, suppression_id, "suppression")
    audit.record(session, actor, "suppression.removed", "suppression", row.id, channel=row.channel, reason=row.reason)
    await session.delete(row)


@requires(Permission.CONTACTS_WRITE)
async def remove_of_contact(actor: Actor, session: AsyncSession, contact_id: UUID) -> int:
    """Open everything that is closed for one contact; gives how many suppressions that were. Raises NotFound."""
    contact = await my_contact(actor, session, contact_id)
    mine = col(Suppression.user_id) == actor.account_id
    gone = await session.exec(sa.delete(Suppression).where(mine, closes(contact)))
    audit.record(session, actor, "contact.suppressions_removed", "contact", contact_id, removed=gone.rowcount)
    return int(gone.rowcount)


def parse_csv(text: str) -> list[dict[str, str]]:
    """The addresses of a CSV text: columns `address` (or phone, email), `channel`, `detail`; in this order if there are no headings.

    Semicolons and tabs part columns too. Raises Invalid if it cannot be read.
    """
    text = text.removeprefix("\ufeff").replace("\x00", "")
    delimiter = max((",", ";", "\t"), key=text.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)]
    except csv.Error as error:
        raise Invalid("The CSV text cannot be read.", errors=[FieldError("", f"is not CSV: {error}")]) from None
    rows = [row for row in rows if any(row)]
    heads = [cell.lower() for cell in rows[0]] if rows else []
    if any(name in heads for name in ADDRESS_COLUMNS):
        rows = rows[1:]
    else:
        heads = ["address", "channel", "detail"]
    return [_item(dict(zip(heads, row, strict=False))) for row in rows]


def _item(cells: dict[str, str]) -> dict[str, str]:
    address = next((cells[name] for name in ADDRESS_COLUMNS if cells.get(name)), "")
    return {"address": address} | {
        name: cells[name].lower() if name == "channel" else cells[name] for name in ("channel", "detail") if cells.get(name)
    }


async def _country(actor: Actor) -> str:
    return (await account_settings(actor.account_id)).default_country


def _normalised(new: SuppressionCreate, country: str) -> tuple[str, SuppressionCreate]:
    """The address as it is compared. Raises Invalid."""
    is_email = "@" in new.address
    address = normalise_email(new.address) if is_email else normalise_phone(new.address, country)
    if address is None:
        said = f"'{new.address[:60]}' is neither a phone number (with its country code, such as +91 98765 43210) nor an e-mail address"
        raise Invalid("This address cannot be used.", errors=[FieldError("/address", said)])
    if not fits(new.channel, is_email=is_email):
        said = f"use all or email for an e-mail address, all, {', '.join(PHONE_CHANNELS)} for a phone number"
        raise Invalid("The channel does not fit the address.", errors=[FieldError("/channel", said)])
    return address, new


async def _store(actor: Actor, session: AsyncSession, items: Sequence[tuple[str, SuppressionCreate]]) -> list[Suppression | None]:
    """Add what is not on the list yet; None for what was on it. After the commit waits are ended, and calls that queue are dropped.

    A message by one closed channel needs nothing more: its step asks the gate.
    """
    mine = actor.account_id
    keys = [key for address, _ in items for key in address_keys(mine, address)]
    known: Any = sa.select(col(Suppression.address_key), col(Suppression.channel)).where(col(Suppression.address_key).in_(keys))
    on_list = {tuple(row) for row in (await session.exec(known)).all()}
    fresh = [
        row_of(mine, address, new.channel, SuppressionReason.MANUAL, new.detail, actor.user_id)
        for address, new in items
        if not any((key, new.channel) in on_list for key in address_keys(mine, address))
    ]
    added = await insert_new(session, fresh)
    if urgent := [row.address for row in added.values() if row.address and row.channel in (ALL, "call")]:
        after_commit(session, lambda: control.enforce(mine, urgent))
    return [added.pop((address_key(mine, address), new.channel), None) for address, new in items]


async def _matches(actor: Actor, search: str) -> sa.ColumnElement[bool]:
    """Whole addresses are found by their key, so also those of erased people; parts only by who may read addresses."""
    country = await _country(actor)
    whole = [address for address in (normalise_phone(search, country), normalise_email(search)) if address]
    tests: list[Any] = [col(Suppression.address_key).in_([key for address in whole for key in address_keys(actor.account_id, address)])]
    if actor.may(Permission.PII_READ):
        tests += [column.icontains(search, autoescape=True) for column in (col(Suppression.address), col(Suppression.detail))]
        digits = "".join(letter for letter in search if letter.isascii() and letter.isdigit())
        if len(digits) >= MIN_DIGITS and not any(letter.isalpha() for letter in search):
            tests.append(col(Suppression.address).contains(digits.lstrip("0") or digits))
    return sa.or_(*tests)


def _rows(actor: Actor) -> sa.Select[Any]:
    person = sa.func.coalesce(sa.func.nullif(col(User.name), ""), col(User.email))
    columns: Any = sa.select(Suppression, person)
    rows: sa.Select[Any] = columns.outerjoin(User, col(User.id) == col(Suppression.created_by))
    return rows.where(col(Suppression.user_id) == actor.account_id)


def _view(actor: Actor, row: Suppression, person: str | None) -> SuppressionView:
    said = Suppressed(row.channel, SuppressionReason(row.reason), row.created_at, row.detail).sentence(actor.timezone)
    own = row.model_dump(include=set(SuppressionView.model_fields))
    return shown(SuppressionView(**own, sentence=said, created_by_name=person), pii=actor.may(Permission.PII_READ))


def _one_of(name: str, word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise Invalid(f"There is no such {name}.", errors=[FieldError(f"/query/{name}", f"use one of {', '.join(words)}")])
    return word


def _refused(index: int, error: AutoflowsError) -> SuppressionItemView:
    errors = [{"pointer": e.pointer, "detail": e.detail} for e in error.errors]
    return SuppressionItemView(
        index=index, status=error.status, error=BulkItemError(status=error.status, title=error.title, detail=error.detail, errors=errors)
    )
