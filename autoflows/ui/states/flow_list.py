"""The list of flows: what an empty one offers, the kill switch of one flow, and a copy of it."""

from __future__ import annotations

from typing import Any, ClassVar

import reflex as rx
from pydantic import BaseModel

from autoflows.services import flow_control, flow_templates, flows
from autoflows.ui import live
from autoflows.ui.states.base import Base, PageState, id_of
from autoflows.ui.states.flow_order import FlowOrder
from autoflows.ui.states.flow_shelf import FlowShelf
from autoflows.ui.states.flow_stop import FlowStop
from autoflows.ui.states.flow_table import SHOWN

FIRST = ("indiamart-first-touch", "missed-call-rescue", "whatsapp-first")
"""The templates that an empty list offers."""


class FlowStart(BaseModel):
    """A ready flow to begin with."""

    key: str
    icon: str
    title: str
    summary: str


class FlowList(FlowOrder, FlowShelf, FlowStop, PageState, Base):
    """All flows of the account, by priority, or those of its archive."""

    live_gap_seconds: ClassVar[float] = 2.0  # its figures are sums over a month

    starts: list[FlowStart] = []

    def _close_dialogs(self) -> None:
        self.stopping = self.tagging = None
        self.undo_text = self.move_impact = self.bulk_text = ""
        self.bulk_failures, self.chosen = [], []

    async def _load(self) -> None:
        actor = await self._actor()
        live.subscribe(self, live.account_topic(actor.account_id))
        if (asked := self._param("show")) in SHOWN:
            self.shown = asked
        self.order_revision += 1  # after a reconnection: a row that was dropped meanwhile is where the service has it
        await self._fetch()
        ready = {} if self.total else {t.key: t for t in (await self._call(flow_templates.list_templates)).data}
        self.starts = [FlowStart(**ready[key].model_dump(include=set(FlowStart.model_fields))) for key in FIRST if key in ready]

    async def _settle(self) -> None:
        await self._fetch()

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
