"""Where a lead event stands, and how it came in."""

from __future__ import annotations

from enum import StrEnum


class EntryType(StrEnum):
    """How a lead came in."""

    EMAIL = "email"
    UPLOAD = "upload"
    INTEGRATION = "integration"
    API = "api"
    MANUAL = "manual"


class Disposition(StrEnum):
    """The one current standing of a lead event. `queued` is the only one that still moves by itself."""

    QUEUED = "queued"
    ENROLLED = "enrolled"
    NO_MATCH = "no_match"
    BLOCKED_DNC = "blocked_dnc"
    BLOCKED_CONSENT = "blocked_consent"
    COOLDOWN = "cooldown"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    OUTSIDE_HOURS = "outside_hours"
    PAUSED = "paused"
    QUOTA = "quota"
    ERROR = "error"


DNC_TAG = "dnc"
"""Compared case-insensitively with each tag."""


def has_dnc(tags: list[str]) -> bool:
    """Whether a contact's tags say do-not-call; the whole tag counts, in any case."""
    return any(tag.strip().casefold() == DNC_TAG for tag in tags)
