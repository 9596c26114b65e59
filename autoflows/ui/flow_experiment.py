"""The arms of a split and a flow's goal while they are edited: rows of text, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autoflows.actions.split import SplitConfig
from autoflows.domain.conditions import fold
from autoflows.ui.flow_rows import ArmRow, Draft, Option, Settings, StepRow

SPLIT = "split"


def arm_rows(config: Mapping[str, Any]) -> list[ArmRow]:
    """The arms of a split's config; those of a new one where it names none."""
    given = config.get("arms")
    arms = given if isinstance(given, list) else [arm.model_dump() for arm in SplitConfig().arms]
    return [
        ArmRow(name=str(arm.get("name") or ""), percent=_text(arm.get("percent")), is_holdout=arm.get("is_holdout") is True)
        for arm in arms
        if isinstance(arm, Mapping)
    ]


def arms_body(rows: Sequence[ArmRow]) -> list[dict[str, Any]]:
    """The rows as the service takes them; a percentage that is no number stays as it was typed, to be refused at its place."""
    return [{"name": row.name.strip(), "percent": number(row.percent), "is_holdout": row.is_holdout} for row in rows]


def name_of(split: StepRow) -> str:
    """What a split is called."""
    return next((field.value.strip() for field in split.fields if field.name == "name" and field.value.strip()), "Split")


def splits_before(draft: Draft, step_id: str) -> list[StepRow]:
    """The splits that come before a step, in order."""
    place = next((n for n, step in enumerate(draft.steps) if step.id == step_id), 0)
    return [step for step in draft.steps[:place] if step.kind == SPLIT]


def arm_options(draft: Draft, step_id: str) -> list[Option]:
    """The arms that a step can ask for: of every split before it. The value holds the split's name only if there are several."""
    splits = splits_before(draft, step_id)
    several = len(splits) > 1
    return [
        Option(value=arm_value(row.name, name_of(split) if several else ""), label=f"{name_of(split)}: {row.name}" if several else row.name)
        for split in splits
        for row in split.arms
        if row.name.strip() and not row.is_holdout
    ]


def arm_value(arm: str, split: str) -> str:
    """One text for an arm and the split it is of; the arm comes first, so that no space around the text means anything."""
    return f"{arm.strip()}\n{split.strip()}".strip()


def chosen_option(step: StepRow, options: Sequence[Option]) -> str:
    """The option that the step's condition is; as it stands if there is no such arm."""
    wanted = fold(step.when_value), fold(step.when_field)
    for option in reversed(options):
        arm, _, split = option.value.partition("\n")
        if fold(arm) == wanted[0] and wanted[1] in ("", fold(split)):
            return option.value
    return arm_value(step.when_value, step.when_field) if step.when_value else ""


def goal_settings(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The goal's part of the settings."""
    given = definition.get("goal")
    goal: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    usual = Settings()
    return {
        "goal_kind": str(goal.get("kind") or ""),
        "goal_tag": str(goal.get("tag") or ""),
        "goal_field": str(goal.get("field") or ""),
        "goal_value": str(goal.get("value") or ""),
        "goal_seconds": _text(goal.get("min_seconds", usual.goal_seconds)),
        "goal_days": _text(goal.get("window_days", usual.goal_days)),
        "goal_stops": goal.get("stops") is True,
    }


def goal_body(s: Settings) -> dict[str, Any] | None:
    """The goal as the service takes it: the fields of its kind, so that what was typed for another is not kept."""
    if not s.goal_kind:
        return None
    own: dict[str, dict[str, Any]] = {
        "tag_added": {"tag": s.goal_tag.strip() or None},
        "field_equals": {"field": s.goal_field.strip() or None, "value": s.goal_value.strip() or None},
        "call_answered": {"min_seconds": number(s.goal_seconds) or 0},
    }
    return {"kind": s.goal_kind, "window_days": number(s.goal_days), "stops": s.goal_stops, **own.get(s.goal_kind, {})}


def number(text: str) -> int | float | str | None:
    """A number if it is one; else as typed, for the service to refuse with a sentence at its field."""
    text = text.strip()
    if not text:
        return None
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return "" if value is None else str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
