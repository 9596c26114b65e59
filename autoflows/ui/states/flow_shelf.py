"""Keeping the list of flows tidy: labels, the archive, many at once, and the files of flows."""

from __future__ import annotations

import re
from typing import Any

import reflex as rx
from pydantic import BaseModel, ValidationError

from autoflows.services import flow_code, flow_shelf
from autoflows.services.validation import invalid
from autoflows.services.views.flows import MAX_FLOWS, Tags
from autoflows.ui.flow_row import FlowRow
from autoflows.ui.states.base import id_of, ids_of, text_of
from autoflows.ui.states.flow_table import FlowTable


class BulkResult(BaseModel):
    """One flow that could not be switched, and why."""

    name: str
    text: str


class FlowShelf(FlowTable, mixin=True):
    """`tagging` is the flow whose labels are being edited."""

    bulk_failures: list[BulkResult] = []
    bulk_text: str = ""
    tagging: FlowRow | None = None
    tag_text: str = ""
    tag_problem: str = ""

    @rx.event
    def choose(self, flow_id: str, on: bool) -> None:
        """Tick a flow, or untick it."""
        wanted = str(id_of(flow_id))
        kept = [i for i in self.chosen if i != wanted]
        self.chosen = [*kept, wanted][:MAX_FLOWS] if on else kept

    @rx.event
    def choose_all(self, on: bool) -> None:
        """Tick every flow shown, or none."""
        self.chosen = [row.id for row in self.rows] if on else []

    @rx.event
    async def switch_chosen(self, on: bool) -> Any:
        """Enable or disable the ticked flows; each that cannot be says why."""
        on = bool(on)
        results = await self._service(flow_shelf.toggle_flows, ids_of(self.chosen, MAX_FLOWS), on)
        names = {row.id: row.name for row in self.rows}
        self.bulk_failures = [BulkResult(name=names.get(str(r.flow_id), "A flow"), text=r.problem) for r in results if r.problem]
        done = len(results) - len(self.bulk_failures)
        said = f"{done} of {len(results)} flows {'is' if done == 1 else 'are'} {'on' if on else 'off'}."
        self.bulk_text = said if self.bulk_failures else ""
        self.chosen = [str(r.flow_id) for r in results if r.problem]
        await self._fetch()
        if self.bulk_failures:
            return None
        return rx.toast.success(said, description="" if on else "What runs in them finishes.")

    @rx.event
    def close_bulk(self) -> None:
        """The results were read."""
        self.bulk_failures, self.bulk_text = [], ""

    @rx.event
    async def archive(self, flow_id: str) -> Any:
        """Put a flow away. What runs in it finishes."""
        flow = await self._service(flow_shelf.archive_flow, id_of(flow_id))
        await self._fetch()
        return rx.toast.info(f"“{flow.name}” was archived", description="It takes no leads. Its history and its place stay.")

    @rx.event
    async def unarchive(self, flow_id: str) -> Any:
        """Bring a flow back, disabled."""
        flow = await self._service(flow_shelf.unarchive_flow, id_of(flow_id))
        await self._fetch()
        return rx.toast.success(f"“{flow.name}” is back in the list", description="It is off until you turn it on.")

    @rx.event
    async def export(self, flow_id: str) -> Any:
        """The flow as a file, to keep or to bring into another account."""
        wanted = id_of(flow_id)
        text = await self._service(flow_code.export_flow, wanted)
        name = next((row.name for row in self.rows if row.id == str(wanted)), "flow")
        return rx.download(data=text, filename=f"{re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-')[:60] or 'flow'}.yaml")

    @rx.event
    async def ask_tags(self, flow_id: str) -> None:
        """Begin to edit a flow's labels."""
        wanted = str(id_of(flow_id))
        self.tagging = next((row for row in self.rows if row.id == wanted), None)
        self.tag_text = ", ".join(self.tagging.tags) if self.tagging else ""
        self.tag_problem = ""

    @rx.event
    def set_tag_text(self, text: str) -> None:
        """The labels as they are typed, with commas between."""
        text_of(text, 2000)
        self.tag_text, self.tag_problem = text, ""  # spaces and all: it is still being typed

    @rx.event
    def add_tag(self, tag: str) -> None:
        """One more label, of those that other flows have."""
        self.tag_text = ", ".join([*_split(self.tag_text), text_of(tag, 40)])

    @rx.event
    def close_tags(self, is_open: bool) -> None:
        """Leave the labels as they are."""
        if not is_open:
            self.tagging = None

    @rx.event
    async def save_tags(self) -> None:
        """Give the flow these labels."""
        if self.tagging is None:
            return
        try:
            tags = Tags(tags=_split(self.tag_text))
        except ValidationError as error:
            long = invalid(error).errors[0].pointer != "/tags"
            self.tag_problem = "A tag has at most 40 characters." if long else "A flow has at most 20 tags."
            return
        await self._service(flow_shelf.set_tags, id_of(self.tagging.id), tags.tags)
        self.tagging = None
        await self._fetch()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
