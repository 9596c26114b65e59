"""From entering a flow to a conversation and to its goal, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Cell, Chart, Plot, Row, Table, bare_figure, counted_bars, share
from autoflows.analytics.goals import goal_rows
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import ACTION_TITLES

SQL = """
SELECT labels[1] AS step, labels[2] AS action_type, labels[3] AS try, labels[4] AS result, sum(amount)::bigint AS number
FROM counted WHERE measure = 'steps' GROUP BY 1, 2, 3, 4
UNION ALL
SELECT 'entered', '', '', labels[3], sum(amount)::bigint FROM counted WHERE measure = 'executions' GROUP BY labels[3]
"""
ENTERED, CONVERSATION, GOAL = "Entered", "Conversation", "Goal: "
GOOD = ("answered", "replied")
NOT_MADE = ("skipped", "cancelled")


def table(rows: Sequence[Row], period: Period) -> Table:
    """Entered, a row per step in order, conversations, and the goal. `Lost` are those who did not come from the row above to this one."""
    goals = [row for row in rows if row["step"] == "goal"]
    entered = sum(row["number"] for row in rows if row["step"] == "entered")
    conversed = sum(row["number"] for row in rows if row["step"] == "entered" and row["result"])
    steps: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row["step"] not in ("entered", "goal"):
            steps[int(row["step"])].append(row)
    lines: list[list[Cell]] = [[ENTERED, entered, None, None, None, None, 0]]
    above = entered
    for order in sorted(steps):
        kinds = " / ".join(
            sorted({ACTION_TITLES.get(str(row["action_type"]), str(row["action_type"])) for row in steps[order] if row["number"]})
        )
        reached = _sum(steps[order], tries=("first",))
        made = _sum(steps[order], leaving_out=NOT_MADE)
        good = _sum(steps[order], results=GOOD)
        lines.append(
            [f"{order} {kinds}", reached, made, _sum(steps[order], results=("skipped",)), _sum(steps[order], results=("failed",)), good,
             above - reached]
        )  # fmt: skip
        above = reached
    lines.append([CONVERSATION, conversed, None, None, None, None, None])
    lines += [[f"{GOAL}{goal['action_type']}", goal["number"], None, None, None, None, None] for goal in goals]
    said = f"{conversed:,} of {entered:,} who entered came to a conversation ({share(conversed, entered)})."
    for goal in goals:
        said += f" {goal['number']:,} met the goal ({share(goal['number'], entered)}): {goal['action_type']}."
    columns = ("Step", "Reached", "Attempts", "Skipped", "Failed", "Answered or replied", "Lost")
    return Table(columns, lines, entered, said)


def _sum(
    rows: Sequence[Row], *, results: Sequence[str] | None = None, leaving_out: Sequence[str] = (), tries: Sequence[str] = ("first", "again")
) -> int:
    return sum(
        row["number"]
        for row in rows
        if row["try"] in tries and row["result"] not in leaving_out and (results is None or row["result"] in results)
    )


def draw(numbers: Table) -> Plot:
    """A bar per row: how many came so far."""
    colours = [_colour(str(row[0])) for row in numbers.rows]
    bars = counted_bars(
        [GOAL[:-2] if str(row[0]).startswith(GOAL) else row[0] for row in numbers.rows],
        [row[1] for row in numbers.rows],
        colours,
        "executions",
    )
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


def _colour(name: str) -> str:
    if name == ENTERED:
        return OKABE_ITO["blue"]
    return OKABE_ITO["green"] if name == CONVERSATION or name.startswith(GOAL) else OKABE_ITO["sky"]


CHART = Chart(
    slug="funnel",
    title="Funnel",
    question="How far do executions come, and where are they lost?",
    definition="Of executions that began in the period. Reached: came to the step, also if a rule then skipped it. Attempts, skipped, "
    "failed, answered or replied count attempts at the step. Lost: came to the row above and not (yet) to this one: they ended, or wait. "
    "Goal: met the flow's goal, as its newest version has it, within its days.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("flow",),
    also=goal_rows,
)
