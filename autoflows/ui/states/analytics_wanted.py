"""What the analytics page is asked for, and how that stands in its address. Pure.

The address is the truth: a reload, the way back and a shared link all read it, and every choice on the page writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel

from autoflows.analytics.period import Period, between, last_days
from autoflows.analytics.service import Narrowed
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import check_timezone
from autoflows.domain.reports import Report
from autoflows.ui.states.asked import day_asked, id_asked, read_choices, told_choices
from autoflows.ui.states.base import choice_of, text_of

VIEWS = {
    "overview": "Overview",
    "speed": "Speed to lead",
    "flow": "Per flow",
    "performance": "Performance",
}
SPANS = {"1": "Today", "7": "7 days", "30": "30 days", "90": "90 days", "365": "12 months", "own": "Custom"}


class Wanted(BaseModel):
    """What is asked for, as texts; an empty one does not narrow. `span` is a number of days up to today, or `own` with dates."""

    view: str = "overview"
    span: str = "30"
    first: str = ""
    last: str = ""
    zone: str = ""
    flow: str = ""
    version: str = ""
    source: str = ""
    channel: str = ""


def _zone(value: Any) -> str:
    text = text_of(value, 100)
    try:
        return check_timezone(text) if text else ""
    except ValueError as error:
        raise Invalid(str(error), errors=[FieldError("/query/tz", str(error))]) from None


def _version(value: Any) -> str:
    text = "" if value == "all" else text_of(value, 6)
    if text and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Invalid("This is not a version.")
    return text


READERS: dict[str, Callable[[Any], str]] = {
    "view": lambda value: choice_of(value, VIEWS, default="overview"),
    "span": lambda value: choice_of(value, SPANS, default="30"),
    "first": day_asked,
    "last": day_asked,
    "zone": _zone,
    "flow": id_asked,
    "version": _version,
    "source": lambda value: "" if value == "all" else text_of(value, 100),
    "channel": id_asked,
}
"""How each choice is read, whether it comes from an address or from a socket. Each raises Invalid."""
IN_ADDRESS = {"first": "from", "last": "to", "zone": "tz"}
"""Where the name in the address is another: the REST API's."""
PLAIN = Wanted()


def with_choice(wanted: Wanted, name: str, value: Any) -> Wanted:
    """With one choice made; what it contradicts is given up. Raises Invalid."""
    chosen = READERS[choice_of(name, READERS)](value)
    changes: dict[str, str] = {name: chosen}
    if name in ("first", "last") and chosen:
        changes["span"] = "own"
    elif name == "span" and chosen != "own":
        changes |= {"first": "", "last": ""}
    elif name == "flow" and chosen != wanted.flow:
        changes["version"] = ""
    elif name == "view" and wanted.view == "flow":
        changes |= {"flow": "", "version": ""}  # the one flow of that page
    return wanted.model_copy(update=changes)


def cleared(wanted: Wanted) -> Wanted:
    """The same page and days, without what narrows."""
    return wanted.model_copy(update={"flow": "", "version": "", "source": "", "channel": ""})


def read(address: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """What an address asks for, and the names of what in it means nothing here."""
    return read_choices(address, PLAIN, READERS, IN_ADDRESS, with_choice)


def query(wanted: Wanted) -> str:
    """The query string that asks for this; empty for what the page shows anyway."""
    return urlencode(told_choices(wanted, PLAIN, READERS, IN_ADDRESS))


def period_of(wanted: Wanted, zone: str, now: datetime) -> Period:
    """The days that are asked for, in the zone that is asked for or else this one. Raises Invalid that names the field."""
    zone = wanted.zone or zone
    if wanted.span != "own":
        return last_days(int(wanted.span), zone=zone, now=now)
    return between(_chosen(wanted.first, "from"), _chosen(wanted.last, "to"), zone=zone)


def _chosen(text: str, name: str) -> date:
    if not text:
        raise Invalid("A day is missing.", errors=[FieldError(f"/query/{name}", "choose a day")])
    return date.fromisoformat(text)


def narrowed_of(wanted: Wanted) -> Narrowed:
    """The filters as the services understand them."""
    return Narrowed(
        UUID(wanted.flow) if wanted.flow else None,
        int(wanted.version) if wanted.version and wanted.flow else None,
        wanted.source or None,
        UUID(wanted.channel) if wanted.channel else None,
    )


def export_href(wanted: Wanted, period: Period, chart: str, form: str) -> str:
    """Where one chart's numbers are had as a file; `form` is csv or xlsx."""
    return f"/api/automation/analytics/export.{form}?{_asked(wanted, period, {'chart': chart})}"


def report_links(wanted: Wanted, period: Period) -> dict[str, str]:
    """Where all that is shown is had as a report, by form; none for what there is no report of."""
    if wanted.view not in [str(one) for one in Report]:
        return {}
    asked = _asked(wanted, period, {"view": wanted.view})
    return {form: f"/api/automation/analytics/report.{form}?{asked}" for form in ("html", "pdf", "xlsx")}


def _asked(wanted: Wanted, period: Period, more: dict[str, str]) -> str:
    told = more | {"from": period.first.isoformat(), "to": period.last.isoformat(), "tz": period.zone}
    told |= {name: value for name in ("flow", "version", "source", "channel") if (value := getattr(wanted, name))}
    names = {"flow": "flow_id", "channel": "channel_id"}
    return urlencode({names.get(name, name): value for name, value in told.items()})
