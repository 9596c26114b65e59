"""What the list of executions is asked for, and how that stands in the page's address. Pure.

The address is the truth: a reload, the way back and a shared link all read it, and every choice on the page writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from autoflows.domain.errors import Invalid
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.outcomes import CallOutcome
from autoflows.services.views.executions import WAITING_RULES, ExecutionFilter, ExecutionSort, Stage
from autoflows.ui import words
from autoflows.ui.states import executions_facts as facts
from autoflows.ui.states.asked import day_asked, id_asked, read_choices, told_choices
from autoflows.ui.states.base import choice_of, text_of
from autoflows.ui.states.executions_facts import Facts

NEEDS_PERSON = "needs_person"
TABS = {
    "": "All",
    Stage.ACTIVE.value: "Active now",
    Stage.WAITING.value: "Waiting",
    NEEDS_PERSON: "Needs a person",
    **{status: said for status, said in words.EXECUTION_STATUSES.items() if status != ExecutionStatus.RUNNING},
}
"""What the list shows, by the word in the address. Those that run are told apart by what they do."""
RUNS = {"test": "Test runs", "both": "Real and test runs"}
WITHIN = {"1": "Last hour", "24": "Last 24 hours", "168": "Last 7 days", "720": "Last 30 days"}
"""Spans that move along, in hours."""
SORTS = {
    ExecutionSort.NEWEST.value: "Newest first",
    ExecutionSort.OLDEST.value: "Oldest first",
    ExecutionSort.SOONEST.value: "Due first",
    ExecutionSort.ENDED.value: "Last ended first",
    ExecutionSort.SLOWEST.value: "Slowest to the lead",
    ExecutionSort.FASTEST.value: "Fastest to the lead",
}
SIZES = (25, 50, 100)


class Wanted(Facts):
    """What is asked for, as texts; an empty one does not narrow. `within` is a span that ends now, `first` and `last` are dates."""

    status: str = ""
    flow: str = ""
    source: str = ""
    outcome: str = ""
    rule: str = ""
    runs: str = ""
    contact: str = ""
    within: str = ""
    first: str = ""
    last: str = ""
    search: str = ""
    sort: str = ExecutionSort.NEWEST.value
    size: int = SIZES[0]


def _source(value: Any) -> str:
    text = text_of(value, 100)
    return "" if text in ("all", "none") else text


READERS: dict[str, Callable[[Any], Any]] = {
    "status": lambda value: choice_of(value, [*filter(None, TABS), ExecutionStatus.RUNNING]),
    "flow": id_asked,
    "source": _source,
    "outcome": lambda value: choice_of(value, CallOutcome),
    "rule": lambda value: choice_of(value, WAITING_RULES),
    "runs": lambda value: "" if value == "real" else choice_of(value, RUNS),
    "contact": id_asked,
    "within": lambda value: choice_of(value, WITHIN),
    "first": day_asked,
    "last": day_asked,
    "search": lambda value: text_of(value, 200),
    "sort": lambda value: choice_of(value, ExecutionSort, default=ExecutionSort.NEWEST.value),
    "size": lambda value: int(choice_of(str(value), SIZES, default=str(SIZES[0]))),
    **facts.READERS,
}
"""How each choice is read, whether it comes from an address or from a socket. Each raises Invalid."""
NARROWING = tuple(name for name in READERS if name not in ("status", "sort", "size"))
IN_ADDRESS = {"first": "from", "last": "to", "search": "q"}
"""Where the name in the address is another."""
PLAIN = Wanted()
NO_MOMENTS = {"since": "", "until": ""}


def with_choice(wanted: Wanted, name: str, value: Any) -> Wanted:
    """With one choice made; what it contradicts is given up. Raises Invalid."""
    if not isinstance(name, str) or name not in READERS:
        raise Invalid("This is not one of the filters.")
    chosen = READERS[name](value)
    changes: dict[str, Any] = {name: chosen}
    if chosen and name == "within":
        changes |= {"first": "", "last": "", **NO_MOMENTS}
    elif chosen and name == "first":
        changes |= {"within": "", "last": "" if wanted.last < chosen else wanted.last, **NO_MOMENTS}
    elif chosen and name == "last":
        changes |= {"within": "", "first": "" if wanted.first > chosen else wanted.first, **NO_MOMENTS}
    elif chosen and name in NO_MOMENTS:
        changes |= {"within": "", "first": "", "last": ""}
    elif name == "flow" and chosen != wanted.flow:
        changes["version"] = ""
    return wanted.model_copy(update=changes)


def cleared(wanted: Wanted) -> Wanted:
    """The same tab, order and size, without what narrows."""
    return Wanted(status=wanted.status, sort=wanted.sort, size=wanted.size)


def is_narrowed(wanted: Wanted) -> bool:
    """Whether anything besides the tab is asked for."""
    return any(getattr(wanted, name) for name in NARROWING)


def read(address: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """What an address asks for, and the names of what in it means nothing here."""
    return read_choices(address, PLAIN, READERS, IN_ADDRESS, with_choice)


def query(wanted: Wanted, **more: str) -> str:
    """The query string that asks for this; empty for what the page shows anyway."""
    return urlencode(told_choices(wanted, PLAIN, READERS, IN_ADDRESS) | {name: value for name, value in more.items() if value})


def filter_of(wanted: Wanted, zone: ZoneInfo) -> ExecutionFilter:
    """The same as the services understand it; days are those of the viewer's clock. Raises Invalid."""
    staged = wanted.status in tuple(Stage)
    in_doubt = wanted.status == NEEDS_PERSON
    try:
        since, until = _midnight(wanted.first, 0, zone), _midnight(wanted.last, 1, zone)
    except OverflowError:
        raise Invalid("This day is too far away.") from None
    return ExecutionFilter(
        **({"since": since, "until": until} | facts.filter_fields(wanted)),
        status=ExecutionStatus(wanted.status) if wanted.status and not staged and not in_doubt else None,
        stage=Stage(wanted.status) if staged else None,
        needs_person=True if in_doubt else None,
        flow_id=UUID(wanted.flow) if wanted.flow else None,
        contact_id=UUID(wanted.contact) if wanted.contact else None,
        lead_source=wanted.source or None,
        outcome=CallOutcome(wanted.outcome) if wanted.outcome else None,
        waiting_rule=wanted.rule or None,
        is_test_run=None if wanted.runs == "both" else wanted.runs == "test",
        within_hours=int(wanted.within) if wanted.within else None,
        search=wanted.search,
    )


def _midnight(text: str, later: int, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    return datetime.combine(date.fromisoformat(text) + timedelta(days=later), time(), tzinfo=zone).astimezone(UTC)


def wanted_of(kept: ExecutionFilter, sort: ExecutionSort, zone: ZoneInfo) -> Wanted:
    """What a saved filter asks for on this page."""
    return Wanted(
        status=kept.stage or (NEEDS_PERSON if kept.needs_person else kept.status) or "",
        flow=str(kept.flow_id or ""),
        contact=str(kept.contact_id or ""),
        source=kept.lead_source or "",
        outcome=kept.outcome or "",
        rule=kept.waiting_rule or "",
        runs={None: "both", True: "test", False: ""}[kept.is_test_run],
        within=str(kept.within_hours) if str(kept.within_hours) in WITHIN else "",
        search=kept.search,
        sort=sort.value,
        **facts.facts_of(kept),
        **_times(kept, zone),
    )


def _times(kept: ExecutionFilter, zone: ZoneInfo) -> dict[str, str]:
    """The filter's times as days where they are whole days on this clock, else as moments."""
    bounds = [moment.astimezone(zone) if moment else None for moment in (kept.since, kept.until)]
    if all(moment is None or moment.time() == time() for moment in bounds):
        first, end = bounds
        last = (end - timedelta(microseconds=1)).date().isoformat() if end else ""
        return {"first": first.date().isoformat() if first else "", "last": last}
    return {name: facts.said(moment) for name, moment in zip(("since", "until"), bounds, strict=True) if moment}


def export_href(wanted: ExecutionFilter) -> str:
    """Where the same list is had as a file."""
    told = wanted.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    asked = urlencode({name: str(value).lower() if isinstance(value, bool) else value for name, value in told.items()})
    return f"/api/automation/executions/export.csv?{asked}"
