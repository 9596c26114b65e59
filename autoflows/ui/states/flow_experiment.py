"""Editing the arms of a split, which arm a step is for, and the flow's goal."""

from __future__ import annotations

from typing import Any

import reflex as rx

from autoflows.actions.split import MAX_ARMS
from autoflows.domain.errors import Invalid
from autoflows.domain.flow import GoalKind
from autoflows.ui.flow_rows import ArmRow, StepRow
from autoflows.ui.states.base import choice_of, text_of
from autoflows.ui.states.flow_rows import FlowRows

GOAL_TEXTS = {"goal_tag": 100, "goal_field": 100, "goal_value": 255, "goal_seconds": 8, "goal_days": 8}


class FlowExperiment(FlowRows, mixin=True):
    """Handlers for what makes a flow an experiment. An arm is named by its place, counted from 0."""

    def _change_arms(self, step_id: Any, change: Any) -> Any:
        def changed(step: StepRow) -> StepRow:
            return step.model_copy(update={"arms": change(list(step.arms))})

        return self._change_step(step_id, changed)

    def _change_arm(self, step_id: Any, place: Any, **values: Any) -> Any:
        def changed(arms: list[ArmRow]) -> list[ArmRow]:
            if type(place) is not int or not 0 <= place < len(arms):
                raise Invalid("This arm is not there any more.")
            return [arm.model_copy(update=values) if n == place else arm for n, arm in enumerate(arms)]

        return self._change_arms(step_id, changed)

    @rx.event
    async def set_arm_name(self, step_id: str, place: int, name: str) -> Any:
        """What an arm is called."""
        return self._change_arm(step_id, place, name=text_of(name, 40))

    @rx.event
    async def set_arm_percent(self, step_id: str, place: int, percent: str) -> Any:
        """How many of a hundred people come into an arm."""
        return self._change_arm(step_id, place, percent=text_of(percent, 8))

    @rx.event
    async def set_holdout(self, step_id: str, place: int, on: bool) -> Any:
        """Whether the people of an arm get no contact; only one arm can be the hold-out, so this one takes it over."""

        def changed(arms: list[ArmRow]) -> list[ArmRow]:
            return [arm.model_copy(update={"is_holdout": n == place and bool(on)}) for n, arm in enumerate(arms)]

        return self._change_arms(step_id, changed)

    @rx.event
    async def add_arm(self, step_id: str) -> Any:
        """One more arm with the next free letter, and all arms alike."""

        def changed(arms: list[ArmRow]) -> list[ArmRow]:
            if len(arms) >= MAX_ARMS:
                raise Invalid(f"A split may have {MAX_ARMS} arms at most.")
            taken = {arm.name.strip().upper() for arm in arms}
            letter = next(letter for letter in "ABCDEFGHIJ" if letter not in taken)
            return evenly([*arms, ArmRow(name=letter)])

        self.form_key += 1
        return self._change_arms(step_id, changed)

    @rx.event
    async def remove_arm(self, step_id: str, place: int) -> Any:
        """Without this arm; the others share alike."""

        def changed(arms: list[ArmRow]) -> list[ArmRow]:
            if len(arms) <= 2 or type(place) is not int or not 0 <= place < len(arms):
                raise Invalid("A split has two arms at least.")
            return evenly([arm for n, arm in enumerate(arms) if n != place])

        self.form_key += 1
        return self._change_arms(step_id, changed)

    @rx.event
    async def choose_arm(self, step_id: str, value: str) -> Any:
        """The arm that a step is for, as `arm_options` gives it."""
        arm, _, split = text_of(value, 255).partition("\n")
        return self._change_step(step_id, lambda s: s.model_copy(update={"when_value": arm, "when_field": split}))

    @rx.event
    async def set_goal_kind(self, kind: str) -> Any:
        """What the flow is for; "none" takes the goal away."""
        return self._set(goal_kind="" if kind == "none" else choice_of(kind, GoalKind))

    @rx.event
    async def set_goal_text(self, name: str, value: str) -> Any:
        """One of the goal's texts and numbers."""
        choice_of(name, GOAL_TEXTS)
        return self._set(**{name: text_of(value, GOAL_TEXTS[name])})

    @rx.event
    async def set_goal_stops(self, on: bool) -> Any:
        """Whether the flow stops for who has met the goal."""
        return self._set(goal_stops=bool(on))


def evenly(arms: list[ArmRow]) -> list[ArmRow]:
    """The arms with a hundred shared among them; the first ones take what is left over."""
    share, left = divmod(100, len(arms))
    return [arm.model_copy(update={"percent": str(share + (n < left))}) for n, arm in enumerate(arms)]
