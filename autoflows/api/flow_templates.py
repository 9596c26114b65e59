"""The gallery of ready flows."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.services import flow_templates
from autoflows.services.views.drafts import DraftView
from autoflows.services.views.flow_templates import FlowTemplates, Instantiate

router = APIRouter(prefix="/flow-templates", tags=["Flow templates"])

_ID = "01991c2e-7a00-7000-8000-000000000001"
_FILL: Any = {
    "chosen": {
        "summary": "Everything chosen",
        "value": {"mapping": {"agent": _ID, "sender": _ID, "message": _ID, "letter": _ID}, "values": {"message": {"1": "name"}}},
    },
    "later": {"summary": "Choose later, in the draft", "value": {"name": "Our first touch"}},
}


@router.get("", summary="List flow templates")
async def list_templates(actor: CurrentActor) -> FlowTemplates:
    """Ready flows for common jobs, each with what it needs and what it does in words."""
    return await flow_templates.list_templates(actor)


@router.post("/{key}/instantiate", status_code=201, summary="Begin a flow with a template")
async def begin_with(
    actor: CurrentActor,
    session: Transaction,
    key: Annotated[str, Path(max_length=100)],
    body: Annotated[Instantiate, Body(openapi_examples=_FILL)],
) -> DraftView:
    """Makes a draft from the template, not live. What is not chosen stays open, and is among the draft's problems."""
    return await flow_templates.begin_with(actor, session, key, body)
