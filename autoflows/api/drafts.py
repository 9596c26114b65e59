"""Drafts of flows: editing without touching what runs, and publishing. The same routes answer under `/api/automation` and
`/api/auto-engagement`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.api.flows import EXAMPLE, Version
from autoflows.services import drafts, flow_impact, publishing
from autoflows.services.views.drafts import (
    DraftCreate,
    Drafts,
    DraftSave,
    DraftView,
    KeepArm,
    Publish,
    Published,
    PublishImpact,
    Revision,
    TakeOver,
)

router = APIRouter(tags=["Flow drafts"])

_DEFINITION: dict[str, Any] = {key: value for key, value in EXAMPLE.items() if key not in ("is_enabled", "priority")}
_CREATE: Any = {
    "begun": {"summary": "A flow begun", "value": {"definition": {"name": "IndiaMART first call", "conditions": [], "actions": []}}}
}
_SAVE: Any = {"save": {"summary": "A save of revision 3", "value": {"revision": 3, "definition": _DEFINITION}}}
_PUBLISH: Any = {
    "finish": {
        "summary": "Running executions finish on their version",
        "value": {"revision": 4, "name": "Shorter wait", "note": "Wait 10 → 5 minutes, as the team asked", "running": "finish"},
    },
    "move": {"summary": "Running executions go on in the new version", "value": {"revision": 4, "running": "move"}},
    "over": {"summary": "Over a version that somebody published meanwhile", "value": {"revision": 4, "replaces_version": 5}},
}
_KEEP: Any = {
    "keep": {"summary": "Everybody goes the way of arm B", "value": {"arm": "B"}},
    "beside": {"summary": "Beside the unpublished changes that were seen", "value": {"arm": "B", "revision": 3}},
}


@router.get("/drafts", summary="List drafts")
async def list_drafts(actor: CurrentActor, session: Transaction) -> Drafts:
    """What is not published: changed flows and flows begun, the last edited first."""
    return await drafts.list_drafts(actor, session)


@router.post("/drafts", status_code=201, summary="Begin a flow")
async def create_draft(
    actor: CurrentActor, session: Transaction, body: Annotated[DraftCreate, Body(openapi_examples=_CREATE)]
) -> DraftView:
    """Makes a draft of a flow that is not there yet; publishing it makes the flow."""
    return await drafts.create_draft(actor, session, body)


@router.get("/drafts/{draft_id}", summary="Read a draft")
async def get_draft(actor: CurrentActor, session: Transaction, draft_id: UUID) -> DraftView:
    """The draft with its problems, what it changes in words, and who is editing it."""
    return await drafts.get_draft(actor, session, draft_id)


@router.put("/drafts/{draft_id}", summary="Save a draft")
async def save_draft(
    actor: CurrentActor, session: Transaction, draft_id: UUID, body: Annotated[DraftSave, Body(openapi_examples=_SAVE)]
) -> DraftView:
    """Saves an incomplete flow too; nothing goes live. 409 if somebody else is editing, or if the draft is at another revision. The same
    save sent twice is one save."""
    return await drafts.save_draft(actor, session, draft_id, body)


@router.delete("/drafts/{draft_id}", status_code=204, summary="Discard a draft")
async def discard_draft(actor: CurrentActor, session: Transaction, draft_id: UUID, revision: Annotated[Revision, Query()]) -> None:
    """Throws the draft away; what is published stays."""
    await drafts.discard_draft(actor, session, draft_id, revision)


@router.post("/drafts/{draft_id}/publish", summary="Publish a draft")
async def publish_draft(
    actor: CurrentActor, session: Transaction, draft_id: UUID, body: Annotated[Publish, Body(openapi_examples=_PUBLISH)]
) -> Published:
    """Makes the draft a new version, which new executions run, and ends the draft. `running` says what becomes of those that run:
    `finish` on their version, `move` to the new one where every step they began is still there in the same order, or `cancel`."""
    return await publishing.publish_draft(actor, session, draft_id, body)


@router.get("/drafts/{draft_id}/impact", summary="Foresee what publishing means")
async def impact_of_draft(actor: CurrentActor, session: Transaction, draft_id: UUID) -> PublishImpact:
    """Which of the last 30 days' leads another flow would have taken, by triggers and priorities alone, and how many running executions
    could move. At most the newest 5,000 leads are looked at."""
    return await flow_impact.impact_of_draft(actor, session, draft_id)


@router.put("/drafts/{draft_id}/lock", summary="Keep the pen")
async def heartbeat(actor: CurrentActor, session: Transaction, draft_id: UUID) -> DraftView:
    """A sign of life, wanted every 10 seconds or so: the pen ends 30 seconds after the last one. If somebody else holds it, `lock` says
    who."""
    return await drafts.heartbeat(actor, session, draft_id)


@router.post("/drafts/{draft_id}/lock/take-over", summary="Take over")
async def take_over(actor: CurrentActor, session: Transaction, draft_id: UUID, body: TakeOver) -> DraftView:
    """Takes the pen from whoever is editing; their next save is refused, and what they saved stays."""
    return await drafts.take_over(actor, session, draft_id, body.revision)


@router.delete("/drafts/{draft_id}/lock", status_code=204, summary="Put the pen down")
async def release(actor: CurrentActor, session: Transaction, draft_id: UUID) -> None:
    """Ends your editing. A draft in which nothing was changed goes with it."""
    await drafts.release(actor, session, draft_id)


@router.post("/flows/{flow_id}/draft", summary="Edit a flow")
async def open_draft(actor: CurrentActor, session: Transaction, flow_id: UUID) -> DraftView:
    """The flow's draft, made from what is published if there is none."""
    return await drafts.open_draft(actor, session, flow_id)


@router.post("/flows/{flow_id}/versions/{version}/draft", summary="Use a version as draft")
async def restore_as_draft(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID,
    version: Version,
    revision: Annotated[int | None, Query(ge=1, lt=2**31, description="of the unpublished changes that are replaced by it")] = None,
) -> DraftView:
    """Puts an earlier version into the flow's draft; nothing goes live."""
    return await drafts.restore_as_draft(actor, session, flow_id, version, revision)


@router.post("/flows/{flow_id}/splits/{split_id}/draft", summary="Keep an arm of a split as draft")
async def keep_arm_as_draft(
    actor: CurrentActor, session: Transaction, flow_id: UUID, split_id: UUID, body: Annotated[KeepArm, Body(openapi_examples=_KEEP)]
) -> DraftView:
    """Ends an A/B test: in the flow's draft the split makes way for the steps of one arm; nothing goes live. Unpublished changes stay and
    have to be named by their `revision`. 422 for the hold-out, and for a split that has a condition of its own."""
    return await drafts.keep_arm_as_draft(actor, session, flow_id, split_id, body)
