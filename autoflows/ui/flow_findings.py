"""What is wrong with a flow being edited, at its field and in a list: errors and problems of the service in the words of the form. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from autoflows.actions import ACTIONS
from autoflows.domain.errors import FieldError
from autoflows.domain.flow import ActionType
from autoflows.ui.flow_draft import ConditionRow, StepRow

TITLES = {
    "name": "Name",
    "description": "Description",
    "priority": "Priority",
    "business_hours_start": "Opening time",
    "business_hours_end": "Closing time",
    "business_hours_timezone": "Time zone",
    "business_days": "Days",
    "exit_rules": "Exit rules",
    "cooldown_minutes": "Cooldown",
    "max_contacts_per_hour": "Contacts per hour",
    "is_enabled": "Enabled",
}

PLAIN = {
    "condition_value": "a value",
    "condition_field": "a field",
    "use_custom_business_hours": "the flow's own hours",
    "business_hours_start": "the opening time",
    "business_hours_end": "the closing time",
    "business_hours_timezone": "the time zone",
    "'any'": "“is anything”",
}
"""Names of the contract in the words of the form."""


class Finding(BaseModel):
    """One line of the problems panel: where, what, and the id of the element to go to."""

    severity: str
    where: str
    text: str
    anchor: str = ""


def said(error: FieldError, steps: Sequence[StepRow]) -> str:
    """An error as a sentence that names its field: `Voice agent is required`."""
    text = error.detail
    for name, plainly in PLAIN.items():
        text = text.replace(name, plainly)
    if not text[:1].islower():
        return text
    title = _title_at([p for p in error.pointer.split("/") if p], steps)
    return f"{title} {text}" if title else text[:1].upper() + text[1:]


def _title_at(parts: Sequence[str], steps: Sequence[StepRow]) -> str:
    match parts:
        case ["actions", index, "action_config", name, *_] if index.isdigit() and int(index) < len(steps):
            info = ACTIONS[ActionType(steps[int(index)].kind)].Config.model_fields.get(name)
            return (info.title or name) if info else name
        case [name]:
            return TITLES.get(name, "")
        case _:
            return ""


def finding(severity: str, pointer: str, text: str, conditions: Sequence[ConditionRow], steps: Sequence[StepRow]) -> Finding:
    """A line of the problems panel for something wrong at a pointer into the flow."""
    parts = [p for p in pointer.split("/") if p]
    match parts:
        case ["actions", index, *_] if index.isdigit() and int(index) < len(steps):
            step = steps[int(index)]
            return Finding(severity=severity, where=f"Step {int(index) + 1} · {step.title}", text=text, anchor=f"step-{step.key}")
        case ["conditions", index, *_] if index.isdigit() and int(index) < len(conditions):
            anchor = f"condition-{conditions[int(index)].key}"
            return Finding(severity=severity, where=f"Condition {int(index) + 1}", text=text, anchor=anchor)
        case ["conditions", *_]:
            return Finding(severity=severity, where="Trigger", text=text, anchor="trigger")
        case ["actions", *_]:
            return Finding(severity=severity, where="Steps", text=text, anchor="steps")
        case _:
            return Finding(severity=severity, where=TITLES.get(parts[0], "Flow") if parts else "Flow", text=text)


def placed(
    errors: Iterable[FieldError], conditions: list[ConditionRow], steps: list[StepRow]
) -> tuple[dict[str, str], list[ConditionRow], list[StepRow]]:
    """Each error at its row; those about neither a condition nor a step come back by the name of the setting."""
    rest: dict[str, str] = {}
    conditions = [c.model_copy(update={"error": ""}) for c in conditions]
    steps = [_without_errors(s) for s in steps]
    for error in errors:
        parts = [p for p in error.pointer.split("/") if p]
        match parts:
            case ["conditions", index, *_] if index.isdigit() and int(index) < len(conditions):
                row = conditions[int(index)]
                row.error = f"{row.error}; {error.detail}" if row.error else error.detail
            case ["actions", index, *inner] if index.isdigit() and int(index) < len(steps):
                _place_in_step(steps[int(index)], inner, error.detail)
            case _:
                rest[parts[0] if parts else ""] = error.detail
    return rest, conditions, steps


def _without_errors(step: StepRow) -> StepRow:
    return step.model_copy(
        update={
            "error": "",
            "fields": [f.model_copy(update={"error": ""}) for f in step.fields],
            "mappings": [m.model_copy(update={"error": ""}) for m in step.mappings],
        }
    )


def _place_in_step(step: StepRow, inner: Sequence[str], detail: str) -> None:
    if len(inner) >= 3 and inner[1] == "variable_mappings":
        for mapping in step.mappings:
            if mapping.variable == inner[2]:
                mapping.error = detail
                return
    if len(inner) >= 2:
        for field in step.fields:
            if field.name == inner[1]:
                field.error = detail
                return
    step.error = f"{step.error}; {detail}" if step.error else detail
