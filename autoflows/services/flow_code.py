"""Flows as files: writing one out, and making or changing a flow by one. The format is `domain.flow_code`'s; its schema is published."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col

from autoflows.actions import ACTIONS
from autoflows.domain.errors import Conflict, FieldError, Invalid, NotFound
from autoflows.domain.flow import Action, FlowDefinition
from autoflows.domain.flow_code import FORMAT, FlowFile, read_flow, write_flow
from autoflows.domain.flow_diff import diff
from autoflows.domain.permissions import Permission
from autoflows.domain.problems import errors_of
from autoflows.models import Flow
from autoflows.services import flows
from autoflows.services.access import Actor, AsyncSession, requires
from autoflows.services.flow_problems import find_problems, item_names, rank_of
from autoflows.services.flow_store import checked, definition_of, live_flows, lock_flows
from autoflows.services.flow_versions import get_version
from autoflows.services.item_references import find_by_name, references_of, write_names
from autoflows.services.validation import invalid
from autoflows.services.views.flow_code import FlowImport, FlowImported
from autoflows.services.views.flows import FlowCreate, FlowUpdate


@requires(Permission.FLOWS_READ)
async def export_flow(actor: Actor, session: AsyncSession, flow_id: UUID, version: int | None = None) -> str:
    """The flow as a file, or a version of it. Raises NotFound."""
    flow = await flows.get_flow(actor, session, flow_id)
    if version is None:
        definition = FlowDefinition.model_validate(flow.model_dump(include=set(FlowDefinition.model_fields)))
        head: dict[str, Any] = {"is_enabled": flow.is_enabled, "priority": flow.priority}
    else:
        definition = FlowDefinition.model_validate((await get_version(actor, session, flow_id, version)).definition)
        head = {}
    named = await write_names(actor, session, definition)
    return write_flow(named.model_copy(update={"actions": [_lean(step) for step in named.actions]}), **head)


def _lean(step: Action) -> Action:
    """Without the config fields that hold their default."""
    spec = ACTIONS.get(step.action_type)
    fields = spec.Config.model_fields if spec else {}
    kept = {
        n: v
        for n, v in step.action_config.items()
        if n not in fields or fields[n].is_required() or v != fields[n].get_default(call_default_factory=True)
    }
    return step.model_copy(update={"action_config": kept})


def check_file(text: str) -> FlowDefinition:
    """The flow in a file, its form alone: what it names is not looked up. Raises Invalid with the line of each wrong value."""
    file = read_flow(text)
    fields = deepcopy(file.fields)
    placeholder = "00000000-0000-0000-0000-000000000000"
    for step in fields["actions"] if isinstance(fields["actions"], list) else []:
        config = step.get("action_config") if isinstance(step, dict) else None
        if isinstance(config, dict):
            config |= {name: placeholder for name in references_of(step.get("action_type")) if config.get(name) is not None}
    return _checked(file, fields)[0]


def _checked(file: FlowFile, fields: dict[str, Any]) -> tuple[FlowDefinition, FlowUpdate]:
    """The definition, complete, and with it whether it is enabled and where it stands. Raises Invalid with lines."""
    try:
        whole = FlowUpdate.model_validate({k: v for k, v in fields.items() if k in FlowUpdate.model_fields and k != "version"})
        unknown = [
            FieldError(f"/{name}", "is not a known field") for name in fields if name not in FlowUpdate.model_fields or name == "version"
        ]
        if unknown:
            raise Invalid("Some values cannot be used.", errors=unknown)
        return checked(whole), whole
    except ValidationError as error:
        raise file.located(invalid(error)) from None
    except Invalid as error:
        raise file.located(error) from None


@requires(Permission.FLOWS_WRITE)
async def import_flow(actor: Actor, session: AsyncSession, order: FlowImport) -> FlowImported:
    """Make the flow of a file, or publish it over the flow of the same name or of `flow_id`. A dry run changes nothing and says the same.

    Left out of a file, `is_enabled` and `priority` stay as they are; a new flow is disabled and last. Raises Invalid with the line of
    each wrong value, also of names that the account has not; NotFound for `flow_id`; Conflict if several flows have the name.
    """
    file = read_flow(order.yaml)
    fields = deepcopy(file.fields)
    if missing := await find_by_name(actor, session, fields["actions"]):
        raise file.located(Invalid("The file names what this account has not.", errors=missing))
    definition, whole = _checked(file, fields)
    await lock_flows(session, actor.account_id)
    flow = await _target(actor, session, definition.name, order.flow_id)
    present = await definition_of(session, flow) if flow is not None else None
    names = await item_names(actor, session, definition, *([present] if present else []))
    changes = diff(present or FlowDefinition(name=definition.name), definition, names)
    enabled = whole.is_enabled if whole.is_enabled is not None else flow is not None and flow.is_enabled
    problems = await find_problems(actor, session, definition, rank_of(flow, definition))
    result = FlowImported(
        dry_run=order.dry_run,
        is_new=flow is None,
        flow_id=flow.id if flow else None,
        name=definition.name,
        changes=changes,
        problems=problems,
    )
    if enabled and (wrong := errors_of(problems)):
        error = Invalid(
            "The flow cannot be enabled until its problems are mended.", errors=[FieldError(p.pointer, p.message) for p in wrong]
        )
        raise file.located(error)
    if order.dry_run:
        return result
    body = {**definition.model_dump(mode="json"), "priority": whole.priority}
    try:
        if flow is None:
            new = FlowCreate.model_validate({**body, "is_enabled": bool(whole.is_enabled)})
            done = await flows.create_flow(actor, session, new, note=order.note)
        else:
            changed = FlowUpdate.model_validate({**body, "is_enabled": whole.is_enabled})
            done = await flows.update_flow(actor, session, flow.id, changed, note=order.note)
    except Invalid as error:
        raise file.located(error) from None
    return result.model_copy(update={"flow_id": done.id, "flow": done})


async def _target(actor: Actor, session: AsyncSession, name: str, flow_id: UUID | None) -> Flow | None:
    """The flow that a file is about; None for a new one."""
    statement = live_flows(actor)
    statement = statement.where(col(Flow.id) == flow_id) if flow_id else statement.where(col(Flow.name) == name)
    found = (await session.exec(statement)).all()
    if flow_id and not found:
        raise NotFound(f"There is no flow with the id {flow_id}.")
    if len(found) > 1:
        raise Conflict(f"{len(found)} flows are named '{name}'; say which one is meant by its id, or give them names of their own.")
    return found[0] if found else None


@lru_cache(maxsize=1)
def flow_schema() -> dict[str, Any]:
    """The JSON Schema of a flow's file, for editors: complete with the settings of each type of step."""
    schema = FlowUpdate.model_json_schema()
    properties = {name: value for name, value in schema["properties"].items() if name not in ("version", "actions")}
    steps = [_step_schema(kind) for kind in ACTIONS]
    # What a step's settings are made of, such as the arms of a split, is named from the top of the file's schema.
    parts = {name: part for step in steps for name, part in step["properties"]["action_config"].pop("$defs", {}).items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Autoflows flow",
        "description": "A flow as a file. Agents, numbers and templates are named by id, by name, or by {name, channel}.",
        "type": "object",
        "additionalProperties": False,
        "required": ["autoflows", "name"],
        "properties": {
            "autoflows": {"const": FORMAT, "description": "the version of the format"},
            **properties,
            "actions": {"type": "array", "maxItems": 200, "items": {"oneOf": steps}},
        },
        "$defs": {**{k: v for k, v in schema["$defs"].items() if k != "Action"}, **parts, "Item": _ITEM},
    }


_ITEM: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "description": "an id, or a name that only one item has"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {name: {"type": "string"} for name in ("name", "channel", "language")},
        },
    ]
}


def _step_schema(kind: Any) -> dict[str, Any]:
    spec = ACTIONS[kind]
    config = spec.Config.model_json_schema()
    for field in spec.references or {}:
        about = {k: v for k, v in config["properties"][field].items() if k in ("title", "description")}
        optional = field not in config.get("required", [])
        config["properties"][field] = {**about, "anyOf": [{"$ref": "#/$defs/Item"}, *([{"type": "null"}] if optional else [])]}
    step = Action.model_json_schema()["properties"]
    conditions = {name: step[name] for name in ("condition_type", "condition_value", "condition_field")}
    return {
        "type": "object",
        "title": spec.title,
        "description": spec.description,
        "additionalProperties": False,
        "required": ["action_type"] + (["action_config"] if config.get("required") else []),
        "properties": {"action_type": {"const": spec.action_type.value}, "action_config": config, **conditions},
    }
