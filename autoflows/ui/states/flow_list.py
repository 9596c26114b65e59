"""The list of flows: order, switch, duplicate, delete."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Invalid
from autoflows.domain.problems import Problem
from autoflows.services import flow_control, flow_shelf, flow_templates, flow_trends, flows
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.flow_trends import FlowTrend
from autoflows.services.views.flows import FlowView, Running
from autoflows.ui import live
from autoflows.ui.flow_row import FlowRow, row_of
from autoflows.ui.states.base import Base, PageState, choice_of, id_of, text_of
from autoflows.ui.states.flow_order import FlowOrder
from autoflows.ui.states.flow_shelf import FlowShelf

JUDGE_SECONDS = 30.0
"""How old problems and trends may be on a page that is refreshed because something moved: they cost more than counts."""
FIRST = ("indiamart-first-touch", "missed-call-rescue", "whatsapp-first")
"""The templates that an empty list offers."""


class FlowStart(BaseModel):
    """A ready flow to begin with."""

    key: str
    icon: str
    title: str
    summary: str


SHOWN = ("enabled", "disabled", "unpublished", "problems", "archived")
"""What the list can be narrowed to."""


class FlowList(FlowOrder, FlowShelf, PageState, Base):
    """All flows of the account, by priority, or those of its archive."""

    live_gap_seconds: ClassVar[float] = 2.0  # its figures are sums over a month

    rows: list[FlowRow] = []
    search: str = ""
    shown: str = ""
    tag: str = ""
    tags: list[str] = []
    total: int = 0
    archived_total: int = 0
    starts: list[FlowStart] = []
    stopping: FlowRow | None = None
    deletes: bool = False
    running_choice: str = Running.FINISH.value
    cancelled: int = 0
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

    def _close_dialogs(self) -> None:
        self.stopping = self.tagging = None
        self.undo_text = self.move_impact = self.bulk_text = ""
        self.bulk_failures, self.chosen = [], []

    async def _load(self) -> None:
        actor = await self._actor()
        live.subscribe(self, live.account_topic(actor.account_id))
        if (asked := self._param("show")) in SHOWN:
            self.shown = asked
        await self._fetch()
        ready = {} if self.total else {t.key: t for t in (await self._call(flow_templates.list_templates)).data}
        self.starts = [FlowStart(**ready[key].model_dump(include=set(FlowStart.model_fields))) for key in FIRST if key in ready]

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

    @rx.event
    async def toggle(self, flow_id: str, on: bool) -> Any:
        """Turn a flow on, or off; with leads in it, ask first what becomes of them.

        The switch has moved already; if the service refuses, or the question is left, it springs back.
        """
        wanted = id_of(flow_id)
        if not on and (await self._service(flows.get_flow, wanted)).running_executions:
            return await self._ask(flow_id, deletes=False)
        try:
            flow = await self._service(flow_control.toggle_flow, wanted, bool(on))
        except Invalid as error:
            self._spring_back(str(wanted), [e.detail for e in error.errors] or [error.detail])
            return rx.toast.error("Not enabled", description=error.detail)
        await self._fetch()
        if flow.is_enabled:
            return rx.toast.success(f"“{flow.name}” is on", description="New leads that match enter it from now on.")
        return rx.toast.info(f"“{flow.name}” is off", description="No new lead enters. Nothing is running in it.")

    def _spring_back(self, flow_id: str, refusal: list[str]) -> None:
        self.rows = [r.model_copy(update={"revision": r.revision + 1, "refusal": refusal}) if r.id == flow_id else r for r in self.rows]

    @rx.event
    async def hold(self, flow_id: str, is_held: bool) -> Any:
        """Hold every contact of a flow's runs, or let them go on."""
        flow = await self._service(flow_control.hold_flow, id_of(flow_id), is_held is True)
        await self._show()
        if flow.is_held:
            return rx.toast.info(f"“{flow.name}” is held", description="Nothing is sent by it until you resume it.")
        return rx.toast.success(f"“{flow.name}” goes on", description="What it held goes out within its hours and limits.")

    @rx.event
    async def duplicate(self, flow_id: str) -> Any:
        """A disabled copy at the end of the list."""
        copy = await self._service(flows.duplicate_flow, id_of(flow_id))
        await self._fetch()
        return rx.toast.success("Duplicated", description=f"“{copy.name}” is off until you turn it on.")

    @rx.event
    async def ask_delete(self, flow_id: str) -> None:
        """Ask first; what runs in it is counted anew."""
        await self._ask(flow_id, deletes=True)

    async def _ask(self, flow_id: str, *, deletes: bool) -> None:
        self.deletes, self.running_choice, self.cancelled = deletes, Running.FINISH.value, 0
        self.stopping = row_of(await self._service(flows.get_flow, id_of(flow_id)))

    @rx.event
    async def set_running_choice(self, value: str) -> None:
        """What is to become of the leads in the flow."""
        self.running_choice = choice_of(value, Running, default=Running.FINISH.value)

    @rx.event
    async def close_stop(self, is_open: bool) -> None:
        """The question was left."""
        if not is_open and self.stopping is not None and not self.busy:
            flow_id, self.stopping = self.stopping.id, None
            self._spring_back(flow_id, [])

    @rx.event
    async def stop(self) -> AsyncIterator[Any]:
        """Switch off or delete the flow that was asked about, and do with what runs in it as was chosen."""
        if self.stopping is None or self.busy:
            return
        name, flow_id, running = self.stopping.name, UUID(self.stopping.id), Running(self.running_choice)
        deletes = self.deletes
        self.busy = True
        yield
        try:
            count = self.stopping.running
            if not deletes or running is Running.CANCEL:
                flow = await self._service(flow_control.toggle_flow, flow_id, False, running)
                self.cancelled, count = flow.cancelled, flow.running_executions
                while running is Running.CANCEL and count:  # many: one request does what it can in some seconds
                    self.stopping = row_of(flow)
                    yield
                    flow = await self._service(flow_control.toggle_flow, flow_id, False, running)
                    self.cancelled, count = self.cancelled + flow.cancelled, flow.running_executions
            if deletes:
                await self._service(flow_control.delete_flow, flow_id, running)
        finally:
            self.busy, self.stopping = False, None
            await self._fetch()
        yield _stopped(name, deletes, running, self.cancelled if running is Running.CANCEL else count)


def _stopped(name: str, deleted: bool, running: Running, count: int) -> Any:
    """What stopping a flow came to, in a toast."""
    said = {
        Running.FINISH: f"{leads(count)} in it will finish." if count else "Nothing is running in it.",
        Running.HOLD: f"{leads(count)} in it {'is' if count == 1 else 'are'} held until you resume it.",
        Running.CANCEL: f"{leads(count)} in it {'was' if count == 1 else 'were'} cancelled.",
    }[running]
    if deleted:
        return rx.toast.success(f"“{name}” was deleted", description=f"{said} Its executions and their history stay.")
    return rx.toast.info(f"“{name}” is off", description=f"No new lead enters. {said}")


def leads(number: int) -> str:
    """`1 lead`, `12,000 leads`."""
    return f"{number:,} lead{'' if number == 1 else 's'}"
