"""Finding people by what is typed into a search box: whole words and the beginning of the last one, addresses by their beginning, and phone
numbers in any way of writing.

The database keeps the words of each contact in an index (`person_words` of migration 0006), each with the end of its account's id before
it, so that an account looks through its own words alone, and a letter that says what it is a word of: `w` name or company, `e` e-mail
address, `n` a phone number's digits, `p` the same backwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import col

from autoflows.domain.people import calling_code, normalise_email, normalise_phone
from autoflows.domain.permissions import Permission
from autoflows.models import Contact
from autoflows.services.access import Actor, AsyncSession, open_to
from autoflows.services.pages import among
from autoflows.services.recent_settings import account_settings

FEW = 4_000
"""Up to so many people are looked up by their ids; of more, rows are asked one by one whether theirs is among them."""
VERY_MANY = 10 * FEW
"""So many people, by what a sample lets expect, are not looked up in the index, which would take a tenth of a second for a million."""
PAGES, EACH, ENOUGH, LARGE = 64, 8, 40, 500
"""The sample: each eighth contact of about so many pages of their table, if that is `LARGE`. Of fewer that fit than `ENOUGH` nothing is
concluded."""
MIN_DIGITS, TRUNK_DIGITS = 3, 8
"""How many digits are searched for in phone numbers, and from how many on leading zeros may be a trunk or an international prefix."""
MOST_WORDS = 8
SEPARATORS = " \t\r\n,;:@.-_()/\"'"
"""What stands between words; the same in `person_words`."""

WORDS: Any = sa.func.person_words(*(col(getattr(Contact, name)) for name in ("user_id", "name", "company", "email", "phone", "phone_raw")))
_PAGES = "(SELECT relpages FROM pg_class WHERE oid = 'contacts'::regclass)"
SAMPLE = f"""
SELECT count(*) AS fit, count(*) * :each * {_PAGES} / :pages AS expected
FROM contacts TABLESAMPLE SYSTEM (least(100, 100.0 * :pages / greatest({_PAGES}, 1)))
WHERE {_PAGES} > :large AND user_id = :account AND hashtext(CAST(id AS text)) % :each = 0
  AND person_words(user_id, name, company, email, phone, phone_raw) @@ CAST(CAST(:query AS text) AS tsquery)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class People:
    """Who was found: their ids if they are few, else how each contact is asked."""

    ids: list[UUID] | None
    test: sa.ColumnElement[bool]

    def are(self) -> sa.ColumnElement[bool]:
        """Which rows of contacts they are."""
        return self.test if self.ids is None else among(col(Contact.id), self.ids)

    def own(self, contact_id: Any) -> sa.ColumnElement[bool]:
        """Whether the person of this column is one of them; no row is joined, so that a list keeps its order of reading."""
        if self.ids is not None:
            return among(contact_id, self.ids)
        asked: sa.ColumnElement[bool] = sa.select(self.test).where(col(Contact.id) == contact_id).scalar_subquery()
        return asked


@open_to("services")
async def find_people(actor: Actor, session: AsyncSession, search: str) -> People:
    """Which contacts a search text means. Without `pii:read` addresses are found only by naming them whole: no guessing digit by digit."""
    settings = await account_settings(actor.account_id)
    phone, email = normalise_phone(search, settings.default_country), normalise_email(search)
    tests: list[sa.ColumnElement[bool]] = []
    if phone:
        tests += [col(Contact.phone) == phone, _holds(col(Contact.other_phones), phone)]
    if email:
        tests += [col(Contact.email) == email, _holds(col(Contact.other_emails), email)]
    # A whole address is looked for as such alone: the words of a common domain would be the account's.
    if not email and (query := _query(actor, search, calling_code(settings.default_country))):
        words = WORDS.op("@@", is_comparison=True)(sa.cast(query, TSQUERY))
        tests.append(sa.and_(words, col(Contact.email).istartswith(search, autoescape=True)) if "@" in search else words)
        if len(tests) == 1 and "@" not in search and await _are_very_many(actor, session, query):
            return People(None, words)
    if not tests:
        return People([], sa.false())
    mine = sa.select(col(Contact.id)).where(col(Contact.user_id) == actor.account_id)
    # Each by its own index, and not as the first rows of a table that is read from its beginning.
    found = [mine.where(test).cte(f"found_{n}").prefix_with("MATERIALIZED") for n, test in enumerate(tests)]
    some = sa.union_all(*(sa.select(one.c.id) for one in found)).limit(FEW + 1)
    ids = [row[0] for row in (await session.exec(some)).all()]  # type: ignore[call-overload]
    return People(list(dict.fromkeys(ids)) if len(ids) <= FEW else None, sa.or_(*tests))


async def _are_very_many(actor: Actor, session: AsyncSession, query: str) -> bool:
    """Whether the words of a search are those of so many people that even the index is slow to name them."""
    values = {"pages": PAGES, "each": EACH, "large": LARGE, "query": query}
    sample = sa.text(SAMPLE).bindparams(sa.bindparam("account", actor.account_id, sa.Uuid()), **values)
    fit, expected = (await session.exec(sample)).one()  # type: ignore[call-overload]
    return bool(fit >= ENOUGH and expected >= VERY_MANY)


def _holds(addresses: Any, address: str) -> sa.ColumnElement[bool]:
    """Whether an earlier address is this one; few have any, and only theirs are in the index."""
    return sa.and_(addresses != sa.literal_column("'{}'::text[]"), addresses.contains([address]))


def _words(text: str) -> list[str]:
    return [word for word in re.split(f"[{re.escape(SEPARATORS)}]+", text.lower()) if word][:MOST_WORDS]


def _query(actor: Actor, search: str, country: str) -> str:
    """What the words of a contact must match, in PostgreSQL's writing; empty if there is nothing to look for."""
    account = str(actor.account_id)[-8:]
    knows = actor.may(Permission.PII_READ)

    def term(kinds: str, texts: Iterable[str], beginning: str = ":*") -> str:
        quoted = [f"{account}{kind}{text}".replace("\\", "\\\\").replace("'", "''") for kind in kinds for text in texts]
        return "(" + " | ".join(f"'{word}'{beginning}" for word in quoted) + ")"

    words = _words(search.partition("@")[0] if knows else "" if "@" in search else search)
    wanted = []
    if words:
        kinds = "e" if "@" in search else "we" if knows else "w"
        wanted.append(" & ".join([*(term(kinds, [word], "") for word in words[:-1]), term(kinds, words[-1:])]))
    digits = "".join(letter for letter in search if letter.isascii() and letter.isdigit())
    if knows and len(digits) >= MIN_DIGITS and not any(letter.isalpha() for letter in search):
        number = digits.lstrip("0") if len(digits) >= TRUNK_DIGITS else digits
        wanted.append(term("p", [number[::-1]]))
        wanted.append(term("n", [number, country + number]))
    return " | ".join(f"({way})" for way in wanted)
