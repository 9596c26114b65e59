"""When contacts are made: every hour of the local week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autoflows.analytics.chart import SCALE, Cell, Chart, Plot, Row, Table, bare_figure, scatter, share
from autoflows.analytics.charts.answer_rate_by_hour import SQL
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import DAYS

HOURS = [f"{hour:02d}" for hour in range(24)]


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per weekday, a column per hour."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row["label"]] += row["attempts"]
    lines: list[list[Cell]] = [[name, *(counts.get(f"{day} {hour}", 0) for hour in HOURS)] for day, name in enumerate(DAYS, start=1)]
    total = sum(counts.values())
    summary = "No contact was attempted."
    if total:
        peak = max(counts, key=lambda label: (counts[label], label))
        day, hour = peak.split()
        summary = f"The busiest hour is {DAYS[int(day) - 1]} {hour}:00, with {share(counts[peak], total)} of {total:,} contact attempts."
    return Table(("Weekday", *HOURS), lines, total, summary)


def draw(numbers: Table) -> Plot:
    """A square per hour of the week: the more, the darker, and the larger."""
    points = [(hour, str(row[0]), int(row[n] or 0)) for row in numbers.rows for n, hour in enumerate(HOURS, start=1)]
    most = max((count for _, _, count in points), default=0) or 1
    squares = scatter(
        x=[hour for hour, _, _ in points],
        y=[day for _, day, _ in points],
        mode="markers",
        customdata=[count for _, _, count in points],
        marker={
            "symbol": "square",
            "size": [4 + 12 * (count / most) ** 0.5 if count else 0 for _, _, count in points],
            "color": [count for _, _, count in points],
            "colorscale": [list(step) for step in SCALE],
            "cmin": 0,
            "cmax": most,
            "line": {"width": 0},
        },
        hovertemplate="%{y} %{x}:00: %{customdata:,} attempts<extra></extra>",
    )
    axis = {"type": "category", "rangemode": "normal"}
    return bare_figure([squares], hovermode="closest", xaxis=axis, yaxis={**axis, "autorange": "reversed"}, showlegend=False)


CHART = Chart(
    slug="peak_times",
    title="Peak times",
    question="At which hours of the week are contacts made?",
    definition="Contact attempts that were made (calls, messages, e-mails; not those that a rule skipped), by weekday and hour of the "
    "chosen time zone.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("performance",),
    by="hour",
)
