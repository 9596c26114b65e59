"""What limits leave for one contact attempt: lines, rates, allowances, and the health of its channel. Pure: `now` is an argument.

Each limit keeps its own queue, first come first served, fresh leads before bulk ones. `ahead` is how many stand before this execution in
it. `wait` is None if the attempt may be made now, else the time at which its turn is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LINE_RECHECK = timedelta(minutes=1)
"""How soon somebody who waits for a line looks by himself; a line that comes free calls the first of the queue at once."""
BURST = timedelta(seconds=1)
"""A fast rate may be used in bursts of so much time; a slow one is spread evenly."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lines:
    """How many calls may be in progress at the same time, and how many are. Bulk leads leave a tenth of the lines, at least one, to fresh
    ones as soon as there are two."""

    owner: str
    queue: str
    limit: int
    in_use: int
    ahead: int = 0
    bulk: bool = False

    def wait(self, now: datetime) -> datetime | None:
        """A guess: nobody knows when a call ends."""
        kept = max(1, self.limit // 10) if self.bulk and self.limit > 1 else 0
        if self.in_use + self.ahead < self.limit - kept:
            return None
        return now + LINE_RECHECK * (1 + self.ahead // self.limit)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` attempts in any `period`, evenly spread but for bursts of a second's worth (generic cell rate algorithm).

    `next_at` is the time from which on the limit is unused; `taken` moves it on. No window of `period` ever holds more than `limit`.
    """

    owner: str
    queue: str
    limit: int
    period: timedelta
    next_at: datetime
    ahead: int = 0

    @property
    def burst(self) -> int:
        """How many may go at once after a pause."""
        return max(1, int(self.limit * (BURST / self.period)))

    @property
    def interval(self) -> timedelta:
        """Between two attempts; so chosen that a burst and what follows it keep to the limit."""
        return self.period / (self.limit - self.burst + 1)

    def wait(self, now: datetime) -> datetime | None:
        """When the tokens of those ahead and one more are there."""
        at = max(self.next_at, now) + self.interval * (self.ahead - (self.burst - 1))
        return at if at > now else None

    def taken(self, now: datetime) -> datetime:
        """The new `next_at` after one more attempt."""
        return max(self.next_at, now) + self.interval

    def bounded(self, now: datetime) -> datetime:
        """`next_at`, but no farther than a burst reaches: what does is of a slower limit that was raised, or a clock that was set back."""
        return min(self.next_at, now + self.interval * self.burst)


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much a day: attempts of a channel, or an account's money. `used` counts since the last midnight, `renews_at` is the next one."""

    owner: str
    queue: str
    limit: int
    used: int
    renews_at: datetime
    cost: int = 1
    ahead: int = 0

    @property
    def hopeless(self) -> bool:
        """One attempt costs more than a whole day may: no time cures that."""
        return self.cost > self.limit

    def wait(self, now: datetime) -> datetime | None:
        """The midnight after which this execution's turn comes."""
        if self.cost == 0 or self.used + self.cost * (self.ahead + 1) <= self.limit:
            return None
        later = self.ahead - max(self.limit - self.used, 0) // self.cost
        return self.renews_at + DAY * (later // max(self.limit // self.cost, 1))


class BreakerState(StrEnum):
    """`closed`: contacts flow. `open`: they are held. `probing`: one is let through to see whether the channel works again."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass(frozen=True, slots=True)
class Health:
    """A channel's circuit breaker. `until`: before then nobody goes; the first after it is the probe."""

    owner: str
    queue: str
    state: BreakerState = BreakerState.CLOSED
    until: datetime | None = None
    reason: str = ""
    ahead: int = 0

    @property
    def closed(self) -> bool:
        """Whether contacts flow freely."""
        return self.state is BreakerState.CLOSED

    def wait(self, now: datetime) -> datetime | None:
        """When to try; those behind the first a second later each, lest all come at once."""
        if self.closed or self.until is None or self.until <= now:
            return None
        return self.until + timedelta(seconds=self.ahead)


@dataclass(frozen=True, slots=True)
class Limits:
    """All that limits one action of one execution now."""

    health: Health | None = None
    lines: tuple[Lines, ...] = ()
    rates: tuple[Rate, ...] = ()
    allowances: tuple[Allowance, ...] = ()


NO_LIMITS = Limits()


WINDOW = 50
"""A channel's latest attempts whose failures are weighed."""
ENOUGH = 10
"""Fewer people than this say nothing about a channel."""


def fails_too_often(failed: int, people: int) -> bool:
    """Whether those contacted last show that a channel does not work: half of at least `ENOUGH` failed for its own reasons."""
    return people >= ENOUGH and failed * 2 >= people


LONGEST_PAUSE = timedelta(minutes=15)


def pause_after(trips: int, base: timedelta) -> timedelta:
    """How long a breaker stays open: `base` at its first trip, twice as long at each further one, up to a quarter of an hour."""
    doubled: timedelta = base * 2 ** min(max(trips - 1, 0), 16)
    return min(doubled, LONGEST_PAUSE)
