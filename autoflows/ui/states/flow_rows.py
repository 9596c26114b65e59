"""Editing a flow's conditions and steps: each handler checks its arguments, changes one row and has the rows dressed anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from autoflows.actions import ACTIONS
from autoflows.domain.errors import Invalid
from autoflows.domain.flow import MAX_ACTIONS, MAX_CONDITIONS, ActionCondition, ActionType, ConditionOperator, TriggerType
from autoflows.ui.flow_draft import MAPPABLE, ConditionRow, Option, StepRow, chosen, dressed, new_key, new_step
from autoflows.ui.states.base import choice_of, text_of

GONE = Invalid("This row is not there any more. Reload the page.")


class FlowRows(rx.State, mixin=True):
    """The two lists of the flow form. `choices` holds the catalogue items by the widget that picks them."""

    conditions: list[ConditionRow] = []
    steps: list[StepRow] = []
    choices: dict[str, list[Option]] = {}
    dirty: bool = False

    def _dress(self, steps: list[StepRow]) -> None:
        self.steps = dressed(steps, self.choices)

    async def _touched(self) -> None:
        """Something was changed."""
        self.dirty = True

    async def _change_condition(self, key: Any, **values: str) -> None:
        if not any(c.key == key for c in self.conditions):
            raise GONE
        self.conditions = [c.model_copy(update={**values, "error": ""}) if c.key == key else c for c in self.conditions]
        await self._touched()

    async def _change_step(self, key: Any, change: Callable[[StepRow], StepRow]) -> None:
        if not any(s.key == key for s in self.steps):
            raise GONE
        self._dress([change(s) if s.key == key else s for s in self.steps])
        await self._touched()

    @rx.event
    async def add_condition(self) -> None:
        """One more condition at the end."""
        if len(self.conditions) >= MAX_CONDITIONS:
            raise Invalid(f"A flow may have {MAX_CONDITIONS} conditions at most.")
        self.conditions = [*self.conditions, ConditionRow(key=new_key())]
        await self._touched()

    @rx.event
    async def remove_condition(self, key: str) -> None:
        """Without this condition."""
        self.conditions = [c for c in self.conditions if c.key != key]
        await self._touched()

    @rx.event
    async def set_condition_kind(self, key: str, kind: str) -> None:
        """What the condition looks at; its field and value start anew, since they meant another thing."""
        await self._change_condition(key, kind=choice_of(kind, TriggerType, default="lead_source"), field="", value="")

    @rx.event
    async def set_condition_operator(self, key: str, operator: str) -> None:
        """How it compares."""
        await self._change_condition(key, operator=choice_of(operator, ConditionOperator, default="equals"))

    @rx.event
    async def set_condition_field(self, key: str, field: str) -> None:
        """Which field it looks at."""
        await self._change_condition(key, field=text_of(field, 100))

    @rx.event
    async def set_condition_value(self, key: str, value: str) -> None:
        """What it compares with."""
        await self._change_condition(key, value=text_of(value, 255))

    @rx.event
    async def add_step(self, kind: str) -> None:
        """One more step at the end."""
        if len(self.steps) >= MAX_ACTIONS:
            raise Invalid(f"A flow may have {MAX_ACTIONS} steps at most.")
        step = new_step(choice_of(kind, ACTIONS, default="wait"))
        if step.kind == "wait":
            step.fields[0].value = "10"  # a wait of nothing helps nobody
        self._dress([*self.steps, chosen(step, self.choices)])
        await self._touched()

    @rx.event
    async def remove_step(self, key: str) -> None:
        """Without this step."""
        self._dress([s for s in self.steps if s.key != key])
        await self._touched()

    @rx.event
    async def move_step(self, key: str, by: int) -> None:
        """One place up (-1) or down (1)."""
        at = next((n for n, s in enumerate(self.steps) if s.key == key), None)
        if at is None or by not in (-1, 1):
            raise GONE
        to = at + by
        if 0 <= to < len(self.steps):
            steps = list(self.steps)
            steps[at], steps[to] = steps[to], steps[at]
            self._dress(steps)
            await self._touched()

    @rx.event
    async def set_config(self, key: str, name: str, value: str | bool) -> Any:
        """One field of a step's settings, as text; a switch sends true or false, an emptied picker "none"."""
        text = ("true" if value else "") if isinstance(value, bool) else text_of(value, 2000)
        text = "" if text == "none" else text

        def change(step: StepRow) -> StepRow:
            fields = [f.model_copy(update={"value": text, "error": ""}) if f.name == name and not f.fixed else f for f in step.fields]
            return step.model_copy(update={"fields": fields, "error": ""})

        await self._change_step(key, change)

    @rx.event
    async def set_when(self, key: str, kind: str) -> None:
        """When the step runs: "none" (unless an exit rule fired), or one of the conditions, with its usual value."""
        kind = "" if kind == "none" else choice_of(kind, ActionCondition)
        usual = {"call_outcome": "not_answered", "message_status": "read"}.get(kind, "")
        await self._change_step(key, lambda s: s.model_copy(update={"when": kind, "when_value": usual, "when_field": "", "error": ""}))

    @rx.event
    async def set_when_value(self, key: str, value: str) -> None:
        """What the step's condition asks for."""
        text = text_of(value, 255)
        await self._change_step(key, lambda s: s.model_copy(update={"when_value": text, "error": ""}))

    @rx.event
    async def set_when_field(self, key: str, field: str) -> None:
        """Which contact field the step's condition looks at."""
        text = text_of(field, 100)
        await self._change_step(key, lambda s: s.model_copy(update={"when_field": text, "error": ""}))

    @rx.event
    async def set_mapping_source(self, key: str, variable: str, source: str) -> None:
        """What fills a template variable: a contact field, "custom_field", or "text" of one's own."""
        source = choice_of(source, [*MAPPABLE, "custom_field", "text"])
        value = {"custom_field": "custom_fields.", "text": "{{ contact.name }}"}.get(source, source)
        await self._set_mapping(key, variable, value, custom=source == "text")

    @rx.event
    async def set_mapping_value(self, key: str, variable: str, value: str) -> None:
        """The custom field's name, or the text, that fills a template variable."""
        text = text_of(value, 1000)
        step = next((s for s in self.steps if s.key == key), None)
        mapping = next((m for m in step.mappings if m.variable == variable), None) if step else None
        if mapping is None:
            raise GONE
        await self._set_mapping(key, variable, text if mapping.custom else f"custom_fields.{text}", custom=mapping.custom)

    async def _set_mapping(self, key: Any, variable: Any, value: str, *, custom: bool) -> None:
        def change(step: StepRow) -> StepRow:
            rows = [
                m.model_copy(update={"value": value, "custom": custom, "error": ""}) if m.variable == variable else m for m in step.mappings
            ]
            return step.model_copy(update={"mappings": rows, "error": ""})

        await self._change_step(key, change)


def kinds() -> list[tuple[str, str, str, str]]:
    """The action types that can be added: type, title, icon, what it does."""
    return [(ActionType(kind).value, spec.title, spec.icon, spec.description) for kind, spec in ACTIONS.items()]
