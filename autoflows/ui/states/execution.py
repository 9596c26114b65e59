"""One execution: its header, its timeline, the same as a picture, why this flow, and what people did."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import NotFound
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.services import catalogue, executions, leads, provider_events, timeline
from autoflows.services.views.story import ProviderEventView
from autoflows.ui import live
from autoflows.ui.execution_head import ExecutionHead, head_of
from autoflows.ui.execution_words import ActLine, act_in_words, cancel_in_words, retry_in_words
from autoflows.ui.run_chart import run_chart
from autoflows.ui.states.base import Base, PageState, choice_of, id_of
from autoflows.ui.states.execution_amend import ExecutionAmend
from autoflows.ui.states.leads import TraceFlow, detail_of
from autoflows.ui.time_bars import TimeBars, time_bars
from autoflows.ui.timeline import timeline as steps_of

TIMELINE, CHART = "timeline", "chart"
EVENTS_SHOWN = 20
LONGEST_PAYLOAD = 20_000


class EventLine(BaseModel):
    """A provider's event as it came, for the panel."""

    kind: str
    at: str
    note: str
    payload: str


class ExecutionPage(ExecutionAmend, PageState, Base):
    """One execution, live. Of attempts it holds what the page shows; what was recorded in full is fetched when a person asks for it."""

    live_gap_seconds: ClassVar[float] = 0.05  # one execution changes a few times a second at most

    head: ExecutionHead = ExecutionHead()
    bars: TimeBars = TimeBars()
    acts: list[ActLine] = []
    trace: list[TraceFlow] = []
    others: list[TraceFlow] = []
    trace_text: str = ""

    view: str = TIMELINE
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    chosen: int = 0

    record_open: bool = False
    record_title: str = ""
    record: str = ""
    events: list[EventLine] = []
    events_text: str = ""

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
            raise NotFound("There is no such execution: the address is not complete. Open it from the execution logs.") from None
        if str(execution_id) != self._execution_id:
            self._forget()
        self._execution_id = str(execution_id)
        items = await self._service(catalogue.items_for_actions)
        self._names = {str(item.id): item.label for kind in items.values() for item in kind}
        try:
            await self._refresh()
        except NotFound as error:
            raise NotFound(f"{error.detail} Whoever sent you the link may work in another account.") from None
        live.subscribe(self, live.execution_topic(execution_id))
        await self._load_trace()

    def _forget(self) -> None:
        """What the tab showed before was another execution."""
        self.head, self.bars, self.steps, self.acts, self._plan = ExecutionHead(), TimeBars(), [], [], ""
        self.trace, self.others, self.trace_text, self.chosen, self.view = [], [], "", 0, TIMELINE

    async def _refresh(self) -> None:
        story = await self._service(timeline.get_story, UUID(self._execution_id))
        zone, sees_people = self.me.timezone, Permission.PII_READ.value in self.me.permissions
        steps = steps_of(story, self._names, zone=zone, sees_people=sees_people)
        head = head_of(story, zone)
        head.steps, head.steps_done = len(steps), sum(1 for s in steps if s.status in ("success", "failed", "skipped", "unknown"))
        self._plan = story.plan.model_dump_json() if story.plan else ""
        self._change(
            head=head,
            steps=steps,
            bars=time_bars(story.execution, steps, story.logs, utc_now()),
            acts=[act_in_words(act) for act in story.acts],
            cancelling=cancel_in_words(story.execution, story.logs),
            again=retry_in_words(story.execution, story.plan, story.logs, steps),
        )
        self._draw()

    def _change(self, **values: Any) -> None:
        """Only what differs is sent."""
        for name, value in values.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _draw(self) -> None:
        """The chart, while it is looked at."""
        if self.view != CHART:
            return
        nodes: list[dict[str, Any]] = []
        edges: list[dict[str, Any]] = []
        if self._plan:
            nodes, edges = run_chart(FlowDefinition.model_validate_json(self._plan), self.steps, self.head.status, self.chosen)
        self._change(nodes=nodes, edges=edges)

    async def _load_trace(self) -> None:
        if not self.head.lead_event_id:
            self.trace_text = "Started by hand, so no flow was chosen by rules."
            return
        try:
            event = await self._service(leads.get_lead_event, id_of(self.head.lead_event_id))
        except NotFound:
            self.trace_text = "The lead event is not there any more."
            return
        told = list(zip(event.trace, detail_of(event).trace, strict=True))
        self.trace = [flow for raw, flow in told if str(raw.get("flow_id")) == self.head.flow_id]
        self.others = [flow for raw, flow in told if str(raw.get("flow_id")) != self.head.flow_id]
        self.trace_text = event.reason

    def _close_dialogs(self) -> None:
        self.cancel_open = False
        self.resolving = ""
        self._close_record()

    def _close_record(self) -> None:
        """What was fetched for one look is not kept."""
        self.record_open, self.record, self.record_title, self.events, self.events_text = False, "", "", [], ""

    @rx.event
    async def set_view(self, view: str | list[str]) -> None:
        """Show the run as a timeline, or over the flowchart of its plan."""
        self.view = choice_of(view, (TIMELINE, CHART), default=TIMELINE)
        self._draw()

    @rx.event
    async def choose(self, box: str) -> None:
        """A box of the chart was chosen: show its step in full; the same box again closes it."""
        order = int(box.removeprefix("step-")) if isinstance(box, str) and box.removeprefix("step-").isdigit() else 0
        self.chosen = order if order != self.chosen and any(step.order == order for step in self.steps) else 0
        self._draw()

    @rx.event
    async def open_record(self, log_id: str) -> None:
        """Fetch all that was recorded of an attempt, and for admins what the provider sent."""
        wanted = id_of(log_id)
        logs = await self._service(executions.list_logs, id_of(self._execution_id))
        log = next((one for one in logs if one.id == wanted), None)
        if log is None:
            raise NotFound("This attempt is not there any more. Reload the page.")
        self._close_record()
        if Permission.AUDIT_READ.value in self.me.permissions:
            page = await self._service(provider_events.list_provider_events, wanted, limit=EVENTS_SHOWN)
            self.events = [_event(row) for row in page.data]
            self.events_text = f"The newest {EVENTS_SHOWN}. The API lists the rest." if page.has_more else ""
        self.record_title = f"Step {log.action_order}, attempt {log.attempt}"
        self.record = _json(log.result_data)
        self.record_open = True

    @rx.event
    def set_record_open(self, is_open: bool) -> None:
        """Close the panel."""
        if not is_open:
            self._close_record()


def _event(row: ProviderEventView) -> EventLine:
    at = row.occurred_at or row.received_at
    return EventLine(kind=row.kind, at=at.isoformat(), note=row.note, payload=_json(row.payload or {}))


def _json(data: dict[str, Any]) -> str:
    """As text to read; what is longer than a page can bear is cut, and says so."""
    if not data:
        return ""
    text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
    return (
        text
        if len(text) <= LONGEST_PAYLOAD
        else f"{text[:LONGEST_PAYLOAD]}\n… {len(text) - LONGEST_PAYLOAD:,} more characters; the API has all of it."
    )
