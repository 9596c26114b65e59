"""How many calls are answered, by weekday."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import Chart, Row, Table
from autoflows.analytics.charts.answer_rate_by_hour import SQL, draw, rates
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import DAYS


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per weekday."""
    return rates(rows, 0, DAYS, [str(day) for day in range(1, 8)], "Weekday")


CHART = Chart(
    slug="answer_rate_by_weekday",
    title="Answer rate by weekday",
    question="On which days do people answer?",
    definition="Answered of ended calls by the local weekday on which they were made; calls that are out or in doubt are left out. The "
    "interval is Wilson's, 95 %.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("performance",),
    by="hour",
)
