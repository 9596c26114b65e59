"""Why something needs a person, and what can be said about it. Pure.

A cause is what several executions or attempts have in common, so that they are dealt with together: the kind of step, what went wrong
with it, the channel, and the provider's code. Its key is stored with a failed execution (`engine/causes.py`) and travels in addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from textwrap import shorten
from uuid import UUID

from autoflows.domain.outcomes import ErrorClass


class InboxKind(StrEnum):
    """An attempt nobody told about, or an execution in which every contact that was tried failed."""

    UNKNOWN = "unknown"
    FAILED = "failed"


TAKEN = "taken"
"""The provider took the request and never told the outcome."""
SILENT = "silent"
"""The provider never said whether it took the request."""
STOPPED = "unknown"
"""The execution ended since nobody could tell, and its flow says stop."""
INTERNAL = "internal"
"""A fault of ours, outside any attempt."""
MOST_SAID = 90
"""So many characters of what the provider said are in a title; all of it is with each of them."""
HELD = "channel_held"
"""The code of an attempt that was given up since its channel did not work for too long."""

NOUNS = {
    "ai_call": ("AI call", "AI calls"),
    "whatsapp_message": ("WhatsApp message", "WhatsApp messages"),
    "email": ("e-mail", "e-mails"),
    "sms": ("SMS", "SMS"),
    "webhook": ("webhook", "webhooks"),
    "notify_team": ("team message", "team messages"),
}
ADVICE = {
    ErrorClass.ACCOUNT: "Nothing goes out by this channel until it is mended. Mend it, then try again.",
    ErrorClass.TRANSIENT: "The provider was away for a while; the same request may work now.",
    ErrorClass.PERMANENT: "The same request fails again until what it names is changed.",
    ErrorClass.LEAD: "Such an address cannot be reached by this channel; trying again will hardly help.",
    HELD: "The channel did not work for too long. If it works again, try again.",
    STOPPED: "The flow stops when nobody can tell. By now somebody has said what became of it.",
    INTERNAL: "The fault is ours. Trying again may work; if not, please report it.",
    TAKEN: "Look for it at the provider, or ask the lead. Nothing is sent again by itself.",
    SILENT: "Look for it at the provider, or ask the lead. Nothing is sent again by itself.",
}
RISKS = {
    "ai_call": "The call may have rung: calling again could reach them twice.",
    "whatsapp_message": "The message may have arrived: sending it again could show it to them twice.",
    "email": "The e-mail may have arrived: sending it again could put it in their inbox twice.",
    "sms": "The SMS may have arrived: sending it again could show it to them twice.",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """`sign` is an error class, or one of the words above, or `failed` where the provider gave none."""

    action_type: str
    sign: str
    channel_id: UUID | None
    code: str = ""

    @property
    def key(self) -> str:
        """As it is stored; the code comes last, since it is the provider's own and may hold anything."""
        return "|".join((self.action_type, self.sign, str(self.channel_id or ""), self.code))

    @property
    def kind(self) -> InboxKind:
        """Whether it is about attempts in doubt or about failed executions."""
        return InboxKind.UNKNOWN if self.sign in (TAKEN, SILENT) else InboxKind.FAILED


def cause_of(key: str) -> Cause:
    """A key as it was stored. Raises ValueError for anything else."""
    action_type, sign, channel, code = key.split("|", 3)
    return Cause(action_type, sign, UUID(channel) if channel else None, code)


def nouns(action_type: str, number: int) -> str:
    """`14 WhatsApp messages`, `1 AI call`."""
    one, several = NOUNS.get(action_type, ("step", "steps"))
    return f"{number:,} {one if number == 1 else several}"


def title_of(cause: Cause, number: int, message: str = "") -> str:
    """What a group of one cause has in common, with their number first; `message` is what the provider said of the latest."""
    if cause.sign == TAKEN:
        return f"{nouns(cause.action_type, number)} taken by the provider, outcome never told"
    if cause.sign == SILENT:
        return f"{nouns(cause.action_type, number)} sent, and the provider never answered"
    if cause.sign == STOPPED:
        return f"{number:,} {'run' if number == 1 else 'runs'} stopped: it was not known what became of the {_noun(cause.action_type)}"
    if cause.sign == INTERNAL:
        return f"{number:,} {'run' if number == 1 else 'runs'} failed by a fault of ours"
    said = shorten(message.strip().rstrip("."), MOST_SAID, placeholder=" …") or "the provider gave no reason"
    return f"{nouns(cause.action_type, number)} failed: {said}"


def advice_of(cause: Cause) -> str:
    """What a person can do about it, in a sentence; empty where there is none."""
    return ADVICE.get(cause.code, ADVICE.get(cause.sign, ""))


def risk_of(action_type: str) -> str:
    """What sending an attempt in doubt again would risk."""
    return RISKS.get(action_type, "It may have been done: doing it again could reach them twice.")


def _noun(action_type: str) -> str:
    return NOUNS.get(action_type, ("step", "steps"))[0]
