"""The list of executions: what is asked for, its rows and figures, and how it moves by itself without moving under the reader's eyes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import reflex as rx

from autoflows.domain.errors import Invalid, NotFound
from autoflows.domain.executions import ExecutionStatus
from autoflows.ids import utc_now
from autoflows.services import execution_counts, executions, flows
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort, Stage
from autoflows.ui.flow_rows import Option
from autoflows.ui.states.base import Base
from autoflows.ui.states.executions_bulk import ExecutionBulk
from autoflows.ui.states.executions_forecast import Outlook, outlook_of
from autoflows.ui.states.executions_rows import ExecutionRow, Tab, merged, row_of, rule_in_words, tabs_of
from autoflows.ui.states.executions_shown import ShownExecutions, newest
from autoflows.ui.states.executions_views import ExecutionViews
from autoflows.ui.states.executions_wanted import Wanted, cleared, export_href, filter_of, is_narrowed, query, read, with_choice


class ExecutionList(ExecutionBulk, ExecutionViews, Base):
    """Executions as the address asks for them."""

    live_gap_seconds: ClassVar[float] = 0.1

    wanted: Wanted = Wanted()
    unknown: str = ""
    rows: list[ExecutionRow] = []
    tabs: list[Tab] = []
    flow_options: list[Option] = []
    flow_is_gone: bool = False
    outlook: Outlook | None = None
    export_href: str = ""
    is_later: bool = False
    has_more: bool = False
    at_top: bool = True
    newer: str = ""
    _sources: list[str] = []
    _rules: list[str] = []
    _cursors: list[str] = []
    _next_cursor: str = ""
    _seen: tuple[datetime, UUID] = (datetime.max.replace(tzinfo=UTC), UUID(int=0))

    @rx.var
    def narrowed(self) -> bool:
        """Whether anything besides the tab narrows the list."""
        return is_narrowed(self.wanted)

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

    def _filter(self) -> ExecutionFilter:
        return filter_of(self.wanted, ZoneInfo(self.me.timezone))

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
        self.chosen, self.all_chosen = [], False
        await self._load_choices()
        await self._load_views()
        await self._show_wanted()
        if self._cursors:
            try:
                await self._show()
            except Invalid:  # the place in an old link: its list has another filter now, or is of another day
                self._turn_to("")
                await self._show()

    async def _show_wanted(self) -> None:
        """The first page of what is wanted, from now on as it changes, until its reader looks at something that must not move."""
        await self._follow(ShownExecutions(self.wanted, self.me.timezone))
        self.export_href = export_href(self._filter())

    def _receive(self, values: Mapping[str, Any]) -> bool:
        if self._is_reading():
            return False
        self._put(values)  # nothing is ticked
        return True

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

    async def _refresh(self) -> None:
        if self._is_reading():
            await self._renew_in_place()
        else:
            await self._show(before=self.rows)

    def _is_reading(self) -> bool:
        """Whether rows that move by themselves would move under somebody's eyes or pointer."""
        return bool(self._cursors or self.chosen or not self.at_top)

    async def _catch_up(self) -> None:
        """Show what has come, gone and moved while somebody was reading, now that nobody is."""
        if not self._is_reading():
            await self._show(before=self.rows)

    async def _page(self, wanted: ExecutionFilter, limit: int) -> Any:
        sort, cursor = ExecutionSort(self.wanted.sort), self._cursors[-1] if self._cursors else None
        return await self._service(executions.list_executions, wanted, sort=sort, limit=limit, cursor=cursor)

    async def _show(self, before: list[ExecutionRow] | None = None) -> None:
        page = await self._page(self._filter(), self.wanted.size)
        rows = [row_of(execution) for execution in page.data]
        self.rows = rows if before is None else merged(before, rows)
        self.has_more, self._next_cursor = page.has_more, page.next_cursor or ""
        if not self._cursors:
            self._seen, self.newer = newest(page.data, self.wanted.sort), ""
        self.export_href = export_href(self._filter())
        self._keep_chosen()
        await self._count()

    async def _renew_in_place(self) -> None:
        """The rows that are shown as they are now: none comes, goes or moves."""
        wanted = self._filter()
        if self.wanted.sort == ExecutionSort.NEWEST and not self._cursors and self.rows:
            top = datetime.fromisoformat(self.rows[0].triggered_at) + timedelta(microseconds=1)
            wanted = wanted.model_copy(update={"until": min(wanted.until, top) if wanted.until else top})
        page = await self._page(wanted, max(len(self.rows), 1))
        found = {str(execution.id): row_of(execution) for execution in page.data}
        for row in self.rows:
            if row.id not in found and row.status == ExecutionStatus.RUNNING:  # it has left this tab
                with suppress(NotFound):
                    found[row.id] = row_of(await self._service(executions.get_execution, UUID(row.id)))
        self.rows = merged(self.rows, [found.get(row.id, row) for row in self.rows])
        self._keep_chosen()
        await self._count()
        count = await self._service(execution_counts.count_newer, self._filter(), self._seen)
        self.newer = f"{count}{'+' if count >= execution_counts.MOST_NEW else ''}" if count else ""

    async def _count(self) -> None:
        self.tabs = tabs_of(await self._service(execution_counts.count_by_status, self._filter()), self.wanted.status)
        foreseen = self.wanted.status in (Stage.ACTIVE, Stage.WAITING)
        self.outlook = outlook_of(await self._service(execution_counts.forecast), self.me.timezone) if foreseen else None

    # ------------------------------------------------------------------ choosing

    async def _go(self, wanted: Wanted, *, push: bool = True) -> Any:
        """Show this, from its first page; the address follows, so that the way back leads to what was before."""
        self.wanted, self.unknown = wanted, ""
        self.flow_is_gone = self.flow_is_gone and bool(wanted.flow)
        self.chosen, self.all_chosen = [], False
        self._turn_to("")
        return await self._arrive_at(push=push)

    async def _arrive_at(self, *, push: bool = True) -> Any:
        self.error = ""
        await (self._show() if self._cursors else self._show_wanted())
        here = query(self.wanted, after=self._cursors[-1] if self._cursors else "")
        return _address(here, push=push)

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
    async def clear_filters(self) -> Any:
        """Back to everything in this tab."""
        return await self._go(cleared(self.wanted))

    @rx.event
    async def show_all(self) -> Any:
        """Back to everything."""
        return await self._go(Wanted(size=self.wanted.size))

    @rx.event
    async def next_page(self) -> Any:
        """Go on to the next page, if there is one."""
        if not (self.has_more and self._next_cursor):
            return None
        self.chosen, self.all_chosen = [], False
        self._cursors, self.is_later = [*self._cursors, self._next_cursor], True
        return [await self._arrive_at(), TO_THE_TOP]

    @rx.event
    async def previous_page(self) -> Any:
        """Go back one page; from the page of a link, whose way there is not known, to the first."""
        self.chosen, self.all_chosen = [], False
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
        self.chosen, self.all_chosen = [], False
        later = bool(self._cursors)
        self._turn_to("")
        await self._show(before=before or None)
        return [_address(query(self.wanted), push=later), TO_THE_TOP]


TO_THE_TOP = rx.call_script("window.scrollTo({top: 0})")


def _address(asked: str, *, push: bool) -> Any:
    """Write the address without loading anything: the page is there already."""
    method = "pushState" if push else "replaceState"
    url = json.dumps(f"?{asked}" if asked else ".")
    return rx.call_script(
        f"(() => {{ const url = {url} === '.' ? location.pathname : {url};"
        f" const state = {{...history.state, idx: (history.state?.idx ?? 0) + {int(push)}}};"
        f" history.{method}(state, '', url) }})()"
    )


def _with(choices: list[str], chosen: str) -> list[str]:
    return list(filter(None, dict.fromkeys([*choices, chosen])))
