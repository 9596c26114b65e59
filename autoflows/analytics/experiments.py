"""How the arms of a split fare: one statement per experiment, and what can be said of it by now.

Counted are people, each by their first pass through the split: a person who comes again comes to the same arm, and is no further evidence.
A person is judged once their time to convert is over, so that an arm is not worse for being younger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.domain.account import AccountSettings
from autoflows.domain.errors import NotFound
from autoflows.domain.flow import Action, FlowDefinition
from autoflows.domain.goals import goal_in_words
from autoflows.domain.permissions import Permission
from autoflows.domain.sequential import SMALLEST_EFFECT, Finding, Verdict, judge
from autoflows.domain.splits import Arm, arms_of, name_of, splits_of
from autoflows.domain.statistics import Proportion, off_balance, wilson
from autoflows.ids import utc_now
from autoflows.models import Flow, FlowVersion, User
from autoflows.services.access import Actor, requires
from autoflows.services.flow_store import live_flows, one_flow
from autoflows.services.split_passes import HAS_SPLIT, MOST_PEOPLE, TOLD, WINDOW_DAYS, told_of

MOST_DAYS = 366
MOST_LISTED = 50
UNBALANCED = 0.001

COUNTS = """
SELECT arm, count(*) AS entered, count(*) FILTER (WHERE contacted) AS contacted, count(*) FILTER (WHERE answered) AS answered,
  count(*) FILTER (WHERE is_over) AS measured, count(*) FILTER (WHERE is_over AND answered) AS measured_answered,
  count(*) FILTER (WHERE is_over AND converted) AS measured_converted, count(*) FILTER (WHERE converted) AS converted,
  sum(cost)::bigint AS cost, (SELECT count(*) FROM passes) AS passes
FROM told GROUP BY arm
"""


class RateView(BaseModel):
    """A share of people with the interval it surely lies in (95 %, Wilson); rates are 0 to 1."""

    count: int
    total: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, p: Proportion) -> RateView:
        """The proportion as a response."""
        interval = wilson(p)
        return cls(count=p.successes, total=p.total, rate=p.rate, low=interval.low, high=interval.high)


class VerdictView(BaseModel):
    """What can be said of an arm against the first by now. It holds however often one looks."""

    finding: Finding = Field(description="better, worse, same (less apart than the smallest effect), or open")
    difference: float = Field(description="of the rates, this arm's minus the first's")
    low: float = Field(description="95 % confidence sequence: right at all times together")
    high: float
    p_value: float = Field(description="always valid, adjusted for the number of arms (Holm)")
    needed: int = Field(description="about so many more leads of the whole experiment are needed; 0: none")
    sentence: str = Field(examples=["B reaches 6.2 points more than A (95 %: 2.1 to 10.3)."])

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictView:
        """The verdict as a response."""
        d = verdict.difference
        return cls(
            finding=verdict.finding, difference=d.estimate, low=d.interval.low, high=d.interval.high, p_value=d.p_value,
            needed=verdict.needed, sentence=verdict.sentence,
        )  # fmt: skip


class ArmResult(BaseModel):
    """How one arm fares. Counts are people."""

    arm: str
    percent: float | None = Field(description="of the people, as configured now; null: the split has no such arm any more")
    is_holdout: bool
    entered: int
    contacted: int
    answered: int = Field(description="spoke on the phone or replied")
    converted: int = Field(description="met the flow's goal, also those whose time is not over yet")
    measured: RateView = Field(description="of those whose time to convert is over: who did; what the verdict is about")
    cost: int = Field(description="minor units, of what came after the split")
    cost_per_conversion: int | None
    verdict: VerdictView | None = Field(default=None, description="against the first arm; null for the first itself")


class ExperimentView(BaseModel):
    """One split of a flow and how its arms fare."""

    flow_id: UUID
    flow_name: str
    split_id: UUID
    split_name: str
    is_running: bool = Field(description="whether the flow takes leads")
    since: datetime = Field(description="when the arms became what they are now, or the time asked for")
    until: datetime
    metric: str = Field(description="converted, or answered where the flow has no goal")
    goal: str | None = Field(description="what counts as converted, in words")
    window_days: int = Field(description="how long people are given")
    currency: str
    arms: list[ArmResult]
    summary: str = Field(description="the answer in a sentence or two")
    warning: str = Field(default="", description="why not to trust the figures, if there is a reason")
    is_capped: bool = Field(description="whether there were more than could be looked at, and these are the first")


class Experiments(BaseModel):
    """Experiments, by the order of their flows."""

    data: list[ExperimentView]


@requires(Permission.ANALYTICS_READ)
async def list_experiments(actor: Actor, session: AsyncSession, *, effect: float = SMALLEST_EFFECT) -> Experiments:
    """Every split of the account's flows as published now, at most `MOST_LISTED`."""
    present = sa.and_(col(FlowVersion.flow_id) == col(Flow.id), col(FlowVersion.version) == col(Flow.version), HAS_SPLIT)
    statement = live_flows(actor).join(FlowVersion, present).where(col(Flow.archived_at).is_(None))
    flows = (await session.exec(statement.order_by(col(Flow.priority)).limit(MOST_LISTED))).all()
    found: list[ExperimentView] = []
    for flow, versions in await _with_splits(session, flows):
        found += [await _result(actor, session, flow, versions, split, effect) for split in splits_of(versions[0][1])]
    return Experiments(data=found[:MOST_LISTED])


@requires(Permission.ANALYTICS_READ)
async def get_experiments(
    actor: Actor,
    session: AsyncSession,
    flow_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    effect: float = SMALLEST_EFFECT,
) -> Experiments:
    """The splits of one flow. Left out, `since` is when a split's arms became what they are now: people divided by other percentages
    would be compared with them. Raises NotFound."""
    flow = await one_flow(actor, session, flow_id)
    known = await _with_splits(session, [flow])
    if not known:
        raise NotFound(f"The flow '{flow.name}' has no split, so there is nothing to compare within it.")
    return Experiments(
        data=[await _result(actor, session, flow, known[0][1], split, effect, since, until) for split in splits_of(known[0][1][0][1])]
    )


Versions = Sequence[tuple[datetime, FlowDefinition]]
"""A flow's versions with a split, newest first, each with the time of its publish."""


async def _with_splits(session: AsyncSession, flows: Sequence[Flow]) -> list[tuple[Flow, Versions]]:
    """The flows whose present version has a split."""
    found: list[tuple[Flow, Versions]] = []
    for flow in flows:
        statement = (
            sa.select(col(FlowVersion.version), col(FlowVersion.created_at), col(FlowVersion.definition))
            .where(col(FlowVersion.flow_id) == flow.id, HAS_SPLIT)
            .order_by(col(FlowVersion.version).desc())
            .limit(100)
        )
        rows = (await session.exec(statement)).all()  # type: ignore[call-overload]
        if rows and rows[0].version == flow.version:
            found.append((flow, [(row.created_at, FlowDefinition.model_validate(row.definition)) for row in rows]))
    return found


def unchanged_since(split: Action, versions: Versions) -> datetime:
    """Since when the split divides people as it does now."""
    since = versions[0][0]
    for created_at, definition in versions:
        same = next((other for other in splits_of(definition) if other.id == split.id), None)
        if same is None or arms_of(same) != arms_of(split):
            break
        since = created_at
    return since


async def _result(
    actor: Actor,
    session: AsyncSession,
    flow: Flow,
    versions: Versions,
    split: Action,
    effect: float,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ExperimentView:
    assert split.id is not None
    goal, now = versions[0][1].goal, utc_now()
    unchanged = unchanged_since(split, versions)
    until = until or now
    start = max(since or unchanged, until - timedelta(days=MOST_DAYS))
    window = goal.window_days if goal else WINDOW_DAYS
    parameters = told_of(actor.account_id, split.id, goal, start, until, now)
    rows = {row["arm"]: dict(row) for row in (await (await session.connection()).execute(sa.text(TOLD + COUNTS), parameters)).mappings()}
    settings = AccountSettings.model_validate(await session.scalar(sa.select(col(User.settings)).where(col(User.id) == actor.account_id)))
    arms = arm_results(arms_of(split), rows, has_goal=goal is not None, effect=effect)
    return ExperimentView(
        flow_id=flow.id,
        flow_name=flow.name,
        split_id=split.id,
        split_name=name_of(split),
        is_running=flow.is_enabled,
        since=start,
        until=until,
        metric="converted" if goal else "answered",
        goal=goal_in_words(goal) if goal else None,
        window_days=window,
        currency=settings.currency,
        arms=arms,
        summary=_summary(arms),
        warning=_warning(arms) if start >= unchanged else "The arms were changed in this time, so people of different days are compared.",
        is_capped=any(row["passes"] >= MOST_PEOPLE for row in rows.values()),
    )


def arm_results(arms: Sequence[Arm], rows: Mapping[str, Mapping[str, Any]], *, has_goal: bool, effect: float) -> list[ArmResult]:
    """Each arm's counts, in the order of the split, then those it has no more; with what can be said of it. Pure."""
    known = {arm.name: arm for arm in arms}
    measure = "measured_converted" if has_goal else "measured_answered"
    empty = dict.fromkeys(("entered", "contacted", "answered", "converted", "measured", measure, "cost"), 0)
    counted = {name: {**empty, **rows.get(name, {})} for name in (*known, *sorted(rows.keys() - known.keys()))}
    measured = {name: Proportion(row[measure], row["measured"]) for name, row in counted.items()}
    in_force = {name: p for name, p in measured.items() if name in known and (known[name].percent > 0 or p.total)}
    verdicts = judge(in_force, effect=effect, reaches="converts" if has_goal else "reaches")
    results = []
    for name, row in counted.items():
        won = row["converted"] if has_goal else row["answered"]
        results.append(
            ArmResult(
                arm=name,
                percent=known[name].percent if name in known else None,
                is_holdout=name in known and known[name].is_holdout,
                **{field: row[field] for field in ("entered", "contacted", "answered", "converted", "cost")},
                measured=RateView.of(measured[name]),
                cost_per_conversion=round(row["cost"] / won) if won else None,
                verdict=VerdictView.of(verdicts[name]) if name in verdicts else None,
            )
        )
    return results


def _summary(arms: Sequence[ArmResult]) -> str:
    if not any(arm.entered for arm in arms):
        return "Nobody has come through this split yet."
    if not any(arm.measured.total for arm in arms):
        return "Nobody's time is over yet; the first results come when it is."
    return " ".join(arm.verdict.sentence for arm in arms if arm.verdict is not None)


def _warning(arms: Sequence[ArmResult]) -> str:
    present = [arm for arm in arms if arm.percent]
    if len(present) > 1 and off_balance([arm.entered for arm in present], [arm.percent or 0 for arm in present]) < UNBALANCED:
        return "People are not divided as the percentages say, by more than chance does; find out why before you trust the figures."
    return ""
