"""Who must not be contacted any more, by which channel, and how that is said to people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

ALL = "all"
PHONE_CHANNELS = ("call", "whatsapp", "sms")
CHANNELS = (ALL, *PHONE_CHANNELS, "email")
"""What a suppression closes: every way of contact, or one."""

CHANNEL_NAMES = {"call": "calls", "whatsapp": "WhatsApp", "sms": "SMS", "email": "e-mail"}


class SuppressionReason(StrEnum):
    """Who wanted it."""

    OPT_OUT = "opt_out"  # the person, by a word in a reply
    UNSUBSCRIBE = "unsubscribe"  # the person, by the link of an e-mail
    PROVIDER = "provider"  # the provider: the person stopped us there, or there is nobody at the address
    COMPLAINT = "complaint"  # the person, at their provider
    MANUAL = "manual"  # the team
    ERASURE = "erasure"  # was do-not-call when their data was erased


SAID = {
    SuppressionReason.OPT_OUT: "the person opted out",
    SuppressionReason.UNSUBSCRIBE: "the person unsubscribed",
    SuppressionReason.PROVIDER: "reported by the provider",
    SuppressionReason.COMPLAINT: "the person complained",
    SuppressionReason.MANUAL: "put on the do-not-contact list by hand",
    SuppressionReason.ERASURE: "was do-not-call when the data was erased",
}
LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One way of contact that is closed for a person. `word` is what they wrote, where that is an opt-out."""

    channel: str
    reason: SuppressionReason
    since: datetime
    word: str = ""

    def sentence(self, zone: str) -> str:
        """For people: "Suppressed: the person opted out (STOP) on 24 Nov 2026", the date in the account's zone."""
        whom = "" if self.channel == ALL else f" for {CHANNEL_NAMES.get(self.channel, self.channel)}"
        word = f" ({self.word[:LONGEST_WORD]})" if self.word and self.reason is SuppressionReason.OPT_OUT else ""
        day = self.since.astimezone(ZoneInfo(zone))
        return f"Suppressed{whom}: {SAID[self.reason]}{word} on {day.day} {day:%b %Y}"


def closing(suppressed: Iterable[Suppressed], channel: str = ALL) -> Suppressed | None:
    """What closes this channel (or `all`) for the person; what closes all of them is named first."""
    found = {item.channel: item for item in suppressed if item.channel in (ALL, channel)}
    return found.get(ALL) or found.get(channel)


def fits(channel: str, *, is_email: bool) -> bool:
    """Whether an address of this kind can be reached by the channel at all."""
    return channel == ALL or (channel == "email") == is_email
