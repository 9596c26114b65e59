"""The list of flows: order, switch, duplicate, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.errors import AutoflowsError, Conflict, Invalid
from autoflows.domain.flow import ActionType
from autoflows.services import flow_control, flow_impact, flows
from autoflows.services.access import Actor
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.drafts import Impact
from autoflows.services.views.flows import MAX_FLOWS, FlowView, Running
from autoflows.ui import live, words
from autoflows.ui.states.base import Base, PageState, choice_of, id_of, ids_of, text_of


class StepIcon(BaseModel):
    """One step of a flow at a glance."""

    icon: str
    title: str


class FlowRow(BaseModel):
    """A flow in the list. `revision` grows when the switch must spring back."""

    id: str
    name: str
    description: str
    priority: int
    is_enabled: bool
    is_held: bool
    trigger: str
    steps: list[StepIcon]
    steps_text: str
    last_run_at: str
    running: int
    total: int
    success: str
    rate: int
    revision: int = 0
    problems: list[str] = []


def row_of(flow: FlowView) -> FlowRow:
    """A flow as the list shows it. Success is completed of completed and failed, over 30 days."""
    counts = flow.executions_30d
    ended = counts.completed + counts.failed
    titles = [_spec(a.action_type)[0] for a in flow.actions]
    return FlowRow(
        id=str(flow.id),
        name=flow.name,
        description=flow.description,
        priority=flow.priority,
        is_enabled=flow.is_enabled,
        is_held=flow.is_held,
        trigger=words.trigger_in_words(c.model_dump(mode="json") for c in flow.conditions),
        steps=[StepIcon(icon=_spec(a.action_type)[1], title=_spec(a.action_type)[0]) for a in flow.actions],
        steps_text=", then ".join(titles) or "No step yet",
        last_run_at=flow.last_run_at.isoformat() if flow.last_run_at else "",
        running=flow.running_executions,
        total=counts.total,
        success=f"{100 * counts.completed / ended:.0f}%" if ended else "–",
        rate=round(100 * counts.completed / ended) if ended else -1,
    )


def _spec(kind: ActionType) -> tuple[str, str]:
    spec = ACTIONS.get(kind)
    return (spec.title, spec.icon) if spec else (str(kind), "circle")


class FlowList(PageState, Base):
    """All flows of the account, by priority."""

    live_gap_seconds: ClassVar[float] = 2.0  # its figures are sums over a month

    rows: list[FlowRow] = []
    order_revision: int = 0
    move_impact: str = ""
    undo_text: str = ""
    _before: list[UUID] = []
    _after: list[UUID] = []
    search: str = ""
    total: int = 0
    stopping: FlowRow | None = None
    deletes: bool = False
    running_choice: str = Running.FINISH.value
    cancelled: int = 0

    @rx.var
    def ids(self) -> list[str]:
        """The flows shown, for dragging."""
        return [row.id for row in self.rows]

    @rx.var
    def names(self) -> list[str]:
        """What a screen reader calls them."""
        return [row.name for row in self.rows]

    def _close_dialogs(self) -> None:
        self.stopping = None
        self.undo_text = self.move_impact = ""

    async def _load(self) -> None:
        actor = await self._actor()
        live.subscribe(self, live.account_topic(actor.account_id))
        await self._fetch()

    async def _refresh(self) -> None:
        await self._fetch()

    async def _fetch(self) -> None:
        shown = {row.id: row for row in self.rows}
        found = [row_of(flow) for flow in await self._all()]
        self.total = len(found)
        for row in found:
            if (before := shown.get(row.id)) is not None:
                row.revision = before.revision
                row.problems = [] if row.is_enabled else before.problems
        wanted = self.search.casefold()
        self.rows = [r for r in found if wanted in r.name.casefold() or wanted in r.trigger.casefold()]

    async def _all(self) -> list[FlowView]:
        """Every flow; an account has some hundreds at most."""
        views: list[FlowView] = []
        cursor: str | None = None
        while True:
            page = await self._service(flows.list_flows, limit=MAX_LIMIT, cursor=cursor)
            views += page.data
            cursor = page.next_cursor
            if cursor is None:
                return views

    @rx.event
    async def set_search(self, text: str) -> None:
        """Show the flows whose name or trigger holds the text."""
        self.search = text_of(text, 200)
        await self._fetch()

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
        self._replace(flow)
        if flow.is_enabled:
            return rx.toast.success(f"“{flow.name}” is on", description="New leads that match enter it from now on.")
        return rx.toast.info(f"“{flow.name}” is off", description="No new lead enters. Nothing is running in it.")

    def _replace(self, flow: FlowView) -> None:
        self.rows = [row_of(flow) if r.id == str(flow.id) else r for r in self.rows]

    def _spring_back(self, flow_id: str, problems: list[str]) -> None:
        self.rows = [r.model_copy(update={"revision": r.revision + 1, "problems": problems}) if r.id == flow_id else r for r in self.rows]

    @rx.event
    async def hold(self, flow_id: str, is_held: bool) -> Any:
        """Hold every contact of a flow's runs, or let them go on."""
        flow = await self._service(flow_control.hold_flow, id_of(flow_id), is_held is True)
        self._replace(flow)
        if flow.is_held:
            return rx.toast.info(f"“{flow.name}” is held", description="Nothing is sent by it until you resume it.")
        return rx.toast.success(f"“{flow.name}” goes on", description="What it held goes out within its hours and limits.")

    @rx.event
    async def move(self, flow_id: str, by: int) -> None:
        """One place up (-1) or down (1) in priority."""
        if by not in (-1, 1):
            raise Invalid("A flow moves one place at a time.")
        ids = [flow.id for flow in await self._all()]
        wanted = id_of(flow_id)
        if wanted not in ids:
            raise Conflict("This flow is not there any more. Reload the list.")
        at = ids.index(wanted)
        to = at + by
        if 0 <= to < len(ids):
            ids[at], ids[to] = ids[to], ids[at]
            await self._reorder(ids)

    @rx.event
    async def reorder(self, flow_ids: list[str]) -> None:
        """All flows in their new order, as a drag left them. The rows have moved already; if the service refuses, they go back."""
        await self._reorder(ids_of(flow_ids, MAX_FLOWS))

    async def _reorder(self, ids: list[UUID]) -> None:
        self.move_impact = self.undo_text = ""
        before = [flow.id for flow in await self._all()]
        try:
            impact = await self._service(_move, ids)
        except AutoflowsError:
            self.order_revision += 1
            raise
        finally:
            await self._fetch()
        self._before, self._after = before, ids
        self.undo_text = f"The order was changed. {impact.message}"

    @rx.event
    async def undo(self) -> Any:
        """Take the last move back, unless somebody has moved flows since."""
        if not self.undo_text:
            return None
        self.undo_text = ""
        if [flow.id for flow in await self._all()] != self._after:
            raise Conflict("The list was changed since; put the flows in order by hand.")
        await self._service(flows.reorder_flows, self._before)
        await self._fetch()
        return rx.toast.info("The order is as it was before")

    @rx.event
    def dismiss_undo(self) -> None:
        """The message was read."""
        self.undo_text = ""

    @rx.event
    async def preview_move(self, flow_ids: list[str]) -> None:
        """While a row is dragged: what dropping it here would have changed for the leads of the last days."""
        ids = ids_of(flow_ids, MAX_FLOWS)
        if [str(flow_id) for flow_id in ids] == self.ids:  # it comes after the drop
            self.move_impact = ""
        else:
            self.move_impact = (await self._service(flow_impact.impact_of_order, ids)).message

    @rx.event
    def end_preview(self) -> None:
        """The row went back to its place."""
        self.move_impact = ""

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


async def _move(actor: Actor, session: Any, ids: list[UUID]) -> Impact:
    """Put the flows in this order, and say what that changes: in one transaction, so that it is said of what was done."""
    impact = await flow_impact.impact_of_order(actor, session, ids)
    await flows.reorder_flows(actor, session, ids)
    return impact


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
