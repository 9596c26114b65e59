"""Keeping a draft saved as it is edited, one person at a time, and never over what somebody else saved."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import Conflict, NotFound
from autoflows.domain.permissions import Permission
from autoflows.services import drafts, flow_presence
from autoflows.services.views.drafts import DraftCreate, DraftSave, DraftView
from autoflows.ui.flow_draft import definition_of
from autoflows.ui.flow_findings import marks_of
from autoflows.ui.shell import FLOWS as LIST
from autoflows.ui.states.base import id_of, initials_of
from autoflows.ui.states.flow_rows import FlowRows

GONE = "The draft was published or discarded in another window."


class Viewer(BaseModel):
    """Somebody else who looks at the flow now."""

    name: str
    initials: str


class FlowSaving(FlowRows, mixin=True):
    """The draft's row: `draft_id` is empty until the first edit of a new flow; `holder` is somebody else who holds the pen."""

    draft_id: str = ""
    saved_at: str = ""
    is_changed: bool = False
    is_stale: bool = False
    holder: str = ""
    conflict: str = ""
    here: list[Viewer] = []

    _revision: int = 0

    def _may_write(self) -> bool:
        return Permission.FLOWS_WRITE.value in self.me.permissions

    def _autosave(self) -> Any:
        return type(self).save()

    @rx.event
    async def save(self) -> Any:
        """Save what was edited as a draft; nothing goes live."""
        return await self._save()

    async def _save(self) -> Any:
        if not (self.dirty and self.can_edit):
            return None
        is_new = not self.draft_id
        body = definition_of(self._draft)
        try:
            if is_new:
                view = await self._service(drafts.create_draft, DraftCreate(definition=body))
            else:
                view = await self._service(drafts.save_draft, UUID(self.draft_id), DraftSave(revision=self._revision, definition=body))
        except (Conflict, NotFound) as error:
            await self._refused(error.detail)
            return None
        self.dirty = False
        self._note_saved(view)
        self._show()
        if is_new:
            # So that a reload, or somebody who is sent the address, finds the draft.
            self._opened = self._address(self.draft_id)
            return rx.call_script(f"history.replaceState(history.state, '', '{LIST}/create?draft={view.id}')")
        return None

    def _note_saved(self, view: DraftView) -> None:
        self.draft_id, self._revision, self.saved_at = str(view.id), view.revision, view.edited_at.isoformat()
        self.flow_id = str(view.flow_id or "")
        self.version = view.current_version or 0
        self.is_changed, self.is_stale = view.is_changed, view.is_stale
        self._marks = marks_of(view.problems, self._draft)
        self._note_pen(view)

    def _note_pen(self, view: DraftView) -> None:
        self.holder = view.lock.name if view.lock is not None and not view.lock.is_mine else ""
        self.can_edit = self._may_write() and not self.holder and self._viewed is None

    async def _refused(self, why: str) -> None:
        """A save was refused: either somebody took the pen, or the draft is not what was edited. Nothing was overwritten."""
        try:
            view = await self._service(drafts.get_draft, UUID(self.draft_id))
        except NotFound:
            self.conflict = GONE
            return
        self._note_pen(view)
        self.conflict = why

    @rx.event
    async def load_theirs(self) -> Any:
        """After a conflict: give up what was not saved, and show what there is now."""
        self.conflict, self.dirty = "", False
        return type(self).load()

    @rx.event
    async def keep_mine(self) -> Any:
        """After a conflict: save over what the other window saved, knowingly. They can still undo it in theirs."""
        view = await self._service(drafts.get_draft, id_of(self.draft_id))
        self._note_pen(view)
        if self.holder:
            view = await self._service(drafts.take_over, view.id, view.revision)
            self._note_pen(view)
        self._revision, self.conflict, self.dirty = view.revision, "", True
        return self._autosave()

    @rx.event
    async def take_over(self) -> None:
        """Take the pen from whoever holds it, from their last save on."""
        view = await self._service(drafts.get_draft, id_of(self.draft_id))
        self._open(await self._service(drafts.take_over, view.id, view.revision))

    @rx.event
    async def beat(self) -> Any:
        """A sign of life every few seconds: keeps the pen, saves what a lost connection left unsaved, and sees what others did."""
        return await self._beat()

    async def _beat(self) -> Any:
        await self._note_here()
        if self.conflict:
            return None
        if not self._may_write():
            return await self._look_again()
        if not self.draft_id:
            return None
        if self.dirty and self.can_edit:
            return await self._save()
        try:
            view = await self._service(drafts.heartbeat, UUID(self.draft_id))
        except NotFound:
            self.conflict = GONE
            return None
        await self._note_choices()  # what the draft names may have changed: an agent that is gone is a problem now
        if view.revision != self._revision:
            self._past, self._future = (), ()
            self._open(view)
        else:
            await self._count()
            self._note_saved(view)
            self._show()
        return None

    async def _note_choices(self) -> None:
        """Look what there is to choose now."""

    async def _look_again(self) -> None:
        """For who may only look: what is live now."""

    async def _note_here(self) -> None:
        """Say that somebody is here, and see who else is."""
        if shown := self.flow_id or self.draft_id:
            names = await self._service(flow_presence.note_presence, UUID(shown))
            found = [Viewer(name=name, initials=initials_of(name)) for name in names]
            if found != self.here:
                self.here = found

    @rx.event
    async def leave(self, draft_id: str, flow_id: str) -> None:
        """The page is left: the pen is put down, the draft stays. The ids are what was shown, for another flow may be open by now."""
        if flow_id or draft_id:
            await self._call(flow_presence.end_presence, id_of(flow_id or draft_id))
        if not draft_id or not self._may_write():
            return
        if draft_id == self.draft_id:
            await self._save()
            self._opened = ""
        with contextlib.suppress(NotFound):
            await self._service(drafts.release, id_of(draft_id))

    @rx.event
    async def discard(self) -> Any:
        """Throw the draft away; what is published stays."""
        await self._service(drafts.discard_draft, id_of(self.draft_id), self._revision)
        self.dirty, self._opened = False, ""
        if not self.flow_id:
            self.draft_id = ""
            return rx.redirect(LIST)
        return [type(self).load(), rx.toast.success("The changes are discarded", description=f"Version {self.version} is as it was.")]
