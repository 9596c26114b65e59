"""The publish dialog: what changes, what it means for leads and for what runs, what is in the way, and the publish itself."""

from __future__ import annotations

from typing import Any

import reflex as rx
from pydantic import ValidationError

from autoflows.domain.errors import Invalid
from autoflows.services import drafts, flow_impact, publishing
from autoflows.services.validation import invalid
from autoflows.services.views.drafts import DraftView, Publish, PublishImpact, RunningChoice
from autoflows.ui.shell import FLOWS as LIST
from autoflows.ui.states.base import choice_of, id_of, text_of
from autoflows.ui.states.flow_saving import FlowSaving


class FlowPublish(FlowSaving, mixin=True):
    """What the dialog shows. `blockers` counts what keeps the draft from being published, `errors` what only keeps it from being on."""

    publish_open: bool = False
    publish_busy: bool = False
    publish_name: str = ""
    publish_note: str = ""
    publish_problem: str = ""
    publish_enabled: bool = False
    running_choice: str = "finish"
    changes: list[str] = []
    impact: str = ""
    impact_shifts: list[str] = []
    running_now: int = 0
    movable: int = 0
    blockers: int = 0
    errors: int = 0
    replaces: str = ""

    _replaces_version: int = 0

    @rx.event
    async def open_publish(self) -> Any:
        """Show what publishing the draft would mean."""
        return await self._open_publish()

    async def _open_publish(self) -> Any:
        self._refuse_unless_editable()
        if not self.draft_id:
            self.dirty = True
        saved = await self._save()
        if self.conflict or not self.draft_id:
            return saved
        view = await self._service(drafts.get_draft, id_of(self.draft_id))
        self._note_saved(view)
        self._show()
        self.changes = [change.message for change in view.changes]
        self.blockers = sum(finding.is_incomplete for finding in self.findings)
        self.errors = sum(finding.severity == "error" for finding in self.findings) - self.blockers
        self.publish_name = self.publish_note = self.publish_problem = ""
        self.running_choice, self.publish_enabled = RunningChoice.FINISH.value, self.is_enabled
        self._note_replaced(view)
        await self._note_impact()
        self.publish_open = True
        return saved

    def _note_replaced(self, view: DraftView) -> None:
        """A version that was published after the draft began is named, and replaced knowingly."""
        self._replaces_version = view.current_version or 0 if view.is_stale else 0
        self.replaces = (
            f"Version {view.current_version} was published after this draft was begun from version {view.base_version}. "
            "Publishing replaces it: look at the changes below, they are against that version."
            if view.is_stale
            else ""
        )

    async def _note_impact(self) -> None:
        try:
            impact = await self._service(flow_impact.impact_of_draft, id_of(self.draft_id))
        except Invalid:
            self.impact, self.impact_shifts, self.running_now, self.movable = "", [], 0, 0
            return
        self.impact, self.impact_shifts = impact.message, shifts_in_words(impact)
        self.running_now, self.movable = impact.running, impact.movable

    @rx.event
    async def close_publish(self, is_open: bool = False) -> None:
        """Not now."""
        if not is_open:
            self.publish_open = False

    @rx.event
    async def set_publish(self, name: str, value: str) -> None:
        """The version's name, the note, or what becomes of running executions."""
        choice_of(name, ("name", "note", "running"))
        if name == "running":
            self.running_choice = choice_of(value, RunningChoice, default="finish")
        else:
            setattr(self, f"publish_{name}", text_of(value, 5000))

    @rx.event
    async def set_publish_enabled(self, on: bool) -> None:
        """Whether new leads enter it once it is published."""
        self.publish_enabled = bool(on)

    @rx.event
    async def publish(self) -> Any:
        """Make the draft what new executions run."""
        self.publish_problem = ""
        try:
            order = Publish(
                revision=self._revision,
                name=self.publish_name,
                note=self.publish_note,
                running=RunningChoice(self.running_choice),
                is_enabled=self.publish_enabled,
                replaces_version=self._replaces_version or None,
            )
            done = await self._service(publishing.publish_draft, id_of(self.draft_id), order)
        except ValidationError as error:
            self.publish_problem = " ".join(f"{e.pointer.strip('/').capitalize()} {e.detail}." for e in invalid(error).errors)
            return None
        except Invalid as error:
            self.publish_problem = " ".join([error.detail, *(e.detail for e in error.errors[:3])])
            return None
        self.publish_open, self.draft_id, self._opened = False, "", ""
        state = " New leads enter it." if done.flow.is_enabled else " No lead enters until it is on."
        told = rx.toast.success("Published", description=done.message + state)
        if not self.flow_id:
            return [told, rx.redirect(f"{LIST}/{done.flow.id}/edit")]
        return [told, type(self).load()]


def shifts_in_words(impact: PublishImpact) -> list[str]:
    """Where leads go that would have gone elsewhere, and how many the flow takes."""
    told = [f"It takes {impact.won_after:,} of them; the published version took {impact.won_before:,}."] if impact.leads else []
    for shift in impact.shifts[:5]:
        before = f"“{shift.before.name}”" if shift.before else "no flow"
        after = f"“{shift.after.name}”" if shift.after else "no flow"
        told.append(f"{shift.leads:,} from {before} to {after}")
    return told
