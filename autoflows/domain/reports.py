"""Reports that are sent by themselves: when one is due, and which days it is about. Pure.

A clock's odd days are those of `domain.hours`: a time inside the gap of spring is the end of the gap, one that comes twice in autumn its
first pass. So there is one due time per local day, week or month, and never two.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from autoflows.domain.hours import instant_of


class Report(StrEnum):
    """Which page of the analytics a report stands for."""

    OVERVIEW = "overview"
    SPEED = "speed"
    PERFORMANCE = "performance"
    FLOW = "flow"


class ReportForm(StrEnum):
    """As what a report is sent."""

    PDF = "pdf"
    XLSX = "xlsx"


class Every(StrEnum):
    """How often a report is sent."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class MailingStatus(StrEnum):
    """Where one mail of a report stands. `sending` is written before the mail goes out; if no answer is known of, it is `unknown`."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a report is due: at a time of the clock of `zone`, each day, or on a day of each week (1 Monday .. 7) or month (1 .. 31).

    A month that has not so many days has it on its last.
    """

    every: Every
    at: time
    day: int
    zone: str

    def next_due(self, after: datetime) -> datetime:
        """The first due time after this instant, in UTC."""
        return next(due for due in self._dues(after.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)) if due > after)

    def _dues(self, day: date) -> Iterator[datetime]:
        while True:
            if self._is_on(day):
                yield instant_of(day, self.at, ZoneInfo(self.zone))
            day += timedelta(days=1)

    def _is_on(self, day: date) -> bool:
        if self.every is Every.WEEK:
            return day.isoweekday() == self.day
        return self.every is Every.DAY or day.day == min(self.day, monthrange(day.year, day.month)[1])

    def days_before(self, due: datetime, days: int | None) -> tuple[date, date]:
        """First and last of the whole local days that the report due then is about.

        So many days up to the day before, or, with None, the day, the seven days or the calendar month before.
        """
        last = due.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
        if days is None and self.every is Every.MONTH:
            last = (last + timedelta(days=1)).replace(day=1) - timedelta(days=1)
            return last.replace(day=1), last
        return last - timedelta(days=(days or (1 if self.every is Every.DAY else 7)) - 1), last
