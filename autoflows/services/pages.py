"""Lists a page at a time, by keyset: each page begins after the last row of the one before, however the table grows meanwhile.

A cursor is that row's sort key, encoded; it holds nothing secret and gives access to nothing, since the query is scoped anyway.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.dialects.postgresql import ARRAY

from autoflows.domain.errors import FieldError, Invalid
from autoflows.services.access import AsyncSession, open_to

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = timedelta(days=36_500) // _MICROSECOND

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` asks for the next one; null on the last page."""

    data: list[T]
    has_more: bool = Field(description="whether there are rows after these")
    next_cursor: str | None = Field(default=None, description="pass as `cursor` for the next page")


@open_to("services")
async def paginate(
    session: AsyncSession,
    statement: sa.Select[*tuple[Any, ...]],
    keys: Sequence[Any],
    view: Callable[..., T],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    descending: bool = True,
) -> Page[T]:
    """One page of `statement`, sorted by the columns `keys`, all in one direction; together they are unique and not null.

    `view` turns a row into what is shown; it gets the selected entities as arguments. `limit` is 1 to 200. Raises Invalid for a limit
    out of range or a cursor that is not from this list.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("The page size is out of range.", errors=[FieldError("/query/limit", f"must be between 1 and {MAX_LIMIT}")])
    if cursor is not None:
        after = sa.tuple_(*(sa.literal(v, k.type) for v, k in zip(decode_cursor(cursor, keys), keys, strict=True)))
        here = sa.tuple_(*keys)
        statement = statement.where(here < after if descending else here > after)
    order = [k.desc() if descending else k.asc() for k in keys]
    page = statement.add_columns(*keys).order_by(*order).limit(limit + 1)
    # Not `exec`: for a select of one entity it drops the added columns.
    rows = await session.run_sync(lambda sync: sync.execute(page).all())
    shown, width = rows[:limit], len(keys)
    more = len(rows) > limit
    return Page(
        data=[view(*row[:-width]) for row in shown],
        has_more=more,
        next_cursor=encode_cursor(shown[-1][-width:]) if more else None,
    )


def among(column: Any, ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    """Whether the column's id is one of these: one parameter, however many they are."""
    one_of: sa.ColumnElement[bool] = column == sa.any_(sa.literal(list(ids), ARRAY(sa.Uuid())))
    return one_of


def encode_cursor(values: Sequence[Any]) -> str:
    """A sort key as an opaque, URL-safe text."""
    plain = [_plain(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value // _MICROSECOND)
    return str(value) if isinstance(value, UUID) else value


def decode_cursor(cursor: str, keys: Sequence[Any]) -> list[Any]:
    """The sort key in a cursor, typed as the columns `keys` are. Raises Invalid for anything `encode_cursor` did not make."""
    try:
        plain = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(plain, list) or len(plain) != len(keys):
            raise ValueError(plain)
        return [_typed(value, key.type.python_type) for value, key in zip(plain, keys, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        detail = "not a cursor of this list; use next_cursor of the page before, or leave it out for the first page"
        raise Invalid("The cursor cannot be used.", errors=[FieldError("/query/cursor", detail)]) from None


def _typed(value: Any, kind: type[Any]) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if kind is timedelta:
        span = int(value) if isinstance(value, str) and len(value) < 20 else None
        if span is None or abs(span) > _LONGEST:
            raise ValueError(value)
        return span * _MICROSECOND
    if kind is UUID:
        return UUID(value)
    if not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, str) and "\x00" in value):
        raise ValueError(value)
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise ValueError(value)
    return value
