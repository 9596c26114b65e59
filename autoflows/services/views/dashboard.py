"""The home page: is every lead accounted for, how fast are we, what needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from autoflows.domain.notices import NoticeKind, Severity
from autoflows.services.views.executions import ExecutionView
from autoflows.services.views.masking import Mask, View, as_is


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
    """Something that needs a person, a notice that is open, an attempt whose fate is unknown, or failed runs: what, why, where to go."""

    kind: NoticeKind | Literal["unknown_attempt", "failed_run"]
    severity: Severity
    title: str
    detail: str
    href: str
    execution_id: UUID | None = None
    at: datetime | None = None

    personal: ClassVar[dict[str, Mask]] = {"kind": as_is, "severity": as_is, "href": as_is}


class DashboardView(View):
    """Everything the home page shows. `today` is the viewer's own day; `stuck` leads wait too long to be matched."""

    all_time: LedgerView
    today: LedgerView
    stuck: int
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
