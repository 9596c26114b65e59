"""Dividing people among the arms of an experiment: each person gets one arm of a split and keeps it. Pure.

The arm follows from the person alone: no draw is remembered, so a re-entry, a later version of the flow and any worker come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from autoflows.domain.conditions import Lead, fold
from autoflows.domain.flow import Action, ActionType, FlowDefinition

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


def held_out_by(definition: FlowDefinition, arms: Mapping[int, str]) -> str | None:
    """The name of the split whose hold-out this run is in; `arms` has the arm chosen at each split, by the split's order."""
    for split in splits_of(definition):
        chosen = arms.get(split.action_order)
        if chosen is not None and any(arm.is_holdout and arm.name == chosen for arm in arms_of(split)):
            return name_of(split)
    return None
