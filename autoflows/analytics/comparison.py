"""Comparing what was not divided by chance: flows, periods, and a flow before and after a version of it, with a control where there is one.

The intervals are for one look, and chance is not the only thing that may be behind a difference: see `NOT_RANDOM`. Experiments, which know
neither fault, are in `experiments.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.experiments import RateView
from autoflows.analytics.period import Period
from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.permissions import Permission
from autoflows.domain.sequential import interval_in_words, points
from autoflows.domain.statistics import (
    Difference,
    Proportion,
    compare_durations,
    compare_proportions,
    difference_in_differences,
    rank_test,
)
from autoflows.ids import utc_now
from autoflows.models import FlowVersion
from autoflows.services.access import Actor, requires
from autoflows.services.flow_store import one_flow

MOST_RUNS = 200_000
"""Executions looked at on one side; with more, the newest so many."""
MOST_TIMES = 5_000
"""Durations compared on one side, the newest."""
NOT_RANDOM = (
    "People were not divided by chance, so other things than the flow may be behind a difference. A split in the flow tells for sure."
)
METRICS = {"contacted": "are contacted", "answered": "answer", "converted": "convert"}
SURE = 0.05

RUNS = """
SELECT e.id, e.first_attempt_at, e.lead_at, e.first_conversation_at, e.goal_until, e.converted_at, e.triggered_at FROM flow_executions e
WHERE e.user_id = :account AND e.triggered_at >= :start AND e.triggered_at < :end AND NOT e.is_test_run
  AND {which}
ORDER BY e.triggered_at DESC LIMIT :most
"""
FIGURES = """
WITH runs AS MATERIALIZED ({runs})
SELECT count(*) AS entered, count(first_attempt_at) AS contacted, count(first_conversation_at) AS answered,
  count(*) FILTER (WHERE goal_until <= :now) AS measured,
  count(*) FILTER (WHERE goal_until <= :now AND converted_at IS NOT NULL) AS converted,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_attempt_at - lead_at)::double precision)
    FILTER (WHERE first_attempt_at IS NOT NULL) AS speed,
  (SELECT coalesce(sum(l.cost_amount), 0)::bigint FROM flow_action_logs l WHERE l.flow_execution_id IN (SELECT id FROM runs)) AS cost
FROM runs
"""
TIMES = """
SELECT greatest(extract(epoch FROM first_attempt_at - lead_at), 0)::double precision AS seconds FROM ({runs}) runs
WHERE first_attempt_at IS NOT NULL LIMIT :times
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """Which executions one side is about. `flow_ids` None: all flows; `others`: all flows but these."""

    label: str
    start: datetime
    end: datetime
    flow_ids: Sequence[UUID] | None = None
    others: bool = False

    def sql(self, statement: str) -> sa.TextClause:
        """The statement over its executions; where flows are named, by their index."""
        which = "true" if self.flow_ids is None else f"{'NOT ' if self.others else ''}e.flow_id = ANY(:flow_ids)"
        return sa.text(statement.format(runs=RUNS.format(which=which)))

    def parameters(self, actor: Actor) -> dict[str, object]:
        """What the statement is asked with."""
        named = {"flow_ids": list(self.flow_ids)} if self.flow_ids is not None else {}
        return {"account": actor.account_id, "start": self.start, "end": self.end, "most": MOST_RUNS, **named}


class SideView(BaseModel):
    """What is compared. Counts are executions begun in the time; `converted` is of those whose time to convert is over."""

    label: str
    since: datetime
    until: datetime
    entered: int
    contacted: RateView
    answered: RateView
    converted: RateView
    speed_p50_seconds: float | None = Field(description="median time from lead to first attempt")
    cost: int = Field(description="minor units")
    is_capped: bool = Field(description="whether there were more, and these are the newest")


class DifferenceView(BaseModel):
    """One side against the first in one figure."""

    metric: str = Field(description="contacted, answered, converted; or speed, a ratio of typical times to the first attempt")
    label: str
    difference: float
    low: float
    high: float
    p_value: float
    is_clear: bool = Field(description="whether chance alone makes so much in fewer than 5 of 100 cases; for one look")
    sentence: str


class Comparison(BaseModel):
    """The sides, the first being what the others are compared with, and the differences."""

    kind: str = Field(description="flows, periods or version")
    sides: list[SideView]
    control: list[SideView] = Field(default_factory=list, description="of a version: the other flows before and after")
    differences: list[DifferenceView]
    note: str = Field(default=NOT_RANDOM, description="what to keep in mind")


@requires(Permission.ANALYTICS_READ)
async def compare_flows(actor: Actor, session: AsyncSession, flow_ids: Sequence[UUID], period: Period) -> Comparison:
    """Two to five flows in one period. Raises NotFound, and Invalid for a flow named twice."""
    if len(set(flow_ids)) < len(flow_ids):
        raise Invalid("A flow is named twice.", errors=[FieldError("/query/flow_id", "name each flow once")])
    flows = [await one_flow(actor, session, flow_id) for flow_id in flow_ids]
    cuts = [Cut(flow.name, period.start, period.end, [flow.id]) for flow in flows]
    return await _compared(actor, session, "flows", cuts)


@requires(Permission.ANALYTICS_READ)
async def compare_periods(actor: Actor, session: AsyncSession, flow_id: UUID | None, period: Period, other: Period) -> Comparison:
    """One flow, or the whole account, in a period against another. Raises NotFound, and Invalid for periods that overlap."""
    if period.start < other.end and other.start < period.end:
        detail = "choose days that are not in both periods"
        raise Invalid("The two periods overlap.", errors=[FieldError("/query/against_from", detail)])
    flows = [(await one_flow(actor, session, flow_id)).id] if flow_id else None
    cuts = [Cut(f"{p.first} to {p.last}", p.start, p.end, flows) for p in (other, period)]
    return await _compared(actor, session, "periods", cuts)


@requires(Permission.ANALYTICS_READ)
async def compare_version(
    actor: Actor,
    session: AsyncSession,
    flow_ids: Sequence[UUID],
    version: int,
    *,
    days: int,
    control_flow_id: UUID | None,
    now: datetime,
) -> Comparison:
    """A flow before and after one of its versions, and the control in the same days: another flow, or all others.

    Days after are as many as there were yet, and days before no more than those. Raises NotFound, Invalid for anything but one flow.
    """
    if len(flow_ids) != 1:
        raise Invalid("A version is one flow's.", errors=[FieldError("/query/flow_id", "name the one flow whose version it is")])
    flow = await one_flow(actor, session, flow_ids[0])
    statement = select(FlowVersion.created_at).where(col(FlowVersion.flow_id) == flow.id, col(FlowVersion.version) == version)
    published = (await session.exec(statement)).first()
    if published is None:
        raise NotFound(f"The flow '{flow.name}' has no version {version}.")
    span = min(timedelta(days=days), now - published)
    spans = {f"before version {version}": (published - span, published), f"after version {version}": (published, published + span)}
    control = await one_flow(actor, session, control_flow_id) if control_flow_id else None
    if control is not None and control.id == flow.id:
        raise Invalid("A flow cannot be its own control.", errors=[FieldError("/query/control_flow_id", "name another flow")])
    name, held = (control.name, [control.id]) if control else ("Other flows", [flow.id])
    cuts = [Cut(f"{flow.name}, {label}", *times, [flow.id]) for label, times in spans.items()]
    controls = [Cut(f"{name}, {label}", *times, held, others=control is None) for label, times in spans.items()]
    found = await _compared(actor, session, "version", cuts)
    found.control = [await _side(actor, session, cut, now) for cut in controls]
    if min(side.entered for side in found.control):
        found.differences += _beyond(found.sides, found.control)
        found.note = (
            f"{NOT_RANDOM} What changed for {name.lower() if control is None else name} in the same days is taken off where it says so."
        )
    return found


async def _compared(actor: Actor, session: AsyncSession, kind: str, cuts: Sequence[Cut]) -> Comparison:
    sides = [await _side(actor, session, cut, utc_now()) for cut in cuts]
    times = [await _times(actor, session, cut) for cut in cuts]
    differences: list[DifferenceView] = []
    for side, seconds in zip(sides[1:], times[1:], strict=True):
        differences += [_rates(metric, sides[0], side) for metric in METRICS if _of(side, metric).total and _of(sides[0], metric).total]
        differences += _speed(sides[0].label, side.label, times[0], seconds)
    return Comparison(kind=kind, sides=sides, differences=differences)


async def _side(actor: Actor, session: AsyncSession, cut: Cut, now: datetime) -> SideView:
    connection = await session.connection()
    row = (await connection.execute(cut.sql(FIGURES), {**cut.parameters(actor), "now": now})).mappings().one()
    return SideView(
        label=cut.label,
        since=cut.start,
        until=cut.end,
        entered=row["entered"],
        contacted=RateView.of(Proportion(row["contacted"], row["entered"])),
        answered=RateView.of(Proportion(row["answered"], row["entered"])),
        converted=RateView.of(Proportion(row["converted"], row["measured"])),
        speed_p50_seconds=None if row["speed"] is None else max(row["speed"], 0.0),
        cost=row["cost"],
        is_capped=row["entered"] >= MOST_RUNS,
    )


async def _times(actor: Actor, session: AsyncSession, cut: Cut) -> list[float]:
    connection = await session.connection()
    rows = await connection.execute(cut.sql(TIMES), {**cut.parameters(actor), "times": MOST_TIMES})
    return [row.seconds for row in rows]


def _of(side: SideView, metric: str) -> Proportion:
    rates: Mapping[str, RateView] = {"contacted": side.contacted, "answered": side.answered, "converted": side.converted}
    return Proportion(rates[metric].count, rates[metric].total)


def _rates(metric: str, first: SideView, side: SideView) -> DifferenceView:
    found = compare_proportions(_of(first, metric), _of(side, metric))
    more = "more" if found.estimate >= 0 else "fewer"
    said = f"{points(found.estimate)} points {more} {METRICS[metric]}: {side.label} against {first.label}"
    return _view(metric, side.label, found, f"{said} ({interval_in_words(found.interval)}).")


def _beyond(sides: Sequence[SideView], control: Sequence[SideView]) -> list[DifferenceView]:
    """What the version brought beyond what changed for the control."""
    views = []
    for metric in METRICS:
        groups = [_of(side, metric) for side in (*sides, *control)]
        if all(group.total for group in groups):
            found = difference_in_differences(groups[0], groups[1], groups[2], groups[3])
            more = "more" if found.estimate >= 0 else "fewer"
            said = (
                f"Beyond the control, {points(found.estimate)} points {more} {METRICS[metric]} since ({interval_in_words(found.interval)})."
            )
            views.append(_view(f"{metric}_beyond_control", sides[1].label, found, said))
    return views


def _speed(first: str, label: str, before: Sequence[float], after: Sequence[float]) -> list[DifferenceView]:
    """How many times as long the first attempt takes. The p-value is the rank test's, which assumes nothing about the times."""
    ratio, ranks = compare_durations(before, after), rank_test(before, after)
    if ratio is None or ranks is None:
        return []
    found = Difference(ratio.estimate, ratio.interval, ranks.p_value)
    low, high = (f"{side:.2g}" for side in (found.interval.low, found.interval.high))
    said = f"The first attempt takes {found.estimate:.2g} times as long: {label} against {first} (95 %: {low} to {high})."
    return [_view("speed", label, found, said)]


def _view(metric: str, label: str, found: Difference, sentence: str) -> DifferenceView:
    is_clear = found.p_value < SURE
    return DifferenceView(
        metric=metric,
        label=label,
        difference=found.estimate,
        low=found.interval.low,
        high=found.interval.high,
        p_value=found.p_value,
        is_clear=is_clear,
        sentence=sentence if is_clear else f"No clear difference. {sentence}",
    )
