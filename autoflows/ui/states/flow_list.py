"""The list of flows: order, switch, duplicate, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.errors import Conflict, Invalid
from autoflows.domain.flow import ActionType
from autoflows.services import flows
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.flows import FlowView
from autoflows.ui import live, words
from autoflows.ui.states.base import Base, PageState, id_of, text_of


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

    rows: list[FlowRow] = []
    search: str = ""
    total: int = 0
    deleting: FlowRow | None = None

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
        """Turn a flow on or off. The switch has moved already; if the service refuses, it springs back and the problems are shown."""
        wanted = id_of(flow_id)
        try:
            flow = await self._service(flows.toggle_flow, wanted, bool(on))
        except Invalid as error:
            said = [e.detail for e in error.errors] or [error.detail]
            self.rows = [
                r.model_copy(update={"revision": r.revision + 1, "problems": said}) if r.id == str(wanted) else r for r in self.rows
            ]
            return rx.toast.error("Not enabled", description=error.detail)
        self.rows = [row_of(flow) if r.id == str(wanted) else r for r in self.rows]
        if flow.is_enabled:
            return rx.toast.success(f"“{flow.name}” is on", description="New leads that match enter it from now on.")
        stays = f"{flow.running_executions} running will finish." if flow.running_executions else "Nothing is running in it."
        return rx.toast.info(f"“{flow.name}” is off", description=f"No new lead enters. {stays}")

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
            await self._service(flows.reorder_flows, ids)
        await self._fetch()

    @rx.event
    async def duplicate(self, flow_id: str) -> Any:
        """A disabled copy at the end of the list."""
        copy = await self._service(flows.duplicate_flow, id_of(flow_id))
        await self._fetch()
        return rx.toast.success("Duplicated", description=f"“{copy.name}” is off until you turn it on.")

    @rx.event
    async def ask_delete(self, flow_id: str) -> None:
        """Ask first; what runs in it is counted anew."""
        self.deleting = row_of(await self._service(flows.get_flow, id_of(flow_id)))

    @rx.event
    async def close_delete(self, is_open: bool) -> None:
        """The question was left."""
        if not is_open:
            self.deleting = None

    @rx.event
    async def delete(self) -> Any:
        """Delete the flow that was asked about."""
        if self.deleting is None:
            return None
        name, flow_id = self.deleting.name, UUID(self.deleting.id)
        self.deleting = None
        await self._service(flows.delete_flow, flow_id)
        await self._fetch()
        return rx.toast.success(f"“{name}” was deleted", description="Its executions and their history stay.")
