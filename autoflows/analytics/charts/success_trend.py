"""The success rate day by day."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Cell, Chart, Plot, Row, Table, bare_figure, rate, rate_line, share
from autoflows.analytics.period import Period

SQL = """
SELECT label AS day, COALESCE(sum(amount) FILTER (WHERE labels[1] = 'completed'), 0)::bigint AS completed,
  COALESCE(sum(amount) FILTER (WHERE labels[1] = 'failed'), 0)::bigint AS failed,
  COALESCE(sum(amount) FILTER (WHERE labels[3] <> ''), 0)::bigint AS conversed, sum(amount)::bigint AS executions
FROM counted WHERE measure = 'executions' GROUP BY 1
"""


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row for every day: completed of completed and failed, and conversations of all."""
    found = {row["day"]: row for row in rows}
    lines: list[list[Cell]] = []
    for day in (day.isoformat() for day in period.days):
        row = found.get(day)
        completed, failed = (row["completed"], row["failed"]) if row else (0, 0)
        conversed, executions = (row["conversed"], row["executions"]) if row else (0, 0)
        lines.append([day, completed, failed, rate(completed, completed + failed), conversed, rate(conversed, executions)])
    completed, failed = sum(row["completed"] for row in rows), sum(row["failed"] for row in rows)
    said = f"{share(completed, completed + failed)} of {completed + failed:,} executions that completed or failed were completed."
    columns = ("Day", "Completed", "Failed", "Success rate", "Conversations", "Conversation rate")
    return Table(columns, lines, sum(row["executions"] for row in rows), said)


def draw(numbers: Table) -> Plot:
    """Both rates as lines."""
    days = [row[0] for row in numbers.rows]
    lines = [
        rate_line(days, [row[3] for row in numbers.rows], "Success rate", OKABE_ITO["green"]),
        rate_line(days, [row[5] for row in numbers.rows], "Conversation rate", OKABE_ITO["blue"]),
    ]
    return bare_figure(lines, xaxis={"type": "date", "tickformat": "%d %b"}, yaxis={"tickformat": ".0%"})


CHART = Chart(
    slug="success_trend",
    title="Success over time",
    question="Does it get better or worse?",
    definition="By the local day on which executions began. Success rate: completed of completed and failed. Conversation rate: executions "
    "with a call answered or a reply, of all that began.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("flow",),
    by="day",
    is_over_time=True,
)
