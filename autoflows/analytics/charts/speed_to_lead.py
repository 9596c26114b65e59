"""Speed to lead: from the lead's own time to the first attempt on the wire, in bands and percentiles."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from autoflows.analytics.chart import OKABE_ITO, Chart, Row, Table, bare_figure, duration_in_words, share
from autoflows.analytics.period import Period

# A source whose clock runs ahead would give a negative span: that is no time at all, not a gain. `greatest` ignores nulls, hence CASE.
SQL = """
WITH reached AS (
  SELECT CASE WHEN first_attempt_at IS NOT NULL
              THEN greatest(extract(epoch FROM first_attempt_at - lead_at), 0)::double precision END AS seconds
  FROM flow_executions
  WHERE user_id = :account AND triggered_at >= :start AND triggered_at < :end AND NOT is_test_run
)
SELECT count(*) AS executions,
       count(seconds) AS reached,
       count(*) FILTER (WHERE seconds < 60) AS band_1,
       count(*) FILTER (WHERE seconds >= 60 AND seconds < 300) AS band_2,
       count(*) FILTER (WHERE seconds >= 300 AND seconds < 900) AS band_3,
       count(*) FILTER (WHERE seconds >= 900 AND seconds < 3600) AS band_4,
       count(*) FILTER (WHERE seconds >= 3600) AS band_5,
       percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY seconds) AS percentiles
FROM reached
"""

BANDS = ("0–1 min", "1–5 min", "5–15 min", "15–60 min", "60+ min")
COLOURS = (OKABE_ITO["green"], OKABE_ITO["sky"], OKABE_ITO["blue"], OKABE_ITO["orange"], OKABE_ITO["vermillion"])
PERCENTILES = ("p50", "p90", "p95", "p99")


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per band; percentiles in seconds, and how many leads have had no attempt, besides."""
    row = rows[0]
    reached, waiting = row["reached"], row["executions"] - row["reached"]
    counts = [row[f"band_{n}"] for n in range(1, len(BANDS) + 1)]
    percentiles = row["percentiles"] or [None] * len(PERCENTILES)
    summary = (
        f"{share(counts[0], reached)} of {reached:,} leads were contacted within a minute; "
        f"half within {duration_in_words(percentiles[0])}, 99% within {duration_in_words(percentiles[3])}. "
        f"{waiting:,} have had no attempt."
    )
    lines = [[band, count, share(count, reached)] for band, count in zip(BANDS, counts, strict=True)]
    more = (*zip(PERCENTILES, percentiles, strict=True), ("no attempt", waiting))
    return Table(("Time to first attempt", "Leads", "Share"), lines, reached, summary, more)


def figure(numbers: Table) -> go.Figure:
    """A bar per band, its count written on it."""
    bars = go.Bar(
        x=[row[0] for row in numbers.rows],
        y=[row[1] for row in numbers.rows],
        text=[f"{row[1]:,}" for row in numbers.rows],
        textposition="outside",
        cliponaxis=False,
        marker={"color": list(COLOURS), "line": {"width": 0}},
        hovertemplate="%{y:,} leads<extra></extra>",
    )
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="speed_to_lead",
    title="Speed to lead",
    question="How long after a lead came in was the first contact attempted?",
    sql=SQL,
    table=table,
    figure=figure,
)
