"""The flow builder: open a draft, and show what is on the canvas, in the panel and in the to-do list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from autoflows.domain.errors import NotFound
from autoflows.domain.permissions import Permission
from autoflows.services import drafts, flow_control, flows, step_counts
from autoflows.services.views.drafts import DraftView
from autoflows.services.views.flows import FlowView
from autoflows.ui import words
from autoflows.ui.flow_cards import Card, cards_of, counts_in_words, inspected
from autoflows.ui.flow_chart import chart_of
from autoflows.ui.flow_draft import condition_body, draft_of
from autoflows.ui.flow_findings import Finding, Mark, errors_at, findings_of, marks_of, setting_errors, severity_of, with_errors
from autoflows.ui.flow_mail import Mail
from autoflows.ui.flow_rows import ConditionRow, Draft, Settings, StepRow, new_key
from autoflows.ui.states.base import Base, PageState, choice_of, id_of, text_of
from autoflows.ui.states.flow_account import FlowAccount
from autoflows.ui.states.flow_choices import choices_of
from autoflows.ui.states.flow_experiment import FlowExperiment
from autoflows.ui.states.flow_palette import FlowPalette
from autoflows.ui.states.flow_publish import FlowPublish
from autoflows.ui.states.flow_rows import SETTINGS, TRIGGER
from autoflows.ui.states.flow_stop import FlowStop
from autoflows.ui.states.flow_versions import FlowVersions

LIST_VIEW, CHART = "list", "chart"


class FlowBuilder(FlowAccount, FlowExperiment, FlowPalette, FlowPublish, FlowVersions, FlowStop, PageState, Base):
    """One flow being edited. `flow_id` is empty while it was never published."""

    flow_id: str = ""
    version: int = 0
    is_enabled: bool = False
    is_held: bool = False
    is_archived: bool = False
    running: int = 0
    refusal: list[str] = []

    settings: Settings = Settings()
    conditions: list[ConditionRow] = []
    cards: list[Card] = []
    step: StepRow = StepRow()
    trigger_sentence: str = ""
    findings: list[Finding] = []
    wrong: dict[str, str] = {}

    focus: str = ""
    focus_turn: int = 0

    view: str = LIST_VIEW
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []

    _marks: tuple[Mark, ...] = ()
    _opened: str = ""
    _counts: dict[str, str] = {}
    _mails: dict[str, Mail] = {}

    @rx.var
    def heading(self) -> str:
        """The page's title."""
        return self.settings.name.strip() or "Untitled flow"

    @rx.var
    def hours_sentence(self) -> str:
        """When contacts may be made, in words."""
        s = self.settings
        outside = "other times wait for the opening" if s.outside_hours == "wait" else "other times skip the step"
        if s.custom_hours:
            return f"Contacts {words.days_in_words(s.days)}, {s.opens}–{s.closes} {s.zone}; {outside}."
        return f"{self.default_hours} {outside.capitalize()}." if self.default_hours.startswith("Account") else self.default_hours

    # ------------------------------------------------------------------ opening

    async def _load(self) -> None:
        await self._note_choices()
        asked = self._address(self._param("draft"))
        if self._opened == asked and self.draft_id:
            # A reconnection or a reload: what was edited stays with its history, and the browser says again what may have been lost.
            self.rejoined += 1
            await self._beat()
            self._show()
            return
        self._begin()
        await self._load_account()
        flow_id = self._asked_for()
        if flow_id:
            await self._open_flow(id_of(flow_id))
            await self._view_asked()
            if self._param("review") and self.is_changed and self.can_edit:
                await self._open_publish()
        elif self._param("draft"):
            self._open(await self._service(drafts.heartbeat, id_of(self._param("draft"))))
        else:
            self._open_new()
        self._opened = asked
        await self._note_here()

    async def _note_choices(self) -> None:
        found, self._mails = await choices_of(self)
        if found != self.choices:  # so that they are sent when they differ, and not every few seconds
            self.choices = found

    def _address(self, draft_id: str) -> str:
        return f"{self._asked_for()}?{draft_id}&{self._param('version')}&{self.me.id}"

    def _begin(self) -> None:
        """Forget the flow that was open before in this tab."""
        self._draft, self._past, self._future, self._marks, self._counts = Draft(), (), (), (), {}
        self._viewed = None
        self.viewing = 0
        self.flow_id = self.draft_id = self.saved_at = self.holder = self.conflict = self.selected = self.palette_search = ""
        self.version = self.running = self._revision = 0
        self.is_enabled = self.is_held = self.is_changed = self.is_stale = self.dirty = self.can_undo = self.can_redo = False
        self.cards, self.conditions, self.findings, self.wrong = [], [], [], {}
        self.here, self.refusal = [], []
        self._close_dialogs()

    def _close_dialogs(self) -> None:
        self.insert_at, self.history_open, self.problems_open = -1, False, False
        self.publish_open = self.publish_open and bool(self._param("review"))  # what the address asks for may be open already
        self.stopping = None

    def _asked_for(self) -> str:
        parts = [p for p in self.router.url.path.split("/") if p]
        return parts[-2] if parts[-1:] == ["edit"] else ""

    async def _view_asked(self) -> None:
        """The version an address names, such as the one that an execution ran on."""
        asked = self._param("version")
        if asked.isdecimal() and int(asked) != self.version:
            await self._view_version(int(asked))

    def _may_write(self) -> bool:
        return Permission.FLOWS_WRITE.value in self.me.permissions

    async def _open_flow(self, flow_id: UUID) -> None:
        """Its draft, for those who may edit; else what is published."""
        self.flow_id = str(flow_id)
        await self._count()
        if self._may_write():
            self._open(await self._service(drafts.open_draft, flow_id))
        else:
            await self._open_published(flow_id)

    async def _open_published(self, flow_id: UUID) -> None:
        """What is live, read-only."""
        flow = await self._service(flows.get_flow, flow_id)
        self._draft = draft_of(flow.model_dump(mode="json"))
        self._marks = marks_of((await self._service(flows.find_flow_problems, flow_id)).problems, self._draft)
        self.can_edit = False
        self._refill()

    async def _count(self) -> None:
        """How the flow stands, and how leads fare at each of its steps."""
        if not self.flow_id:
            return
        self._note_flow(await self._service(flows.get_flow, id_of(self.flow_id)))
        found = await self._service(step_counts.count_steps, id_of(self.flow_id))
        self._counts = {str(i): counts_in_words(c.here, c.passed, c.failed, c.skipped) for i, c in found.items()}

    async def _look_again(self) -> None:
        before = self.version
        await self._count()
        if self.version != before:
            await self._open_published(id_of(self.flow_id))
        self._show()

    def _note_flow(self, flow: FlowView) -> None:
        self.flow_id, self.version, self.running = str(flow.id), flow.version, flow.running_executions
        self.is_enabled, self.is_held, self.is_archived = flow.is_enabled, flow.is_held, flow.archived_at is not None
        self.refusal = [] if flow.is_enabled else self.refusal

    def _open(self, view: DraftView) -> None:
        """Show a draft as it is saved."""
        self._draft = draft_of(view.definition)
        self._note_saved(view)
        self.dirty = False
        self._refill()

    def _open_new(self) -> None:
        """One condition to fill in; no draft until something is edited."""
        self._draft = Draft(conditions=(ConditionRow(key=new_key()),))
        self.can_edit = self._may_write()
        self._refill()

    def _refill(self) -> None:
        """Show the canvas anew, fields included."""
        self.form_key += 1
        self.order_revision += 1
        self.can_undo, self.can_redo = bool(self._past), bool(self._future)
        self._show()

    # ------------------------------------------------------------------ showing

    def _on_canvas(self) -> Draft:
        return self._draft if self._viewed is None else self._viewed

    def _show(self) -> None:
        """What is on the canvas, in the page's variables; only those that differ are sent."""
        draft, marks = self._on_canvas(), () if self._viewed is not None else self._marks
        severities = {step.id: severity_of(marks, step.id) for step in draft.steps}
        if self.selected not in (TRIGGER, SETTINGS, "") and draft.step(self.selected) is None:
            self.selected = ""
        shown: dict[str, Any] = {
            "cards": (cards := cards_of(draft, self.choices, severities, self._counts)),
            "conditions": with_errors(draft.conditions, marks),
            "settings": draft.settings,
            "trigger_sentence": (trigger := words.trigger_in_words(condition_body(c) for c in draft.conditions)),
            "findings": findings_of(marks, draft),
            "wrong": setting_errors(marks),
            "step": inspected(draft, self.selected, self.choices, errors_at(marks, self.selected), dict(self._person) or None, self._mails),
        }
        if self.view == CHART:
            shown["nodes"], shown["edges"] = chart_of(draft, cards, trigger, self.selected)
        for name, value in shown.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _focus(self, element_id: str) -> None:
        self.focus, self.focus_turn = element_id, self.focus_turn + 1

    @rx.event
    async def select(self, what: str) -> None:
        """Show a step, "trigger" or "settings" in the panel; "" shows nothing."""
        await self._select(what)

    async def _select(self, what: str) -> None:
        if what not in ("", TRIGGER, SETTINGS) and self._on_canvas().step(what) is None:
            raise NotFound("This step is not there any more.")
        self.selected = what
        self._show()

    @rx.event
    async def set_view(self, view: str | list[str]) -> None:
        """Show the flow as a list of cards, which can be edited, or as a flowchart."""
        self.view = choice_of(view, (LIST_VIEW, CHART), default=LIST_VIEW)
        self._show()

    @rx.event
    async def open_box(self, box: str) -> None:
        """A box of the flowchart was clicked."""
        if box != "end" and not str(box).startswith("otherwise"):
            await self._select(box)

    @rx.event
    async def go_to(self, select: str, focus: str) -> None:
        """Jump to what a problem is about."""
        if select not in ("", TRIGGER, SETTINGS) and self._draft.step(select) is None:
            raise NotFound("This step is not there any more.")
        self.problems_open = self.publish_open = False
        self.selected = select or self.selected
        self._show()
        self._focus(text_of(focus, 200))

    async def _settle(self) -> None:
        self._note_flow(await self._service(flows.get_flow, id_of(self.flow_id)))

    def _spring_back(self, flow_id: str, refusal: list[str]) -> None:
        self.refusal = refusal

    @rx.event
    async def resume(self) -> Any:
        """Lift the flow's kill switch."""
        flow = await self._service(flow_control.hold_flow, id_of(self.flow_id), False)
        self.is_held = flow.is_held
        return rx.toast.success(f"“{flow.name}” goes on", description="What it held goes out within its hours and limits.")
