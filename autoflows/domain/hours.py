"""Hours: windows of local time with holidays, and the instant at which several are open. Pure: `now` is an argument, times are aware UTC.

A window is evaluated in wall-clock time of its zone, so it keeps its meaning across changes of daylight saving: an opening inside
the spring gap opens at the first instant after it, and an ambiguous autumn time opens at its first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from autoflows.domain.account import BusinessHours

EVERY_DAY = frozenset(range(1, 8))
SEARCH_DAYS = 400
"""How far ahead an opening is looked for; a window that does not open within that is never open."""

SEARCH_OPENINGS = 60
"""How many openings are tried for one that several windows share; with daily hours that is a month or more."""


class Hours(Protocol):
    """What is open at times: a window, or a legal rule in one zone."""

    def is_open(self, at: datetime) -> bool:
        """Whether a contact may be made at this instant."""

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself if open, else the next opening instant, or None if there is none in sight."""


@dataclass(frozen=True, slots=True)
class Window:
    """Open on `days` (1 Monday .. 7) from `start` to `end`, local to `zone`.

    `end` <= `start` crosses midnight and belongs to the day it began.
    """

    days: frozenset[int]
    start: time
    end: time
    zone: str
    closed_on: frozenset[date] = frozenset()

    def spans(self, day: date) -> tuple[datetime, datetime] | None:
        """The opening that begins on local `day`, as two UTC instants, or None if it does not open then."""
        if day.isoweekday() not in self.days or day in self.closed_on:
            return None
        zone = ZoneInfo(self.zone)
        until = day if self.end > self.start else day + timedelta(days=1)
        opens, closes = instant_of(day, self.start, zone), instant_of(until, self.end, zone)
        return (opens, closes) if opens < closes else None

    def is_open(self, at: datetime) -> bool:
        """Whether the instant lies in an opening; the closing instant itself does not."""
        local = at.astimezone(ZoneInfo(self.zone)).date()
        return any(span[0] <= at < span[1] for day in (local - timedelta(days=1), local) if (span := self.spans(day)))

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself if open, else the next opening instant, or None if there is none within `SEARCH_DAYS`."""
        if self.is_open(at):
            return at
        local = at.astimezone(ZoneInfo(self.zone)).date()
        for ahead in range(-1, SEARCH_DAYS):
            span = self.spans(local + timedelta(days=ahead))
            if span and span[0] >= at:
                return span[0]
        return None

    def holiday_before(self, at: datetime) -> date | None:
        """The holiday that keeps the window closed at `at` or takes its next opening away; None if no holiday does."""
        every_week = replace(self, closed_on=frozenset())
        local = at.astimezone(ZoneInfo(self.zone)).date()
        for ahead in range(-1, 9):
            day = local + timedelta(days=ahead)
            if (span := every_week.spans(day)) and span[1] > at:
                return day if day in self.closed_on else None
        return None

    def holiday_at(self, at: datetime) -> date | None:
        """The holiday without which the window would be open at `at`."""
        return self.holiday_before(at) if replace(self, closed_on=frozenset()).is_open(at) else None


def next_time(after: datetime, at: time, zone: str) -> datetime:
    """The first instant from `after` on at which the clock of `zone` comes to `at`, in UTC."""
    local = after.astimezone(ZoneInfo(zone)).date()
    days = (instant_of(local + timedelta(days=ahead), at, ZoneInfo(zone)) for ahead in range(SEARCH_DAYS))
    return next(instant for instant in days if instant >= after)


@lru_cache(maxsize=20_000)
def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time. In a gap: the end of the gap. In a fold: the first pass."""
    local = datetime.combine(day, at, tzinfo=zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # Not a real time: the clock jumped over it. Both offsets around the gap bracket the jump; find it to the minute.
    early, late = instant - timedelta(hours=3), instant + timedelta(hours=3)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < local.replace(tzinfo=None):
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def window_of(hours: BusinessHours, closed_on: Iterable[date] = ()) -> Window:
    """An account's default hours as a window."""
    return Window(frozenset(hours.days), hours.start, hours.end, hours.timezone, frozenset(closed_on))


def next_open_in_all(windows: Iterable[Hours], at: datetime) -> datetime | None:
    """The earliest instant from `at` on at which all of them are open, or None if there is none in sight."""
    windows, moment = tuple(windows), at
    for _ in range(SEARCH_OPENINGS):
        following = moment
        for window in windows:
            opening = window.next_open(following)
            if opening is None:
                return None
            following = opening
        if following == moment:
            return moment
        moment = following
    return None
