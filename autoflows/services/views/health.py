"""The state of the system, without a word about any account."""

from __future__ import annotations

from typing import Literal

from autoflows.services.views.masking import View


class QueueHealth(View):
    """What is due and not yet taken, and how long the oldest of it has been due; leads that wait too long to be matched are stuck."""

    due: int
    oldest_due_seconds: float
    stuck_leads: int


class LeadsHealth(View):
    """The ledger of all accounts; `unaccounted` is 0 or a lead was lost."""

    received: int
    accounted: int
    unaccounted: int


class HealthView(View):
    """`status` is `ok`, `degraded` (works, but someone should look: `problems` says why) or `down`."""

    status: Literal["ok", "degraded", "down"]
    database: Literal["ok", "down"]
    broker: Literal["ok", "down"]
    workers: int
    queue: QueueHealth | None
    leads: LeadsHealth | None
    problems: list[str]
