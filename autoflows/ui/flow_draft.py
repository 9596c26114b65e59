"""A flow while it is being edited: a definition as rows of text, and back to the definition that a draft holds. Pure.

What a person typed goes back as they typed it; the service says what is wrong with it, and `flow_findings` puts each
sentence at its field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from autoflows.actions import ACTIONS
from autoflows.domain.flow import ActionType
from autoflows.ui import words
from autoflows.ui.flow_experiment import SPLIT, arm_rows, arms_body, goal_body, goal_settings, number
from autoflows.ui.flow_rows import (
    ARMS_WIDGET,
    MAPPINGS_WIDGET,
    ConditionRow,
    Draft,
    FieldRow,
    MappingRow,
    Option,
    Settings,
    StepRow,
    new_key,
)


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
        if widget in (MAPPINGS_WIDGET, ARMS_WIDGET):
            continue
        given = config[name] if name in config else info.get_default(call_default_factory=True) if not info.is_required() else None
        value = _text(given)
        rows.append(
            FieldRow(
                name=name,
                title=info.title or name.replace("_", " ").capitalize(),
                help=info.description or "",
                widget=widget,
                unit="" if widget == "duration" or _unit(name) in (info.title or "").lower() else _unit(name),
                value=_clock(value) if widget == "time" else value,
                required=info.is_required() or info.default is not None,
                advanced=bool(extra.get("advanced")),
                fixed=bool(extra.get("fixed")),
            )
        )
    return rows


def _mapping_rows(config: Mapping[str, Any]) -> list[MappingRow]:
    given = config.get("variable_mappings")
    if not isinstance(given, Mapping):
        return []
    return [MappingRow(variable=str(k), value=str(v), custom="{{" in str(v) or "{%" in str(v)) for k, v in given.items()]


def new_step(kind: str) -> StepRow:
    """An action just added. Raises ValueError for a type there is none of."""
    spec = ACTIONS[ActionType(kind)]
    arms = arm_rows({}) if kind == SPLIT else []
    return StepRow(id=str(uuid4()), kind=kind, title=spec.title, icon=spec.icon, fields=fields_of(kind, {}), arms=arms)


def chosen(step: StepRow, choices: Mapping[str, Sequence[Option]]) -> StepRow:
    """The step with what there is nothing to choose about chosen: a picker that must be filled and has one item."""

    def filled(field: FieldRow) -> FieldRow:
        options = choices.get(field.widget, ())
        return field.model_copy(update={"value": options[0].value}) if field.required and not field.value and len(options) == 1 else field

    return step.model_copy(update={"fields": [filled(field) for field in step.fields]})


def step_of(action: Mapping[str, Any]) -> StepRow:
    """A stored action as a row; whatever it lacks is as in a new one. Raises ValueError for a type there is none of."""
    given = action.get("action_config")
    config = given if isinstance(given, Mapping) else {}
    step = new_step(str(action.get("action_type")))
    return step.model_copy(
        update={
            "id": _id(action.get("id")) or step.id,
            "fields": fields_of(step.kind, config),
            "mappings": _mapping_rows(config),
            "arms": arm_rows(config) if step.kind == SPLIT else [],
            "when": str(action.get("condition_type") or ""),
            "when_value": str(action.get("condition_value") or ""),
            "when_field": str(action.get("condition_field") or ""),
        }
    )


def _id(value: Any) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return ""


def condition_of(condition: Mapping[str, Any]) -> ConditionRow:
    """A stored condition as a row."""
    return ConditionRow(
        key=new_key(),
        kind=str(condition.get("condition_type") or "lead_source"),
        operator=str(condition.get("condition_operator") or "equals"),
        field=str(condition.get("condition_field") or ""),
        value=str(condition.get("condition_value") or ""),
    )


def draft_of(definition: Mapping[str, Any]) -> Draft:
    """What a definition says, in rows. What cannot be read, as in a draft saved by a program, is left out."""
    steps = [step_of(action) for action in _dicts(definition.get("actions")) if action.get("action_type") in list(ACTIONS)]
    unique = {step.id: step for step in steps}
    return Draft(
        _settings_of(definition),
        tuple(condition_of(c) for c in _dicts(definition.get("conditions"))),
        tuple(unique.values()),
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _settings_of(definition: Mapping[str, Any]) -> Settings:
    rules = definition.get("exit_rules")
    exits: Mapping[str, Any] = rules if isinstance(rules, Mapping) else {}
    days = definition.get("business_days")
    usual = Settings()
    return Settings(
        name=_text(definition.get("name")),
        description=_text(definition.get("description")),
        custom_hours=bool(definition.get("use_custom_business_hours")),
        days=[d for d in days if d in range(1, 8)] if isinstance(days, list) else usual.days,
        opens=_clock(definition.get("business_hours_start")),
        closes=_clock(definition.get("business_hours_end")),
        zone=_text(definition.get("business_hours_timezone")),
        outside_hours=_text(definition.get("outside_hours")) or usual.outside_hours,
        exit_on_answered=bool(exits.get("on_answered", True)),
        exit_on_reply=bool(exits.get("on_reply", True)),
        exit_tag=_text(exits.get("on_tag")),
        exit_field=_text(exits.get("on_field")),
        exit_value=_text(exits.get("on_field_value")),
        per_hour=_text(definition.get("max_contacts_per_hour")),
        cooldown_minutes=_text(definition.get("cooldown_minutes")),
        on_unknown=_text(definition.get("on_unknown")) or usual.on_unknown,
        **goal_settings(definition),
    )


def _clock(value: Any) -> str:
    """`09:00` of `09:00:00`, which is what a time field shows."""
    text = _text(value)
    return text.removesuffix(":00") if text.count(":") == 2 else text


def definition_of(draft: Draft) -> dict[str, Any]:
    """The draft as the service keeps it."""
    s = draft.settings
    return {
        "name": s.name,
        "description": s.description,
        "use_custom_business_hours": s.custom_hours,
        "business_hours_start": s.opens or None,
        "business_hours_end": s.closes or None,
        "business_hours_timezone": s.zone or None,
        "business_days": list(s.days),
        "outside_hours": s.outside_hours,
        "exit_rules": {
            "on_answered": s.exit_on_answered,
            "on_reply": s.exit_on_reply,
            "on_tag": s.exit_tag or None,
            "on_field": s.exit_field or None,
            "on_field_value": s.exit_value or None,
        },
        "max_contacts_per_hour": number(s.per_hour),
        "cooldown_minutes": number(s.cooldown_minutes),
        "on_unknown": s.on_unknown,
        "goal": goal_body(s),
        "conditions": [condition_body(c) for c in draft.conditions],
        "actions": [action_body(step, order) for order, step in enumerate(draft.steps, start=1)],
    }


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
    return number(text) if field.widget in ("number", "duration") else text


def config_of(step: StepRow) -> dict[str, Any]:
    """A step's config as the service takes it: fields left empty are left out, so that the schema says which are needed."""
    config = {field.name: value for field in step.fields if (value := _value_of(field)) is not None}
    if any(mapping.variable for mapping in step.mappings):
        config["variable_mappings"] = {m.variable: m.value for m in step.mappings if m.value.strip() not in ("", "custom_fields.")}
    if step.kind == SPLIT:
        config["arms"] = arms_body(step.arms)
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
        "condition_field": (step.when_field.strip() or None) if when in ("contact_field", "split") else None,
    }
