"""The span of days that a figure is about, as the reader's calendar sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import check_timezone

MAX_DAYS = 366
DEFAULT_DAYS = 30


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

    def parameters(self) -> dict[str, object]:
        """What every chart's SQL may name: `:start`, `:end` (excluded), `:zone`."""
        return {"start": self.start, "end": self.end, "zone": self.zone}


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def last_days(days: int, *, zone: str, now: datetime) -> Period:
    """The last `days` local days up to and including today. Raises Invalid."""
    today = now.astimezone(ZoneInfo(_zone(zone))).date()
    return between(today - timedelta(days=days - 1), today, zone=zone)


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
