"""The version history: who published what and when, any version on the canvas, and one of them back as a draft."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Invalid
from autoflows.services import drafts, flow_versions
from autoflows.services.views.flows import FlowVersionView
from autoflows.ui.flow_draft import draft_of
from autoflows.ui.flow_rows import Draft
from autoflows.ui.states.base import id_of
from autoflows.ui.states.flow_saving import FlowSaving

VERSIONS_SHOWN = 100


class VersionRow(BaseModel):
    """One publish."""

    version: int
    name: str
    note: str
    by: str
    at: str
    is_current: bool


class VersionDay(BaseModel):
    """The publishes of one day in the viewer's zone."""

    day: str
    versions: list[VersionRow]


class FlowVersions(FlowSaving, mixin=True):
    """`viewing` is the version on the canvas instead of the draft; 0: the draft."""

    history_open: bool = False
    history: list[VersionDay] = []
    authors: list[str] = []
    author: str = ""
    viewing: int = 0
    viewing_changes: list[str] = []

    _viewed: Draft | None = None
    _rows: tuple[FlowVersionView, ...] = ()

    @rx.event
    async def open_history(self) -> None:
        """Show every publish of the flow."""
        page = await self._service(flow_versions.list_versions, id_of(self.flow_id), limit=VERSIONS_SHOWN)
        self._rows, self.author = tuple(page.data), ""
        self.authors = sorted({row.created_by_name for row in self._rows if row.created_by_name})
        self._group()
        self.history_open = True

    @rx.event
    async def set_history_open(self, is_open: bool) -> None:
        """Close the drawer."""
        self.history_open = bool(is_open) and self.history_open

    @rx.event
    async def by_author(self, name: str) -> None:
        """Only what one person published; "all" shows everybody's."""
        if name not in ("all", *self.authors):
            raise Invalid("Nobody of this name published a version.")
        self.author = "" if name == "all" else name
        self._group()

    def _group(self) -> None:
        rows = [row for row in self._rows if not self.author or row.created_by_name == self.author]
        zone = ZoneInfo(self.me.timezone)
        days = groupby(rows, key=lambda row: row.created_at.astimezone(zone).date())
        self.history = [VersionDay(day=f"{day:%-d %B %Y}", versions=[_row(row) for row in group]) for day, group in days]

    @rx.event
    async def view_version(self, version: int) -> None:
        """Put a version on the canvas, read-only; the draft waits."""
        if type(version) is not int:
            raise Invalid("There is no such version.")
        await self._view_version(version)

    async def _view_version(self, version: int) -> None:
        found = await self._service(flow_versions.get_version, id_of(self.flow_id), version)
        told = await self._service(flow_versions.compare_versions, id_of(self.flow_id), version)
        self._viewed, self.viewing = draft_of(found.definition), version
        self.viewing_changes = [change.message for change in told.changes]
        self.history_open, self.can_edit, self.selected = False, False, ""
        self._refill()

    @rx.event
    async def view_draft(self) -> None:
        """Back to the draft."""
        self._back_to_draft()
        self._refill()

    def _back_to_draft(self) -> None:
        self._viewed, self.viewing = None, 0
        self.can_edit = self._may_write() and not self.holder

    @rx.event
    async def restore(self, version: int) -> Any:
        """Make an earlier version the draft, not live. What was in the draft can be had back by undo."""
        if type(version) is not int:
            raise Invalid("There is no such version.")
        flow_id = id_of(self.flow_id)
        view = await self._service(drafts.restore_as_draft, flow_id, version, self._revision if self.draft_id else None)
        before = self._draft
        self.history_open = False
        self._back_to_draft()
        self._past, self._future = (*self._past, before), ()
        self._open(view)
        return rx.toast.success(f"Version {version} is in the draft", description="It is not live until you publish it.")


def _row(view: FlowVersionView) -> VersionRow:
    return VersionRow(
        version=view.version,
        name=view.name,
        note=view.note,
        by=view.created_by_name,
        at=view.created_at.isoformat(),
        is_current=view.is_current,
    )
