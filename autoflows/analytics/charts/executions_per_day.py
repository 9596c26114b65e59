"""Executions per day by status: stacked bars."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, share, stacked_days
from autoflows.analytics.period import Period
from autoflows.domain.executions import ExecutionStatus

SQL = """
SELECT label AS day, labels[1] AS status, sum(amount)::bigint AS executions FROM counted WHERE measure = 'executions' GROUP BY 1, 2
"""

STATUSES = {
    ExecutionStatus.COMPLETED: ("Completed", OKABE_ITO["green"]),
    ExecutionStatus.RUNNING: ("Running", OKABE_ITO["sky"]),
    ExecutionStatus.SKIPPED: ("Skipped", OKABE_ITO["grey"]),
    ExecutionStatus.CANCELLED: ("Cancelled", OKABE_ITO["orange"]),
    ExecutionStatus.FAILED: ("Failed", OKABE_ITO["vermillion"]),
}


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row for every day of the period, days without any included."""
    counts = {(row["day"], row["status"]): row["executions"] for row in rows}
    days = [day.isoformat() for day in period.days]
    lines = [[day, *(counts.get((day, status.value), 0) for status in STATUSES)] for day in days]
    total = sum(counts.values())
    completed = sum(n for (_, status), n in counts.items() if status == ExecutionStatus.COMPLETED)
    failed = sum(n for (_, status), n in counts.items() if status == ExecutionStatus.FAILED)
    summary = f"{total:,} executions, {share(completed, completed + failed)} of those that completed or failed were completed."
    return Table(("Day", *(title for title, _ in STATUSES.values())), lines, total, summary)


def draw(numbers: Table) -> Plot:
    """One bar a day, a colour per status."""
    return stacked_days(numbers, list(STATUSES.values()))


CHART = Chart(
    slug="executions_per_day",
    title="Executions per day",
    question="How many leads were worked on each day, and where do those runs stand now?",
    definition="Executions by the local day on which they began, and the status they have now. Skipped: rules said no to every contact. "
    "Failed: every contact that was tried failed.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("overview", "flow"),
    by="day",
    is_over_time=True,
)
