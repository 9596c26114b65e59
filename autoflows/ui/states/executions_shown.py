"""The first page of the list for what is wanted, as tabs that want the same share it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.services import execution_counts, executions
from autoflows.services.views.executions import ExecutionSort, ExecutionView, Stage
from autoflows.ui.live import Ask
from autoflows.ui.states.base import page_values
from autoflows.ui.states.executions_forecast import outlook_of
from autoflows.ui.states.executions_rows import renewed, row_of, tabs_of
from autoflows.ui.states.executions_wanted import PLAIN, Wanted, filter_of


@dataclass(frozen=True)
class ShownExecutions:
    """What the list shows to a reader who is at its top; `zone` is the viewer's, whose days and hours are meant."""

    wanted: Wanted
    zone: str

    rights: ClassVar[frozenset[Permission]] = frozenset({Permission.EXECUTIONS_READ, Permission.PII_READ})

    async def read(self, ask: Ask, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The rows."""
        wanted = filter_of(self.wanted, ZoneInfo(self.zone))
        page = await ask(executions.list_executions, wanted, sort=ExecutionSort(self.wanted.sort), limit=self.wanted.size)
        return {
            "rows": renewed(before.get("rows"), [row_of(execution) for execution in page.data], int(time.monotonic())),
            "newer": "",
            "_seen": newest(page.data, self.wanted.sort),
            **page_values(page),
        }


@dataclass(frozen=True)
class CountedExecutions:
    """The figures beside the list. They are the same in every tab of it but those that ask for more: `of` is "" or such a tab."""

    wanted: Wanted
    zone: str
    of: str

    @property
    def rights(self) -> frozenset[Permission]:
        """What is counted is nobody's own, unless it is found by an address."""
        return ShownExecutions.rights if self.wanted.search else frozenset({Permission.EXECUTIONS_READ})

    async def read(self, ask: Ask, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The numbers of the tabs, and what is due."""
        counts = await ask(execution_counts.count_by_status, filter_of(self.wanted, ZoneInfo(self.zone)))
        foreseen = self.of in FORESEEN
        return {
            "tabs": tabs_of(counts, self.of),
            "outlook": outlook_of(await ask(execution_counts.forecast), self.zone) if foreseen else None,
        }


FORESEEN = (Stage.ACTIVE, Stage.WAITING)
"""The tabs that show what is due next."""


def counted(wanted: Wanted, zone: str) -> CountedExecutions:
    """The figures beside the list of what is wanted."""
    of = wanted.status if wanted.status in (*FORESEEN, ExecutionStatus.RUNNING) else ""
    return CountedExecutions(wanted.model_copy(update={"status": "", "sort": PLAIN.sort, "size": PLAIN.size}), zone, of)


def newest(page: list[ExecutionView], sort: str) -> tuple[datetime, UUID]:
    """The latest execution that the first page has shown; what is newer is new to the reader."""
    if sort != ExecutionSort.NEWEST:
        return utc_now(), UUID(int=0)
    return max(((execution.triggered_at, execution.id) for execution in page), default=(datetime.min.replace(tzinfo=UTC), UUID(int=0)))
