"""Flows as files: the schema for editors, export and import."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from starlette.responses import JSONResponse, PlainTextResponse

from autoflows.api.deps import CurrentActor, Transaction
from autoflows.services import flow_code
from autoflows.services.views.flow_code import FlowImport, FlowImported

router = APIRouter(tags=["Flows as files"])

_FILE = """autoflows: 1
name: IndiaMART first call
conditions:
- condition_type: lead_source
  condition_value: IndiaMART
actions:
- action_type: ai_call
  action_config:
    agent_id: {name: Priya, channel: Bolna}
- action_type: wait
  action_config: {duration_minutes: 10}
  condition_type: call_outcome
  condition_value: not_answered
"""
_IMPORT: Any = {
    "dry": {"summary": "See what it would do", "value": {"yaml": _FILE, "dry_run": True}},
    "apply": {"summary": "Do it", "value": {"yaml": _FILE, "note": "Reviewed by the team"}},
}


@router.get("/flow-schema.json", summary="Read the JSON Schema of a flow's file", response_class=JSONResponse)
async def read_schema() -> JSONResponse:
    """For editors: `# yaml-language-server: $schema=<this address>` at the top of a file. Needs no sign-in."""
    return JSONResponse(flow_code.flow_schema(), media_type="application/schema+json")


@router.get("/flows/{flow_id}/export", summary="Write a flow as a file", response_class=PlainTextResponse)
async def export_flow(
    actor: CurrentActor,
    session: Transaction,
    flow_id: UUID,
    version: Annotated[int | None, Query(ge=1, lt=2**31, description="an earlier version; left out: the present one")] = None,
) -> PlainTextResponse:
    """The flow as YAML, with agents, numbers and templates by name and channel. Imported again, it changes nothing."""
    text = await flow_code.export_flow(actor, session, flow_id, version)
    headers = {"Content-Disposition": f'attachment; filename="flow-{flow_id}.yaml"'}
    return PlainTextResponse(text, media_type="application/yaml", headers=headers)


@router.post("/flows/import", summary="Make or change a flow by a file")
async def import_flow(
    actor: CurrentActor, session: Transaction, body: Annotated[FlowImport, Body(openapi_examples=_IMPORT)]
) -> FlowImported:
    """Publishes the flow of the file, over the flow of the same name if there is one. `dry_run` says what it would change, and changes
    nothing. Every wrong value is named with its line (422)."""
    return await flow_code.import_flow(actor, session, body)
