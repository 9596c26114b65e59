"""The list of executions: what is asked for by its address and its controls. What it shows is in `executions_table.py`."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import reflex as rx

from autoflows.domain.errors import Invalid, NotFound
from autoflows.ids import utc_now
from autoflows.services import execution_counts, flows
from autoflows.services.pages import MAX_LIMIT
from autoflows.ui.address import write_address
from autoflows.ui.flow_rows import Option
from autoflows.ui.states import executions_facts as facts
from autoflows.ui.states.base import Base
from autoflows.ui.states.executions_bulk import ExecutionBulk
from autoflows.ui.states.executions_rows import rule_in_words
from autoflows.ui.states.executions_views import ExecutionViews
from autoflows.ui.states.executions_wanted import Wanted, cleared, is_narrowed, query, read, with_choice


class ExecutionList(ExecutionBulk, ExecutionViews, Base):
    """Executions as the address asks for them."""

    live_gap_seconds: ClassVar[float] = 0.1

    unknown: str = ""
    flow_options: list[Option] = []
    flow_is_gone: bool = False
    filters_open: bool = False
    """On a phone, where they would take the whole screen."""
    is_later: bool = False
    _sources: list[str] = []
    _rules: list[str] = []

    @rx.var
    def narrowed(self) -> bool:
        """Whether anything besides the tab narrows the list."""
        return is_narrowed(self.wanted)

    @rx.var
    def facts_text(self) -> str:
        """What a number of the analytics, or a link, narrows the list to besides the filters that are seen."""
        return facts.in_words(self.wanted, ZoneInfo(self.me.timezone))

    @rx.var
    def fitting(self) -> str:
        """How many there are in the chosen tab."""
        return next((tab.count for tab in self.tabs if tab.value == self.wanted.status), "")

    @rx.var
    def source_options(self) -> list[list[str]]:
        """Where leads came from; what a link asks for is among them, whether it is known or not."""
        return [[source, source] for source in _with(self._sources, self.wanted.source)]

    @rx.var
    def rule_options(self) -> list[list[str]]:
        """What holds executions now."""
        return [[rule, rule_in_words(rule)] for rule in _with(self._rules, self.wanted.rule)]

    def _close_dialogs(self) -> None:
        self._close_bulk()
        self._close_views()

    # ------------------------------------------------------------------ showing

    async def _load(self) -> None:
        address = self.router.url.query_parameters
        self.wanted, unknown = read({name: value[:200] for name, value in address.items()})
        self.unknown = ", ".join(unknown)
        self._turn_to(address.get("after", "")[:1000])
        self._seen, self.newer = (utc_now(), UUID(int=0)), ""
        self._choose_none()
        await self._load_choices()
        await self._load_views()
        await self._show_wanted()
        if self._cursors:
            try:
                await self._show()
            except Invalid:  # the place in an old link: its list has another filter now, or is of another day
                self._turn_to("")
                await self._show()

    async def _load_choices(self) -> None:
        options = []
        for is_archived in (False, True):
            page = await self._service(flows.list_flows, is_archived=is_archived, limit=MAX_LIMIT)
            options += [Option(value=str(flow.id), label=flow.name, note="archived" if is_archived else "") for flow in page.data]
        self.flow_options = options
        self.flow_is_gone = False
        if self.wanted.flow and self.wanted.flow not in {option.value for option in self.flow_options}:
            try:
                flow = await self._service(flows.get_flow, UUID(self.wanted.flow))
                self.flow_options = [*self.flow_options, Option(value=str(flow.id), label=flow.name)]
            except NotFound:
                self.flow_is_gone = True
        found = await self._service(execution_counts.choices)
        self._sources, self._rules = found.lead_sources, found.waiting_rules

    # ------------------------------------------------------------------ choosing

    async def _go(self, wanted: Wanted, *, push: bool = True) -> Any:
        """Show this, from its first page; the address follows, so that the way back leads to what was before."""
        self.wanted, self.unknown = wanted, ""
        self.flow_is_gone = self.flow_is_gone and bool(wanted.flow)
        self._choose_none()
        self._turn_to("")
        return await self._arrive_at(push=push)

    async def _arrive_at(self, *, push: bool = True) -> Any:
        self.error = ""
        await (self._show() if self._cursors else self._show_wanted())
        here = query(self.wanted, after=self._cursors[-1] if self._cursors else "")
        return write_address(here, push=push)

    def _turn_to(self, cursor: str) -> None:
        """The page after this cursor; one that was on the way here is found again, so that the way back is known."""
        known = self._cursors.index(cursor) + 1 if cursor in self._cursors else 0
        self._cursors = self._cursors[:known] or ([cursor] if cursor else [])
        self.is_later = bool(self._cursors)

    @rx.event
    async def choose(self, name: str, value: str) -> Any:
        """One filter, the tab, the order or the number of rows."""
        wanted = with_choice(self.wanted, name, value)
        if wanted == self.wanted:
            return None
        typing = name == "search" and bool(self.wanted.search)
        return await self._go(wanted, push=not typing)

    @rx.event
    def dismiss_unknown(self) -> None:
        """What the link said besides was read."""
        self.unknown = ""

    @rx.event
    def toggle_filters(self) -> None:
        """Show or hide them on a phone."""
        self.filters_open = not self.filters_open

    @rx.event
    async def clear_filters(self) -> Any:
        """Back to everything in this tab."""
        return await self._go(cleared(self.wanted))

    @rx.event
    async def clear_facts(self) -> Any:
        """Keep the filters that are seen, and no others."""
        return await self._go(self.wanted.model_copy(update=facts.NONE.model_dump()))

    @rx.event
    async def show_all(self) -> Any:
        """Back to everything."""
        return await self._go(Wanted(size=self.wanted.size))

    @rx.event
    async def next_page(self) -> Any:
        """Go on to the next page, if there is one."""
        if not (self.has_more and self._next_cursor):
            return None
        self._choose_none()
        self._cursors, self.is_later = [*self._cursors, self._next_cursor], True
        return [await self._arrive_at(), TO_THE_TOP]

    @rx.event
    async def previous_page(self) -> Any:
        """Go back one page; from the page of a link, whose way there is not known, to the first."""
        self._choose_none()
        self._cursors = self._cursors[:-1]
        self.is_later = bool(self._cursors)
        return [await self._arrive_at(), TO_THE_TOP]

    @rx.event
    async def set_at_top(self, is_at_top: bool) -> None:
        """The reader has scrolled away from the first rows, or back to them."""
        self.at_top = is_at_top is True
        await self._catch_up()

    @rx.event
    async def show_newer(self) -> Any:
        """Load what has come meanwhile, and go up to it."""
        before = [] if self._cursors else self.rows
        self._choose_none()
        later = bool(self._cursors)
        self._turn_to("")
        await self._show(before=before or None)
        return [write_address(query(self.wanted), push=later), TO_THE_TOP]


TO_THE_TOP = rx.call_script("window.scrollTo({top: 0})")


def _with(choices: list[str], chosen: str) -> list[str]:
    return list(filter(None, dict.fromkeys([*choices, chosen])))
