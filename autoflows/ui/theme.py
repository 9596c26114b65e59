"""The look as data: the Radix theme, and which colour and which word each state has. Classes are in `assets/autoflows.css`."""

from __future__ import annotations

import reflex as rx

STYLESHEETS = ["/autoflows.css", "/automation.css", "/builder.css", "/execution.css"]

ACCENT = "indigo"
GRAY = "slate"

COLOURS: dict[str, str] = {
    # executions and action logs
    "running": "blue",
    "pending": "gray",
    "waiting": "amber",
    "completed": "green",
    "success": "green",
    "failed": "red",
    "cancelled": "gray",
    "skipped": "gray",
    "unknown": "amber",
    # dispositions
    "queued": "blue",
    "enrolled": "green",
    "no_match": "gray",
    "blocked_dnc": "red",
    "blocked_consent": "red",
    "cooldown": "amber",
    "invalid": "red",
    "duplicate": "gray",
    "outside_hours": "amber",
    "paused": "amber",
    "quota": "amber",
    "error": "red",
    # notices
    "warning": "amber",
    "info": "blue",
    # call outcomes
    "answered": "green",
    "missed": "amber",
    "busy": "amber",
    "voicemail": "amber",
    # channels, flows, people, templates
    "active": "green",
    "connected": "green",
    "ok": "green",
    "new": "gray",
    "unchecked": "gray",
    "degraded": "amber",
    "broken": "red",
    "disabled": "gray",
    "enabled": "green",
    "approved": "green",
    "rejected": "red",
    "revoked": "gray",
    "invited": "amber",
}
"""State -> Radix colour scale. Green went well, blue moves, amber waits or needs a look, red needs a person, gray is over or off."""

WORDS: dict[str, str] = {
    "no_match": "No match",
    "blocked_dnc": "Do not call",
    "blocked_consent": "No consent",
    "outside_hours": "Outside hours",
    "ai_call": "AI call",
    "whatsapp_message": "WhatsApp",
    "notify_team": "Notify team",
    "update_contact": "Update contact",
    "sms": "SMS",
    "api": "API",
    "email": "E-mail",
    "manual": "By hand",
    "ok": "Working",
    "unknown": "Unknown",
}
"""Where the word shown differs from the word stored, capitalised and with underscores as spaces."""


def word(value: str) -> str:
    """How a stored word is shown to people: `no_match` -> `No match`."""
    return WORDS.get(value, value.replace("_", " ").capitalize())


def colour_of(status: rx.Var[str] | str) -> rx.Var[str] | str:
    """The Radix colour scale of a state, known now or in the browser."""
    if isinstance(status, str):
        return COLOURS.get(status.lower(), "gray")
    return rx.match(status.lower(), *COLOURS.items(), "gray")


def word_of(status: rx.Var[str] | str) -> rx.Var[str] | str:
    """The shown word of a state, known now or in the browser."""
    if isinstance(status, str):
        return word(status)
    return rx.match(
        status.lower(), *((key, word(key)) for key in sorted(COLOURS.keys() | WORDS.keys())), status.replace("_", " ").capitalize()
    )
