"""Dividing people among the arms of an experiment: each person gets one arm of a split and keeps it. Pure.

The arm follows from the person alone: no draw is remembered, so a re-entry, a later version of the flow and any worker come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from autoflows.domain.conditions import Lead, fold
from autoflows.domain.errors import FieldError, Invalid
from autoflows.domain.flow import Action, ActionCondition, ActionType, FlowDefinition

DEFAULT_NAME = "Split"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way through a split. A hold-out gets no contact from the split on: it shows what would have happened anyway."""

    name: str
    percent: float
    is_holdout: bool = False


def name_of(split: Action) -> str:
    """What the split is called in its flow."""
    return str(split.action_config.get("name") or DEFAULT_NAME).strip()


def arms_of(split: Action) -> list[Arm]:
    """The arms as configured; what cannot be read as one is left out."""
    arms = split.action_config.get("arms")
    found = []
    for arm in arms if isinstance(arms, list) else []:
        if isinstance(arm, Mapping) and str(arm.get("name") or "").strip():
            percent = arm.get("percent")
            share = float(percent) if isinstance(percent, int | float) and 0 <= percent <= 100 else 0.0
            found.append(Arm(str(arm["name"]).strip(), share, arm.get("is_holdout") is True))
    return found


def choose_arm(split: Action, lead: Lead) -> str | None:
    """The person's arm: a hash of their address, keyed by the experiment, falls into one arm's part of the whole. None without arms.

    The experiment is the split's id, which it keeps through all versions; a flow that was never published has its name only. Changed
    percentages move as few people as they must: those between the old and the new borders.
    """
    arms = [arm for arm in arms_of(split) if arm.percent > 0]
    if not arms:
        return None
    experiment = split.id.bytes if split.id else blake2b(name_of(split).encode("utf-8", "replace"), digest_size=16).digest()
    person = (lead.phone or fold(lead.email)).encode("utf-8", "replace")
    place = int.from_bytes(blake2b(person, key=experiment, digest_size=8).digest()) / 2**64 * sum(arm.percent for arm in arms)
    for arm in arms:
        place -= arm.percent
        if place < 0:
            return arm.name
    return arms[-1].name


def splits_of(definition: FlowDefinition) -> list[Action]:
    """The splits of a flow, in order."""
    return [step for step in definition.actions if step.action_type is ActionType.SPLIT]


def split_asked(definition: FlowDefinition, step: Action) -> Action | None:
    """The split that a step's condition is about: the one of the name in `condition_field`, else the last before the step."""
    before = [split for split in splits_of(definition) if split.action_order < step.action_order]
    wanted = fold(step.condition_field)
    return next((split for split in reversed(before) if not wanted or fold(name_of(split)) == wanted), None)


def keep_arm(definition: FlowDefinition, split: Action, arm: str) -> FlowDefinition:
    """The flow in which everybody goes the way of one arm: without the split, and without the steps that nobody in this arm comes to.

    What the arm's people got they get, in the same order, and nothing else; steps keep their ids. Raises Invalid for the hold-out, for an
    arm there is not, and for a split that not everybody goes through, since a step can have one condition only.
    """
    kept_arm = next((one for one in arms_of(split) if fold(one.name) == fold(arm)), None)
    if kept_arm is None:
        names = ", ".join(one.name for one in arms_of(split))
        raise Invalid(f"'{name_of(split)}' has no arm {arm}.", errors=[FieldError("/arm", f"name one of its arms: {names}")])
    if kept_arm.is_holdout:
        detail = "name an arm with contact; to contact nobody, switch the flow off"
        raise Invalid(f"{kept_arm.name} is the hold-out, which gets no contact.", errors=[FieldError("/arm", detail)])
    if split.condition_type not in (None, ActionCondition.ALWAYS, ActionCondition.SPLIT):
        raise Invalid(
            f"'{name_of(split)}' has a condition of its own, and its steps can have one condition only. "
            f"Give arm {kept_arm.name} 100 percent in the split instead."
        )
    inherited = _condition_of(definition, split)
    gone, steps = {split.action_order}, list[Action]()
    for step in definition.actions:
        asked = split_asked(definition, step) if step.condition_type is ActionCondition.SPLIT else None
        is_of_arm = asked == split and fold(step.condition_value) == fold(kept_arm.name)
        if step == split or (asked is not None and asked.action_order in gone and not is_of_arm):
            gone.add(step.action_order)  # and with a split all that asks about it
        else:
            steps.append(step.model_copy(update={"action_order": len(steps) + 1, **(inherited if is_of_arm else {})}))
    return definition.model_copy(update={"actions": steps})


def _condition_of(definition: FlowDefinition, split: Action) -> dict[str, str | None]:
    """What a step of the arm asks instead of its arm: nothing, or the arm of another split that leads to this one, by name."""
    outer = split_asked(definition, split) if split.condition_type is ActionCondition.SPLIT else None
    if outer is None and split.condition_type is not ActionCondition.SPLIT:
        return {"condition_type": None, "condition_value": None, "condition_field": None}
    field = name_of(outer) if outer is not None else split.condition_field
    return {"condition_type": ActionCondition.SPLIT, "condition_value": split.condition_value, "condition_field": field}


def held_out_by(definition: FlowDefinition, arms: Mapping[int, str]) -> str | None:
    """The name of the split whose hold-out this run is in; `arms` has the arm chosen at each split, by the split's order."""
    for split in splits_of(definition):
        chosen = arms.get(split.action_order)
        if chosen is not None and any(arm.is_holdout and arm.name == chosen for arm in arms_of(split)):
            return name_of(split)
    return None
