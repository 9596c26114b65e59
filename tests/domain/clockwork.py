"""Opening hours by brute force: walk minute by minute and look at the clock on the wall. Slow, and nothing in it is clever.

The wall clock comes from another implementation of the tz database than the code's, so that a mistake of either shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import pytz

from autoflows.domain.legal import LegalRule

MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=400_000)
def wall(at: datetime, zone: str) -> datetime:
    """What the clock on the wall shows."""
    return at.astimezone(pytz.timezone(zone)).replace(tzinfo=None)


@lru_cache(maxsize=10_000)
def first_time(day: date, shown: time, zone: str) -> datetime:
    """The first minute at which the wall clock shows this time of this day, or a later one because it jumped over it."""
    at = datetime.combine(day, time(0), tzinfo=UTC) - timedelta(hours=16)
    target = datetime.combine(day, shown)
    while wall(at + timedelta(hours=3), zone) < target - timedelta(hours=4):  # far from it: stride
        at += timedelta(hours=2)
    while wall(at, zone) < target:
        at += MINUTE
    return at


def is_open(days: Collection[int], start: time, end: time, zone: str, closed_on: Collection[date], at: datetime) -> bool:
    """Whether the shop that opens at `start` on these days, and closes at the next `end`, is open."""
    today = wall(at, zone).date()
    for day in (today - timedelta(days=1), today):
        if day.isoweekday() in days and day not in closed_on:
            closes = day if end > start else day + timedelta(days=1)
            if first_time(day, start, zone) <= at < first_time(closes, end, zone):
                return True
    return False


def next_open(days: Collection[int], start: time, end: time, zone: str, closed_on: Collection[date], at: datetime) -> datetime:
    """The first moment from `at` on at which it is open, in whole minutes; it must open some day."""
    return first_moment(at, lambda moment: is_open(days, start, end, zone, closed_on, moment))


def first_moment(at: datetime, is_so: Callable[[datetime], bool], *, within: timedelta = timedelta(days=500)) -> datetime:
    """`at` if it is so, else the first whole minute at which it is; fails if that is not `within` a time."""
    if is_so(at):
        return at
    moment = at.replace(second=0, microsecond=0) + MINUTE
    while not is_so(moment):
        moment += MINUTE
        assert moment < at + within, "it is never so"
    return moment


def is_legal(rule: LegalRule, zone: str, holidays: Collection[date], at: datetime) -> bool:
    """Whether a rule allows the instant, by the date and the time on the wall."""
    shown = wall(at, zone)
    day = shown.date()
    if not rule.since <= day < rule.until:
        return True
    if rule.closed_on_holidays and day in holidays:
        return False
    return day.isoweekday() not in rule.days or any(start <= shown.time() < end for start, end in rule.hours)
