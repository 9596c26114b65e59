"""From a figure to the runs or leads behind it. Pure: an address, or nothing where a figure, such as a rate, has no list of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from autoflows.analytics.charts.action_results import GROUPS
from autoflows.analytics.charts.call_outcomes import OUTCOMES
from autoflows.analytics.charts.executions_per_day import STATUSES
from autoflows.analytics.charts.funnel import CONVERSATION, ENTERED, GOAL, GOOD, NOT_MADE
from autoflows.analytics.charts.lead_standings import CONTACTED, STANDINGS
from autoflows.analytics.charts.speed_to_lead import BANDS
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import ACTION_TITLES, GATES
from autoflows.services.views.execution_facts import NO_REASON, RESULTS
from autoflows.ui.states.analytics_wanted import Wanted
from autoflows.ui.states.analytics_wanted import query as analytics_query

FLOWS = "/dashboard/auto-engagement"
LEADS = "/dashboard/leads"
Row = Sequence[object]
Cells = list[str]


@dataclass(frozen=True, slots=True)
class Here:
    """What a page of figures shows; `flows` gives ids by names that only one flow has."""

    wanted: Wanted
    period: Period
    flows: Mapping[str, str] = field(default_factory=dict)

    def on(self, day: str) -> Here:
        """The same for one of its days."""
        at = date.fromisoformat(day)
        return Here(self.wanted, Period(at, at, self.period.zone), self.flows)


def executions(**told: str) -> str:
    """The list of executions that fit all that is told; what is empty is left out."""
    return f"{FLOWS}/executions?{urlencode({name: value for name, value in told.items() if value})}"


def _moments(since: datetime, until: datetime, prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{name}": at.isoformat().replace("+00:00", "Z") for name, at in (("since", since), ("until", until))}


def _narrowed(wanted: Wanted) -> dict[str, str]:
    return {"flow": wanted.flow, "version": wanted.version, "source": wanted.source, "channel": wanted.channel}


def runs(wanted: Wanted, period: Period, **more: str) -> str:
    """The executions begun in the period, narrowed as the figures are, and further by `more`."""
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}  # the list's days are those of the reader's own zone
    return executions(**_narrowed(wanted) | (_moments(period.start, period.end) if wanted.zone else days) | more)


def attempts(wanted: Wanted, period: Period, **more: str) -> str:
    """The executions with an attempt made in the period, whenever they began."""
    return executions(**_narrowed(wanted) | _moments(period.start, period.end, "made_") | more)


def leads(wanted: Wanted, period: Period, **more: str) -> str:
    """The leads received in the period, narrowed as the figures are, and further by `more`."""
    told = _narrowed(wanted) | _moments(period.start, period.end) | more
    return f"{LEADS}?{urlencode({name: value for name, value in told.items() if value})}"


def runs_between(since: datetime, until: datetime, flow_ids: Sequence[UUID] | None, **more: str) -> str:
    """The executions begun between two moments, of one flow or of all; empty where they are of several."""
    if flow_ids is not None and len(flow_ids) != 1:
        return ""
    return executions(flow=str(flow_ids[0]) if flow_ids else "", **_moments(since, until), **more)


def behind_arm(flow_id: UUID, split_id: UUID, since: datetime, until: datetime, arm: str, reached: str = "") -> str:
    """The executions in which an arm's people passed the split for the first time."""
    return executions(flow=str(flow_id), split=str(split_id), arm=arm, reached=reached, **_moments(since, until, "made_"))


def _per_day(row: Row, here: Here) -> Cells:
    at = here.on(str(row[0]))
    return [runs(here.wanted, at.period), *(runs(here.wanted, at.period, status=status.value) for status in STATUSES)]


def _trend(row: Row, here: Here) -> Cells:
    day = here.on(str(row[0])).period
    w = here.wanted
    return [runs(w, day), runs(w, day, status="completed"), runs(w, day, status="failed"), "", runs(w, day, reached="answered"), ""]


def _band(name: str) -> str:
    starts = [0, *(end for end in BANDS.values() if end is not None)]
    return f"{starts[list(BANDS).index(name)]}-{BANDS[name] or ''}"


def _speed_by_day(row: Row, here: Here) -> Cells:
    day = here.on(str(row[0])).period
    return [runs(here.wanted, day, reached="contacted"), *(runs(here.wanted, day, speed=_band(name)) for name in BANDS)]


def _speed(row: Row, here: Here) -> Cells:
    href = runs(here.wanted, here.period, speed=_band(str(row[0])))
    return [href, href, ""]


def _outcome(row: Row, here: Here) -> Cells:
    result = next(str(outcome) for outcome, (title, _) in OUTCOMES.items() if title == row[0])
    href = attempts(here.wanted, here.period, action="ai_call", result=result)
    return [href, href, ""]


def _standing(row: Row, here: Here) -> Cells:
    disposition, standing = next(key for key, title in STANDINGS.items() if title == row[0])
    of_run = {"standing": standing} if standing else {"disposition": disposition}
    href = leads(here.wanted, here.period, **of_run)
    return [href, href, ""]


def _flow(row: Row, here: Here) -> Cells:
    if (flow_id := here.flows.get(str(row[0]))) is None:
        return []
    wanted = here.wanted.model_copy(update={"flow": flow_id})
    page = f"{FLOWS}/analytics?{analytics_query(wanted.model_copy(update={'view': 'flow'}))}"
    counts = [runs(wanted, here.period, **more) for more in ({}, {"reached": "contacted"}, {"reached": "answered"})]
    return [page, *counts, ""]


def _kind(title: str) -> str:
    return next((kind for kind, said in ACTION_TITLES.items() if said == title), title)


def _cost(row: Row, here: Here) -> Cells:
    return [runs(here.wanted, here.period, action=_kind(str(row[0])))]


def _at_step(text: object, here: Here, **more: str) -> str:
    step, _, kind = str(text).partition(" ")
    return runs(here.wanted, here.period, step=step, action=_kind(kind), **more)


def _results(row: Row, here: Here) -> Cells:
    whole = _at_step(row[0], here)
    return [whole, whole, *(_at_step(row[0], here, result=",".join(members)) for members, _ in GROUPS.values()), ""]


def _drop(row: Row, here: Here) -> Cells:
    reasons = {title: gate for gate, title in GATES.items()}
    said = str(row[2])
    reason = NO_REASON if said in ("No reason kept", "No code given") else reasons.get(said, said) if row[1] == "Skipped" else said
    href = _at_step(row[0], here, result=str(row[1]).lower(), reason=reason)
    return [href, "", "", href]


MADE = ",".join(result for result in RESULTS if result not in NOT_MADE)


def _funnel(row: Row, here: Here) -> Cells:
    w, period = here.wanted, here.period
    if row[0] == ENTERED:
        return [runs(w, period), runs(w, period)]
    if row[0] == CONVERSATION:
        return [runs(w, period, reached="answered")] * 2
    if str(row[0]).startswith(GOAL):
        return [runs(w, period, reached="converted")] * 2
    step = str(row[0]).split(" ")[0]
    results = ("", MADE, "skipped", "failed", ",".join(GOOD))
    counts = [runs(w, period, step=step, result=result) for result in results]
    counts[0] = runs(w, period, step=step, attempt="1")
    lost = "" if w.channel else runs(w, period, furthest=str(int(step) - 1))
    return [counts[0], *counts, lost]


LINKS: dict[str, Callable[[Row, Here], Cells]] = {
    "executions_per_day": _per_day,
    "success_trend": _trend,
    "speed_by_day": _speed_by_day,
    "speed_to_lead": _speed,
    "call_outcomes": _outcome,
    "lead_standings": _standing,
    "active_flows": _flow,
    "cost_by_action": _cost,
    "action_results": _results,
    "drop_off": _drop,
    "funnel": _funnel,
}
"""By chart: from a row of its numbers to what each cell counts."""
MORE: dict[tuple[str, str], Callable[[Here], str]] = {
    ("speed_to_lead", "no attempt"): lambda here: runs(here.wanted, here.period, reached="not_contacted"),
    ("lead_standings", "received"): lambda here: leads(here.wanted, here.period),
    ("lead_standings", "contacted"): lambda here: leads(here.wanted, here.period, standing=CONTACTED[1]),
    ("lead_standings", "not contacted"): lambda here: leads(here.wanted, here.period, standing="not_contacted"),
}
"""The same for the further figures of a chart."""


def links_of(chart: str, row: Row, here: Here) -> Cells:
    """What each cell of a row leads to, as many as there are cells; a nought, and a row of noughts, has nothing behind it."""
    has_any = any(isinstance(cell, int | float) and cell for cell in row[1:])
    found = LINKS[chart](row, here) if chart in LINKS and has_any else []
    padded = [*found, *[""] * (len(row) - len(found))]
    return ["" if cell in (0, None) else href for cell, href in zip(row, padded, strict=True)]


def more_link(chart: str, name: str, value: object, here: Here) -> str:
    """What a further figure of a chart leads to."""
    return MORE[chart, name](here) if value and (chart, name) in MORE else ""
