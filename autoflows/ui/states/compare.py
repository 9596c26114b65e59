"""The page of comparisons: what is compared, by its address and its controls, and what came out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import reflex as rx

from autoflows.analytics import choices, comparison
from autoflows.analytics.choices import FlowChoice
from autoflows.analytics.comparison import Comparison
from autoflows.analytics.differences import rates_figure, speeds_figure
from autoflows.domain.errors import Invalid, NotFound
from autoflows.ids import utc_now
from autoflows.ui.address import write_address
from autoflows.ui.compare_rows import DifferenceRow, SideRow, difference_rows, side_rows
from autoflows.ui.flow_rows import Option
from autoflows.ui.states.base import Base, PageState
from autoflows.ui.states.compare_wanted import Wanted, ids_of, other_period, period_of, query, read, report_links, with_choice


class ComparisonState(PageState, Base):
    """What is compared, and how it compares. `gap` says what is missing before anything can be compared, `faults` what of the
    address cannot be: they are no form's problems, which an arrival clears."""

    wanted: Wanted = Wanted()
    unknown: str = ""
    gap: str = ""
    faults: dict[str, str] = {}
    verdict: str = ""
    is_clear: bool = False
    note: str = ""
    columns: list[str] = []
    rows: list[SideRow] = []
    differences: list[DifferenceRow] = []
    capped: bool = False
    figures: dict[str, dict[str, Any]] = {}
    report_links: dict[str, str] = {}
    """Where what is shown is had as a report, by form."""
    rates_text: str = ""
    speeds_text: str = ""
    first_day: str = ""
    last_day: str = ""
    against_first_day: str = ""
    against_last_day: str = ""
    flow_options: list[Option] = []
    chosen_flows: list[Option] = []
    more_flows: list[Option] = []
    control_options: list[Option] = []
    version_options: list[list[str]] = []
    _flows: list[FlowChoice] = []

    async def _load(self) -> None:
        self.wanted, unknown = read({name: value[:400] for name, value in self.router.url.query_parameters.items()})
        self.unknown = ", ".join(unknown)
        self._flows = (await self._service(choices.choices)).flows
        await self._show()

    # ------------------------------------------------------------------ showing

    async def _show(self) -> None:
        self.faults, self.gap = {}, ""
        self._choose_what_is_missing()
        self._offer()
        self.verdict, self.note, self.rows, self.differences, self.figures, self.report_links = "", "", [], [], {}, {}
        if self.gap:
            return
        try:
            self._put_found(await self._compare())
            days = (self.first_day, self.last_day, self.against_first_day, self.against_last_day)
            self.report_links = report_links(self.wanted, self.wanted.zone or self.me.timezone, days)
        except NotFound as error:  # of an old link: the flow is gone, or has no such version
            self.gap = error.detail
        except Invalid as error:
            self.faults = {item.pointer.removeprefix("/query/"): item.detail for item in error.errors} or {"": error.detail}
            self.first_day, self.last_day = self.wanted.first or self.first_day, self.wanted.last or self.last_day

    def _choose_what_is_missing(self) -> None:
        """Something to begin with, where the kind needs a choice that is not made yet."""
        w, live = self.wanted, [flow for flow in self._flows if not flow.is_archived and flow.versions]
        if w.kind == "flows" and len(ids_of(w)) < 2:
            flows = [str(flow.id) for flow in live if str(flow.id) not in w.flows.split(",")]
            flows = [*filter(None, w.flows.split(",")), *flows][:2]
            self.wanted = w.model_copy(update={"flows": ",".join(flows)})
            if len(flows) < 2:
                self.gap = "There are not two published flows yet. As soon as there are, they can be put side by side here."
        elif w.kind == "version":
            flow = next((flow for flow in self._flows if str(flow.id) == w.flow), None)
            flow = flow or next((flow for flow in live if flow.versions > 1), None)
            if flow is None or flow.versions < 2:
                said = f"'{flow.name}' has no second version yet." if flow else "No flow has a second version yet."
                self.gap = f"{said} Publish a change, and what it brought is shown here."
                return
            self.wanted = w.model_copy(update={"flow": str(flow.id), "version": w.version or str(flow.versions)})
        elif w.kind == "day" and not w.on:
            self.wanted = w.model_copy(update={"on": (utc_now().date() - timedelta(days=int(w.days))).isoformat()})

    def _offer(self) -> None:
        """What the controls can be set to."""
        options = [Option(value=str(f.id), label=f.name, note="archived" if f.is_archived else "") for f in self._flows]
        chosen = self.wanted.flows.split(",")
        self.flow_options = options
        self.chosen_flows = [one for key in chosen for one in options if one.value == key]
        self.more_flows = [one for one in options if one.value not in chosen]
        self.control_options = [one for one in options if one.value != self.wanted.flow]
        newest = next((flow.versions for flow in self._flows if str(flow.id) == self.wanted.flow), 0)
        self.version_options = [[str(number), f"v{number}"] for number in range(newest, 1, -1)]

    async def _compare(self) -> Comparison:
        w, now, zone = self.wanted, utc_now(), self.wanted.zone or self.me.timezone
        flow_ids = [UUID(w.flow)] if w.flow else []
        around: dict[str, Any] = {"days": int(w.days), "control_flow_id": UUID(w.control) if w.control and w.flow else None, "now": now}
        if w.kind == "version":
            return await self._service(comparison.compare_version, flow_ids, int(w.version), **around)
        if w.kind == "day":
            return await self._service(comparison.compare_day, flow_ids, date.fromisoformat(w.on), zone=zone, **around)
        period = period_of(w, self.me.timezone, now)
        self.first_day, self.last_day = period.first.isoformat(), period.last.isoformat()
        if w.kind == "flows":
            return await self._service(comparison.compare_flows, ids_of(w), period)
        other = other_period(w, period)
        self.against_first_day, self.against_last_day = other.first.isoformat(), other.last.isoformat()
        return await self._service(comparison.compare_periods, flow_ids[0] if flow_ids else None, period, other)

    def _put_found(self, found: Comparison) -> None:
        sides = [*found.sides, *found.control]
        self.verdict, self.note = found.verdict, found.note
        self.is_clear = any(one.is_clear for one in found.differences)
        self.columns = [side.label.replace("-", "\N{NON-BREAKING HYPHEN}") for side in sides]  # dates stay whole on a phone
        self.rows = side_rows(sides)
        self.capped = any(side.is_capped for side in sides)
        self.differences = difference_rows(found.differences)
        named = len(found.sides) > 2
        rates = [one for one in found.differences if one.metric != "speed"]
        speeds = [one for one in found.differences if one.metric == "speed"]
        self.rates_text = " ".join(one.sentence for one in rates)
        self.speeds_text = " ".join(one.sentence for one in speeds)
        drawn = {"rates": (rates, rates_figure), "speeds": (speeds, speeds_figure)}
        self.figures = {name: draw(some, named=named).to_plotly_json() for name, (some, draw) in drawn.items() if some}

    # ------------------------------------------------------------------ choosing

    async def _go(self, wanted: Wanted) -> Any:
        self.wanted, self.unknown, self.error = wanted, "", ""
        await self._show()
        return write_address(query(self.wanted))

    @rx.event
    async def choose(self, name: str, value: Any) -> Any:
        """What is compared, or in which time."""
        self.problems = {}
        with self._problems_of("query/"):
            wanted = with_choice(self.wanted, name, value)
            if wanted.span == "own":  # the other end stays as it is seen
                wanted = wanted.model_copy(update={"first": wanted.first or self.first_day, "last": wanted.last or self.last_day})
            if name == "against_first" and not wanted.against_last:
                wanted = wanted.model_copy(update={"against_last": self.against_last_day})
            if name == "against_last" and not wanted.against_first:
                wanted = wanted.model_copy(update={"against_first": self.against_first_day})
            return None if wanted == self.wanted else await self._go(wanted)
        return None

    @rx.event
    async def add_flow(self, flow_id: str) -> Any:
        """One more flow to compare."""
        with self._problems_of("query/"):
            return await self._go(with_choice(self.wanted, "flows", f"{self.wanted.flows},{flow_id}".strip(",")))
        return None

    @rx.event
    async def remove_flow(self, flow_id: str) -> Any:
        """One flow less; two stay."""
        flows = [one for one in self.wanted.flows.split(",") if one != flow_id]
        with self._problems_of("query/"):
            return await self._go(with_choice(self.wanted, "flows", ",".join(flows))) if len(flows) >= 2 else None
        return None
