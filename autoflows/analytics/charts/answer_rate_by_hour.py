"""How many calls are answered, by the hour of the day."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Cell, Chart, Plot, Row, Table, bare_figure, rate_line
from autoflows.analytics.period import Period
from autoflows.domain.statistics import Proportion, wilson

SQL = """
SELECT label, labels[1] AS kind, sum(amount)::bigint AS attempts FROM counted WHERE measure = 'busy' GROUP BY 1, 2
"""
COLUMNS = ("Ended calls", "Answered", "Answer rate", "From", "To")
FEW = 20
"""With fewer ended calls than this, an hour or day is not called the best."""


def line_of(answered: int, ended: int) -> list[Cell]:
    """Ended, answered, the rate and its 95 % Wilson interval."""
    if not ended:
        return [0, 0, None, None, None]
    found = Proportion(answered, ended)
    interval = wilson(found)
    return [ended, answered, round(found.rate, 6), round(interval.low, 6), round(interval.high, 6)]


def rates(rows: Sequence[Row], place: int, names: Sequence[str], keys: Sequence[str], first: str) -> Table:
    """A line per hour or weekday; `place` is where in the label (weekday, hour) its key stands."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        both = (row["label"].split()[place], row["kind"])
        counts[both] = counts.get(both, 0) + row["attempts"]
    lines: list[list[Cell]] = []
    for name, key in zip(names, keys, strict=True):
        answered = counts.get((key, "answered"), 0)
        lines.append([name, *line_of(answered, answered + counts.get((key, "unanswered"), 0))])
    total = sum(int(line[1] or 0) for line in lines)
    best = max((line for line in lines if int(line[1] or 0) >= FEW), key=lambda line: float(line[4] or 0), default=None)
    summary = f"{total:,} calls ended; too few at any time to say when is best."
    if best is not None:
        low, high = 100 * float(best[4] or 0), 100 * float(best[5] or 0)
        summary = f"Best is {best[0]}: {100 * float(best[3] or 0):.0f}% of {best[1]:,} calls were answered (95%: {low:.0f} to {high:.0f}%)."
    return Table((first, *COLUMNS), lines, total, summary)


def draw(numbers: Table) -> Plot:
    """The rate as a line, its interval as bars of error."""
    rows = numbers.rows
    above = [None if row[3] is None else float(row[5] or 0) - float(row[3]) for row in rows]
    below = [None if row[3] is None else float(row[3]) - float(row[4] or 0) for row in rows]
    line = rate_line(
        [row[0] for row in rows], [row[3] for row in rows], "Answer rate", OKABE_ITO["green"],
        error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.2, "width": 3},
    )  # fmt: skip
    return bare_figure([line], xaxis={"type": "category"}, yaxis={"tickformat": ".0%"}, showlegend=False)


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per hour of the day."""
    hours = [f"{hour:02d}" for hour in range(24)]
    return rates(rows, 1, [f"{hour}:00" for hour in hours], hours, "Hour")


CHART = Chart(
    slug="answer_rate_by_hour",
    title="Answer rate by hour",
    question="At which hour of the day do people answer?",
    definition="Answered of ended calls by the local hour in which they were made; calls that are out or in doubt are left out. The "
    "interval is Wilson's, 95 %: the true rate lies in it in 95 of 100 cases.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("performance",),
    by="hour",
)
