"""The orders of a list of executions, a page at a time.

A sorted list is one or two stretches: the executions that have what it is sorted by, and after them those that have not, newest first.
Each stretch is read by keyset, so that the last page costs what the first one does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.executions import ExecutionStatus
from autoflows.models import Execution
from autoflows.services.access import AsyncSession, open_to
from autoflows.services.pages import MAX_LIMIT, decode_cursor, encode_cursor
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort

SPEED = col(Execution.first_attempt_at) - col(Execution.lead_at)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Executions of a list that are sorted by one column, and by their ids where that is equal."""

    key: Any
    descending: bool
    where: Any = None

    @property
    def keys(self) -> list[Any]:
        return [self.key, col(Execution.id)]

    def after(self, values: Sequence[Any]) -> sa.ColumnElement[bool]:
        """What comes after the row with these keys."""
        last = sa.tuple_(*(sa.literal(value, key.type) for value, key in zip(values, self.keys, strict=True)))
        here = sa.tuple_(*self.keys)
        return here < last if self.descending else here > last


def _newest(where: Any = None) -> Stretch:
    return Stretch(col(Execution.triggered_at), True, where)


_TRIED = col(Execution.first_attempt_at).is_not(None)
_UNTRIED = col(Execution.first_attempt_at).is_(None)
# Every way to an end sets `completed_at`, and a new try takes it away.
_OVER, _RUNS = col(Execution.completed_at).is_not(None), col(Execution.status) == ExecutionStatus.RUNNING

SORTS: dict[ExecutionSort, tuple[Stretch, ...]] = {
    ExecutionSort.NEWEST: (_newest(),),
    ExecutionSort.OLDEST: (Stretch(col(Execution.triggered_at), False),),
    ExecutionSort.ENDED: (Stretch(col(Execution.completed_at), True, _OVER), _newest(_RUNS)),
    ExecutionSort.SLOWEST: (Stretch(SPEED, True, _TRIED), _newest(_UNTRIED)),
    ExecutionSort.FASTEST: (Stretch(SPEED, False, _TRIED), _newest(_UNTRIED)),
    ExecutionSort.SOONEST: (
        Stretch(col(Execution.waiting_until), False, col(Execution.waiting_until).is_not(None)),
        _newest(col(Execution.waiting_until).is_(None)),
    ),
}


@open_to("services")
async def page_of(
    session: AsyncSession, statement: sa.Select[Any], wanted: ExecutionFilter, sort: ExecutionSort, limit: int, cursor: str | None
) -> tuple[list[Any], str | None]:
    """One page of rows and the cursor of the next; `statement` selects from executions and holds all the conditions of `wanted`.

    Raises Invalid for a limit out of range, and for a cursor that is none of this list in this order.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("The page size is out of range.", errors=[FieldError("/query/limit", f"must be between 1 and {MAX_LIMIT}")])
    stretches, list_name = SORTS[sort], _name(wanted, sort)
    place, after = _read(cursor, list_name, stretches) if cursor is not None else (0, None)
    rows: list[Any] = []
    ends: list[str] = []
    for number in range(place, len(stretches)):
        stretch = stretches[number]
        asked = statement.add_columns(*stretch.keys)
        if stretch.where is not None:
            asked = asked.where(stretch.where)
        if after is not None:
            asked, after = asked.where(stretch.after(after)), None
        order = [key.desc() if stretch.descending else key.asc() for key in stretch.keys]
        asked = asked.order_by(*order).limit(limit + 1 - len(rows))
        found = list((await session.exec(asked)).all())  # type: ignore[call-overload]
        rows += [row[:-2] for row in found]
        ends += [f"{list_name}.{number}.{encode_cursor(row[-2:])}" for row in found]
        if len(rows) > limit:
            return rows[:limit], ends[limit - 1]
    return rows, None


def _name(wanted: ExecutionFilter, sort: ExecutionSort) -> str:
    """A word for this list in this order, by which a cursor of another one is known."""
    said = f"{sort} {wanted.model_dump_json(exclude_defaults=True)}"
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def _read(cursor: str, list_name: str, stretches: Sequence[Stretch]) -> tuple[int, list[Any]]:
    name, _, rest = cursor.partition(".")
    number, _, values = rest.partition(".")
    if name != list_name and len(name) == len(list_name):
        detail = "this cursor is from a list with another filter or order; leave it out to begin at the first page"
        raise Invalid("The cursor cannot be used.", errors=[FieldError("/query/cursor", detail)])
    place = int(number) if number in ("0", "1") else 0
    return place, decode_cursor(values, stretches[min(place, len(stretches) - 1)].keys)
