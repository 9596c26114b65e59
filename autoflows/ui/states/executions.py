"""The list of executions: by status, flow, days and person, live."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.executions import ExecutionStatus
from autoflows.services import execution_counts, executions, flows
from autoflows.services.pages import MAX_LIMIT
from autoflows.services.views.executions import ExecutionFilter, ExecutionView
from autoflows.ui import live, words
from autoflows.ui.components import duration_text
from autoflows.ui.states.base import Base, ListState, choice_of, id_of, text_of

PAGE_SIZE = 25
NEEDS_PERSON = "needs_person"
"""The tab of executions with an attempt nobody told about; it is no status."""
TABS = (*ExecutionStatus, NEEDS_PERSON)


class ExecutionRow(BaseModel):
    """An execution in the list."""

    id: str
    contact_id: str
    name: str
    address: str
    flow_id: str
    flow_name: str
    flow_version: int
    status: str
    is_test_run: bool
    step: str
    waiting: str
    waiting_until: str
    triggered_at: str
    speed: str


class StatusTab(BaseModel):
    """One status with its count; an empty value is all of them."""

    value: str
    label: str
    count: int


def row_of(execution: ExecutionView) -> ExecutionRow:
    """An execution as the list shows it."""
    person = execution.contact
    over = execution.status != ExecutionStatus.RUNNING
    step = f"{min(execution.current_action_step, max(execution.action_count, 1))} of {execution.action_count}"
    return ExecutionRow(
        id=str(execution.id),
        contact_id=str(execution.contact_id),
        name=person.name or person.phone or person.email or "Unnamed",
        address=person.phone or person.email or "",
        flow_id=str(execution.flow_id),
        flow_name=execution.flow_name,
        flow_version=execution.flow_version,
        status=execution.status,
        is_test_run=execution.is_test_run,
        step="" if over else step,
        waiting=(execution.waiting.reason if execution.waiting else "") or (execution.error_message or "" if over else ""),
        waiting_until=execution.waiting.until.isoformat() if execution.waiting and execution.waiting.until else "",
        triggered_at=execution.triggered_at.isoformat(),
        speed=duration_text(execution.speed_to_lead_ms),
    )


class ExecutionList(ListState, Base):
    """Executions, newest first."""

    live_gap_seconds: ClassVar[float] = 0.5

    rows: list[ExecutionRow] = []
    tabs: list[StatusTab] = []
    flow_names: list[list[str]] = []
    status: str = ""
    flow: str = ""
    runs: str = ""
    first_day: str = ""
    last_day: str = ""
    total: int = 0

    async def _load(self) -> None:
        actor = await self._actor()
        live.subscribe(self, live.account_topic(actor.account_id))
        page = await self._service(flows.list_flows, limit=MAX_LIMIT)
        self.flow_names = [[str(flow.id), flow.name] for flow in page.data]
        await self._fetch()

    async def _refresh(self) -> None:
        await self._fetch()

    async def _fetch(self) -> None:
        since, until = self._span()
        in_doubt = self.status == NEEDS_PERSON
        wanted = ExecutionFilter(
            flow_id=id_of(self.flow) if self.flow else None,
            since=since,
            until=until,
            is_test_run=self.runs == "test",
            status=ExecutionStatus(self.status) if self.status and not in_doubt else None,
            needs_person=True if in_doubt else None,
            search=self.search,
        )
        page = await self._service(executions.list_executions, wanted, limit=PAGE_SIZE, cursor=self._cursor)
        counts = await self._service(execution_counts.count_by_status, wanted)
        self.rows = [row_of(execution) for execution in page.data]
        self._show_page(next_cursor=page.next_cursor, has_more=page.has_more)
        self.total = counts.total
        self.tabs = [
            StatusTab(value="", label="All", count=counts.total),
            StatusTab(value=NEEDS_PERSON, label="Needs a person", count=counts.needs_person),
            *(StatusTab(value=s, label=said, count=counts.by_status.get(s, 0)) for s, said in words.EXECUTION_STATUSES.items()),
        ]

    def _span(self) -> tuple[datetime | None, datetime | None]:
        """The chosen days as instants of the viewer's zone. Raises Invalid."""
        zone = ZoneInfo(self.me.timezone)

        def midnight(text: str, days: int) -> datetime | None:
            if not text:
                return None
            return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), tzinfo=zone).astimezone(UTC)

        since, until = midnight(self.first_day, 0), midnight(self.last_day, 1)
        if since and until and until <= since:
            raise Invalid("The last day is before the first.", errors=[FieldError("/to", "choose a later day")])
        return since, until

    @rx.event
    async def arrive(self) -> Any:
        """The page was opened by a link: one that names a flow or a status shows just those. A reconnection keeps what was chosen since."""
        self.problems = {}
        flow, status = self._param("flow"), self._param("status")
        if not flow and not status:
            return None
        self.flow, self.status = str(id_of(flow)) if flow else "", choice_of(status, TABS)
        return await self._again()

    @rx.event
    async def set_status(self, value: str) -> Any:
        """Show one status, or all."""
        self.status = choice_of(value, TABS)
        return await self._again()

    @rx.event
    async def set_flow(self, value: str) -> Any:
        """Show one flow's executions, or all."""
        self.flow = "" if value in ("", "all") else str(id_of(value))
        return await self._again()

    @rx.event
    async def set_runs(self, value: str) -> Any:
        """Show real executions, or test runs."""
        self.runs = choice_of(value, ["test"])
        return await self._again()

    @rx.event
    async def set_day(self, which: str, value: str) -> Any:
        """The first or the last day shown; empty for no bound."""
        value = text_of(value, 10)
        if value:
            _day(value)
        if choice_of(which, ["first", "last"]) == "first":
            self.first_day = value
        else:
            self.last_day = value
        return await self._again()

    @rx.event
    async def clear_filters(self) -> Any:
        """Back to everything."""
        self.status = self.flow = self.runs = self.first_day = self.last_day = self.search = ""
        return await self._again()

    async def _again(self) -> Any:
        self._first_page()
        return await self._enter()


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Invalid("This is not a day.") from None
