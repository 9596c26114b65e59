"""The home page: is every lead accounted for, how fast are we, what needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import reflex as rx
from pydantic import BaseModel

from autoflows.domain.leads import Disposition
from autoflows.services import dashboard
from autoflows.services.views.dashboard import AttentionView, LedgerView
from autoflows.services.views.executions import ExecutionView
from autoflows.ui import live
from autoflows.ui.components.moment import duration_text
from autoflows.ui.states.base import Base, PageState
from autoflows.ui.theme import word

SHADES: dict[Disposition, str] = {
    Disposition.ENROLLED: "var(--green-9)",
    Disposition.QUEUED: "var(--blue-9)",
    Disposition.OUTSIDE_HOURS: "var(--amber-9)",
    Disposition.COOLDOWN: "var(--amber-7)",
    Disposition.PAUSED: "var(--orange-8)",
    Disposition.QUOTA: "var(--orange-6)",
    Disposition.NO_MATCH: "var(--gray-9)",
    Disposition.DUPLICATE: "var(--gray-7)",
    Disposition.BLOCKED_DNC: "var(--red-9)",
    Disposition.BLOCKED_CONSENT: "var(--red-7)",
    Disposition.INVALID: "var(--red-11)",
    Disposition.ERROR: "var(--crimson-9)",
}
"""The colour of each disposition's part of the bar, in the order the parts are drawn."""


class Part(BaseModel):
    """One part of the ledger's bar."""

    disposition: str
    words: str
    count: str
    width: str
    shade: str


def parts_of(ledger: LedgerView) -> list[Part]:
    """The bar of a ledger: dispositions that have leads, with widths that add up to the whole."""
    return [
        Part(
            disposition=disposition.value,
            words=word(disposition.value),
            count=f"{count:,}",
            width=f"{100 * count / ledger.received:.2f}%",
            shade=shade,
        )
        for disposition, shade in SHADES.items()
        if (count := ledger.by_disposition.get(disposition.value, 0))
    ]


class RecentRun(BaseModel):
    """A line of the list of recent executions."""

    id: str
    who: str
    flow_name: str
    status: str
    step: str
    note: str
    until: datetime | None
    speed: str
    triggered_at: datetime


def recent_run(run: ExecutionView) -> RecentRun:
    """An execution as a line."""
    waiting = run.waiting.reason if run.status == "running" and run.waiting else ""
    return RecentRun(
        id=str(run.id),
        who=run.contact.name or run.contact.phone or run.contact.email or "A contact",
        flow_name=run.flow_name,
        status="waiting" if waiting and run.waiting and run.waiting.until else run.status,
        step=f"Step {min(run.current_action_step, run.action_count)} of {run.action_count}" if run.status == "running" else "",
        note=waiting or (run.error_message or ""),
        until=run.waiting.until if waiting and run.waiting else None,
        speed=duration_text(run.speed_to_lead_ms) if run.speed_to_lead_ms is not None else "",
        triggered_at=run.triggered_at,
    )


class DashboardState(PageState, Base):
    """Everything the home page shows, live."""

    live_gap_seconds: ClassVar[float] = 1.0

    span: str = "today"
    received: str = "0"
    accounted: str = "0"
    unaccounted: int = 0
    stuck: int = 0
    parts: list[Part] = []
    p50: str = "—"
    p95: str = "—"
    contacted: int = 0
    within_minute: str = ""
    running: int = 0
    waiting: int = 0
    completed_today: int = 0
    failed_today: int = 0
    enabled_flows: int = 0
    channels: int = 0
    is_new: bool = False
    recent: list[RecentRun] = []
    attention: list[AttentionView] = []
    attention_total: int = 0

    async def _load(self) -> None:
        found = await self._service(dashboard.overview)
        ledger = found.today if self.span == "today" else found.all_time
        self.received, self.accounted = f"{ledger.received:,}", f"{ledger.accounted:,}"
        self.parts = parts_of(ledger)
        self.unaccounted, self.stuck = found.all_time.unaccounted, found.stuck
        self.p50, self.p95, self.contacted = duration_text(found.speed.p50_ms), duration_text(found.speed.p95_ms), found.speed.contacted
        self.within_minute = f"{100 * found.speed.within_one_minute / found.speed.contacted:.0f}%" if found.speed.contacted else "—"
        self.running, self.waiting = found.running, found.waiting
        self.completed_today, self.failed_today = found.completed_today, found.failed_today
        self.enabled_flows, self.channels = found.enabled_flows, found.channels
        self.is_new = found.all_time.received == 0
        self.recent = [recent_run(run) for run in found.recent]
        self.attention, self.attention_total = found.attention, found.attention_total
        live.subscribe(self, live.account_topic((await self._actor()).account_id))

    @rx.event
    async def show_span(self, span: str | list[str]):
        """The ledger of today, or of all time."""
        self.span = "all" if span == "all" else "today"
        return await self._enter()
