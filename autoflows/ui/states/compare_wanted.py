"""What the page of comparisons is asked for, and how that stands in its address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from autoflows.analytics.period import Period, between
from autoflows.domain.errors import FieldError, Invalid
from autoflows.ui.states import analytics_wanted
from autoflows.ui.states.asked import day_asked, id_asked, number_asked, read_choices, told_choices
from autoflows.ui.states.base import choice_of, id_of, text_of

KINDS = {"periods": "Two periods", "flows": "Flows", "version": "Before and after a version", "day": "Before and after a day"}
SPANS = {"7": "7 days", "30": "30 days", "90": "90 days", "own": "Custom"}
LENGTHS = {"7": "7 days", "14": "14 days", "30": "30 days", "60": "60 days", "90": "90 days", "180": "180 days"}
MOST_FLOWS = 5


class Wanted(BaseModel):
    """As texts. `flows` are ids with commas between; `flow` is the one flow of the other kinds, empty for all."""

    model_config = ConfigDict(frozen=True)

    kind: str = "periods"
    span: str = "30"
    first: str = ""
    last: str = ""
    against_first: str = ""
    against_last: str = ""
    zone: str = ""
    flow: str = ""
    flows: str = ""
    version: str = ""
    on: str = ""
    days: str = "14"
    control: str = ""


def _flows(value: Any) -> str:
    ids = [str(id_of(text)) for text in text_of(value, 40 * MOST_FLOWS).split(",") if text]
    if len(ids) > MOST_FLOWS:
        raise Invalid(f"At most {MOST_FLOWS} flows are compared.")
    return ",".join(dict.fromkeys(ids))


READERS: dict[str, Callable[[Any], str]] = {
    "kind": lambda value: choice_of(value, KINDS, default="periods"),
    "span": lambda value: choice_of(value, SPANS, default="30"),
    "first": day_asked,
    "last": day_asked,
    "against_first": day_asked,
    "against_last": day_asked,
    "zone": analytics_wanted.READERS["zone"],
    "flow": id_asked,
    "flows": _flows,
    "version": number_asked,
    "on": day_asked,
    "days": lambda value: choice_of(value, LENGTHS, default="14"),
    "control": id_asked,
}
"""How each choice is read, whether it comes from an address or from a socket. Each raises Invalid."""
IN_ADDRESS = {"first": "from", "last": "to", "against_first": "against_from", "against_last": "against_to", "zone": "tz"}
PLAIN = Wanted()


def with_choice(wanted: Wanted, name: str, value: Any) -> Wanted:
    """With one choice made; what it contradicts is given up. Raises Invalid."""
    chosen = READERS[choice_of(name, READERS)](value)
    changes = {name: chosen}
    if name in ("first", "last") and chosen:
        changes["span"] = "own"
    elif name == "span" and chosen != "own":
        changes |= {"first": "", "last": "", "against_first": "", "against_last": ""}
    elif name == "flow" and chosen != wanted.flow:
        changes |= {"version": "", "control": ""}
    return wanted.model_copy(update=changes)


def read(address: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """What an address asks for, and the names of what in it means nothing here."""
    return read_choices(address, PLAIN, READERS, IN_ADDRESS, with_choice)


def query(wanted: Wanted) -> str:
    """The query string that asks for this; empty for what the page shows anyway."""
    return urlencode(told_choices(wanted, PLAIN, READERS, IN_ADDRESS))


def ids_of(wanted: Wanted) -> list[UUID]:
    """The flows that are compared."""
    return [UUID(text) for text in wanted.flows.split(",") if text]


def period_of(wanted: Wanted, zone: str, now: datetime) -> Period:
    """The days that are asked for. Raises Invalid that names the field."""
    asked = analytics_wanted.Wanted(span=wanted.span, first=wanted.first, last=wanted.last, zone=wanted.zone)
    return analytics_wanted.period_of(asked, zone, now)


def other_period(wanted: Wanted, period: Period) -> Period:
    """The days it is held against: those asked for, else as many before it. Raises Invalid that names the field."""
    if not (wanted.against_first or wanted.against_last):
        return period.before
    if not (wanted.against_first and wanted.against_last):
        name = "against_from" if wanted.against_last else "against_to"
        raise Invalid("A day is missing.", errors=[FieldError(f"/query/{name}", "choose a day")])
    try:
        return between(date.fromisoformat(wanted.against_first), date.fromisoformat(wanted.against_last), zone=period.zone)
    except Invalid as error:
        raise Invalid(error.detail, errors=[FieldError("/query/against_from", item.detail) for item in error.errors]) from None


def report_links(wanted: Wanted, zone: str, days: tuple[str, str, str, str]) -> dict[str, str]:
    """Where the comparison is had as a report, by form; `days` are those it is about: the period's, then the other's."""
    told: dict[str, Any] = {"tz": zone}
    if wanted.kind in ("version", "day"):
        told |= {"flow_id": wanted.flow, "days": wanted.days, "control_flow_id": wanted.control if wanted.flow else ""}
        told |= {"version": wanted.version} if wanted.kind == "version" else {"on": wanted.on}
    else:
        told |= {"from": days[0], "to": days[1], "flow_id": wanted.flows.split(",") if wanted.kind == "flows" else wanted.flow}
        told |= {"against_from": days[2], "against_to": days[3]} if wanted.kind == "periods" else {}
    asked = urlencode({name: value for name, value in told.items() if value}, doseq=True)
    links = {form: f"/api/automation/analytics/compare/report.{form}?{asked}" for form in ("html", "pdf", "xlsx", "csv")}
    return links | {"differences": f"{links['csv']}&table=differences"}
