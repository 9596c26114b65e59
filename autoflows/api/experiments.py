"""`/api/automation/analytics/experiments` and `/compare`: what works better, and how sure that is."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from autoflows.analytics import comparison, experiments
from autoflows.analytics.period import period_of
from autoflows.api.analytics import First, Last, Zone
from autoflows.api.deps import CurrentActor, Transaction
from autoflows.api.filters import Since, Until
from autoflows.domain.sequential import SMALLEST_EFFECT
from autoflows.ids import utc_now

router = APIRouter(prefix="/analytics", tags=["Analytics"])

Effect = Annotated[float, Query(ge=0.005, le=0.5, description="the smallest difference of rates worth finding; 0.05 is five points")]


@router.get("/experiments", summary="List experiments")
async def list_experiments(actor: CurrentActor, session: Transaction, effect: Effect = SMALLEST_EFFECT) -> experiments.Experiments:
    """Every split of the flows as published, with how its arms fare since they are what they are. Look as often as you like: the
    verdicts hold at all times together."""
    return await experiments.list_experiments(actor, session, effect=effect)


@router.get("/experiments/{flow_id}", summary="Read a flow's experiments")
async def get_experiments(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID,
    since: Since = None,
    until: Until = None,
    effect: Effect = SMALLEST_EFFECT,
) -> experiments.Experiments:
    """Each split of one flow. People count once, by their first time through; those who are still in their time to convert are not
    judged yet. 404 for a flow without a split."""
    return await experiments.get_experiments(actor, session, flow_id, since=since, until=until, effect=effect)


def asked(
    actor: CurrentActor,
    flow_id: Annotated[list[UUID] | None, Query(max_length=5, description="repeat it to compare flows; the first is compared with")] = None,
    version: Annotated[int | None, Query(ge=2, lt=2**31, description="compare before and after this version of one flow")] = None,
    on: Annotated[date | None, Query(description="compare one flow, or all, before this day and from it on")] = None,
    days: Annotated[int, Query(ge=1, le=180, description="with `version` or `on`: days before and after")] = 14,
    control_flow_id: Annotated[
        UUID | None, Query(description="with `version` or `on`: what the flow is held against; left out: all other flows")
    ] = None,
    first: First = None,
    last: Last = None,
    against_from: Annotated[date | None, Query(description="first day of the other period; left out: the period before")] = None,
    against_to: Annotated[date | None, Query(description="last day of the other period, included")] = None,
    tz: Zone = None,
) -> comparison.Asked:
    """What a request compares."""
    flow_ids, zone, now = flow_id or [], tz or actor.timezone, utc_now()
    if version is not None or on is not None:
        return comparison.Asked(flow_ids, zone, version, on, days, control_flow_id)
    period = period_of(first, last, zone=zone, now=now)
    other = period.before if against_from is None and against_to is None else period_of(against_from, against_to, zone=zone, now=now)
    return comparison.Asked(flow_ids, zone, period=period, other=other)


WhatIsAsked = Annotated[comparison.Asked, Depends(asked)]


@router.get("/compare", summary="Compare flows, periods, or before and after a version or a day")
async def compare(actor: CurrentActor, session: Transaction, asked: WhatIsAsked) -> comparison.Comparison:
    """Several flows in one period; one flow, or the whole account, in two periods; or before and after a version or a day, with what
    changed for the others in the same days taken off (difference in differences). Unlike the arms of a split these are not the same
    kind of people by chance, so a difference may have other causes; each answer says so."""
    return await comparison.compare(actor, session, asked)
