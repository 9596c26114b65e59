"""Legal hours: when the law of a contact's place allows calls and messages. Dated data; all rules that apply must be open together.

The figures are outer bounds kept on top of an account's own hours. Laws often spare those who asked to be contacted, and whether a
lead did is not for a program to say; so the bounds are kept for everybody, and an account that knows better switches them off.
Countries that are not listed have no such hours in law, or none that could be confirmed; an account's own hours still hold there.
`docs/hours.md` tells what was left out, and why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from autoflows.domain.holidays import public_holidays
from autoflows.domain.hours import EVERY_DAY, SEARCH_DAYS, instant_of
from autoflows.domain.whereabouts import TERRITORIES, Whereabouts

Channel = Literal["call", "whatsapp", "sms", "email"]
Spans = tuple[tuple[time, time], ...]

WEEKDAYS, SATURDAY, SUNDAY = frozenset(range(1, 6)), frozenset({6}), frozenset({7})
CALLS = frozenset({"call"})
TEXTS = frozenset({"sms"})
CALLS_AND_TEXTS = frozenset({"call", "sms", "whatsapp"})
CLOSED: Spans = ()


@dataclass(frozen=True, slots=True)
class LegalRule:
    """On `days` contact by `channels` is legal in `hours` only (none: not at all). In force on local dates `since` <= day < `until`."""

    id: str
    country: str
    channels: frozenset[str]
    days: frozenset[int]
    hours: Spans
    source: str
    region: str | None = None
    since: date = date.min
    until: date = date.max
    closed_on_holidays: bool = False

    @property
    def label(self) -> str:
        """Whose law it is: `US`, `US-TX`."""
        return f"{self.country}-{self.region}" if self.region else self.country

    def binds(self, day: date) -> bool:
        """Whether it says anything about a local day."""
        return self.since <= day < self.until and (day.isoweekday() in self.days or self._is_holiday(day))

    def spans(self, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        """The legal hours of a day that it binds, as instants."""
        if self._is_holiday(day):
            return []
        return [(instant_of(day, start, zone), instant_of(day, end, zone)) for start, end in self.hours]

    def _is_holiday(self, day: date) -> bool:
        return self.closed_on_holidays and day in public_holidays(self.country, None, day.year)


@dataclass(frozen=True, slots=True)
class Bound:
    """A legal rule by the clock of one zone."""

    rule: LegalRule
    zone: str

    def is_open(self, at: datetime) -> bool:
        """Whether the rule allows the instant."""
        zone = ZoneInfo(self.zone)
        day = at.astimezone(zone).date()
        return not self.rule.binds(day) or any(start <= at < end for start, end in self.rule.spans(day, zone))

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself if allowed, else the next instant that is, or None if there is none in sight."""
        if self.is_open(at):
            return at
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        for ahead in range(SEARCH_DAYS):
            day = today + timedelta(days=ahead)
            starts = [start for start, _ in self.rule.spans(day, zone)] if self.rule.binds(day) else [instant_of(day, time(0), zone)]
            if (opening := next((start for start in sorted(starts) if start >= at), None)) is not None:
                return opening
        return None


def _hours(start: int, end: int) -> Spans:
    return ((time(start), time(end)),)


_TRAI = "TRAI, Telecom Commercial Communications regulations of December 2010: nothing commercial from 21:00 to 09:00 (press)"
_TRAI_SMS = "promotional SMS 10:00 to 21:00 since October 2025 (an SMS operator's handbook)"
_FCC = "47 CFR 64.1200(c)(1): 08:00 to 21:00 at the called party's location"
_GUIDES = "two published guides of 2025 to state calling hours agree; the statute was not read"
_STATES = "guides to stricter state hours; the statute was not read"
_FLORIDA = "Florida SB 1120 of 2021: 08:00 to 20:00"
_CRTC = "CRTC Unsolicited Telecommunications Rules: 09:00 to 21:30 on weekdays, 10:00 to 18:00 on weekends"
_DECREE = "Décret 2022-1313: Monday to Friday 10:00 to 13:00 and 14:00 to 20:00, not on public holidays"
_ACMA = "Telemarketing and Research Calls Industry Standard: weekdays 09:00 to 20:00, Saturday to 17:00, no national holidays (a guide)"

EVENING = _hours(8, 20)
DNCL, FR_SINCE = date(2008, 9, 30), date(2023, 3, 1)
WEEKEND = SATURDAY | SUNDAY

RULES: tuple[LegalRule, ...] = (
    LegalRule("IN-call-2010", "IN", CALLS_AND_TEXTS, EVERY_DAY, _hours(9, 21), _TRAI, since=date(2010, 12, 1)),
    # A step does not say whether its text promotes or answers, so every text keeps the narrower hours: at most an hour later.
    LegalRule("IN-sms-2025", "IN", TEXTS, EVERY_DAY, _hours(10, 21), _TRAI_SMS, since=date(2025, 10, 1)),
    LegalRule("US-1992", "US", CALLS_AND_TEXTS, EVERY_DAY, _hours(8, 21), _FCC, since=date(1992, 12, 20)),
    LegalRule("US-AL-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _GUIDES, "AL"),
    LegalRule("US-AL-sunday", "US", CALLS_AND_TEXTS, SUNDAY, CLOSED, _GUIDES, "AL"),
    LegalRule("US-FL-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _FLORIDA, "FL", since=date(2021, 7, 1)),
    LegalRule("US-KY-morning", "US", CALLS_AND_TEXTS, EVERY_DAY, _hours(10, 21), _GUIDES, "KY"),
    LegalRule("US-LA-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _GUIDES, "LA"),
    LegalRule("US-LA-sunday", "US", CALLS_AND_TEXTS, SUNDAY, CLOSED, _GUIDES, "LA"),
    LegalRule("US-MA-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _GUIDES, "MA"),
    LegalRule("US-MD-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _STATES, "MD"),
    # Of automated calls, which a voice agent's are.
    LegalRule("US-ME-weekday", "US", CALLS, WEEKDAYS, _hours(9, 17), _STATES, "ME"),
    LegalRule("US-ME-weekend", "US", CALLS, WEEKEND, CLOSED, _STATES, "ME"),
    LegalRule("US-OK-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _STATES, "OK"),
    LegalRule("US-PA-sunday", "US", CALLS_AND_TEXTS, SUNDAY, CLOSED, _STATES, "PA", since=date(2026, 10, 18)),
    LegalRule("US-TX-sunday", "US", CALLS_AND_TEXTS, SUNDAY, _hours(12, 21), _STATES, "TX"),
    LegalRule("US-WA-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _STATES, "WA"),
    LegalRule("US-WY-evening", "US", CALLS_AND_TEXTS, EVERY_DAY, EVENING, _STATES, "WY"),
    LegalRule("CA-weekday", "CA", CALLS, WEEKDAYS, ((time(9), time(21, 30)),), _CRTC, since=DNCL),
    LegalRule("CA-weekend", "CA", CALLS, WEEKEND, _hours(10, 18), _CRTC, since=DNCL),
    LegalRule("FR-weekday", "FR", CALLS, WEEKDAYS, _hours(10, 13) + _hours(14, 20), _DECREE, since=FR_SINCE, closed_on_holidays=True),
    LegalRule("FR-weekend", "FR", CALLS, WEEKEND, CLOSED, _DECREE, since=FR_SINCE),
    LegalRule("AU-weekday", "AU", CALLS, WEEKDAYS, _hours(9, 20), _ACMA, closed_on_holidays=True),
    LegalRule("AU-saturday", "AU", CALLS, SATURDAY, _hours(9, 17), _ACMA, closed_on_holidays=True),
    LegalRule("AU-sunday", "AU", CALLS, SUNDAY, CLOSED, _ACMA),
)
"""A new rule is one more line; one that changes gets an `until`, and its successor the same date as `since`."""


def rules_of(channel: str, country: str, regions: Iterable[str] = ()) -> list[LegalRule]:
    """The rules of a country and of these of its regions for a channel, in force or not."""
    law, within = "US" if country in TERRITORIES else country, {None, *regions}
    return [rule for rule in RULES if rule.country == law and rule.region in within and channel in rule.channels]


@lru_cache(maxsize=20_000)
def bounds_of(channel: str, where: Whereabouts) -> tuple[Bound, ...]:
    """The law's bounds for a contact by a channel: the rules of every place it may be in, by the clock of every zone there."""
    found = [
        Bound(rule, zone) for place in where.places for rule in rules_of(channel, place.country, place.regions) for zone in place.zones
    ]
    return tuple(dict.fromkeys(found))


def tightest(bounds: Iterable[Bound], at: datetime) -> Bound | None:
    """The bound that forbids the instant the longest, or None if all allow it."""
    never = datetime.max.replace(tzinfo=UTC)
    closed = [bound for bound in bounds if not bound.is_open(at)]
    return max(closed, key=lambda bound: bound.next_open(at) or never) if closed else None


def hours_in_words(rules: Iterable[LegalRule], on: date) -> str:
    """What rules allow on a day: `09:00 to 21:00`, `not at all`."""
    spans = [span for rule in rules if rule.binds(on) for span in [rule.hours]]
    return "; ".join(", ".join(f"{start:%H:%M} to {end:%H:%M}" for start, end in hours) or "not at all" for hours in dict.fromkeys(spans))
