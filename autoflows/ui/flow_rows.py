"""The rows of a flow being edited: a condition, a step with its fields, the settings, and the draft that they make up. Pure.

Everything a person types stays text here, however wrong. Rows are never changed in place: an edit makes a new `Draft`, so that undo is the
one before.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from pydantic import BaseModel

MAPPINGS_WIDGET = "variable_mappings"
ARMS_WIDGET = "arms"
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


class ArmRow(BaseModel):
    """One arm of a split, as typed."""

    name: str = ""
    percent: str = ""
    is_holdout: bool = False


class StepRow(BaseModel):
    """One action. `note`, `sentence` and what follows from the choices are filled for the selected one only, see `flow_cards`."""

    id: str = ""
    kind: str = "wait"
    title: str = ""
    icon: str = "circle"
    when: str = ""
    when_value: str = ""
    when_field: str = ""
    fields: list[FieldRow] = []
    mappings: list[MappingRow] = []
    arms: list[ArmRow] = []
    arms_error: str = ""
    arms_total: str = ""
    arm_options: list[Option] = []
    arm_chosen: str = ""
    order: int = 0
    sentence: str = ""
    preview: str = ""
    preview_subject: str = ""
    preview_html: str = ""
    error: str = ""
    has_advanced: bool = False


class Settings(BaseModel):
    """The flow's settings as the panel shows them, all as typed."""

    name: str = ""
    description: str = ""
    custom_hours: bool = False
    days: list[int] = [1, 2, 3, 4, 5, 6]
    opens: str = ""
    closes: str = ""
    zone: str = ""
    outside_hours: str = "wait"
    exit_on_answered: bool = True
    exit_on_reply: bool = True
    exit_tag: str = ""
    exit_field: str = ""
    exit_value: str = ""
    per_hour: str = ""
    cooldown_minutes: str = ""
    on_unknown: str = "continue"
    goal_kind: str = ""
    goal_tag: str = ""
    goal_field: str = ""
    goal_value: str = ""
    goal_seconds: str = "0"
    goal_days: str = "7"
    goal_stops: bool = False


class Draft(NamedTuple):
    """All that is edited. Tuples and rows that nobody changes: a history of drafts shares whatever stayed the same."""

    settings: Settings = Settings()
    conditions: tuple[ConditionRow, ...] = ()
    steps: tuple[StepRow, ...] = ()

    def step(self, step_id: object) -> StepRow | None:
        """The step with this id."""
        return next((s for s in self.steps if s.id == step_id), None)


MAPPABLE = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "company": "Company",
    "lead_source": "Lead source",
}


def new_key() -> str:
    """Names a condition in the browser for as long as the page lives."""
    return uuid4().hex[:8]
