"""The flows that work the most."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bare_figure, counted_bars, share
from autoflows.analytics.period import Period

MOST = 10
SQL = """
SELECT f.id, f.name, sum(c.executions)::bigint AS executions, sum(c.attempted)::bigint AS attempted,
  sum(c.conversed)::bigint AS conversed, sum(c.completed)::bigint AS completed, sum(c.failed)::bigint AS failed
FROM (
  SELECT flow_version_id, sum(amount) AS executions, sum(amount) FILTER (WHERE labels[2] <> '') AS attempted,
    sum(amount) FILTER (WHERE labels[3] <> '') AS conversed, sum(amount) FILTER (WHERE labels[1] = 'completed') AS completed,
    sum(amount) FILTER (WHERE labels[1] = 'failed') AS failed
  FROM counted WHERE measure = 'executions' GROUP BY 1 HAVING sum(amount) > 0
) c JOIN flow_versions v ON v.id = c.flow_version_id JOIN auto_engagement_flows f ON f.id = v.flow_id
GROUP BY f.id, f.name ORDER BY executions DESC, f.name, f.id
"""


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per flow, the busiest first, at most `MOST`; the total is over all flows."""
    total = sum(row["executions"] for row in rows)
    lines = [
        [
            row["name"],
            row["executions"],
            row["attempted"] or 0,
            row["conversed"] or 0,
            share(row["completed"] or 0, (row["completed"] or 0) + (row["failed"] or 0)),
        ]
        for row in rows[:MOST]
    ]
    said = f"'{rows[0]['name']}' did the most: {share(rows[0]['executions'], total)} of {total:,} executions." if rows else "No flow ran."
    return Table(("Flow", "Executions", "Contacted", "Conversations", "Success rate"), lines, total, said, (("flows", len(rows)),))


def draw(numbers: Table) -> Plot:
    """A bar per flow, its executions written on it."""
    bars = counted_bars([row[0] for row in numbers.rows], [row[1] for row in numbers.rows], OKABE_ITO["blue"], "executions")
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="active_flows",
    title="Most active flows",
    question="Which flows work the most, and how do they do?",
    definition="Executions that began in the period by flow. Contacted: with a first attempt. Conversations: with a call answered or a "
    "reply. Success rate: completed of completed and failed.",
    sql=SQL,
    table=table,
    draw=draw,
)
