"""How call attempts ended: one bar per outcome."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from autoflows.analytics.chart import OKABE_ITO, Chart, Row, Table, bare_figure, share
from autoflows.analytics.period import Period
from autoflows.domain.outcomes import CallOutcome

IN_PROGRESS = "in_progress"

# A refused attempt carries no outcome of a call: it failed. The anti-join reads the small partial index of test runs only.
SQL = """
SELECT CASE
         WHEN l.outcome IS NOT NULL THEN l.outcome
         WHEN l.status IN ('pending', 'running') THEN 'in_progress'
         WHEN l.status = 'failed' THEN 'failed'
         ELSE 'unknown'
       END AS outcome, count(*) AS calls
FROM flow_action_logs l
WHERE l.user_id = :account AND l.started_at >= :start AND l.started_at < :end
  AND l.action_type = 'ai_call' AND (l.outcome IS NOT NULL OR l.status NOT IN ('skipped', 'cancelled'))
  AND NOT EXISTS (SELECT 1 FROM flow_executions e WHERE e.id = l.flow_execution_id AND e.is_test_run)
GROUP BY 1
"""

OUTCOMES = {
    CallOutcome.ANSWERED: ("Answered", OKABE_ITO["green"]),
    CallOutcome.MISSED: ("Missed", OKABE_ITO["orange"]),
    CallOutcome.BUSY: ("Busy", OKABE_ITO["purple"]),
    CallOutcome.VOICEMAIL: ("Voicemail", OKABE_ITO["blue"]),
    CallOutcome.FAILED: ("Failed", OKABE_ITO["vermillion"]),
    CallOutcome.UNKNOWN: ("Unknown", OKABE_ITO["grey"]),
    IN_PROGRESS: ("In progress", OKABE_ITO["sky"]),
}


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per outcome, with its share of the calls that have ended."""
    counts = {row["outcome"]: row["calls"] for row in rows}
    total = sum(counts.values())
    ended = total - counts.get(IN_PROGRESS, 0)
    lines = [
        [title, counts.get(str(outcome), 0), "–" if outcome == IN_PROGRESS else share(counts.get(str(outcome), 0), ended)]
        for outcome, (title, _) in OUTCOMES.items()
    ]
    answered = counts.get(CallOutcome.ANSWERED.value, 0)
    summary = f"{total:,} call attempts, {share(answered, ended)} of those that ended were answered."
    return Table(("Outcome", "Calls", "Share of ended calls"), lines, total, summary)


def figure(numbers: Table) -> go.Figure:
    """A bar per outcome, its count written on it."""
    bars = go.Bar(
        x=[row[0] for row in numbers.rows],
        y=[row[1] for row in numbers.rows],
        text=[f"{row[1]:,}" for row in numbers.rows],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [colour for _, colour in OUTCOMES.values()], "line": {"width": 0}},
        hovertemplate="%{y:,} calls<extra></extra>",
    )
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="call_outcomes",
    title="Call outcomes",
    question="How did the calls made in this period end? Each attempt counts once.",
    sql=SQL,
    table=table,
    figure=figure,
)
