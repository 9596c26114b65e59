"""What changed between two definitions of a flow, in sentences for the person who is about to publish. Pure.

Promise: no change, no sentence; any change of anything but a step's id, at least one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import time
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from autoflows.domain.flow import Action, ActionType, ExitRules, FlowDefinition, Goal, TriggerCondition
from autoflows.domain.flow_steps import pair_steps, steps_after_call, unmoved
from autoflows.domain.flow_words import (
    ACTION_TITLES,
    CALL_OUTCOMES,
    action_in_words,
    condition_in_words,
    days_in_words,
    joined,
    when_in_words,
)
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.goals import goal_in_words
from autoflows.domain.outcomes import CallOutcome

MAX_SHOWN = 100
"""Characters of a value that a sentence shows."""


class ChangeKind(StrEnum):
    """What happened to the thing that a sentence is about."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


class Change(BaseModel):
    """One difference. `pointer` leads into the new definition, for something removed into the old one."""

    model_config = ConfigDict(frozen=True)

    kind: ChangeKind
    pointer: str = Field(examples=["/actions/1/action_config"])
    message: str = Field(examples=["Step 2 'Wait': wait 10 minutes → wait 5 minutes"])


Names = Mapping[str, str]


def diff(before: FlowDefinition, after: FlowDefinition, names: Names | None = None) -> list[Change]:
    """All that is different, settings first, then the trigger, then the steps. `names` gives the label of each catalogue item by its id."""
    known = names or {}
    return [*_settings(before, after), *_trigger(before.conditions, after.conditions), *_steps(before, after, known)]


def _arrow(kind: ChangeKind, pointer: str, label: str, old: str, new: str) -> Change:
    return Change(kind=kind, pointer=pointer, message=f"{label}: {old} → {new}")


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _plain(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "on" if value else "off"
        case time():
            return f"{value:%H:%M:%S}".removesuffix(":00")
        case _:
            return _short(value)


def _flag(value: Any) -> str:
    return "on" if value else "off"


def _goal(value: Goal | None) -> str:
    if value is None:
        return "none"
    return f"{goal_in_words(value)} within {value.window_days} days{', which stops the flow' if value.stops else ''}"


_SETTINGS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "name": ("Name", lambda value: f"'{_short(value)}'"),
    "description": ("Description", lambda value: f"'{_short(value)}'" if value else "none"),
    "use_custom_business_hours": ("Hours", lambda value: "the flow's own" if value else "the account's"),
    "business_hours_start": ("Opening time", _plain),
    "business_hours_end": ("Closing time", _plain),
    "business_hours_timezone": ("Time zone of the hours", _plain),
    "business_days": ("Days", days_in_words),
    "outside_hours": ("Outside the hours", lambda value: "wait for the opening" if value == "wait" else "skip the contact"),
    "cooldown_minutes": ("Cooldown", lambda value: "the account's" if value is None else f"{value} minutes"),
    "on_unknown": ("After an attempt of unknown fate", lambda value: "go on" if value == "continue" else "stop"),
    "max_contacts_per_hour": ("Contacts per hour", lambda value: "no limit" if value is None else str(value)),
    "goal": ("Goal", _goal),
}
"""Settings by their field; one that is not named here is told by the name of its field."""

_EXIT_RULES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "on_answered": ("Stop when a call is answered", _flag),
    "on_reply": ("Stop when the lead replies", _flag),
    "on_tag": ("Stop when the contact has the tag", _plain),
    "on_field": ("Stop by the contact's field", _plain),
    "on_field_value": ("Stop when that field has the value", _plain),
}


def _settings(before: FlowDefinition, after: FlowDefinition) -> Iterator[Change]:
    for name in ("name", "description", *(n for n in FlowDefinition.model_fields if n not in ("name", "description"))):
        if name not in ("conditions", "actions", "exit_rules"):
            yield from _field(_SETTINGS, f"/{name}", name, getattr(before, name), getattr(after, name))
    for name in ExitRules.model_fields:
        old, new = getattr(before.exit_rules, name), getattr(after.exit_rules, name)
        yield from _field(_EXIT_RULES, f"/exit_rules/{name}", name, old, new)


def _field(known: Mapping[str, tuple[str, Callable[[Any], str]]], pointer: str, name: str, old: Any, new: Any) -> Iterator[Change]:
    if old != new:
        label, said = known.get(name, (name.replace("_", " ").capitalize(), _plain))
        yield _arrow(ChangeKind.CHANGED, pointer, label, said(old), said(new))


def _trigger(before: Sequence[TriggerCondition], after: Sequence[TriggerCondition]) -> Iterator[Change]:
    """All conditions have to hold, so their order means nothing; one that is gone is held against a new one on the same field."""
    kept = Counter(before) & Counter(after)
    gone, come = _rest(before, kept), _rest(after, kept)
    for place, new in come:
        old = next((item for item in gone if _subject(item[1]) == _subject(new)), None)
        if old is None:
            yield Change(kind=ChangeKind.ADDED, pointer=f"/conditions/{place}", message=f"Trigger: also requires that {_said(new)}")
        else:
            gone.remove(old)
            yield _arrow(ChangeKind.CHANGED, f"/conditions/{place}", "Trigger", _said(old[1]), _said(new))
    for place, condition in gone:
        message = f"Trigger: no longer requires that {_said(condition)}"
        yield Change(kind=ChangeKind.REMOVED, pointer=f"/conditions/{place}", message=message)
    if not come and not gone and list(before) != list(after):
        yield Change(kind=ChangeKind.MOVED, pointer="/conditions", message="Trigger: the same conditions in another order")


def _rest(conditions: Sequence[TriggerCondition], kept: Counter[TriggerCondition]) -> list[tuple[int, TriggerCondition]]:
    left, rest = Counter(kept), []
    for place, condition in enumerate(conditions):
        if left[condition]:
            left[condition] -= 1
        else:
            rest.append((place, condition))
    return rest


def _subject(condition: TriggerCondition) -> tuple[str, str | None]:
    return condition.condition_type, condition.condition_field


def _said(condition: TriggerCondition) -> str:
    return _short(condition_in_words(condition.model_dump(mode="json")))


def _steps(before: FlowDefinition, after: FlowDefinition, names: Names) -> Iterator[Change]:
    pairs = pair_steps(before.actions, after.actions)
    stayed = unmoved(pairs)
    for old in before.actions:
        if old.action_order - 1 not in pairs:
            message = f"{_title(old)} is removed: {_does(old, names)}"
            yield Change(kind=ChangeKind.REMOVED, pointer=f"/actions/{old.action_order - 1}", message=message)
    for place, (new, pair) in enumerate(zip(after.actions, pairs, strict=True)):
        pointer = f"/actions/{place}"
        if pair is None:
            yield Change(kind=ChangeKind.ADDED, pointer=pointer, message=f"New step {new.action_order}: {_does(new, names)}")
            continue
        old = before.actions[pair]
        if place not in stayed:
            yield Change(kind=ChangeKind.MOVED, pointer=pointer, message=f"{_title(old)} moved {_where(place, pairs, stayed, before)}")
        yield from _step(pointer, old, new, names)
    yield from _outcomes(before, after)


def _title(step: Action) -> str:
    return f"Step {step.action_order} '{ACTION_TITLES[step.action_type]}'"


def _does(step: Action, names: Names) -> str:
    what = action_in_words(step.action_type, step.action_config, names)
    when = when_in_words(step.condition_type, step.condition_value, step.condition_field)
    return _short(f"{what}, {when}" if when else what)


def _where(place: int, pairs: Sequence[int | None], stayed: set[int], before: FlowDefinition) -> str:
    following = next((pairs[p] for p in range(place + 1, len(pairs)) if p in stayed), None)
    return "to the end" if following is None else f"before step {before.actions[following].action_order}"


def _step(pointer: str, old: Action, new: Action, names: Names) -> Iterator[Change]:
    label = _title(old)
    if old.action_type is not new.action_type:
        kinds = ACTION_TITLES[old.action_type], ACTION_TITLES[new.action_type]
        yield _arrow(ChangeKind.CHANGED, f"{pointer}/action_type", f"Step {old.action_order} does something else", *kinds)
    when = [_when(step) for step in (old, new)]
    if _condition(old) != _condition(new):
        if when[0] == when[1]:  # fields that the kind of condition does not look at
            when = [", ".join(_plain(v) for v in _condition(step)) for step in (old, new)]
        yield _arrow(ChangeKind.CHANGED, f"{pointer}/condition_type", f"{label} runs", *when)
    if old.action_config != new.action_config:
        yield from _config(f"{pointer}/action_config", label, old, new, names)


def _condition(step: Action) -> tuple[str | None, str | None, str | None]:
    return step.condition_type, step.condition_value, step.condition_field


def _when(step: Action) -> str:
    return when_in_words(*_condition(step)) or "unless an exit rule has fired"


def _config(pointer: str, label: str, old: Action, new: Action, names: Names) -> Iterator[Change]:
    """The step's own sentence where it tells the difference, else field by field."""
    if old.action_type is new.action_type and old.action_type in (ActionType.WAIT, ActionType.SPLIT):
        said = [action_in_words(step.action_type, step.action_config, names) for step in (old, new)]
        if said[0] != said[1]:
            yield _arrow(ChangeKind.CHANGED, pointer, label, said[0], said[1])
            return
    for name in sorted({*old.action_config, *new.action_config}):
        before, after = old.action_config.get(name), new.action_config.get(name)
        if isinstance(before, Mapping) or isinstance(after, Mapping):
            yield from _mapping(f"{pointer}/{name}", label, name, _entries(before), _entries(after))
        elif before != after or (name in old.action_config) != (name in new.action_config):
            field = name.removesuffix("_id").replace("_", " ")
            shown = [names.get(str(value), _plain(value)) for value in (before, after)]
            yield _arrow(ChangeKind.CHANGED, f"{pointer}/{name}", f"{label}, {field}", *shown)


def _entries(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {} if value is None else {"": value}


def _mapping(pointer: str, label: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    field = name.replace("_", " ").removesuffix(" mappings")
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key) or (key in old) != (key in new):
            yield _arrow(
                ChangeKind.CHANGED, pointer, f"{label}, {field} {_short(key)}".rstrip(), _plain(old.get(key)), _plain(new.get(key))
            )


def _outcomes(before: FlowDefinition, after: FlowDefinition) -> Iterator[Change]:
    """Who gets what after a call, where that changed: what a change of conditions comes to."""
    if not all(any(step.action_type is ActionType.AI_CALL for step in d.actions) for d in (before, after)):
        return
    told: dict[tuple[str, str], list[str]] = {}
    for outcome in CallOutcome:
        old, new = (_gets(definition, outcome) for definition in (before, after))
        for verb, rest in (("now", new - old), ("no longer", old - new)):
            if rest:
                things = joined([ACTION_TITLES[kind] + (f" ({count})" if count > 1 else "") for kind, count in rest.items()])
                told.setdefault((verb, things), []).append(f"'{CALL_OUTCOMES[outcome]}'")
    for (verb, things), outcomes in told.items():
        message = f"After a call, {joined(outcomes)} {verb} {'get' if len(outcomes) > 1 else 'gets'} {things}"
        yield Change(kind=ChangeKind.CHANGED, pointer="/actions", message=message)


def _gets(definition: FlowDefinition, outcome: CallOutcome) -> Counter[ActionType]:
    return Counter(step.action_type for step in steps_after_call(definition, outcome) if step.action_type in CHANNEL_OF_ACTION)
