"""The orders of a list of executions, a page at a time.

A sorted list is one or two stretches: the executions that have what it is sorted by, and after them those that have not, newest first.
Each stretch is read by keyset, so that the last page costs what the first one does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from autoflows.domain.errors import FieldError, Invalid
from autoflows.models import Execution
from autoflows.services.access import AsyncSession, open_to
from autoflows.services.execution_filter import Chosen
from autoflows.services.pages import decode_cursor, encode_cursor
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort


@dataclass(frozen=True, slots=True)
class Stretch:
    """Executions of a list that are sorted by one column, and by their ids where that is equal."""

    key: Any
    descending: bool
    where: Any = None

    def tell(self, told: sa.Select[Any], chosen: Chosen, limit: int, after: Sequence[Any] | None) -> sa.Select[*tuple[Any, ...]]:
        """What `told` selects of the same executions in the same order, and their keys.

        First which, then what is told of them: a join cannot lead PostgreSQL away from the order in which it finds them.
        """
        page = self.select(chosen, limit, after).subquery("page")
        keys = (page.c.key, page.c.id)
        rows: sa.Select[*tuple[Any, ...]] = told.join(page, page.c.id == col(Execution.id)).add_columns(*keys)
        return rows.order_by(*(key.desc() if self.descending else key.asc() for key in keys))

    def select(self, chosen: Chosen, limit: int, after: Sequence[Any] | None) -> sa.Select[*tuple[Any, ...]]:
        """The keys of its first executions, or of those that come after the one with the keys `after`."""
        tests = chosen.tests if self.where is None else [*chosen.tests, self.where]
        rows: sa.Select[*tuple[Any, ...]] = sa.select(self.key.label("key"), col(Execution.id).label("id"))
        if after is not None:
            last = sa.tuple_(*(sa.literal(value, kind) for value, kind in zip(after, (self.key.type, sa.Uuid()), strict=True)))
            here = sa.tuple_(self.key, col(Execution.id))
            tests = [*tests, here < last if self.descending else here > last]
        rows = rows.where(*tests)
        keys: list[Any] = [self.key, col(Execution.id)]
        if chosen.few:  # all of them are read, not the whole account in this order until enough of them were met
            some = rows.offset(0).subquery()
            rows, keys = sa.select(some.c.key, some.c.id), [some.c.key, some.c.id]
        return rows.order_by(*(key.desc() if self.descending else key.asc() for key in keys)).limit(limit)


def _newest(where: Any = None) -> Stretch:
    return Stretch(col(Execution.triggered_at), True, where)


SPEED: Any = sa.literal_column("(first_attempt_at - lead_at)", sa.Interval)
_TRIED, _UNTRIED = col(Execution.first_attempt_at).is_not(None), col(Execution.first_attempt_at).is_(None)
# Every way to an end sets `completed_at`, and a new try takes it away.
_OVER, _RUNS = col(Execution.completed_at).is_not(None), col(Execution.status) == sa.literal_column("'running'")
_WAKES = col(Execution.waiting_until)

SORTS: dict[ExecutionSort, tuple[Stretch, ...]] = {
    ExecutionSort.NEWEST: (_newest(),),
    ExecutionSort.OLDEST: (Stretch(col(Execution.triggered_at), False),),
    ExecutionSort.ENDED: (Stretch(col(Execution.completed_at), True, _OVER), _newest(_RUNS)),
    ExecutionSort.SLOWEST: (Stretch(SPEED, True, _TRIED), _newest(_UNTRIED)),
    ExecutionSort.FASTEST: (Stretch(SPEED, False, _TRIED), _newest(_UNTRIED)),
    ExecutionSort.SOONEST: (Stretch(_WAKES, False, _WAKES.is_not(None)), _newest(_WAKES.is_(None))),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list one is: after the row with these keys of this stretch, or at its beginning."""

    stretch: int = 0
    after: tuple[Any, UUID] | None = None


@open_to("services")
async def read_on(
    session: AsyncSession, chosen: Chosen, sort: ExecutionSort, limit: int, place: Place, told: sa.Select[Any]
) -> list[tuple[Place, Sequence[Any]]]:
    """The next executions of a list, at most `limit`: where each stands, and what `told` selects of it."""
    found: list[tuple[Place, Sequence[Any]]] = []
    for number in range(place.stretch, len(SORTS[sort])):
        after = place.after if number == place.stretch else None
        statement = SORTS[sort][number].tell(told, chosen, limit - len(found), after)
        for *row, key, row_id in (await session.exec(statement)).all():  # type: ignore[call-overload]
            found.append((Place(number, (key, row_id)), row))
        if len(found) == limit:
            break
    return found


def write_cursor(wanted: ExecutionFilter, sort: ExecutionSort, place: Place) -> str:
    """This place of this list as an opaque, URL-safe text."""
    return f"{_name(wanted, sort)}.{place.stretch}.{encode_cursor(place.after or ())}"


def read_cursor(wanted: ExecutionFilter, sort: ExecutionSort, cursor: str) -> Place:
    """The place in a cursor of this list. Raises Invalid for one of another filter or order, and for anything else."""
    name, _, rest = cursor.partition(".")
    number, _, values = rest.partition(".")
    if name != _name(wanted, sort) and number.isdigit():
        detail = "it is from a list with another filter or order; leave it out to begin at the first page"
        raise Invalid("The cursor cannot be used.", errors=[FieldError("/query/cursor", detail)])
    known = number in (str(n) for n in range(len(SORTS[sort])))
    place = int(number) if known else 0
    key, last = decode_cursor(values if known and name == _name(wanted, sort) else "", [SORTS[sort][place].key, col(Execution.id)])
    return Place(place, (key, last))


def _name(wanted: ExecutionFilter, sort: ExecutionSort) -> str:
    """A word for this list in this order, by which a cursor of another one is known."""
    said = f"{sort} {wanted.model_dump_json(exclude_defaults=True)}"
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()
