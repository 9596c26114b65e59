"""How each step's attempts ended, in shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Cell, Chart, Plot, Row, Table, bar, bare_figure, rate, share
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import ACTION_TITLES

SQL = """
SELECT labels[1] AS step, labels[2] AS action_type, labels[4] AS result, sum(amount)::bigint AS attempts
FROM counted WHERE measure = 'steps' GROUP BY 1, 2, 3 HAVING sum(amount) > 0
"""
GROUPS = {
    "Answered or replied": (("answered", "replied"), OKABE_ITO["green"]),
    "Delivered or read": (("delivered", "read"), OKABE_ITO["sky"]),
    "Sent or done": (("sent", "queued", "done"), OKABE_ITO["blue"]),
    "Not answered": (("missed", "busy", "voicemail"), OKABE_ITO["orange"]),
    "Failed": (("failed",), OKABE_ITO["vermillion"]),
    "Unknown": (("unknown",), OKABE_ITO["purple"]),
    "In progress": (("in_progress",), "#F0E442"),
    "Skipped or cancelled": (("skipped", "cancelled"), OKABE_ITO["grey"]),
}


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per step and action: attempts, each group of results, and the share of good ones among those made and ended."""
    counts: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        counts[int(row["step"]), row["action_type"]][row["result"]] = row["attempts"]
    lines: list[list[Cell]] = []
    for (order, kind), results in sorted(counts.items()):
        groups = [sum(results.get(result, 0) for result in members) for members, _ in GROUPS.values()]
        ended = sum(groups) - groups[-1] - groups[-2]
        lines.append([f"{order} {ACTION_TITLES.get(kind, kind)}", sum(results.values()), *groups, rate(sum(groups[:3]), ended)])
    total = sum(int(line[1] or 0) for line in lines)
    skipped = sum(int(line[len(GROUPS) + 1] or 0) for line in lines)
    said = f"{total:,} attempts at {len(lines)} steps; {share(skipped, total)} were skipped or cancelled."
    return Table(("Step", "Attempts", *GROUPS, "Success rate"), lines, total, said)


def draw(numbers: Table) -> Plot:
    """A bar per step, cut by result."""
    names = [row[0] for row in numbers.rows]
    traces = [
        bar(name=title, x=names, y=[row[n] for row in numbers.rows], marker={"color": colour}, hovertemplate="%{y:,}")
        for n, (title, (_, colour)) in enumerate(GROUPS.items(), start=2)
    ]
    return bare_figure(traces, barmode="stack", xaxis={"type": "category"})


CHART = Chart(
    slug="action_results",
    title="Results by step",
    question="What became of each step's attempts?",
    definition="Attempts of executions that began in the period by step and by how they ended. Success rate: sent, delivered, answered or "
    "done, of those that were made and have ended.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("flow",),
)
