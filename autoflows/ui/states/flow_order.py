"""Putting the flows in order: by dragging, or one place at a time; with what a move changes, and the way back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from autoflows.domain.errors import AutoflowsError, Conflict, Invalid
from autoflows.services import flow_impact, flows
from autoflows.services.access import Actor
from autoflows.services.views.drafts import Impact
from autoflows.services.views.flows import MAX_FLOWS
from autoflows.ui.states.base import id_of, ids_of
from autoflows.ui.states.flow_table import FlowTable


class FlowOrder(FlowTable, mixin=True):
    """The order of the list. `order_revision` grows when a move was refused, so that the rows go back."""

    order_revision: int = 0
    move_impact: str = ""
    undo_text: str = ""
    _before: list[UUID] = []
    _after: list[UUID] = []

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
        if [str(flow_id) for flow_id in ids] == [row.id for row in self.rows]:  # it comes after the drop
            self.move_impact = ""
        else:
            self.move_impact = (await self._service(flow_impact.impact_of_order, ids)).message

    @rx.event
    def end_preview(self) -> None:
        """The row went back to its place."""
        self.move_impact = ""


async def _move(actor: Actor, session: Any, ids: list[UUID]) -> Impact:
    """Put the flows in this order, and say what that changes: in one transaction, so that it is said of what was done."""
    impact = await flow_impact.impact_of_order(actor, session, ids)
    await flows.reorder_flows(actor, session, ids)
    return impact
