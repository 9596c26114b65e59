"""Leads received: contacted, and why not."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bare_figure, counted_bars, share
from autoflows.analytics.period import Period

SQL = """
SELECT labels[1] AS disposition, labels[2] AS standing, sum(amount)::bigint AS leads FROM counted WHERE measure = 'leads' GROUP BY 1, 2
"""

CONTACTED = ("enrolled", "contacted")
STANDINGS: dict[tuple[str, str], str] = {
    CONTACTED: "Contacted",
    ("enrolled", "running"): "Waits for its first contact",
    ("enrolled", "skipped"): "Rules said no to every contact",
    ("enrolled", "cancelled"): "Cancelled before a contact",
    ("enrolled", "failed"): "Failed before a contact",
    ("enrolled", "completed"): "Finished without a contact",
    ("queued", ""): "Waits to be matched",
    ("no_match", ""): "No flow matched",
    ("cooldown", ""): "Cooldown",
    ("blocked_dnc", ""): "Do not contact",
    ("blocked_consent", ""): "No consent",
    ("duplicate", ""): "Duplicate",
    ("invalid", ""): "No usable address",
    ("outside_hours", ""): "Outside hours",
    ("paused", ""): "Paused",
    ("quota", ""): "Quota",
    ("error", ""): "Error",
}
"""Where a lead stands, by its disposition and its execution: every lead is in one of these."""


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per standing; contacted and not contacted add up to received."""
    counts = {(row["disposition"], row["standing"]): row["leads"] for row in rows}
    total = sum(counts.values())
    contacted = counts.get(CONTACTED, 0)
    lines = [[title, counts.get(key, 0), share(counts.get(key, 0), total)] for key, title in STANDINGS.items()]
    summary = f"{total:,} leads came in: {contacted:,} were contacted, {total - contacted:,} were not."
    more = (("received", total), ("contacted", contacted), ("not contacted", total - contacted))
    return Table(("Standing", "Leads", "Share"), lines, total, summary, more)


def draw(numbers: Table) -> Plot:
    """A bar per standing that has any."""
    rows = [row for row in numbers.rows if row[1]]
    colours = [OKABE_ITO["green"] if row[0] == STANDINGS[CONTACTED] else OKABE_ITO["blue"] for row in rows]
    bars = counted_bars([row[0] for row in rows], [row[1] for row in rows], colours, "leads")
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="lead_standings",
    title="Leads received",
    question="What became of every lead that came in?",
    definition="Lead events by the time they came in, each in one standing, so that contacted and not contacted add up to received. "
    "Contacted: its execution has made a first attempt. With a flow chosen, only leads that this flow took.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("overview",),
)
