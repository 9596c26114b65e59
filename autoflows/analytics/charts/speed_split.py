"""Where the time from a lead to its first attempt goes: source, queue, hours, limits, the flow's own waits, the provider."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bar, bare_figure, duration_in_words, share
from autoflows.analytics.period import Period
from autoflows.analytics.rollups.facts import PARTS

SQL = """
SELECT label, CASE WHEN measure = 'time' THEN labels[1] ELSE 'leads' END AS part, sum(amount)::bigint AS micros FROM counted
WHERE measure IN ('time', 'executions') AND CASE WHEN measure = 'time' THEN labels[1] <> 'duration' ELSE labels[2] <> '' END GROUP BY 1, 2
"""

TITLES = {
    "source": ("Source", OKABE_ITO["orange"], "is spent before the source hands the lead over"),
    "queue": ("Queue", OKABE_ITO["sky"], "is waiting for a worker"),
    "hours": ("Hours", OKABE_ITO["grey"], "is waiting for the hours in which contacts may be made"),
    "capacity": ("Capacity", OKABE_ITO["vermillion"], "is waiting for a free line, a limit or a channel that is held"),
    "wait": ("Wait steps", OKABE_ITO["purple"], "is spent in wait steps of the flow itself"),
    "provider": ("Provider", OKABE_ITO["blue"], "is the provider taking the request"),
}


def parts_of(rows: Sequence[Row]) -> dict[str, int]:
    """Microseconds by part, in order, those without any included."""
    found = {row["part"]: row["micros"] for row in rows}
    return {part: found.get(part, 0) for part in PARTS}


def bottleneck(parts: dict[str, int]) -> str:
    """What takes the most of the time to the first contact, in a sentence; empty if no time was spent."""
    total = sum(parts.values())
    if not total:
        return ""
    worst = max(parts, key=lambda part: parts[part])
    return f"{share(parts[worst], total)} of the time to first contact {TITLES[worst][2]}."


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per part: its share, and what it is per lead on average."""
    parts, leads = parts_of(rows), sum(row["micros"] for row in rows if row["part"] == "leads")
    total = sum(parts.values())
    lines = [
        [TITLES[part][0], round(micros / 1e6, 6), share(micros, total), round(micros / 1e6 / leads, 6) if leads else None]
        for part, micros in parts.items()
    ]
    said = bottleneck(parts) or "No lead was attempted."
    more = (("leads", leads), ("mean seconds", round(total / 1e6 / leads, 6) if leads else None))
    average = f" {duration_in_words(total / 1e6 / leads)} a lead on average." if leads and total else ""
    return Table(("Part", "Seconds", "Share", "Seconds per lead"), lines, leads if total else 0, said + average, more)


def draw(numbers: Table) -> Plot:
    """One bar, cut into the parts."""
    traces = [
        bar(
            name=str(row[0]),
            y=["Time to first contact"],
            x=[row[3] or 0],
            orientation="h",
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{row[0]}: {duration_in_words(row[3] if isinstance(row[3], float) else 0.0)} ({row[2]})<extra></extra>",
        )
        for row, (_, colour, _) in zip(numbers.rows, TITLES.values(), strict=True)
    ]
    axis = {"rangemode": "tozero", "ticksuffix": " s", "type": "linear"}
    return bare_figure(traces, barmode="stack", height=180, hovermode="closest", xaxis=axis, yaxis={"type": "category"})


CHART = Chart(
    slug="speed_split",
    title="Where the time goes",
    question="What does a lead wait for before the first contact?",
    definition="The time from the lead's own time until the provider took the first request, of executions that began in the period and "
    "were attempted. Source: until the lead reached us. Hours: held by flow or legal hours. Capacity: held by a line, rate, quota, budget, "
    "cap, kill switch or a channel that does not work. Wait steps: the flow's own. Provider: from our request to its answer. Queue: the "
    "rest.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("speed", "performance"),
)
