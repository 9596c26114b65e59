"""What publishing a draft or moving a flow would have meant for the leads of the last days, and how flows share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from autoflows.domain.analyse import Ranked, find_coverer
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.impact import Leads, Shift, overlaps, shifts, untaken
from autoflows.domain.permissions import Permission
from autoflows.engine.republish import sort_runs
from autoflows.ids import new_id
from autoflows.models import Flow
from autoflows.services.access import Actor, AsyncSession, raw_connection, requires
from autoflows.services.draft_store import load_draft, publishable
from autoflows.services.flow_store import definition_of, live_flows
from autoflows.services.publishing import versions_in_use
from autoflows.services.triggers import IMPACT_DAYS, RecentLeads, enabled_triggers, recent_leads
from autoflows.services.views.drafts import FlowName, FlowsAnalysis, Impact, OverlapView, PublishImpact, ShiftView


@requires(Permission.FLOWS_READ)
async def impact_of_order(actor: Actor, session: AsyncSession, flow_ids: Sequence[UUID]) -> Impact:
    """What putting the flows in this order would have changed; disabled ones take no leads. Raises Invalid for an unknown flow."""
    rows = (await session.exec(live_flows(actor))).all()
    unknown = [
        FieldError(f"/flow_ids/{n}", f"there is no flow with the id {i}") for n, i in enumerate(flow_ids) if i not in {r.id for r in rows}
    ]
    if unknown:
        raise Invalid("Name flows of the account.", errors=unknown)
    before = await enabled_triggers(actor, session)
    places = {flow_id: place for place, flow_id in enumerate(flow_ids, 1)}
    after = sorted(before, key=lambda f: (f.flow_id not in places, places.get(f.flow_id or new_id(), f.priority or 0)))
    recent = await recent_leads(actor, session)
    moved = [replace(flow, priority=place) for place, flow in enumerate(after, 1)]
    return Impact(**_impact(recent, shifts(Leads(recent.leads), before, moved), "This move"))


@requires(Permission.FLOWS_READ)
async def impact_of_draft(actor: Actor, session: AsyncSession, draft_id: UUID) -> PublishImpact:
    """What publishing a draft would have changed, its flow taken as enabled. Raises NotFound, and Invalid while it is not complete."""
    draft = await load_draft(actor, session, draft_id)
    definition, flow = publishable(draft.row.definition), draft.flow
    before = await enabled_triggers(actor, session)
    # A flow that takes no leads yet comes into its place, or last.
    present = next((f for f in before if flow is not None and f.flow_id == flow.id), None)
    new = Ranked(flow.id if flow else None, definition.name, flow.priority if flow else None, definition.conditions)
    after = sorted([*(f for f in before if f is not present), new], key=lambda f: (f.priority is None, f.priority or 0))
    recent = await recent_leads(actor, session)
    leads = Leads(recent.leads)
    published = await definition_of(session, flow) if flow is not None else None
    running, movable = await _running(session, flow, definition) if flow is not None else (0, 0)
    return PublishImpact(
        **_impact(recent, shifts(leads, before, after), "Publishing this"),
        is_enabled=present is not None,
        matched_before=leads.take(published.conditions).bit_count() if published else 0,
        matched_after=leads.take(new.conditions).bit_count(),
        won_before=leads.share_out(before)[before.index(present)].bit_count() if present else 0,
        won_after=leads.share_out(after)[after.index(new)].bit_count(),
        running=running,
        movable=movable,
    )


async def _running(session: AsyncSession, flow: Flow, definition: FlowDefinition) -> tuple[int, int]:
    """How many executions of any version run, and how many could go on in the draft, which is no version yet."""
    runs = await sort_runs(await raw_connection(session), flow.id, new_id(), await versions_in_use(session, flow.id), definition)
    return len(runs.moving) + runs.staying, len(runs.moving)


@requires(Permission.FLOWS_READ)
async def analyse_flows(actor: Actor, session: AsyncSession) -> FlowsAnalysis:
    """How the enabled flows share the leads of the last days: what each takes, what two could take, what nobody does."""
    flows, recent = await enabled_triggers(actor, session), await recent_leads(actor, session)
    leads = Leads(recent.leads)
    won = [share.bit_count() for share in leads.share_out(flows)]
    return FlowsAnalysis(
        since=recent.since,
        leads=len(recent.leads),
        is_capped=recent.is_capped,
        won=[(_flow(flow), count) for flow, count in zip(flows, won[:-1], strict=True)],
        never_win=[_flow(flow) for flow in flows if find_coverer(flow, flows) is not None],
        overlaps=[OverlapView(first=_flow(o.first), second=_flow(o.second), leads=o.leads) for o in overlaps(leads, flows)[:200]],
        untaken=untaken(leads, flows),
    )


def _impact(recent: RecentLeads, found: Sequence[Shift], what: str) -> dict[str, Any]:
    changed, total = sum(shift.leads for shift in found), len(recent.leads)
    of = f"the newest {total:,} leads" if recent.is_capped else f"the last {IMPACT_DAYS} days' {total:,} lead{'s' if total != 1 else ''}"
    views = [ShiftView(before=s.before and _flow(s.before), after=s.after and _flow(s.after), leads=s.leads) for s in found]
    message = f"{what} changes {changed:,} of {of}."
    return {
        "since": recent.since, "leads": total, "is_capped": recent.is_capped, "changed": changed, "shifts": views, "message": message,
    }  # fmt: skip


def _flow(flow: Ranked) -> FlowName:
    return FlowName(flow_id=flow.flow_id, name=flow.name, priority=flow.priority)
