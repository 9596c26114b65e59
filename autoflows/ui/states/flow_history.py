"""The draft in this tab and its history: every edit makes a new draft, and the one before can be had back."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.domain.errors import Conflict
from autoflows.ui.flow_rows import PICKERS, Draft, Option

HISTORY = 100
"""How many edits can be undone."""


class FlowHistory(rx.State, mixin=True):
    """The draft, and what it was. `choices` holds the catalogue items by the widget that picks them."""

    choices: dict[str, list[Option]] = {widget: [] for widget in PICKERS}
    selected: str = ""
    can_edit: bool = False
    can_undo: bool = False
    can_redo: bool = False
    dirty: bool = False
    form_key: int = 0
    order_revision: int = 0
    rejoined: int = 0

    _draft: Draft = Draft()
    _past: tuple[Draft, ...] = ()
    _future: tuple[Draft, ...] = ()

    def _show(self) -> None:
        """Put what is on the canvas into the page's variables."""

    def _autosave(self) -> Any:
        """The event that saves."""

    def _focus(self, element_id: str) -> None:
        """Move the keyboard to an element once it is there."""

    def _edit(self, draft: Draft) -> Any:
        """Make this the draft; the one before can be had back. Gives the event that saves it."""
        self._refuse_unless_editable()
        if draft == self._draft:
            return None
        self._past, self._future = (*self._past, self._draft)[-HISTORY:], ()
        return self._turn_to(draft)

    def _turn_to(self, draft: Draft) -> Any:
        self._draft, self.dirty = draft, True
        self.can_undo, self.can_redo = bool(self._past), bool(self._future)
        self._show()
        return self._autosave()

    def _refuse_unless_editable(self) -> None:
        if not self.can_edit:
            raise Conflict("The flow cannot be edited here now: it is shown read-only.")

    @rx.event
    async def undo(self) -> Any:
        """The draft as it was before the last edit."""
        self._refuse_unless_editable()
        if not self._past:
            return None
        self._past, before, self._future = self._past[:-1], self._past[-1], (*self._future, self._draft)
        self.form_key += 1
        return self._turn_to(before)

    @rx.event
    async def redo(self) -> Any:
        """The draft as it was before the last undo."""
        self._refuse_unless_editable()
        if not self._future:
            return None
        self._future, after, self._past = self._future[:-1], self._future[-1], (*self._past, self._draft)
        self.form_key += 1
        return self._turn_to(after)
