"""What is wrong or unwise in a flow's experiments: arms that lead nowhere, conditions on arms that there are not, nothing to measure by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from autoflows.domain.conditions import fold
from autoflows.domain.flow import Action, ActionCondition, FlowDefinition
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from autoflows.domain.lint_sense import CONTACT_FIELDS, is_field
from autoflows.domain.problems import Problem, Severity
from autoflows.domain.splits import arms_of, name_of, split_asked, splits_of


def _problem(severity: Severity, code: str, step: Action, message: str, field: str = "") -> Problem:
    pointer = f"/actions/{step.action_order - 1}" + (f"/{field}" if field else "")
    return Problem(severity=severity, code=code, pointer=pointer, message=f"Step {step.action_order}: {message}")


def _shares(definition: FlowDefinition) -> Iterator[Problem]:
    for split in splits_of(definition):
        arms, where = arms_of(split), "action_config/arms"
        total = sum(arm.percent for arm in arms)
        if not arms:
            yield _problem(Severity.ERROR, "split_without_arms", split, "the split has no arms; name at least two.", where)
        elif total != 100:
            message = f"the percentages of its arms add up to {total:g}; they must make 100."
            yield _problem(Severity.ERROR, "split_percentages", split, message, where)
        for arm in arms:
            if arm.percent == 0 and total == 100:
                yield _problem(Severity.ADVICE, "arm_empty", split, f"nobody comes into arm {arm.name}, which has 0 percent.", where)


def _names(definition: FlowDefinition) -> Iterator[Problem]:
    counts = Counter(fold(name_of(split)) for split in splits_of(definition))
    for split in splits_of(definition):
        if counts[fold(name_of(split))] > 1:
            message = f"another split is named '{name_of(split)}' too, so steps cannot tell them apart; rename one."
            yield _problem(Severity.WARNING, "split_names_equal", split, message, "action_config/name")


def _conditions(definition: FlowDefinition) -> Iterator[Problem]:
    for step in definition.actions:
        if step.condition_type is not ActionCondition.SPLIT:
            continue
        split = split_asked(definition, step)
        if split is None:
            named = f" named '{step.condition_field}'" if step.condition_field else ""
            message = f"it never runs: its condition asks about an arm, and no step before it is a split{named}."
            yield _problem(Severity.ERROR, "split_missing", step, message, "condition_field" if named else "condition_type")
        elif fold(step.condition_value) not in {fold(arm.name) for arm in arms_of(split)}:
            names = ", ".join(arm.name for arm in arms_of(split))
            message = f"it never runs: '{name_of(split)}' has no arm {step.condition_value}; its arms are {names}."
            yield _problem(Severity.ERROR, "arm_missing", step, message, "condition_value")
        elif any(arm.is_holdout and fold(arm.name) == fold(step.condition_value) for arm in arms_of(split)):
            message = f"it never runs: arm {step.condition_value} is the hold-out, which gets no contact."
            yield _problem(Severity.WARNING, "step_of_holdout", step, message, "condition_value")


def _paths(definition: FlowDefinition) -> Iterator[Problem]:
    for split in splits_of(definition):
        later = definition.actions[split.action_order :]
        asking = [step for step in later if step.condition_type is ActionCondition.SPLIT and split_asked(definition, step) == split]
        arms = [arm for arm in arms_of(split) if arm.percent > 0]
        if not asking and not any(arm.is_holdout for arm in arms):
            message = "nothing depends on the split; give a later step the condition 'in arm A'."
            yield _problem(Severity.WARNING, "split_unused", split, message)
            continue
        for arm in arms:
            path = [step for step in later if step not in asking or fold(step.condition_value) == fold(arm.name)]
            if not arm.is_holdout and not any(step.action_type in CHANNEL_OF_ACTION for step in path):
                message = f"no contact follows in arm {arm.name}; add a step for it, or make it the hold-out."
                yield _problem(Severity.WARNING, "arm_without_path", split, message, "action_config/arms")


def _measured(definition: FlowDefinition) -> Iterator[Problem]:
    if definition.goal is None and (splits := splits_of(definition)):
        message = "the flow has no goal, so its arms can be compared by answers only; choose what counts as a conversion in the settings."
        yield _problem(Severity.ADVICE, "split_without_goal", splits[0], message)


def _goal(definition: FlowDefinition) -> Iterator[Problem]:
    path = definition.goal.field if definition.goal else None
    if path and not is_field(path):
        message = f"The goal asks for '{path}', which no contact has; use custom_fields.NAME, or one of {', '.join(CONTACT_FIELDS)}."
        yield Problem(severity=Severity.ERROR, code="goal_field_unknown", pointer="/goal/field", message=message)


SPLIT_RULES: tuple[Callable[[FlowDefinition], Iterator[Problem]], ...] = (_shares, _names, _conditions, _paths, _measured, _goal)
