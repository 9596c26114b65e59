"""Speed to lead: from the lead's own time to the first attempt on the wire, in bands and percentiles."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Cell, Chart, Plot, Row, Table, bare_figure, counted_bars, duration_in_words, share
from autoflows.analytics.period import Period
from autoflows.domain.percentiles import percentile
from autoflows.domain.speed import EDGES

SQL = """
SELECT 'band' AS what, CASE WHEN measure = 'speed' THEN labels[1] ELSE '' END AS place, sum(amount)::bigint AS leads FROM counted
WHERE measure IN ('speed', 'executions') AND CASE WHEN measure = 'speed' THEN true ELSE labels[2] = '' END GROUP BY 2
UNION ALL
SELECT 'bin', bin::text, sum(amount)::bigint FROM spread WHERE measure = 'first_attempt' GROUP BY bin
"""

BANDS = {"0–1 min": 60, "1–5 min": 300, "5–15 min": 900, "15–60 min": 3600, "60+ min": None}
"""Each with the second at which it ends."""
COLOURS = (OKABE_ITO["green"], OKABE_ITO["sky"], OKABE_ITO["blue"], OKABE_ITO["orange"], OKABE_ITO["vermillion"])
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def band_of(place: str) -> str:
    """The shown band that a fine one of the rollups is a part of."""
    ends = EDGES[int(place)] if int(place) < len(EDGES) else None
    return next(band for band, edge in BANDS.items() if edge is None or (ends is not None and ends <= edge))


def bands_of(places: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Counts of fine bands as counts of the shown ones; executions without an attempt are left out."""
    counts = dict.fromkeys(BANDS, 0)
    for place, number in places:
        if place:
            counts[band_of(place)] += number
    return counts


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per band; percentiles in seconds, and how many leads have had no attempt, besides."""
    counts = bands_of([(row["place"], row["leads"]) for row in rows if row["what"] == "band"])
    bins = {int(row["place"]): row["leads"] for row in rows if row["what"] == "bin"}
    waiting = sum(row["leads"] for row in rows if row["what"] == "band" and not row["place"])
    reached = sum(counts.values())
    percentiles = {name: percentile(bins, fraction) for name, fraction in PERCENTILES.items()}
    summary = (
        f"{share(counts['0–1 min'], reached)} of {reached:,} leads were contacted within a minute; "
        f"half within {duration_in_words(percentiles['p50'])}, 99% within {duration_in_words(percentiles['p99'])}. "
        f"{waiting:,} have had no attempt."
    )
    lines: list[list[Cell]] = [[band, count, share(count, reached)] for band, count in counts.items()]
    return Table(("Time to first attempt", "Leads", "Share"), lines, reached, summary, (*percentiles.items(), ("no attempt", waiting)))


def draw(numbers: Table) -> Plot:
    """A bar per band, its count written on it."""
    bars = counted_bars([row[0] for row in numbers.rows], [row[1] for row in numbers.rows], COLOURS, "leads")
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="speed_to_lead",
    title="Speed to lead",
    question="How long after a lead came in was the first contact attempted?",
    definition="From the lead's own time (the source's timestamp; its arrival if the source gave none) to the first contact attempt, of "
    "executions that began in the period. Bands are exact, percentiles within 1 %. An execution without an attempt is in no band.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("overview", "speed", "flow"),
)
