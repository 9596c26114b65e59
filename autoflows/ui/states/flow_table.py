"""The rows of the flow list: what is fetched, how it is judged, and which of it is shown."""

from __future__ import annotations

import time
from uuid import UUID

import reflex as rx

from autoflows.domain.problems import Problem
from autoflows.services import flow_shelf, flow_trends, flows
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.flow_trends import FlowTrend
from autoflows.services.views.flows import FlowView
from autoflows.ui.flow_row import FlowRow, row_of
from autoflows.ui.states.base import choice_of, text_of

JUDGE_SECONDS = 30.0
"""How old problems and trends may be on a page that is refreshed because something moved: they cost more than counts."""
SHOWN = ("enabled", "disabled", "unpublished", "problems", "archived")
"""What the list can be narrowed to."""


class FlowTable(rx.State, mixin=True):
    """Flows by priority, or those of the archive; `chosen` are the ones that are ticked."""

    rows: list[FlowRow] = []
    chosen: list[str] = []
    search: str = ""
    shown: str = ""
    tag: str = ""
    tags: list[str] = []
    total: int = 0
    archived_total: int = 0

    _problems: dict[str, list[Problem]] = {}
    _trends: dict[UUID, FlowTrend] = {}
    _judged_at: float = 0.0

    @rx.var
    def ids(self) -> list[str]:
        """The flows shown, for dragging."""
        return [row.id for row in self.rows]

    @rx.var
    def names(self) -> list[str]:
        """What a screen reader calls them."""
        return [row.name for row in self.rows]

    @rx.var
    def is_narrowed(self) -> bool:
        """Whether some flows are not shown: then they cannot be put in order."""
        return bool(self.search or self.shown or self.tag)

    async def _refresh(self) -> None:
        await (self._fetch() if time.monotonic() - self._judged_at > JUDGE_SECONDS else self._show())

    async def _fetch(self) -> None:
        """Show the list anew, judged anew: somebody has changed something."""
        found = await self._service(flow_shelf.find_all_problems)
        self._problems = {str(one.flow_id): one.problems for one in found}
        self._trends = await self._service(flow_trends.flow_trends)
        self._judged_at = time.monotonic()
        await self._show()

    async def _show(self) -> None:
        before = {row.id: row for row in self.rows}
        views, archived = await self._all(), await self._all(is_archived=True)
        self.total, self.archived_total = len(views), len(archived)
        self.tags = sorted({tag for flow in (*views, *archived) for tag in flow.tags}, key=str.casefold)
        rows = [
            row_of(flow, self._trends.get(flow.id), self._problems.get(str(flow.id), ()))
            for flow in (archived if self.shown == "archived" else views)
        ]
        for row in rows:
            if (seen := before.get(row.id)) is not None:
                row.revision = seen.revision
                row.refusal = [] if row.is_enabled else seen.refusal
        self.rows = [row for row in rows if self._is_wanted(row)]
        known = set(self.ids)
        self.chosen = [flow_id for flow_id in self.chosen if flow_id in known]

    def _is_wanted(self, row: FlowRow) -> bool:
        wanted = self.search.casefold()
        fits = {
            "enabled": row.is_enabled,
            "disabled": not row.is_enabled,
            "unpublished": row.has_draft,
            "problems": bool(row.tallies),
        }.get(self.shown, True)
        return fits and (not self.tag or self.tag in row.tags) and (wanted in row.name.casefold() or wanted in row.trigger.casefold())

    async def _all(self, *, is_archived: bool = False) -> list[FlowView]:
        """Every flow of the list or the archive; an account has some hundreds at most."""
        views: list[FlowView] = []
        cursor: str | None = None
        while True:
            page = await self._service(flows.list_flows, is_archived=is_archived, limit=MAX_LIMIT, cursor=cursor)
            views += page.data
            cursor = page.next_cursor
            if cursor is None:
                return views

    @rx.event
    async def set_search(self, text: str) -> None:
        """Show the flows whose name or trigger holds the text."""
        self.search = text_of(text, 200)
        await self._show()

    @rx.event
    async def set_shown(self, shown: str) -> None:
        """Show all flows, some of them, or the archive."""
        self.shown = choice_of(shown, SHOWN)
        self.chosen = []
        await self._show()

    @rx.event
    async def set_tag(self, tag: str) -> None:
        """Show the flows with this label only, or all again."""
        text = text_of(tag, 40)
        self.tag = "" if text == "all" else text
        await self._show()

    @rx.event
    async def clear_filters(self) -> None:
        """Show all flows again."""
        self.search = self.shown = self.tag = ""
        await self._show()
