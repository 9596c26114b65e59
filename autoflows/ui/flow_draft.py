"""A flow while it is being edited: rows of text for the form, and back to the body that the service takes. Pure.

Everything a person types stays text here, however wrong; the service says what is wrong with it, and `flow_findings` puts each
sentence at its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.flow import ActionType
from autoflows.ui import words

MAPPINGS_WIDGET = "variable_mappings"
PICKERS = ("agent", "phone_number", "whatsapp_number", "whatsapp_template", "email_template")
"""Widgets that choose a catalogue item."""


class Option(BaseModel):
    """One choice of a select. `note` warns, such as of an unhealthy channel; `body` is a template's text, `variables` what it needs."""

    value: str
    label: str
    note: str = ""
    body: str = ""
    variables: list[str] = []


class ConditionRow(BaseModel):
    """One trigger condition of the form."""

    key: str
    kind: str = "lead_source"
    operator: str = "equals"
    field: str = ""
    value: str = ""
    error: str = ""


class FieldRow(BaseModel):
    """One field of a step, drawn from the action's own schema. A switch's value is `true` or empty."""

    name: str
    title: str
    help: str = ""
    widget: str = "text"
    unit: str = ""
    value: str = ""
    required: bool = False
    advanced: bool = False
    fixed: bool = False
    error: str = ""


class MappingRow(BaseModel):
    """What fills one variable of a WhatsApp template: a contact field's path, or Liquid text if `custom`."""

    variable: str
    value: str = ""
    custom: bool = False
    error: str = ""


class StepRow(BaseModel):
    """One action of the form."""

    key: str
    id: str = ""
    kind: str
    title: str = ""
    icon: str = "circle"
    sentence: str = ""
    when: str = ""
    when_value: str = ""
    when_field: str = ""
    fields: list[FieldRow] = []
    mappings: list[MappingRow] = []
    preview: str = ""
    error: str = ""
    problems: int = 0
    has_advanced: bool = False


MAPPABLE = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "company": "Company",
    "lead_source": "Lead source",
}


def new_key() -> str:
    """Names a row in the browser for as long as the page lives."""
    return uuid4().hex[:8]


def _unit(name: str) -> str:
    return next((unit for unit in ("minutes", "seconds", "hours", "days") if name.endswith(f"_{unit}")), "")


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "true" if value is True else str(value)


def fields_of(kind: str, config: Mapping[str, Any]) -> list[FieldRow]:
    """The form fields of an action type, filled from a config; the schema's defaults where it says nothing."""
    rows = []
    for name, info in ACTIONS[ActionType(kind)].Config.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        widget = str(extra.get("widget", "text"))
        if widget == MAPPINGS_WIDGET:
            continue
        given = config[name] if name in config else info.get_default(call_default_factory=True) if not info.is_required() else None
        value = _text(given)
        rows.append(
            FieldRow(
                name=name,
                title=info.title or name.replace("_", " ").capitalize(),
                help=info.description or "",
                widget=widget,
                unit="" if _unit(name) in (info.title or "").lower() else _unit(name),
                value=value[:5] if widget == "time" else value,
                required=info.is_required() or info.default is not None,
                advanced=bool(extra.get("advanced")),
                fixed=bool(extra.get("fixed")),
            )
        )
    return rows


def _mapping_rows(config: Mapping[str, Any]) -> list[MappingRow]:
    given = config.get("variable_mappings") or {}
    return [MappingRow(variable=str(k), value=str(v), custom="{{" in str(v) or "{%" in str(v)) for k, v in given.items()]


def new_step(kind: str) -> StepRow:
    """An action just added. Raises ValueError for a type there is none of."""
    spec = ACTIONS[ActionType(kind)]
    return StepRow(key=new_key(), kind=kind, title=spec.title, icon=spec.icon, fields=fields_of(kind, {}))


def chosen(step: StepRow, choices: Mapping[str, Sequence[Option]]) -> StepRow:
    """The step with what there is nothing to choose about chosen: a picker that must be filled and has one item."""
    for field in step.fields:
        options = choices.get(field.widget, ())
        if field.required and not field.value and len(options) == 1:
            field.value = options[0].value
    return step


def step_of(action: Mapping[str, Any]) -> StepRow:
    """A stored action as a row."""
    step = new_step(str(action["action_type"]))
    config = action.get("action_config") or {}
    step.id = str(action.get("id") or "")
    step.fields, step.mappings = fields_of(step.kind, config), _mapping_rows(config)
    step.when = str(action.get("condition_type") or "")
    step.when_value, step.when_field = str(action.get("condition_value") or ""), str(action.get("condition_field") or "")
    return step


def condition_of(condition: Mapping[str, Any]) -> ConditionRow:
    """A stored condition as a row."""
    return ConditionRow(
        key=new_key(),
        kind=str(condition["condition_type"]),
        operator=str(condition["condition_operator"]),
        field=str(condition.get("condition_field") or ""),
        value=str(condition.get("condition_value") or ""),
    )


def condition_body(row: ConditionRow) -> dict[str, Any]:
    """A row as the service takes it."""
    return {
        "condition_type": row.kind,
        "condition_operator": row.operator,
        "condition_value": None if row.operator in words.WITHOUT_VALUE else row.value.strip() or None,
        "condition_field": (row.field.strip() or None) if row.kind in ("custom_field", "contact_field") else None,
    }


def _value_of(field: FieldRow) -> Any:
    text = field.value.strip()
    if field.widget == "switch":
        return field.value == "true"
    if not text:
        return None
    if field.widget in ("number", "duration"):
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            return text  # refused by the service with a sentence at this field
    return text


def config_of(step: StepRow) -> dict[str, Any]:
    """A step's config as the service takes it: fields left empty are left out, so that the schema says which are needed."""
    config = {field.name: value for field in step.fields if (value := _value_of(field)) is not None}
    if any(mapping.variable for mapping in step.mappings):
        config["variable_mappings"] = {m.variable: m.value for m in step.mappings if m.value.strip() not in ("", "custom_fields.")}
    return config


def action_body(step: StepRow, order: int) -> dict[str, Any]:
    """A step as the service takes it."""
    when = step.when or None
    return {
        "id": step.id or None,
        "action_order": order,
        "action_type": step.kind,
        "action_config": config_of(step),
        "condition_type": when,
        "condition_value": (step.when_value.strip() or None) if when not in (None, "always") else None,
        "condition_field": (step.when_field.strip() or None) if when == "contact_field" else None,
    }


def template_of(step: StepRow, choices: Mapping[str, Sequence[Option]]) -> Option | None:
    """The template a step names, if it names one that there is."""
    for field in step.fields:
        if field.widget.endswith("_template"):
            return next((o for o in choices.get(field.widget, ()) if o.value == field.value), None)
    return None


def dressed(steps: Sequence[StepRow], choices: Mapping[str, Sequence[Option]]) -> list[StepRow]:
    """The rows with what follows from them: sentences, a mapping row per variable of the chosen template, previews, counts of errors."""
    names = {option.value: option.label for options in choices.values() for option in options}
    rows = []
    for order, step in enumerate(steps, start=1):
        template = template_of(step, choices)
        mappings = step.mappings
        if template is not None and step.kind == "whatsapp_message":
            kept = {m.variable: m for m in step.mappings}
            mappings = [kept.get(variable) or MappingRow(variable=variable) for variable in template.variables]
        errors = [step.error, *(f.error for f in step.fields), *(m.error for m in mappings)]
        rows.append(
            step.model_copy(
                update={
                    "sentence": words.step_in_words(order, action_body(step, order), names),
                    "mappings": mappings,
                    "preview": _filled(template, mappings) if template else "",
                    "problems": sum(1 for e in errors if e),
                    "has_advanced": any(f.advanced for f in step.fields),
                }
            )
        )
    return rows


def _filled(template: Option, mappings: Iterable[MappingRow]) -> str:
    """The template's text with each variable replaced by what fills it, said in words."""
    text = template.body
    for mapping in mappings:
        if mapping.value:
            said = mapping.value if mapping.custom else f"‹{MAPPABLE.get(mapping.value, mapping.value.removeprefix('custom_fields.'))}›"
            text = text.replace("{{" + mapping.variable + "}}", said)
    return text
