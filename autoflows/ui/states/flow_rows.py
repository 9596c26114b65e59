"""Editing a flow's trigger, steps and settings: each handler checks its arguments and makes a new draft of the present one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from autoflows.actions import ACTIONS
from autoflows.domain.errors import Invalid
from autoflows.domain.flow import (
    MAX_ACTIONS,
    MAX_CONDITIONS,
    ActionCondition,
    ActionType,
    ConditionOperator,
    OnUnknown,
    OutsideHours,
    TriggerType,
)
from autoflows.ui.flow_cards import with_variables
from autoflows.ui.flow_draft import chosen, new_step
from autoflows.ui.flow_duration import MINUTES, SECONDS, UNITS, stored
from autoflows.ui.flow_experiment import arm_options
from autoflows.ui.flow_rows import MAPPABLE, ConditionRow, MappingRow, StepRow, new_key
from autoflows.ui.states.base import choice_of, text_of
from autoflows.ui.states.flow_history import FlowHistory

GONE = Invalid("This is not there any more; it may have been removed a moment ago.")
TEXTS = {
    "name": 255, "description": 5000, "opens": 8, "closes": 8, "zone": 64, "exit_tag": 100, "exit_field": 100, "exit_value": 255,
    "cooldown_minutes": 20, "per_hour": 20,
}  # fmt: skip
"""Settings that are text, and how long they may be."""
SWITCHES = ("custom_hours", "exit_on_answered", "exit_on_reply")
CHOICES = {"outside_hours": OutsideHours, "on_unknown": OnUnknown}
TRIGGER, SETTINGS = "trigger", "settings"
"""What can be selected besides a step."""


class FlowRows(FlowHistory, mixin=True):
    """What a person does to the draft."""

    # ------------------------------------------------------------------ trigger

    def _change_condition(self, key: Any, **values: str) -> Any:
        if not any(c.key == key for c in self._draft.conditions):
            raise GONE
        rows = tuple(c.model_copy(update=values) if c.key == key else c for c in self._draft.conditions)
        return self._edit(self._draft._replace(conditions=rows))

    @rx.event
    async def add_condition(self) -> Any:
        """One more condition at the end."""
        if len(self._draft.conditions) >= MAX_CONDITIONS:
            raise Invalid(f"A flow may have {MAX_CONDITIONS} conditions at most.")
        return self._edit(self._draft._replace(conditions=(*self._draft.conditions, ConditionRow(key=new_key()))))

    @rx.event
    async def remove_condition(self, key: str) -> Any:
        """Without this condition."""
        return self._edit(self._draft._replace(conditions=tuple(c for c in self._draft.conditions if c.key != key)))

    @rx.event
    async def set_condition_kind(self, key: str, kind: str) -> Any:
        """What the condition looks at; its field and value start anew, since they meant another thing."""
        return self._change_condition(key, kind=choice_of(kind, TriggerType, default="lead_source"), field="", value="")

    @rx.event
    async def set_condition_operator(self, key: str, operator: str) -> Any:
        """How it compares."""
        return self._change_condition(key, operator=choice_of(operator, ConditionOperator, default="equals"))

    @rx.event
    async def set_condition_field(self, key: str, field: str) -> Any:
        """Which field it looks at."""
        return self._change_condition(key, field=text_of(field, 100))

    @rx.event
    async def set_condition_value(self, key: str, value: str) -> Any:
        """What it compares with."""
        return self._change_condition(key, value=text_of(value, 255))

    @rx.event
    async def take_value(self, key: str, value: str) -> Any:
        """A value that leads had: it replaces the one there is, or joins the others of a list."""
        row = next((c for c in self._draft.conditions if c.key == key), None)
        text = text_of(value, 255)
        if row is None:
            raise GONE
        listed = [v.strip() for v in row.value.split(",") if v.strip()] if row.operator == "in" else []
        self.form_key += 1
        return self._change_condition(key, value=", ".join(dict.fromkeys([*listed, text]))[:255])

    # ------------------------------------------------------------------ steps

    def _change_step(self, step_id: Any, change: Callable[[StepRow], StepRow]) -> Any:
        if self._draft.step(step_id) is None:
            raise GONE
        steps = tuple(with_variables(change(s), self.choices) if s.id == step_id else s for s in self._draft.steps)
        return self._edit(self._draft._replace(steps=steps))

    @rx.event
    async def insert_step(self, kind: str, place: int) -> Any:
        """One more step, before the one that is at this place now, counted from 0; it is selected."""
        if len(self._draft.steps) >= MAX_ACTIONS:
            raise Invalid(f"A flow may have {MAX_ACTIONS} steps at most.")
        if type(place) is not int or not 0 <= place <= len(self._draft.steps):
            raise Invalid("There is no such place in the flow.")
        step = chosen(new_step(choice_of(kind, ACTIONS, default="wait")), self.choices)
        if step.kind == "wait":  # a wait of nothing helps nobody
            step.fields[0] = step.fields[0].model_copy(update={"value": "10"})
        steps = (*self._draft.steps[:place], with_variables(step, self.choices), *self._draft.steps[place:])
        self._refuse_unless_editable()
        self.selected = step.id
        self._focus(f"step-{step.id}")
        return self._edit(self._draft._replace(steps=steps))

    @rx.event
    async def remove_step(self, step_id: str) -> Any:
        """Without this step; the next one is selected, so that the keyboard stays where it was."""
        place = next((n for n, s in enumerate(self._draft.steps) if s.id == step_id), None)
        if place is None:
            raise GONE
        self._refuse_unless_editable()
        rest = (*self._draft.steps[:place], *self._draft.steps[place + 1 :])
        if self.selected == step_id:
            self.selected = rest[min(place, len(rest) - 1)].id if rest else TRIGGER
        self._focus(f"step-{rest[min(place, len(rest) - 1)].id}" if rest else "step-trigger")
        return self._edit(self._draft._replace(steps=rest))

    @rx.event
    async def order_steps(self, step_ids: list[str]) -> Any:
        """All steps in a new order. Anything but exactly the steps there are is refused, and the page shows what is true."""
        known = {s.id: s for s in self._draft.steps}
        self.order_revision += 1
        if not isinstance(step_ids, list) or not all(isinstance(i, str) for i in step_ids) or sorted(step_ids) != sorted(known):
            raise Invalid("The steps have changed meanwhile; nothing was moved.")
        return self._edit(self._draft._replace(steps=tuple(known[i] for i in step_ids)))

    @rx.event
    async def set_config(self, step_id: str, name: str, value: str | bool) -> Any:
        """One field of a step's settings, as text; a switch sends true or false, an emptied picker "none"."""
        text = ("true" if value else "") if isinstance(value, bool) else text_of(value, 2000)
        text = "" if text == "none" else text

        def change(step: StepRow) -> StepRow:
            return step.model_copy(
                update={"fields": [f.model_copy(update={"value": text}) if f.name == name and not f.fixed else f for f in step.fields]}
            )

        return self._change_step(step_id, change)

    @rx.event
    async def set_duration(self, step_id: str, amount: str, unit: str) -> Any:
        """How long a wait lasts, as a number and its unit."""
        unit = choice_of(unit, UNITS, default="minutes")
        minutes, seconds = stored(text_of(amount, 40), unit)
        values = {MINUTES: {"value": minutes, "unit": unit}, SECONDS: {"value": seconds}}
        return self._change_step(
            step_id, lambda step: step.model_copy(update={"fields": [f.model_copy(update=values.get(f.name, {})) for f in step.fields]})
        )

    @rx.event
    async def set_when(self, step_id: str, kind: str) -> Any:
        """When the step runs: "none" (unless an exit rule fired), or one of the conditions, with its usual value."""
        kind = "" if kind == "none" else choice_of(kind, ActionCondition)
        arm, _, field = next((option.value for option in arm_options(self._draft, step_id)), "").partition("\n")
        usual = {"call_outcome": "not_answered", "message_status": "read", "split": arm}.get(kind, "")
        field = field if kind == "split" else ""
        return self._change_step(step_id, lambda s: s.model_copy(update={"when": kind, "when_value": usual, "when_field": field}))

    @rx.event
    async def set_when_value(self, step_id: str, value: str) -> Any:
        """What the step's condition asks for."""
        text = text_of(value, 255)
        return self._change_step(step_id, lambda s: s.model_copy(update={"when_value": text}))

    @rx.event
    async def set_when_field(self, step_id: str, field: str) -> Any:
        """Which contact field the step's condition looks at."""
        text = text_of(field, 100)
        return self._change_step(step_id, lambda s: s.model_copy(update={"when_field": text}))

    @rx.event
    async def set_mapping_source(self, step_id: str, variable: str, source: str) -> Any:
        """What fills a template variable: a contact field, "custom_field", or "text" of one's own."""
        source = choice_of(source, [*MAPPABLE, "custom_field", "text"])
        value = {"custom_field": "custom_fields.", "text": "{{ contact.name | default: 'there' }}"}.get(source, source)
        return self._map(step_id, variable, lambda m: m.model_copy(update={"value": value, "custom": source == "text"}))

    @rx.event
    async def set_mapping_value(self, step_id: str, variable: str, value: str) -> Any:
        """The custom field's name, or the text, that fills a template variable."""
        text = text_of(value, 1000)
        return self._map(step_id, variable, lambda m: m.model_copy(update={"value": text if m.custom else f"custom_fields.{text}"}))

    def _map(self, step_id: Any, variable: Any, change: Callable[[MappingRow], MappingRow]) -> Any:
        def changed(step: StepRow) -> StepRow:
            if not any(m.variable == variable for m in step.mappings):
                raise GONE
            return step.model_copy(update={"mappings": [change(m) if m.variable == variable else m for m in step.mappings]})

        return self._change_step(step_id, changed)

    # ------------------------------------------------------------------ settings

    def _set(self, **values: Any) -> Any:
        return self._edit(self._draft._replace(settings=self._draft.settings.model_copy(update=values)))

    @rx.event
    async def set_text(self, name: str, value: str) -> Any:
        """One of the text settings."""
        choice_of(name, TEXTS)
        return self._set(**{name: text_of(value, TEXTS[name])})

    @rx.event
    async def set_switch(self, name: str, on: bool) -> Any:
        """One of the on/off settings."""
        values: dict[str, Any] = {choice_of(name, SWITCHES): bool(on)}
        if name == "custom_hours" and on:
            s = self._draft.settings
            values |= {"opens": s.opens or "09:00", "closes": s.closes or "19:00", "zone": s.zone or self.me.timezone}
        return self._set(**values)

    @rx.event
    async def set_choice(self, name: str, value: str) -> Any:
        """One of the settings with fixed choices."""
        choice_of(name, CHOICES)
        return self._set(**{name: choice_of(value, CHOICES[name])})

    @rx.event
    async def toggle_day(self, day: int) -> Any:
        """Add or take away a day of the flow's hours, 1 (Monday) to 7."""
        if day not in range(1, 8):
            raise Invalid("There is no such day.")
        return self._set(days=sorted(set(self._draft.settings.days) ^ {day}))


def kinds() -> list[tuple[str, str, str, str]]:
    """The action types that can be added: type, title, icon, what it does."""
    return [(ActionType(kind).value, spec.title, spec.icon, spec.description) for kind, spec in ACTIONS.items()]
