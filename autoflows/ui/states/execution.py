"""One execution: its header, its timeline, why this flow, and stopping it."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import AutoflowsError, Conflict, NotFound
from autoflows.domain.evidence import NAMED_BY_PERSON
from autoflows.domain.executions import LogStatus
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.outcomes import CallOutcome
from autoflows.services import catalogue, execution_control, executions, leads, timeline
from autoflows.services.views.executions import ExecutionView, Resolution
from autoflows.ui import live
from autoflows.ui.components import duration_text
from autoflows.ui.states.base import Base, PageState, id_of, text_of
from autoflows.ui.states.leads import TraceFlow, detail_of
from autoflows.ui.timeline import StepView
from autoflows.ui.timeline import timeline as story

ENDINGS = {
    CallOutcome.ANSWERED: "They answered",
    CallOutcome.VOICEMAIL: "It went to voicemail",
    CallOutcome.MISSED: "It rang, and nobody answered",
    CallOutcome.BUSY: "The line was busy",
    CallOutcome.FAILED: "It was never placed",
}
"""How a call ended, as a person says it."""


class ExecutionHead(BaseModel):
    """What the top of the page says."""

    id: str = ""
    name: str = ""
    address: str = ""
    contact_id: str = ""
    flow_id: str = ""
    flow_name: str = ""
    flow_version: int = 0
    status: str = ""
    is_test_run: bool = False
    triggered_at: str = ""
    completed_at: str = ""
    waiting: str = ""
    waiting_until: str = ""
    error: str = ""
    speed: str = ""
    conversation: str = ""
    lead_event_id: str = ""
    steps_done: int = 0
    steps: int = 0
    duration: str = ""


def head_of(execution: ExecutionView) -> ExecutionHead:
    """An execution as the top of the page shows it."""
    person = execution.contact
    ended = execution.completed_at
    return ExecutionHead(
        id=str(execution.id),
        name=person.name or person.phone or person.email or "Unnamed",
        address=" · ".join(filter(None, (person.phone, person.email))),
        contact_id=str(execution.contact_id),
        flow_id=str(execution.flow_id),
        flow_name=execution.flow_name,
        flow_version=execution.flow_version,
        status=execution.status,
        is_test_run=execution.is_test_run,
        triggered_at=execution.triggered_at.isoformat(),
        completed_at=ended.isoformat() if ended else "",
        waiting=execution.waiting.reason if execution.waiting else "",
        waiting_until=execution.waiting.until.isoformat() if execution.waiting and execution.waiting.until else "",
        error=execution.error_message or "",
        speed=duration_text(execution.speed_to_lead_ms),
        conversation=duration_text(execution.speed_to_conversation_ms),
        lead_event_id=str(execution.lead_event_id or ""),
        duration=duration_text((ended - execution.triggered_at).total_seconds() * 1000) if ended else "",
    )


class ExecutionPage(PageState, Base):
    """One execution, live. The plan and the names in it do not change, so a refresh reads the execution and its attempts only."""

    live_gap_seconds: ClassVar[float] = 0.05  # one execution changes a few times a second at most

    head: ExecutionHead = ExecutionHead()
    steps: list[StepView] = []
    trace: list[TraceFlow] = []
    trace_text: str = ""
    cancel_open: bool = False
    resolving: str = ""
    resolving_call: bool = False
    reached: bool = True
    outcomes: list[tuple[str, str]] = []

    _execution_id: str = ""
    _plan: str = ""
    _names: dict[str, str] = {}

    @rx.var
    def heading(self) -> str:
        """The page's title."""
        return self.head.name or "Execution"

    async def _load(self) -> None:
        asked = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        try:
            execution_id = UUID(asked)
        except ValueError:
            raise NotFound("There is no such execution.") from None
        if str(execution_id) != self._execution_id:
            self.head, self.steps, self.trace, self.trace_text = ExecutionHead(), [], [], ""
        self._execution_id = str(execution_id)
        self._plan = (await self._service(timeline.get_plan, execution_id)).model_dump_json()
        items = await self._service(catalogue.items_for_actions)
        self._names = {str(item.id): item.label for kind in items.values() for item in kind}
        await self._refresh()
        live.subscribe(self, live.execution_topic(execution_id))
        await self._load_trace()

    async def _refresh(self) -> None:
        execution_id = UUID(self._execution_id)
        execution = await self._service(executions.get_execution, execution_id)
        logs = await self._service(executions.list_logs, execution_id)
        steps = story(execution, FlowDefinition.model_validate_json(self._plan), logs, self._names)
        head = head_of(execution)
        head.steps, head.steps_done = len(steps), sum(1 for s in steps if s.status in ("success", "failed", "skipped", "unknown"))
        if head != self.head:
            self.head = head
        if steps != self.steps:
            self.steps = steps

    async def _load_trace(self) -> None:
        if not self.head.lead_event_id:
            self.trace_text = "Started by hand, so no flow was chosen by rules."
            return
        try:
            event = await self._service(leads.get_lead_event, id_of(self.head.lead_event_id))
        except NotFound:
            self.trace_text = "The lead event is not there any more."
            return
        self.trace, self.trace_text = detail_of(event).trace, event.reason

    def _close_dialogs(self) -> None:
        self.cancel_open = False
        self.resolving = ""

    @rx.event
    async def ask_resolve(self, log_id: str, reached: bool) -> None:
        """Ask how one knows what became of an attempt nobody told about."""
        wanted = str(id_of(log_id))
        attempt = next((a for step in self.steps for a in step.attempts if a.id == wanted), None)
        if attempt is None:
            raise NotFound("This attempt is not there any more. Reload the page.")
        self.problems = {}
        self.resolving, self.resolving_call, self.reached = wanted, attempt.is_call, reached is True
        status = LogStatus.SUCCESS if self.reached else LogStatus.FAILED
        self.outcomes = [(outcome.value, ENDINGS[outcome]) for outcome in NAMED_BY_PERSON[status]] if attempt.is_call else []

    @rx.event
    async def close_resolve(self, is_open: bool) -> None:
        """The question was left."""
        if not is_open:
            self.resolving = ""

    @rx.event
    async def resolve(self, form: dict[str, Any]) -> Any:
        """Record what a person knows of the attempt that was asked about."""
        if not self.resolving:
            return None
        log_id = id_of(self.resolving)
        status = LogStatus.SUCCESS if self.reached else LogStatus.FAILED
        outcome = text_of(form.get("outcome") or "", 20) or None
        with self._problems_of():
            said = Resolution.model_validate({"status": status.value, "outcome": outcome, "note": text_of(form.get("note") or "", 1000)})
            try:
                await self._service(execution_control.resolve_attempt, log_id, said)
            except Conflict as error:  # somebody else, or the provider, was quicker
                self.resolving = ""
                await self._refresh()
                return rx.toast.info("It is known by now", description=error.detail)
            self.resolving = ""
            await self._refresh()
            return rx.toast.success("Noted", description="It decides what follows, and nothing is sent again.")
        return None

    @rx.event
    async def retry(self) -> Any:
        """Run the failed execution again from what failed."""
        try:
            await self._service(execution_control.retry_execution, id_of(self._execution_id))
        except Conflict as error:
            await self._refresh()
            return rx.toast.error("Not tried again", description=error.detail, duration=8000)
        await self._refresh()
        return rx.toast.success("It runs again", description="From what failed; nothing that was sent is sent again.")

    @rx.event
    async def set_cancel_open(self, is_open: bool) -> None:
        """Open or close the question."""
        self.cancel_open = bool(is_open)

    @rx.event
    async def cancel(self, form: dict[str, Any]) -> Any:
        """Stop the execution; what was sent stays sent."""
        reason = text_of(form.get("reason") or "", 255)
        try:
            await self._service(execution_control.cancel_execution, id_of(self._execution_id), reason)
        except AutoflowsError:
            await self._refresh()
            raise
        finally:
            self.cancel_open = False
        await self._refresh()
        return rx.toast.success("Cancelled", description="Nothing more is sent. What was sent already stays sent.")
