"""What can be added and where, and the keyboard's shortcuts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import Invalid
from autoflows.ui.states.base import choice_of, text_of
from autoflows.ui.states.flow_rows import TRIGGER, FlowRows, kinds


class FlowPalette(FlowRows, mixin=True):
    """`insert_at` is the place that the dialog inserts at; -1: it is closed."""

    insert_at: int = -1
    palette_search: str = ""
    problems_open: bool = False

    @rx.var
    def palette(self) -> list[str]:
        """The action types that the search finds."""
        return _found(self.palette_search)

    @rx.event
    async def open_palette(self, place: int) -> None:
        """Choose what to insert before the step at this place."""
        self._refuse_unless_editable()
        if type(place) is not int or not 0 <= place <= len(self._draft.steps):
            raise Invalid("There is no such place in the flow.")
        self.insert_at, self.palette_search = place, ""

    @rx.event
    async def close_palette(self, open_: bool = False) -> None:
        """Insert nothing."""
        if not open_:
            self.insert_at, self.palette_search = -1, ""

    @rx.event
    async def search_palette(self, text: str) -> None:
        """Look for an action type."""
        self.palette_search = text_of(text, 100)

    @rx.event
    async def insert_first(self) -> Any:
        """Insert the first action type that the search finds."""
        found = _found(self.palette_search)
        return type(self).take(found[0]) if found else None

    @rx.event
    async def take(self, kind: str) -> Any:
        """Insert this action where the palette was opened, else after the selected step, else at the end."""
        place = self.insert_at if self.insert_at >= 0 else self._place_after_selected()
        self.insert_at, self.palette_search = -1, ""
        return type(self).insert_step(kind, place)

    def _place_after_selected(self) -> int:
        steps = self._draft.steps
        return next((n + 1 for n, s in enumerate(steps) if s.id == self.selected), 0 if self.selected == TRIGGER else len(steps))

    @rx.event
    async def set_open(self, what: str, is_open: bool) -> None:
        """Open or close the to-do list."""
        setattr(self, f"{choice_of(what, ('problems',))}_open", bool(is_open))

    @rx.event
    async def press(self, key: str) -> Any:
        """A shortcut of the keyboard."""
        choice_of(key, ("undo", "redo", "remove", "add", "publish", "escape"))
        state = type(self)
        match key:
            case "undo" | "redo" if self.can_edit:
                return state.undo() if key == "undo" else state.redo()
            case "remove" if self.can_edit and self._draft.step(self.selected) is not None:
                return state.remove_step(self.selected)
            case "add" if self.can_edit:
                return state.open_palette(self._place_after_selected())
            case "publish" if self.can_edit:
                return state.open_publish()
            case "escape":
                return state.select("")
        return None


def _found(search: str) -> list[str]:
    text = search.strip().lower()
    return [kind for kind, title, _, description in kinds() if text in f"{title} {description}".lower()]
