"""What is wrong with a flow being edited: the service's problems in the words of the builder, each with the place to go to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from autoflows.domain.problems import Problem
from autoflows.ui.flow_duration import MINUTES, SECONDS
from autoflows.ui.flow_rows import ConditionRow, Draft, StepRow

TITLES = {
    "name": "Name",
    "description": "Description",
    "business_hours_start": "Opening time",
    "business_hours_end": "Closing time",
    "business_hours_timezone": "Time zone",
    "business_days": "Days",
    "exit_rules": "Exit rules",
    "cooldown_minutes": "Cooldown",
    "max_contacts_per_hour": "Contacts per hour",
    "goal": "Goal",
}
FIELDS = {
    "name": "name",
    "description": "description",
    "business_hours_start": "opens",
    "business_hours_end": "closes",
    "business_hours_timezone": "zone",
    "business_days": "days-label",
    "on_tag": "exit_tag",
    "on_field": "exit_field",
    "on_field_value": "exit_value",
    "exit_rules": "exit_field",
    "cooldown_minutes": "cooldown_minutes",
    "max_contacts_per_hour": "per_hour",
    "goal": "goal_kind",
    "kind": "goal_kind",
    "tag": "goal_tag",
    "field": "goal_field",
    "value": "goal_value",
    "min_seconds": "goal_seconds",
    "window_days": "goal_days",
}
"""A setting of the definition -> the id of its control."""

PLAIN = {
    "condition_value": "a value",
    "'equals'": "“is”",
    "condition_field": "a field",
    "Condition_value": "A value",
    "Condition_field": "A field",
    "Condition value": "A value",
    "Condition field": "A field",
    "use_custom_business_hours": "the flow's own hours",
    "business_hours_start": "the opening time",
    "business_hours_end": "the closing time",
    "business_hours_timezone": "the time zone",
    "'any'": "“is anything”",
    "field required": "is required",
    "Goal tag is needed for the goal 'tag_added': name the tag": "Name the tag that this goal asks for",
    "Goal field is needed for the goal 'field_equals': name the field": "Name the field that this goal asks for",
}
"""Names of the contract in the words of the builder."""


class Finding(BaseModel):
    """One line of the to-do list: how bad, where, what; `select` and `focus` are where to go."""

    severity: str
    where: str
    text: str
    select: str = ""
    focus: str = ""
    code: str = ""

    @property
    def is_incomplete(self) -> bool:
        """Whether it keeps the draft from being published at all; other errors only keep a flow from being on."""
        return self.code == INCOMPLETE


INCOMPLETE = "invalid"
"""The code of a problem of the definition itself, which no version may have."""


class Mark(NamedTuple):
    """A problem pinned to what it is about, which may be moved before it is judged again. `pointer` is within the owner."""

    owner: str
    pointer: str
    severity: str
    text: str
    code: str = ""


def marks_of(problems: Iterable[Problem], draft: Draft) -> tuple[Mark, ...]:
    """The problems of a draft, each at its step (by id), its condition (by key), or its setting (owner: empty)."""
    return tuple(_mark(problem, draft) for problem in problems)


def _mark(problem: Problem, draft: Draft) -> Mark:
    parts = [p for p in problem.pointer.split("/") if p]
    match parts:
        case ["actions", index, *rest] if index.isdigit() and int(index) < len(draft.steps):
            step = draft.steps[int(index)]
            text = _plain(problem.message, _titles(step))
            return Mark(step.id, "".join(f"/{p}" for p in rest), problem.severity, _without_place(text, int(index)), problem.code)
        case ["conditions", index, *rest] if index.isdigit() and int(index) < len(draft.conditions):
            pointer = "".join(f"/{p}" for p in rest)
            return Mark(draft.conditions[int(index)].key, pointer, problem.severity, _plain(problem.message, {}), problem.code)
        case _:
            return Mark("", problem.pointer, problem.severity, _plain(problem.message, {}), problem.code)


def _titles(step: StepRow) -> dict[str, str]:
    return {field.name.replace("_", " ").capitalize(): field.title for field in step.fields}


def _plain(text: str, titles: dict[str, str]) -> str:
    for name, plainly in (*titles.items(), *PLAIN.items()):
        if name in text and not (name in titles and not text.startswith(name)):
            text = text.replace(name, plainly)
    return text


def _without_place(text: str, place: int) -> str:
    rest = text.removeprefix(f"Step {place + 1}: ")
    return rest[:1].upper() + rest[1:]


def findings_of(marks: Iterable[Mark], draft: Draft) -> list[Finding]:
    """The to-do list; what is about something removed meanwhile is left out."""
    steps = {step.id: (place, step) for place, step in enumerate(draft.steps)}
    conditions = {row.key: place for place, row in enumerate(draft.conditions)}
    placed = ((mark, _place_of(mark, steps, conditions)) for mark in marks)
    return [
        Finding(severity=mark.severity, where=place[0], text=mark.text, select=place[1], focus=place[2], code=mark.code)
        for mark, place in placed
        if place is not None
    ]


def _place_of(mark: Mark, steps: dict[str, tuple[int, StepRow]], conditions: dict[str, int]) -> tuple[str, str, str] | None:
    """What a problem is about in words, what to select and where to put the focus; None if it is gone."""
    if mark.owner in steps:
        place, step = steps[mark.owner]
        return f"Step {place + 1} · {step.title}", step.id, _control_of(step, mark.pointer)
    if mark.owner in conditions:
        return f"Condition {conditions[mark.owner] + 1}", "trigger", f"condition-{mark.owner}-value"
    if mark.owner:
        return None
    parts = [p for p in mark.pointer.split("/") if p]
    match parts:
        case ["conditions", *_]:
            return "Trigger", "trigger", "add-condition"
        case ["actions", *_]:
            return "Steps", "", "add-step"
        case [*_, name] if name in FIELDS:
            return TITLES.get(parts[0], "Settings"), "settings", FIELDS[name]
        case _:
            return "Flow", "settings", ""


def _control_of(step: StepRow, pointer: str) -> str:
    match [p for p in pointer.split("/") if p]:
        case ["action_config", name, *_] if any(f.name == name for f in step.fields):
            return f"{step.id}-{MINUTES if name == SECONDS else name}"
        case ["action_config", "arms", *_] if step.arms:
            return f"{step.id}-arms"
        case ["action_config", "variable_mappings", variable]:
            return f"{step.id}-variable-{variable}"
        case ["condition_type" | "condition_value" | "condition_field", *_]:
            return f"{step.id}-when"
        case _:
            return f"step-{step.id}"


def severity_of(marks: Iterable[Mark], owner: str) -> str:
    """That of the worst problem of a step; problems come worst first."""
    return next((mark.severity for mark in marks if mark.owner == owner), "")


def errors_at(marks: Iterable[Mark], owner: str) -> dict[str, str]:
    """What is wrong (not merely unwise) with a step or condition, by the pointer within it."""
    found: dict[str, str] = {}
    for mark in marks:
        if mark.owner == owner and mark.severity != "advice":
            found[mark.pointer] = f"{found[mark.pointer]} {mark.text}" if mark.pointer in found else mark.text
    return found


def setting_errors(marks: Iterable[Mark]) -> dict[str, str]:
    """What is wrong with the settings, by the id of the control; "" for what has none."""
    found: dict[str, str] = {}
    for mark in marks:
        parts = [p for p in mark.pointer.split("/") if p]
        if not mark.owner and mark.severity != "advice" and parts[:1] not in (["conditions"], ["actions"]):
            found.setdefault(FIELDS.get(parts[-1], "") if parts else "", mark.text)
    return found


def with_errors(conditions: Sequence[ConditionRow], marks: Sequence[Mark]) -> list[ConditionRow]:
    """The conditions with what is wrong with each."""
    return [row.model_copy(update={"error": " ".join(errors_at(marks, row.key).values())}) for row in conditions]
