"""A flow as a file: the fields of the REST contract, without what goes without saying. Exact both ways, up to the ids of steps. Pure.

What a step names in a catalogue may be an id, or `{name, channel}`; which of the two is the services' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import Action, FlowDefinition, FlowSettings
from autoflows.domain.yaml_text import YamlDocument, YamlError, parse_yaml, write_yaml

FORMAT = 1
FIRST = ("autoflows", "name", "description", "is_enabled", "priority")
"""The head of a file, in this order; then the settings, the conditions and the actions."""
_PLACE = frozenset({"id", "action_order"})


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A file that was read: the flow's fields as REST takes them, and where in the file they stand."""

    fields: dict[str, Any]
    document: YamlDocument

    def located(self, error: Invalid) -> Invalid:
        """The same error with the line of each wrong value."""
        placed = [FieldError(e.pointer, f"{e.detail} (line {self.document.line_of(e.pointer)})") for e in error.errors]
        return Invalid(error.detail, errors=placed)


def read_flow(text: str) -> FlowFile:
    """Read a file as far as its form goes; the fields are checked by whoever makes a flow of them. Raises Invalid with lines."""
    try:
        document = parse_yaml(text)
    except YamlError as error:
        raise Invalid("The file cannot be read.", errors=[FieldError("", f"{error.message} (line {error.line})")]) from None
    file = FlowFile({}, document)
    value = document.value
    if not isinstance(value, dict):
        raise file.located(Invalid("The file is not a flow.", errors=[FieldError("", "must be a mapping that begins with 'autoflows: 1'")]))
    if value.get("autoflows") != FORMAT or isinstance(value.get("autoflows"), bool):
        detail = f"must be {FORMAT}, the version of the format this release reads"
        raise file.located(Invalid("The file is not a flow.", errors=[FieldError("/autoflows", detail)]))
    steps = value.get("actions") or []
    misplaced = [
        FieldError(f"/actions/{place}/{name}", "is not written in files: steps run in the order of the list")
        for place, step in enumerate(steps if isinstance(steps, list) else [])
        if isinstance(step, dict)
        for name in sorted(_PLACE & step.keys())
    ]
    if misplaced:
        raise file.located(Invalid("Some values cannot be used.", errors=misplaced))
    if isinstance(steps, list):
        steps = [{**step, "action_order": place} if isinstance(step, dict) else step for place, step in enumerate(steps, 1)]
    given = {name: item for name, item in value.items() if name != "autoflows"}
    return FlowFile({**given, "conditions": value.get("conditions") or [], "actions": steps}, document)


def write_flow(definition: FlowDefinition, **head: Any) -> str:
    """The flow as a file; `head` may hold `is_enabled` and `priority`. What equals the default is left out."""
    fields = definition.model_dump(mode="json", exclude_defaults=True, exclude={"actions"})
    document = {"autoflows": FORMAT, "name": definition.name, **{name: value for name, value in head.items() if value is not None}}
    document |= {name: fields[name] for name in FlowSettings.model_fields if name in fields}
    if definition.description:
        document["description"] = definition.description
    document = {name: document[name] for name in sorted(document, key=_rank)}
    return write_yaml({**document, "conditions": fields.get("conditions", []), "actions": [_step(step) for step in definition.actions]})


def _rank(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _step(step: Action) -> Mapping[str, Any]:
    fields = step.model_dump(mode="json", exclude_defaults=True, exclude=set(_PLACE))
    return {"action_type": step.action_type.value, **({"action_config": step.action_config} if step.action_config else {}), **fields}
