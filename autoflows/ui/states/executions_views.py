"""Saved views of the list of executions: what is asked for, under a name, for oneself or for the team."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Invalid
from autoflows.services import saved_views
from autoflows.services.views.executions import ExecutionSort
from autoflows.services.views.saved_views import SavedViewChange, SavedViewCreate, SavedViewView
from autoflows.ui.states.base import id_of, text_of
from autoflows.ui.states.executions_table import ExecutionTable
from autoflows.ui.states.executions_wanted import Wanted, query, wanted_of

NEW = "new"


class ViewRow(BaseModel):
    """A saved view in the picker; `asked` is the query string that shows it."""

    id: str
    name: str
    asked: str
    is_mine: bool
    is_shared: bool
    may_change: bool
    owner: str


def view_row(view: SavedViewView, zone: str) -> ViewRow:
    """A saved view as the picker shows it."""
    return ViewRow(
        id=str(view.id),
        name=view.name,
        asked=query(wanted_of(view.filter, view.sort, ZoneInfo(zone))),
        is_mine=view.is_mine,
        is_shared=view.is_shared,
        may_change=view.may_change,
        owner=view.owner_name,
    )


class ExecutionViews(ExecutionTable, mixin=True):
    """`naming` is the view whose name is being asked for, "new" for one more; `dropping` the one that is about to go."""

    views: list[ViewRow] = []
    views_open: bool = False
    naming: str = ""
    naming_name: str = ""
    naming_shared: bool = False
    dropping: ViewRow | None = None

    @rx.var
    def view_name(self) -> str:
        """The saved view that the list shows now, if it is one."""
        here = query(self.wanted.model_copy(update={"size": Wanted().size}))
        return next((view.name for view in self.views if view.asked == here), "")

    async def _load_views(self) -> None:
        self.views = [view_row(view, self.me.timezone) for view in await self._service(saved_views.list_saved_views)]

    def _close_views(self) -> None:
        self.views_open, self.naming, self.dropping = False, "", None

    def _known(self, view_id: Any) -> ViewRow:
        wanted = str(id_of(view_id))
        found = next((view for view in self.views if view.id == wanted), None)
        if found is None:
            raise Invalid("This view is not there any more; it may have been deleted a moment ago.")
        return found

    @rx.event
    async def set_views_open(self, is_open: bool) -> None:
        """Open the picker, with what there is now, or close it."""
        self.views_open = is_open is True
        if self.views_open:
            await self._load_views()

    @rx.event
    def ask_name(self, view_id: str) -> None:
        """Begin to save what is shown ("new"), or to rename a view."""
        self.problems = {}
        if view_id == NEW:
            self.naming, self.naming_name, self.naming_shared = NEW, "", False
        else:
            view = self._known(view_id)
            self.naming, self.naming_name, self.naming_shared = view.id, view.name, view.is_shared
        self.views_open = False

    @rx.event
    def close_naming(self, is_open: bool) -> None:
        """Leave it."""
        if not is_open:
            self.naming = ""

    @rx.event
    async def save_view(self, form: dict[str, Any]) -> Any:
        """Keep what is shown under this name, or give a view another name or other readers."""
        if not isinstance(form, dict):
            raise Invalid("This is not a form.")
        name, is_shared = text_of(form.get("view-name") or "", 200), form.get("view-shared") in (True, "on", "true")
        with self._problems_of():
            if self.naming == NEW:
                kept, sort = self._filter(), ExecutionSort(self.wanted.sort)
                body = SavedViewCreate(name=name, is_shared=is_shared, filter=kept, sort=sort)
                view = await self._service(saved_views.save_view, body)
            else:
                change = SavedViewChange(name=name, is_shared=is_shared)
                view = await self._service(saved_views.change_saved_view, id_of(self.naming), change)
            self.naming = ""
            await self._load_views()
            return rx.toast.success(f"“{view.name}” is saved", description="For the whole team." if view.is_shared else "For you.")
        return None

    @rx.event
    async def keep_filters(self, view_id: str) -> Any:
        """Make a view ask for what is shown now."""
        change = SavedViewChange(filter=self._filter(), sort=ExecutionSort(self.wanted.sort))
        view = await self._service(saved_views.change_saved_view, id_of(view_id), change)
        self.views_open = False
        await self._load_views()
        return rx.toast.success(f"“{view.name}” now shows what you see here")

    @rx.event
    def ask_drop(self, view_id: str) -> None:
        """Ask before a view is deleted."""
        self.dropping, self.views_open = self._known(view_id), False

    @rx.event
    def close_drop(self, is_open: bool) -> None:
        """Keep the view."""
        if not is_open:
            self.dropping = None

    @rx.event
    async def drop_view(self) -> Any:
        """Delete the view that was asked about."""
        if self.dropping is None:
            return None
        name = self.dropping.name
        await self._service(saved_views.drop_saved_view, id_of(self.dropping.id))
        self.dropping = None
        await self._load_views()
        return rx.toast.info(f"“{name}” was deleted", description="The executions it showed are as they were.")
