"""Executions per day by status: stacked bars."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from autoflows.analytics.chart import OKABE_ITO, Chart, Row, Table, bare_figure, share
from autoflows.analytics.period import Period
from autoflows.domain.executions import ExecutionStatus

SQL = """
SELECT (triggered_at AT TIME ZONE :zone)::date AS day, status, count(*) AS executions
FROM flow_executions
WHERE user_id = :account AND triggered_at >= :start AND triggered_at < :end AND NOT is_test_run
GROUP BY 1, 2
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
    lines = [[day.isoformat(), *(counts.get((day, status.value), 0) for status in STATUSES)] for day in period.days]
    total = sum(counts.values())
    completed = sum(n for (_, status), n in counts.items() if status == ExecutionStatus.COMPLETED)
    failed = sum(n for (_, status), n in counts.items() if status == ExecutionStatus.FAILED)
    summary = f"{total:,} executions, {share(completed, completed + failed)} of those that completed or failed were completed."
    return Table(("Day", *(title for title, _ in STATUSES.values())), lines, total, summary)


def figure(numbers: Table) -> go.Figure:
    """One bar a day, a colour per status."""
    days = [row[0] for row in numbers.rows]
    traces = [
        go.Bar(
            name=title, x=days, y=[row[n] for row in numbers.rows], marker={"color": colour, "line": {"width": 0}}, hovertemplate="%{y:,}"
        )
        for n, (title, colour) in enumerate(STATUSES.values(), start=1)
    ]
    return bare_figure(traces, barmode="stack", xaxis={"type": "date", "tickformat": "%d %b"})


CHART = Chart(
    slug="executions_per_day",
    title="Executions per day",
    question="How many leads were worked on each day, and where do those runs stand now?",
    sql=SQL,
    table=table,
    figure=figure,
)
