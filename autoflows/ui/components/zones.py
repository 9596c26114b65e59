"""The time zones a field offers."""

from __future__ import annotations

from zoneinfo import available_timezones

import reflex as rx

_OLD = ("Etc/", "SystemV/", "US/", "posix/", "right/")
ZONES = (*sorted(z for z in available_timezones() if "/" in z and not z.startswith(_OLD)), "UTC")


def zone_list(element_id: str = "zones") -> rx.Component:
    """A datalist of IANA zones; a text field names it in its `list` attribute."""
    return rx.el.datalist(*(rx.el.option(value=zone) for zone in ZONES), id=element_id)
