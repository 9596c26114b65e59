"""How long providers take to answer a request, by action and provider."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bar, bare_figure, duration_in_words
from autoflows.analytics.period import Period
from autoflows.domain.flow_words import ACTION_TITLES
from autoflows.domain.percentiles import percentile

SQL = """
SELECT s.labels[1] AS action_type, COALESCE(c.provider, '') AS provider, s.bin, sum(s.amount)::bigint AS attempts
FROM (SELECT labels, channel_id, bin, sum(amount) AS amount FROM spread WHERE measure = 'response' GROUP BY 1, 2, 3) s
LEFT JOIN channels c ON c.id = s.channel_id AND c.user_id = :account GROUP BY 1, 2, 3
"""
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
COLOURS = (OKABE_ITO["green"], OKABE_ITO["blue"], OKABE_ITO["orange"], OKABE_ITO["vermillion"])


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per action and provider: how many requests were answered, and percentiles in seconds."""
    bins: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in rows:
        bins[row["action_type"], row["provider"]][row["bin"]] = row["attempts"]
    found = {key: counts for key, counts in sorted(bins.items()) if sum(counts.values())}
    lines = [
        [ACTION_TITLES.get(kind, kind), provider or "–", sum(counts.values()), *(percentile(counts, f) for f in PERCENTILES.values())]
        for (kind, provider), counts in found.items()
    ]
    slowest = max(lines, key=lambda line: float(line[5] or 0), default=None)
    summary = "No request was answered."
    if slowest is not None:
        who = f"{slowest[0]} by {slowest[1]}" if slowest[1] != "–" else str(slowest[0])
        summary = f"Slowest is {who}: 95% are answered within {duration_in_words(float(slowest[5] or 0))}."
    return Table(("Action", "Provider", "Requests", *PERCENTILES), lines, sum(int(line[2] or 0) for line in lines), summary)


def draw(numbers: Table) -> Plot:
    """A group of bars per action and provider, one per percentile."""
    names = [f"{row[0]} ({row[1]})" for row in numbers.rows]
    traces = [
        bar(name=name, x=names, y=[row[n] for row in numbers.rows], marker={"color": colour}, hovertemplate="%{y:.2f} s")
        for n, (name, colour) in enumerate(zip(PERCENTILES, COLOURS, strict=True), start=3)
    ]
    return bare_figure(traces, barmode="group", xaxis={"type": "category"}, yaxis={"ticksuffix": " s", "tickformat": ".3~g"})


CHART = Chart(
    slug="response_times",
    title="Response times",
    question="How long do providers take to answer our requests?",
    definition="From writing an attempt down to the provider's answer to the request, of contact attempts made in the period that were "
    "answered; percentiles within 1 %, those under a millisecond as 0.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("performance",),
)
