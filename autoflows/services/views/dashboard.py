"""The home page: is every lead accounted for, how fast are we, what needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from autoflows.services.views.executions import ExecutionView
from autoflows.services.views.masking import View


class LedgerView(View):
    """Lead events received, and where they stand; `by_disposition` names every disposition. `unaccounted` is 0 or a lead was lost."""

    received: int
    accounted: int
    unaccounted: int
    by_disposition: dict[str, int]


class SpeedView(View):
    """Speed to lead over the last 24 hours in milliseconds; null before the first contact."""

    contacted: int
    p50_ms: int | None
    p95_ms: int | None
    within_one_minute: int


class AttentionView(View):
    """Something that needs a person: what, why in a sentence, and where to go."""

    kind: Literal["unknown_attempt", "channel_error", "unaccounted", "kill_switch", "lead_error", "no_flow", "late"]
    title: str
    detail: str
    href: str
    execution_id: UUID | None = None
    channel_id: UUID | None = None
    at: datetime | None = None


class DashboardView(View):
    """Everything the home page shows. `today` is the viewer's own day."""

    all_time: LedgerView
    today: LedgerView
    speed: SpeedView
    running: int
    waiting: int
    completed_today: int
    failed_today: int
    enabled_flows: int
    channels: int
    recent: list[ExecutionView]
    attention: list[AttentionView]
    attention_total: int
