"""The bands of speed to lead, day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autoflows.analytics.chart import Cell, Chart, Plot, Row, Table, share, stacked_days
from autoflows.analytics.charts.speed_to_lead import BANDS, COLOURS, bands_of
from autoflows.analytics.period import Period

SQL = """
SELECT label AS day, labels[1] AS place, sum(amount)::bigint AS leads FROM counted WHERE measure = 'speed' GROUP BY 1, 2
"""


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row for every day, a column per band."""
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        places[row["day"]].append((row["place"], row["leads"]))
    days = [day.isoformat() for day in period.days]
    lines: list[list[Cell]] = [[day, *bands_of(places[day]).values()] for day in days]
    total = sum(row["leads"] for row in rows)
    quick = bands_of([(row["place"], row["leads"]) for row in rows])["0–1 min"]
    return Table(("Day", *BANDS), lines, total, f"{total:,} leads were attempted, {share(quick, total)} of them within a minute.")


def draw(numbers: Table) -> Plot:
    """One bar a day, a colour per band."""
    return stacked_days(numbers, list(zip(BANDS, COLOURS, strict=True)))


CHART = Chart(
    slug="speed_by_day",
    title="Speed to lead by day",
    question="Did leads of some days wait longer than others for the first attempt?",
    definition="Executions by the local day on which they began and the time from the lead to its first attempt; without those that have "
    "had no attempt.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("speed",),
    by="day",
    is_over_time=True,
)
