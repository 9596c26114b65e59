"""The first page of the list for what is wanted, as tabs that want the same share it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.services import execution_counts, executions
from autoflows.services.views.executions import ExecutionSort, ExecutionView, Stage
from autoflows.ui.live import Ask
from autoflows.ui.states.base import page_values
from autoflows.ui.states.executions_forecast import outlook_of
from autoflows.ui.states.executions_rows import renewed, row_of, tabs_of
from autoflows.ui.states.executions_wanted import Wanted, filter_of


@dataclass(frozen=True)
class ShownExecutions:
    """What the list shows to a reader who is at its top; `zone` is the viewer's, whose days and hours are meant."""

    wanted: Wanted
    zone: str

    rights: ClassVar = frozenset({Permission.EXECUTIONS_READ, Permission.PII_READ})

    async def read(self, ask: Ask, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The rows, and the figures beside them."""
        wanted = filter_of(self.wanted, ZoneInfo(self.zone))
        page = await ask(executions.list_executions, wanted, sort=ExecutionSort(self.wanted.sort), limit=self.wanted.size)
        counts = await ask(execution_counts.count_by_status, wanted)
        foreseen = self.wanted.status in (Stage.ACTIVE, Stage.WAITING)
        return {
            "rows": renewed(before.get("rows"), [row_of(execution) for execution in page.data], int(time.monotonic())),
            "tabs": tabs_of(counts, self.wanted.status),
            "outlook": outlook_of(await ask(execution_counts.forecast), self.zone) if foreseen else None,
            "newer": "",
            "_seen": newest(page.data, self.wanted.sort),
            **page_values(page),
        }


def newest(page: list[ExecutionView], sort: str) -> tuple[datetime, UUID]:
    """The latest execution that the first page has shown; what is newer is new to the reader."""
    if sort != ExecutionSort.NEWEST:
        return utc_now(), UUID(int=0)
    return max(((execution.triggered_at, execution.id) for execution in page), default=(datetime.min.replace(tzinfo=UTC), UUID(int=0)))
