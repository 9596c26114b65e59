"""Switching a flow on and off, and deleting it: with leads in it, what becomes of them is asked first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import reflex as rx

from autoflows.domain.errors import Invalid
from autoflows.services import flow_control, flows
from autoflows.services.views.flows import Running
from autoflows.ui.flow_row import FlowRow, row_of
from autoflows.ui.states.base import choice_of, id_of


class FlowStop(rx.State, mixin=True):
    """`stopping` is the flow that is asked about, for its switch or, with `deletes`, for good."""

    stopping: FlowRow | None = None
    deletes: bool = False
    stop_choice: str = Running.FINISH.value
    cancelled: int = 0

    async def _settle(self) -> None:
        """Show the flow as it is after it was switched or deleted."""

    def _spring_back(self, flow_id: str, refusal: list[str]) -> None:
        """Put a switch that has moved back to where the flow is, with what the service had against it."""

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
        await self._settle()
        if flow.is_enabled:
            return rx.toast.success(f"“{flow.name}” is on", description="New leads that match enter it from now on.")
        return rx.toast.info(f"“{flow.name}” is off", description="No new lead enters. Nothing is running in it.")

    @rx.event
    async def ask_delete(self, flow_id: str) -> None:
        """Ask first; what runs in it is counted anew."""
        await self._ask(flow_id, deletes=True)

    async def _ask(self, flow_id: str, *, deletes: bool) -> None:
        self.deletes, self.stop_choice, self.cancelled = deletes, Running.FINISH.value, 0
        self.stopping = row_of(await self._service(flows.get_flow, id_of(flow_id)))

    @rx.event
    async def set_stop_choice(self, value: str) -> None:
        """What is to become of the leads in the flow."""
        self.stop_choice = choice_of(value, Running, default=Running.FINISH.value)

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
        name, flow_id, running = self.stopping.name, UUID(self.stopping.id), Running(self.stop_choice)
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
            await self._settle()
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
