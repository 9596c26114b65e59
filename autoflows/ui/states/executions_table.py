"""What the list of executions shows: its rows and figures, and how it moves by itself without moving under the reader's eyes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from autoflows.domain.errors import NotFound
from autoflows.domain.executions import ExecutionStatus
from autoflows.services import execution_counts, executions
from autoflows.services.views.executions import ExecutionFilter, ExecutionSort
from autoflows.ui import live
from autoflows.ui.states.base import PageState
from autoflows.ui.states.executions_forecast import Outlook, outlook_of
from autoflows.ui.states.executions_rows import ExecutionRow, Tab, merged, row_of, tabs_of
from autoflows.ui.states.executions_shown import FORESEEN, ShownExecutions, counted, newest
from autoflows.ui.states.executions_wanted import Wanted, export_href, filter_of

FIGURES_SECONDS = 1.0
"""How often the figures beside the rows are counted at most."""


class ExecutionTable(PageState, mixin=True):
    """`chosen` are the rows that are ticked on this page; with `all_chosen` everything that fits is meant, seen or not."""

    wanted: Wanted = Wanted()
    rows: list[ExecutionRow] = []
    chosen: list[str] = []
    all_chosen: bool = False
    tabs: list[Tab] = []
    outlook: Outlook | None = None
    export_href: str = ""
    has_more: bool = False
    at_top: bool = True
    newer: str = ""
    _cursors: list[str] = []
    _next_cursor: str = ""
    _seen: tuple[datetime, UUID] = (datetime.max.replace(tzinfo=UTC), UUID(int=0))

    def _filter(self) -> ExecutionFilter:
        return filter_of(self.wanted, ZoneInfo(self.me.timezone))

    async def _show_wanted(self) -> None:
        """The first page of what is wanted, from now on as it changes, until its reader looks at something that must not move."""
        await self._follow(ShownExecutions(self.wanted, self.me.timezone))
        await self._follow(counted(self.wanted, self.me.timezone), part=live.FIGURES, gap=FIGURES_SECONDS)
        self.export_href = export_href(self._filter())

    def _receive(self, values: Mapping[str, Any]) -> bool:
        if "rows" in values and self._is_reading():
            return False
        self._put(values)  # nothing is ticked, or nothing but figures has come
        return True

    async def _refresh(self) -> None:
        if self._is_reading():
            await self._renew_in_place()
        else:
            await self._show(before=self.rows)

    def _is_reading(self) -> bool:
        """Whether rows that move by themselves would move under somebody's eyes or pointer."""
        raw = self.get_value  # asked of every tab at every refresh: a proxy of each list would cost more than the answer
        return bool(raw("_cursors") or raw("chosen") or not raw("at_top"))

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
        count = await self._service(execution_counts.count_newer, self._filter(), self._seen)
        self.newer = f"{count}{'+' if count >= execution_counts.MOST_NEW else ''}" if count else ""

    async def _count(self) -> None:
        self.tabs = tabs_of(await self._service(execution_counts.count_by_status, self._filter()), self.wanted.status)
        foreseen = self.wanted.status in FORESEEN
        self.outlook = outlook_of(await self._service(execution_counts.forecast), self.me.timezone) if foreseen else None

    def _choose_none(self) -> None:
        self.chosen, self.all_chosen = [], False

    def _keep_chosen(self) -> None:
        """Nothing is ticked that is not shown."""
        shown = {row.id for row in self.rows}
        self.chosen = [chosen for chosen in self.chosen if chosen in shown]
