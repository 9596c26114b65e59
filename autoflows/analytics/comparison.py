"""Comparing what was not divided by chance: flows, periods, and before and after a version or a day, with a control where there is one.

The intervals are for one look, and chance is not the only thing that may be behind a difference: see `NOT_RANDOM`. Experiments, which know
neither fault, are in `experiments.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from autoflows.analytics.differences import DifferenceView, differences_beyond, rate_differences, speed_difference, verdict
from autoflows.analytics.period import Period, between
from autoflows.analytics.sides import Cut, SideView, measure, times_of
from autoflows.domain.errors import FieldError, Invalid, NotFound
from autoflows.domain.permissions import Permission
from autoflows.ids import utc_now
from autoflows.models import Flow, FlowVersion
from autoflows.services.access import Actor, requires
from autoflows.services.flow_store import one_flow

NOT_RANDOM = (
    "People were not divided by chance, so other things than the flow may be behind a difference. A split in the flow tells for sure."
)


class Comparison(BaseModel):
    """The sides, the first being what the others are compared with, and the differences."""

    kind: str = Field(description="flows, periods, version or day")
    sides: list[SideView]
    control: list[SideView] = Field(default_factory=list, description="of a version or a day: the control before and after")
    differences: list[DifferenceView]
    verdict: str = Field(description="what can be said by now, in plain sentences")
    note: str = Field(default=NOT_RANDOM, description="what to keep in mind")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared. With a `version` or a day (`on`) it is about the `days` around it, else about `period` and maybe `other`."""

    flow_ids: Sequence[UUID]
    zone: str
    version: int | None = None
    on: date | None = None
    days: int = 14
    control_flow_id: UUID | None = None
    period: Period | None = None
    other: Period | None = None

    @property
    def kind(self) -> str:
        """`version`, `day`, `flows` or `periods`."""
        if self.version is not None or self.on is not None:
            return "day" if self.version is None else "version"
        return "flows" if len(self.flow_ids) > 1 else "periods"


@requires(Permission.ANALYTICS_READ)
async def compare(actor: Actor, session: AsyncSession, asked: Asked) -> Comparison:
    """Whatever is asked. Raises as the comparison it is."""
    flow_ids, now = asked.flow_ids, utc_now()
    if asked.version is not None:
        return await compare_version(
            actor, session, flow_ids, asked.version, days=asked.days, control_flow_id=asked.control_flow_id, now=now
        )
    if asked.on is not None:
        return await compare_day(
            actor, session, flow_ids, asked.on, zone=asked.zone, days=asked.days, control_flow_id=asked.control_flow_id, now=now
        )
    if asked.period is None or asked.other is None:
        raise Invalid("Nothing is asked to be compared.", errors=[FieldError("/query/from", "name the days")])
    if asked.kind == "flows":
        return await compare_flows(actor, session, flow_ids, asked.period)
    return await compare_periods(actor, session, flow_ids[0] if flow_ids else None, asked.period, asked.other)


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
    return await _around(actor, session, "version", flow, spans, control_flow_id, now)


@requires(Permission.ANALYTICS_READ)
async def compare_day(
    actor: Actor,
    session: AsyncSession,
    flow_ids: Sequence[UUID],
    day: date,
    *,
    zone: str,
    days: int,
    control_flow_id: UUID | None,
    now: datetime,
) -> Comparison:
    """One flow, or the whole account, before a day and from it on. A flow has a control: another flow, or all others.

    Days after are as many as there were yet, and days before no more than those. Raises NotFound, Invalid for more than one flow, for a
    day that has not begun, and for a control of the whole account.
    """
    if len(flow_ids) > 1:
        raise Invalid("A day is compared for one flow.", errors=[FieldError("/query/flow_id", "name one flow, or none for all")])
    begins = between(day, day, zone=zone).start
    if begins >= now:
        raise Invalid("This day has not begun.", errors=[FieldError("/query/on", "choose a day that is over or has begun")])
    span = min(timedelta(days=days), now - begins)
    spans = {f"before {day}": (begins - span, begins), f"from {day}": (begins, begins + span)}
    if flow_ids:
        return await _around(actor, session, "day", await one_flow(actor, session, flow_ids[0]), spans, control_flow_id, now)
    if control_flow_id is not None:
        detail = "name the flow that is held against it, too"
        raise Invalid("All flows together have no control.", errors=[FieldError("/query/control_flow_id", detail)])
    return await _compared(actor, session, "day", [Cut(f"All flows, {label}", *times) for label, times in spans.items()])


async def _around(
    actor: Actor,
    session: AsyncSession,
    kind: str,
    flow: Flow,
    spans: dict[str, tuple[datetime, datetime]],
    control_flow_id: UUID | None,
    now: datetime,
) -> Comparison:
    """A flow in two spans, and what changed beyond the control's change."""
    control = await one_flow(actor, session, control_flow_id) if control_flow_id else None
    if control is not None and control.id == flow.id:
        raise Invalid("A flow cannot be its own control.", errors=[FieldError("/query/control_flow_id", "name another flow")])
    name, held = (control.name, [control.id]) if control else ("Other flows", [flow.id])
    cuts = [Cut(f"{flow.name}, {label}", *times, [flow.id]) for label, times in spans.items()]
    controls = [Cut(f"{name}, {label}", *times, held, others=control is None) for label, times in spans.items()]
    found = await _compared(actor, session, kind, cuts)
    found.control = [await measure(actor, session, cut, now) for cut in controls]
    if min(side.entered for side in found.control):
        found.differences += differences_beyond(found.sides, found.control)
        found.verdict = verdict(found.sides, found.differences)
        said = name.lower() if control is None else name
        found.note = f"{NOT_RANDOM} What changed for {said} in the same days is taken off where it says so."
    return found


async def _compared(actor: Actor, session: AsyncSession, kind: str, cuts: Sequence[Cut]) -> Comparison:
    sides = [await measure(actor, session, cut, utc_now()) for cut in cuts]
    times = [await times_of(actor, session, cut) for cut in cuts]
    differences: list[DifferenceView] = []
    for side, seconds in zip(sides[1:], times[1:], strict=True):
        differences += rate_differences(sides[0], side) + speed_difference(sides[0].label, side.label, times[0], seconds)
    return Comparison(kind=kind, sides=sides, differences=differences, verdict=verdict(sides, differences))
