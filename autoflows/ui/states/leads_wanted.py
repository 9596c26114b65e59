"""What a number of the analytics asks the list of leads for: read from an address, passed to the services, and said in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from autoflows.domain.errors import Invalid
from autoflows.services.views.leads import LeadFilter, Standing
from autoflows.ui.states.asked import id_asked, moment_asked, number_asked, span_in_words
from autoflows.ui.states.base import choice_of

STANDINGS = {
    Standing.CONTACTED: "that were contacted",
    Standing.NOT_CONTACTED: "that were not contacted",
    Standing.RUNNING: "that wait for their first contact",
    Standing.SKIPPED: "whose every contact a rule refused",
    Standing.CANCELLED: "that were cancelled before a contact",
    Standing.FAILED: "that failed before a contact",
    Standing.COMPLETED: "that finished without a contact",
}


class Behind(BaseModel):
    """As texts; an empty one does not narrow."""

    model_config = ConfigDict(frozen=True)

    standing: str = ""
    flow: str = ""
    version: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""


READERS: dict[str, Callable[[Any], str]] = {
    "standing": lambda value: choice_of(value, Standing),
    "flow": id_asked,
    "version": number_asked,
    "channel": id_asked,
    "since": moment_asked,
    "until": moment_asked,
}


def read(address: Mapping[str, str]) -> Behind:
    """What an address asks for; what in it means nothing is left out."""
    found = {}
    for name, reader in READERS.items():
        try:
            found[name] = reader(address.get(name, "")[:200])
        except Invalid:
            continue
    return Behind(**found)


def filter_of(behind: Behind, *, disposition: str = "", source: str = "", search: str = "") -> LeadFilter:
    """The same as the services understand it, with the filters that are seen on the page."""
    return LeadFilter(
        disposition=disposition,
        lead_source=source,
        search=search,
        standing=Standing(behind.standing) if behind.standing else None,
        flow_id=UUID(behind.flow) if behind.flow else None,
        version=int(behind.version) if behind.version else None,
        channel_id=UUID(behind.channel) if behind.channel else None,
        since=datetime.fromisoformat(behind.since) if behind.since else None,
        until=datetime.fromisoformat(behind.until) if behind.until else None,
    )


def in_words(behind: Behind, zone: ZoneInfo) -> str:
    """What is asked for as a phrase; empty for nothing."""
    parts = [
        span_in_words("received", behind.since, behind.until, zone),
        STANDINGS[Standing(behind.standing)] if behind.standing else "",
        "that one flow took" if behind.flow else "",
        f"on its version {behind.version}" if behind.version else "",
        "first contacted by one channel" if behind.channel else "",
    ]
    return ", ".join(filter(None, parts))
