"""What contacts cost, by action and currency."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bare_figure, counted_bars
from autoflows.analytics.period import Period
from autoflows.analytics.words import MINOR, money_text
from autoflows.domain.flow_words import ACTION_TITLES

SQL = """
SELECT labels[1] AS action_type, labels[2] AS currency, sum(amount)::bigint AS cost FROM counted WHERE measure = 'cost'
GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 2, 3 DESC, 1
"""


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per action and currency; amounts are minor units and are never added over currencies."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["currency"]] = totals.get(row["currency"], 0) + row["cost"]
    lines = [[ACTION_TITLES.get(row["action_type"], row["action_type"]), row["currency"], row["cost"]] for row in rows]
    said = " and ".join(money_text({currency or "no currency": cost}) for currency, cost in totals.items())
    summary = f"Contacts cost {said}." if totals else "No contact has cost anything."
    return Table(("Action", "Currency", f"Cost{MINOR}"), lines, sum(totals.values()), summary, tuple(totals.items()))


def draw(numbers: Table) -> Plot:
    """A bar per action and currency."""
    names = [f"{row[0]} ({row[1]})" for row in numbers.rows]
    amounts = [int(row[2] or 0) / 100 for row in numbers.rows]
    bars = counted_bars(names, amounts, OKABE_ITO["orange"], "", [f"{amount:,.2f}" for amount in amounts])
    return bare_figure([bars], xaxis={"type": "category"}, yaxis={"tickformat": ","}, showlegend=False)


CHART = Chart(
    slug="cost_by_action",
    title="Cost",
    question="What did the contacts of these executions cost?",
    definition="The cost of every attempt of executions that began in the period, also of attempts made later; in minor units (paise, "
    "cents) of its currency, by the prices that were set when the attempt was made.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("overview", "flow"),
)
