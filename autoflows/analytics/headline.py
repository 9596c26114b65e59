"""The few figures over the charts, and the figures of speed to lead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.chart import rate
from autoflows.analytics.charts.speed_split import SQL as SPLIT
from autoflows.analytics.charts.speed_split import TITLES, bottleneck, parts_of
from autoflows.analytics.period import Period
from autoflows.analytics.query import Scope, read_each
from autoflows.domain.percentiles import percentile
from autoflows.domain.speed import burn, within

COUNTS = """
SELECT label, measure, labels, sum(amount)::bigint AS amount FROM counted
WHERE measure IN ('executions', 'leads', 'cost', 'time') AND (measure <> 'time' OR labels[1] = 'duration') GROUP BY 1, 2, 3
"""
BINS = """
SELECT label, measure, bin, sum(amount)::bigint AS amount FROM spread WHERE measure IN ('first_attempt', 'duration') GROUP BY 1, 2, 3
"""
SPEED_BINS = """
SELECT label, measure, bin, sum(amount)::bigint AS amount FROM spread
WHERE measure IN ('first_attempt', 'first_conversation') GROUP BY 1, 2, 3
"""
BANDS = """
SELECT label, labels[1]::int AS band, sum(amount)::bigint AS leads FROM counted WHERE measure = 'speed' AND labels[2] = '' GROUP BY 1, 2
"""


class Figures(BaseModel):
    """Executions begun in a period and the leads that came in, test runs left out."""

    executions: int = Field(description="executions that began in the period")
    running: int = Field(description="of these, those that are not over yet")
    completed: int = Field(description="of these, those that came to their end, and a contact was made")
    failed: int = Field(description="of these, those in which every contact that was tried failed")
    skipped: int = Field(description="of these, those in which rules said no to every contact")
    cancelled: int = Field(description="of these, those that a person stopped")
    contacted: int = Field(description="of these, those in which a first contact was attempted")
    conversations: int = Field(description="executions in which a person was spoken with or replied")
    success_rate: float | None = Field(description="completed of completed and failed, 0 to 1; null if none ended")
    leads_received: int = Field(description="leads that came in during the period")
    leads_contacted: int = Field(description="of these, those whose execution has attempted a first contact")
    leads_not_contacted: int = Field(description="the others: contacted and not contacted add up to received")
    speed_p50_seconds: float | None = Field(description="median time from lead to first attempt, within 1 %; null if none was attempted")
    duration_mean_seconds: float | None = Field(description="average time from beginning to end of the executions that are over")
    duration_p50_seconds: float | None = Field(description="median of the same, within 1 %")
    duration_p95_seconds: float | None = Field(description="95 of 100 took no longer, within 1 %")
    cost: dict[str, int] = Field(description="cost of all their attempts, in minor units by currency")
    cost_per_contact: dict[str, float] = Field(description="cost divided by `contacted`")
    cost_per_conversation: dict[str, float] = Field(description="cost divided by `conversations`")


class Percentiles(BaseModel):
    """How long it took so many of all, in seconds; null if there were none. Within 1 %, and under a millisecond 0."""

    count: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, bins: Mapping[int, int]) -> Percentiles:
        """The percentiles of a histogram."""
        shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
        return cls(count=sum(bins.values()), **{name: percentile(bins, fraction) for name, fraction in shares.items()})


class Part(BaseModel):
    """One part of the time to the first contact."""

    part: str = Field(description="source, queue, hours, capacity, wait or provider")
    title: str
    seconds: float = Field(description="of all leads together")
    share: float | None = Field(description="of the whole time, 0 to 1")


class Target(BaseModel):
    """The promise (`speed_target_seconds`, `speed_target_percent` in the settings) and how it is kept.

    Counted are executions with a first attempt that neither hours nor a wait step of the flow held before it.
    """

    seconds: int
    percent: int
    counted: int
    within: int = Field(description="of these, those whose first attempt came in less than `seconds`")
    share: float | None = Field(description="within of counted, 0 to 1")
    burn: float | None = Field(description="late leads as a multiple of those the target allows; over 1 the target is missed")
    is_met: bool | None


class SpeedFigures(BaseModel):
    """Speed to lead of the executions that began in the period."""

    first_attempt: Percentiles = Field(description="from the lead's own time to the first contact attempt")
    first_conversation: Percentiles = Field(description="from the lead's own time to the first call answered or reply")
    target: Target
    parts: list[Part] = Field(description="where the time until the provider took the first request goes")
    bottleneck: str = Field(description="what takes the most of it, in a sentence; empty if no lead was attempted")


def _bins(rows: Sequence[Any]) -> dict[str, dict[int, int]]:
    bins: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        bins[row["measure"]][row["bin"]] = row["amount"]
    return bins


def _pair(scope: Scope) -> dict[str, Period]:
    return {"now": scope.period, "before": scope.period.before}


def _of(label: str, rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row["label"] == label]


async def headline(session: AsyncSession, scope: Scope) -> dict[str, Figures]:
    """The figures of a period (`now`) and of as many days before it (`before`)."""
    pair = _pair(scope)
    rows, bins = await read_each(session, scope, COUNTS, pair), await read_each(session, scope, BINS, pair)
    return {label: _figures(_of(label, rows), _bins(_of(label, bins))) for label in pair}


def _figures(rows: Sequence[Any], bins: Mapping[str, dict[int, int]]) -> Figures:
    def count(measure: str, place: int = 0, *words: str) -> int:
        """How many there are with one of the words in that place; without words, with any at all."""
        found = [row for row in rows if row["measure"] == measure]
        return sum(row["amount"] for row in found if (row["labels"][place] in words if words else row["labels"][place]))

    completed, failed = count("executions", 0, "completed"), count("executions", 0, "failed")
    contacted, conversations = count("executions", 1), count("executions", 2)
    received, reached = count("leads"), count("leads", 1, "contacted")
    costs: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["measure"] == "cost":
            costs[row["labels"][1]] += row["amount"]
    cost = {currency: amount for currency, amount in sorted(costs.items()) if amount}
    micros, ended = count("time"), sum(bins["duration"].values())
    return Figures(
        executions=count("executions"),
        running=count("executions", 0, "running"),
        completed=completed,
        failed=failed,
        skipped=count("executions", 0, "skipped"),
        cancelled=count("executions", 0, "cancelled"),
        contacted=contacted,
        conversations=conversations,
        success_rate=completed / (completed + failed) if completed + failed else None,
        leads_received=received,
        leads_contacted=reached,
        leads_not_contacted=received - reached,
        speed_p50_seconds=percentile(bins["first_attempt"], 0.5),
        duration_mean_seconds=micros / 1e6 / ended if ended else None,
        duration_p50_seconds=percentile(bins["duration"], 0.5),
        duration_p95_seconds=percentile(bins["duration"], 0.95),
        cost=cost,
        cost_per_contact={currency: round(amount / contacted, 2) for currency, amount in cost.items()} if contacted else {},
        cost_per_conversation={currency: round(amount / conversations, 2) for currency, amount in cost.items()} if conversations else {},
    )


async def speed(session: AsyncSession, scope: Scope, target_seconds: int, target_percent: int) -> dict[str, SpeedFigures]:
    """Speed to lead in a period (`now`) and in as many days before it (`before`), against its target."""
    pair = _pair(scope)
    bins, bands, parts = [await read_each(session, scope, sql, pair) for sql in (SPEED_BINS, BANDS, SPLIT)]
    return {
        label: _speed_figures(
            _bins(_of(label, bins)),
            {row["band"]: row["leads"] for row in _of(label, bands)},
            parts_of(_of(label, parts)),
            target_seconds,
            target_percent,
        )
        for label in pair
    }


def _speed_figures(
    bins: Mapping[str, dict[int, int]], bands: dict[int, int], parts: dict[str, int], target_seconds: int, target_percent: int
) -> SpeedFigures:
    counted, in_time, total = sum(bands.values()), within(bands, target_seconds), sum(parts.values())
    return SpeedFigures(
        first_attempt=Percentiles.of(bins["first_attempt"]),
        first_conversation=Percentiles.of(bins["first_conversation"]),
        target=Target(
            seconds=target_seconds,
            percent=target_percent,
            counted=counted,
            within=in_time,
            share=rate(in_time, counted),
            burn=burn(counted - in_time, counted, target_percent),
            is_met=100 * in_time >= target_percent * counted if counted else None,
        ),
        parts=[Part(part=part, title=TITLES[part][0], seconds=micros / 1e6, share=rate(micros, total)) for part, micros in parts.items()],
        bottleneck=bottleneck(parts),
    )
