"""SMTP replies and what each asks of us. Sources: RFC 5321 (4.2.3), RFC 3463 and RFC 5248 (enhanced codes), RFC 4954 (login)."""

from __future__ import annotations

import re
from enum import StrEnum

from autoflows.domain.outcomes import ErrorClass

ACCOUNT, LEAD, PERMANENT, TRANSIENT = ErrorClass.ACCOUNT, ErrorClass.LEAD, ErrorClass.PERMANENT, ErrorClass.TRANSIENT


class Phase(StrEnum):
    """Where in the session a reply came; the values are read by people."""

    CONNECT = "connecting"
    ENCRYPT = "encrypting"
    SIGN_IN = "signing in"
    SENDER = "sender address"
    RECIPIENT = "recipient address"
    CONTENT = "content"


ENHANCED: dict[str, ErrorClass] = {
    "5.1.7": ACCOUNT,  # the sender's address is malformed
    "5.1.8": ACCOUNT,  # the sender's domain does not exist
    "5.1": LEAD,  # no such mailbox, no such domain, null MX
    "5.2.1": LEAD,  # mailbox disabled
    "5.2.2": TRANSIENT,  # mailbox full: it may be emptied
    "5.2": PERMANENT,  # message too long for the mailbox, and the like
    "5.3": PERMANENT,  # mail system, 5.3.4 message too big
    "5.6": PERMANENT,  # content
    "5.7": ACCOUNT,  # policy, reputation, authentication
}
"""Enhanced code (class.subject.detail, else class.subject). Preferred to the basic code; subjects left out say too little."""

BASIC: dict[int, ErrorClass] = {
    500: PERMANENT,
    501: PERMANENT,
    502: PERMANENT,
    503: PERMANENT,
    504: PERMANENT,
    530: ACCOUNT,
    534: ACCOUNT,
    535: ACCOUNT,
    538: ACCOUNT,  # encryption required for this login
    551: LEAD,
    552: PERMANENT,  # too much: the message is too big
    553: LEAD,
    554: PERMANENT,
}
"""Basic codes; every 4xx is transient. 550 and what is not named depend on the phase."""

REST: dict[Phase, ErrorClass] = {
    Phase.CONNECT: ACCOUNT,
    Phase.ENCRYPT: ACCOUNT,
    Phase.SIGN_IN: ACCOUNT,
    Phase.SENDER: ACCOUNT,
    Phase.RECIPIENT: LEAD,
    Phase.CONTENT: PERMANENT,
}
"""What a 5xx means where neither code says more."""

NOBODY = frozenset({"5.1.1", "5.1.6", "5.1.10"})
"""Recipient codes that are surely about the address and stay so: no such mailbox, mailbox moved away, a domain that takes no mail."""

OURS = frozenset({Phase.CONNECT, Phase.ENCRYPT, Phase.SIGN_IN})
"""Phases in which no mail is spoken of yet: a 5xx is always about the channel."""

ENHANCED_CODE = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")


def enhanced_code(message: str) -> str | None:
    """The enhanced code that the reply's text begins with, or None."""
    found = ENHANCED_CODE.match(message)
    return found.group(1) if found else None


def class_of(phase: Phase, code: int, enhanced: str | None = None) -> ErrorClass:
    """The class of a reply that is not a success."""
    if 400 <= code < 500 or (enhanced or "").startswith("4."):
        return TRANSIENT
    if not 500 <= code < 600:  # not an SMTP answer: something else listens there
        return ACCOUNT
    if phase in OURS:
        return ACCOUNT
    found = ENHANCED.get(enhanced or "") or ENHANCED.get((enhanced or "").rpartition(".")[0]) or BASIC.get(code)
    if phase is Phase.SENDER and found in (LEAD, None):
        return ACCOUNT  # the address refused is our own
    return found or REST[phase]
