"""WhatsApp Cloud API error codes and what each asks of us.

Source: Meta, WhatsApp Business Platform, error codes. Meta advises to branch on `code` alone, never on texts or the HTTP status.
The same codes come in the answer to a send and, later, in `statuses[].errors[]`.
"""

from __future__ import annotations

from typing import Any

from autoflows.domain.outcomes import ErrorClass
from autoflows.providers.payload import mapping, objects, text

ACCOUNT, LEAD, PERMANENT, TRANSIENT = ErrorClass.ACCOUNT, ErrorClass.LEAD, ErrorClass.PERMANENT, ErrorClass.TRANSIENT

CODES: dict[int, ErrorClass] = {
    0: ACCOUNT,  # authentication failed
    1: TRANSIENT,  # unknown API error
    2: TRANSIENT,  # API service down or overloaded
    3: ACCOUNT,  # the app lacks the capability
    4: TRANSIENT,  # the app's call limit
    10: ACCOUNT,  # permission denied
    33: PERMANENT,  # the number id does not exist any more
    100: PERMANENT,  # invalid parameter
    190: ACCOUNT,  # token expired or invalid
    368: ACCOUNT,  # blocked for a policy violation
    80007: TRANSIENT,  # the business account's rate limit
    130429: TRANSIENT,  # throughput of the number reached
    130472: LEAD,  # the person is in an experiment group: no marketing message
    130497: LEAD,  # may not message people in this country
    131000: TRANSIENT,  # something went wrong
    131005: ACCOUNT,  # access denied
    131008: PERMANENT,  # required parameter missing
    131009: PERMANENT,  # parameter value not valid
    131016: TRANSIENT,  # service unavailable
    131021: PERMANENT,  # sender and recipient are the same
    131026: LEAD,  # undeliverable: not on WhatsApp, terms not accepted, old client
    131030: ACCOUNT,  # the test number may only write to its allow-list
    131031: ACCOUNT,  # account locked
    131037: ACCOUNT,  # the number's display name is not approved
    131042: ACCOUNT,  # payment problem
    131044: ACCOUNT,  # payment problem
    131045: ACCOUNT,  # number registration or certificate error
    131047: PERMANENT,  # more than 24 hours since the last reply: only a template may be sent
    131048: ACCOUNT,  # spam rate limit: too many blocks and reports
    131049: PERMANENT,  # the person has had enough marketing messages: another channel, or not before a day has passed
    131050: LEAD,  # the person stopped marketing messages from this business
    131051: PERMANENT,  # unsupported message type
    131052: PERMANENT,  # media could not be downloaded
    131053: PERMANENT,  # media could not be uploaded
    131056: TRANSIENT,  # too many messages from this number to this person
    131057: TRANSIENT,  # account in maintenance
    131062: PERMANENT,  # this kind of recipient id is not supported here
    131063: ACCOUNT,  # marketing templates are disabled on the Cloud API
    131064: ACCOUNT,  # messaging limit after template category violations
    132000: PERMANENT,  # number of parameters does not match the template
    132001: ACCOUNT,  # no approved template of that name and language
    132005: PERMANENT,  # filled-in text too long
    132007: PERMANENT,  # content violates a policy
    132008: PERMANENT,  # parameter value does not match
    132012: PERMANENT,  # parameter format does not match
    132015: ACCOUNT,  # template paused for quality
    132016: ACCOUNT,  # template disabled for quality
    132068: PERMANENT,  # flow blocked
    132069: TRANSIENT,  # flow throttled
    133004: TRANSIENT,  # server temporarily unavailable
    133010: ACCOUNT,  # number not registered
    135000: TRANSIENT,  # generic error
    137000: PERMANENT,  # identity key mismatch
}

RANGES: list[tuple[range, ErrorClass]] = [
    (range(200, 300), ACCOUNT),  # API permissions
    (range(133000, 133017), ACCOUNT),  # registration of the number
]
"""Families of codes, for those not named above."""

TEMPLATE_CODES = frozenset({132001, 132015, 132016})
"""Account errors that stop one template only."""

OPTED_OUT = frozenset({131050})
"""The person stopped us in WhatsApp itself. 131026 is none: it says that a message did not arrive, and not why."""

RETRY_AFTER: dict[int, float] = {
    4: 120.0,  # "back off": minutes
    80007: 120.0,
    131049: 86_400.0,
    131056: 6.0,  # one message in 6 s to the same person
}
"""Seconds to wait where Meta says so and sends no `Retry-After`."""

MEANINGS: dict[int, str] = {
    190: "The access token has expired or is wrong: paste a new one in the channel's settings.",
    130472: "WhatsApp keeps this person out of marketing messages (experiment group).",
    131026: "This number cannot be reached on WhatsApp.",
    131030: "The test number may only write to numbers on its allow-list.",
    131042: "WhatsApp has a payment problem with the account: check billing in Meta Business Manager.",
    131044: "WhatsApp has a payment problem with the account: check billing in Meta Business Manager.",
    131047: "More than 24 hours have passed since this person's last message: only a template may be sent.",
    131048: "WhatsApp has limited this number because too many people blocked or reported it.",
    131049: "WhatsApp held the message back: this person has had many marketing messages lately.",
    131050: "This person has stopped marketing messages from this business.",
    132000: "The number of variables does not match the template: sync the templates and check the flow.",
    132001: "There is no approved template of this name in this language: sync the templates.",
    132015: "WhatsApp has paused this template for low quality.",
    132016: "WhatsApp has disabled this template for low quality.",
}
"""Sentences for the codes that people meet most; others show the vendor's own text."""

BY_STATUS = {401: ACCOUNT, 403: ACCOUNT, 408: TRANSIENT, 429: TRANSIENT}
"""For a code nobody has told us about: by HTTP status, other 4xx are permanent, 5xx transient."""


def class_of(code: int | None, status: int) -> ErrorClass:
    """The class of `code`; where it is unknown, what the HTTP status suggests (0 = there was none: an asynchronous failure)."""
    if code is not None:
        if code in CODES:
            return CODES[code]
        for family, error_class in RANGES:
            if code in family:
                return error_class
    return BY_STATUS.get(status, TRANSIENT if status >= 500 else PERMANENT)


def code_of(error: dict[str, Any]) -> int | None:
    """The error's code as a number, or None."""
    told = text(error.get("code"))
    return int(told) if told and told.isascii() and told.isdigit() and len(told) < 10 else None


def first_error(errors: Any) -> dict[str, Any]:
    """The first of a list of errors, or an empty one."""
    return next(iter(objects(errors)), {})


def message_of(error: dict[str, Any]) -> str:
    """What to tell people: our sentence if we have one, then the vendor's details."""
    code = code_of(error)
    told = text(mapping(error.get("error_data")).get("details")) or text(error.get("message")) or text(error.get("title"))
    parts = [MEANINGS.get(code, "") if code is not None else "", told or "", f"(WhatsApp {code})" if code is not None else ""]
    return " ".join(part for part in parts if part) or "WhatsApp gave no reason."
