"""Why steps did not reach anybody."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bare_figure, counted_bars
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import ACTION_TITLES, GATES

SQL = """
SELECT labels[1] AS step, labels[2] AS action_type, labels[4] AS result, labels[5] AS reason, sum(amount)::bigint AS attempts
FROM counted WHERE measure = 'steps' AND labels[4] IN ('skipped', 'failed') GROUP BY 1, 2, 3, 4 HAVING sum(amount) > 0
ORDER BY 5 DESC, labels[1]::int, 2, 3, 4
"""
DRAWN = 12


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per step and reason, the most frequent first."""
    lines = [
        [
            f"{row['step']} {ACTION_TITLES.get(row['action_type'], row['action_type'])}",
            row["result"].capitalize(),
            _why(row),
            row["attempts"],
        ]
        for row in rows
    ]
    total = sum(row["attempts"] for row in rows)
    said = (
        f"Most often: {lines[0][0]}, {str(lines[0][1]).lower()}: {lines[0][2]} ({lines[0][3]:,} times)." if lines else "Nothing was lost."
    )
    return Table(("Step", "What", "Reason", "Attempts"), lines, total, said)


def _why(row: Row) -> str:
    if row["result"] == "skipped":
        return GATES.get(row["reason"], row["reason"] or "No reason kept")
    return row["reason"] or "No code given"


def draw(numbers: Table) -> Plot:
    """A bar per step and reason, the most frequent."""
    rows = numbers.rows[:DRAWN]
    names = [f"{row[0]}: {row[2]}" for row in rows]
    colours = [OKABE_ITO["grey"] if row[1] == "Skipped" else OKABE_ITO["vermillion"] for row in rows]
    return bare_figure([counted_bars(names, [row[3] for row in rows], colours, "attempts")], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="drop_off",
    title="Why steps reached nobody",
    question="Which rules and failures stop contacts?",
    definition="Attempts of executions that began in the period that a rule skipped, by the rule, or that failed, by the provider's code.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("flow",),
)
