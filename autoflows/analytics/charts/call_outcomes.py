"""How call attempts ended: one bar per outcome."""

from __future__ import annotations

from collections.abc import Sequence

from autoflows.analytics.chart import OKABE_ITO, Chart, Plot, Row, Table, bare_figure, counted_bars, share
from autoflows.analytics.period import Period
from autoflows.domain.outcomes import CallOutcome

IN_PROGRESS = "in_progress"

SQL = """
SELECT labels[1] AS outcome, sum(amount)::bigint AS calls FROM counted
WHERE measure = 'calls' AND labels[1] NOT IN ('skipped', 'cancelled') GROUP BY 1
"""

OUTCOMES = {
    CallOutcome.ANSWERED: ("Answered", OKABE_ITO["green"]),
    CallOutcome.MISSED: ("Missed", OKABE_ITO["orange"]),
    CallOutcome.BUSY: ("Busy", OKABE_ITO["purple"]),
    CallOutcome.VOICEMAIL: ("Voicemail", OKABE_ITO["blue"]),
    CallOutcome.FAILED: ("Failed", OKABE_ITO["vermillion"]),
    CallOutcome.UNKNOWN: ("Unknown", OKABE_ITO["grey"]),
    IN_PROGRESS: ("In progress", OKABE_ITO["sky"]),
}


def table(rows: Sequence[Row], period: Period) -> Table:
    """A row per outcome, with its share of the calls that have ended."""
    counts = {row["outcome"]: row["calls"] for row in rows}
    total = sum(counts.values())
    ended = total - counts.get(IN_PROGRESS, 0)
    lines = [
        [title, counts.get(str(outcome), 0), "–" if outcome == IN_PROGRESS else share(counts.get(str(outcome), 0), ended)]
        for outcome, (title, _) in OUTCOMES.items()
    ]
    answered = counts.get(CallOutcome.ANSWERED.value, 0)
    summary = f"{total:,} call attempts, {share(answered, ended)} of those that ended were answered."
    return Table(("Outcome", "Calls", "Share of ended calls"), lines, total, summary)


def draw(numbers: Table) -> Plot:
    """A bar per outcome, its count written on it."""
    colours = [colour for _, colour in OUTCOMES.values()]
    bars = counted_bars([row[0] for row in numbers.rows], [row[1] for row in numbers.rows], colours, "calls")
    return bare_figure([bars], xaxis={"type": "category"}, showlegend=False)


CHART = Chart(
    slug="call_outcomes",
    title="Call outcomes",
    question="How did the calls made in this period end? Each attempt counts once.",
    definition="Call attempts by the time they were made, and how they ended. A call that a rule skipped is none; one that its provider "
    "refused has failed; one that nobody told about is unknown.",
    sql=SQL,
    table=table,
    draw=draw,
    pages=("overview", "flow"),
)
