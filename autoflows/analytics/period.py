"""The span of days that a figure is about, as the reader's calendar sees it, and the pieces of rollups it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import check_timezone

MAX_DAYS = 366
DEFAULT_DAYS = 30
SLOTS = 96
"""Quarters of an hour in a UTC day. Local days and hours begin at one in every zone of today, so that figures of all zones are exact."""
QUARTER = timedelta(minutes=15)

By = Literal["total", "day", "hour"]
"""How a figure is cut: not at all, by local days, or by the hour of the local week (`1 00` is Monday's first)."""


class Cut(NamedTuple):
    """The slots from `low` to `high` (excluded) of a UTC day, and what they are counted under."""

    low: int
    high: int
    label: str


class Piece(NamedTuple):
    """A part of the rollups: a month or a UTC day, and which of the cuts it takes part in."""

    span: str
    starts_on: date
    shape: int
    is_whole: bool
    """Whether nothing of it is left out."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What of the rollups figures are made of. Days that are cut alike share their cuts, each under the number of a shape."""

    pieces: list[Piece]
    cuts: list[tuple[int, Cut]]


_Found = tuple[str, date, tuple[Cut, ...]]


def _put_together(found: Iterable[_Found]) -> Pieces:
    cuts: dict[tuple[str, date], tuple[Cut, ...]] = {}
    for span, day, some in found:
        cuts[span, day] = cuts.get((span, day), ()) + some
    shapes: dict[tuple[Cut, ...], int] = {}
    pieces = [
        Piece(span, day, shapes.setdefault(some, len(shapes)), all(cut.low == 0 and cut.high == SLOTS for cut in some))
        for (span, day), some in cuts.items()
    ]
    return Pieces(pieces, [(shape, cut) for some, shape in shapes.items() for cut in some])


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days of `zone`, `first` to `last`, both included."""

    first: date
    last: date
    zone: str

    @property
    def start(self) -> datetime:
        """The first instant, UTC."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after the period, UTC."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> list[date]:
        """Every day of it, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> Period:
        """The period of the same length that ends the day before this one begins."""
        length = (self.last - self.first).days + 1
        return Period(self.first - timedelta(days=length), self.first - timedelta(days=1), self.zone)

    def pieces(self, by: By = "total") -> Pieces:
        """What of the rollups makes this period: whole months where that will do, and quarters of an hour where they must."""
        if by == "day":
            edges = [_midnight(day, self.zone) for day in [*self.days, self.last + timedelta(days=1)]]
            return _put_together(
                piece for day, low, high in zip(self.days, edges, edges[1:], strict=False) for piece in _by_days(low, high, day.isoformat())
            )
        return _put_together(_by_hours(self) if by == "hour" else _by_months(self.start, self.end, ""))


def pieces_of(periods: Mapping[str, Period]) -> Pieces:
    """The same of several periods at once, each counted under its name."""
    return _put_together(piece for name, period in periods.items() for piece in _by_months(period.start, period.end, name))


def _slot(at: datetime) -> int:
    return (at.hour * 60 + at.minute) // 15


def _by_days(start: datetime, end: datetime, label: str) -> Iterator[_Found]:
    while start < end:
        next_day = datetime.combine(start.date() + timedelta(days=1), time(), tzinfo=UTC)
        yield "day", start.date(), (Cut(_slot(start), SLOTS if end >= next_day else _slot(end), label),)
        start = next_day


def _by_months(start: datetime, end: datetime, label: str) -> Iterator[_Found]:
    """Whole UTC months, and days before and after them."""
    while start < end:
        month = datetime(start.year, start.month, 1, tzinfo=UTC)
        next_month = (month + timedelta(days=32)).replace(day=1)
        if start == month and next_month <= end:
            yield "month", month.date(), (Cut(0, SLOTS, label),)
        else:
            yield from _by_days(start, min(next_month, end), label)
        start = next_month


def _by_hours(period: Period) -> Iterator[_Found]:
    """The hours of each UTC day by where they fall in the local week: the same for all days of a weekday, unless the clocks change."""
    zone, start, end = ZoneInfo(period.zone), period.start, period.end
    known: dict[tuple[int, timedelta | None, int, int], tuple[Cut, ...]] = {}
    for day in (start.date() + timedelta(days=n) for n in range((end.date() - start.date()).days + 1)):
        midnight = datetime.combine(day, time(), tzinfo=UTC)
        low, high = max(start, midnight), min(end, midnight + timedelta(days=1))
        if low >= high:
            continue
        offset = low.astimezone(zone).utcoffset()
        kind = day.isoweekday(), offset, _slot(low), SLOTS if high.date() != day else _slot(high)
        if offset != (high - QUARTER).astimezone(zone).utcoffset():
            yield "day", day, _hours(low, high, zone)
        else:
            if kind not in known:
                known[kind] = _hours(low, high, zone)
            yield "day", day, known[kind]


def _hours(low: datetime, high: datetime, zone: ZoneInfo) -> tuple[Cut, ...]:
    """A stretch of a UTC day by local hours; those in which the clocks change by quarters."""
    cuts, at, day = [], low, low.date()
    while at < high:
        local = at.astimezone(zone)
        until = min(at + timedelta(hours=1) - timedelta(minutes=local.minute), high)
        if (until - QUARTER).astimezone(zone).hour != local.hour:
            until = at + QUARTER
        cuts.append(Cut(_slot(at), SLOTS if until.date() != day else _slot(until), f"{local.isoweekday()} {local.hour:02d}"))
        at = until
    return tuple(cuts)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def last_days(days: int, *, zone: str, now: datetime) -> Period:
    """The last `days` local days up to and including today. Raises Invalid."""
    today = now.astimezone(ZoneInfo(_zone(zone))).date()
    return between(today - timedelta(days=days - 1), today, zone=zone)


def present_spans(*, zone: str, now: datetime) -> Sequence[tuple[str, Period]]:
    """Today, this week (from Monday) and this month, as far as they have come, by name. Raises Invalid."""
    today = now.astimezone(ZoneInfo(_zone(zone))).date()
    starts = (("today", today), ("week", today - timedelta(days=today.isoweekday() - 1)), ("month", today.replace(day=1)))
    return [(name, Period(first, today, zone)) for name, first in starts]


def between(first: date, last: date, *, zone: str) -> Period:
    """From one day to another, both included. Raises Invalid that names the field `from`, `to` or `tz`."""
    _zone(zone)
    if last < first:
        raise Invalid("The period ends before it begins", errors=[FieldError("/query/to", "choose a day on or after the first day")])
    if (last - first).days >= MAX_DAYS:
        raise Invalid("The period is too long", errors=[FieldError("/query/from", f"choose at most {MAX_DAYS} days")])
    return Period(first, last, zone)


def period_of(first: date | None, last: date | None, *, zone: str, now: datetime) -> Period:
    """The period a request asks for: the last 30 days unless it names its own. Raises Invalid."""
    if first is None and last is None:
        return last_days(DEFAULT_DAYS, zone=zone, now=now)
    last = last or now.astimezone(ZoneInfo(_zone(zone))).date()
    return between(first or last - timedelta(days=DEFAULT_DAYS - 1), last, zone=zone)


def _zone(name: str) -> str:
    try:
        return check_timezone(name)
    except ValueError as error:
        raise Invalid(str(error), errors=[FieldError("/query/tz", str(error))]) from None
