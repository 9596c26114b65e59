"""Comparing what a condition expects with what a lead or contact has. One operator table, shared by triggers and steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from autoflows.domain.flow import ConditionOperator, TriggerCondition, TriggerType

MAX_SHOWN = 200
"""Characters of an actual value that a trace keeps: traces are stored for each lead and flow."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What matching may look at: the contact as known now, with the source and entry type of this arrival."""

    lead_source: str
    entry_type: str
    name: str = ""
    phone: str | None = None
    email: str | None = None
    company: str = ""
    timezone: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One condition's evaluation, as the decision trace shows it."""

    condition_type: str
    condition_operator: str
    condition_field: str | None
    expected: str | None
    actual: str
    met: bool


def _number(text: str) -> float | None:
    """A finite number, or None: `nan` and `infinity` are words a lead may carry, not amounts."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _compare_numbers(actual: str, expected: str, test: Callable[[float, float], bool]) -> bool:
    left, right = _number(actual), _number(expected)
    return left is not None and right is not None and test(left, right)


def _options(expected: str) -> set[str]:
    return {part.strip() for part in expected.split(",") if part.strip()}


OPERATORS: dict[ConditionOperator, Callable[[str, str], bool]] = {
    ConditionOperator.EQUALS: lambda actual, expected: actual == expected,
    ConditionOperator.NOT_EQUALS: lambda actual, expected: actual != expected,
    ConditionOperator.CONTAINS: lambda actual, expected: expected in actual,
    ConditionOperator.ANY: lambda actual, expected: True,
    ConditionOperator.IN: lambda actual, expected: actual in _options(expected),
    ConditionOperator.EXISTS: lambda actual, expected: bool(actual),
    ConditionOperator.STARTS_WITH: lambda actual, expected: actual.startswith(expected),
    ConditionOperator.GREATER_THAN: lambda a, e: _compare_numbers(a, e, lambda left, right: left > right),
    ConditionOperator.LESS_THAN: lambda a, e: _compare_numbers(a, e, lambda left, right: left < right),
}
"""Arguments are folded and stripped already. `in` takes a comma-separated list."""

_NEGATIVE = frozenset({ConditionOperator.NOT_EQUALS})


def fold(value: Any) -> str:
    """Text as it is compared: any scalar as text, stripped, case folded; None is empty."""
    return "" if value is None else str(value).strip().casefold()


def compare(operator: ConditionOperator, actual: list[Any], expected: str | None) -> bool:
    """Whether any of the actual values meets the operator; for `not_equals`, whether all of them do."""
    return compare_folded(operator, [fold(v) for v in actual], fold(expected))


def compare_folded(operator: ConditionOperator, values: Sequence[str], wanted: str) -> bool:
    """The same for values that went through `fold` already."""
    test = OPERATORS[operator]
    if len(values) == 1:
        return test(values[0], wanted)
    results = [test(value, wanted) for value in values or [""]]
    return all(results) if operator in _NEGATIVE else any(results)


def values_of(lead: Lead, kind: TriggerType, name: str | None) -> list[Any]:
    """What a lead has for a kind of condition: one value, or each of its tags."""
    match kind:
        case TriggerType.LEAD_SOURCE:
            return [lead.lead_source]
        case TriggerType.ENTRY_TYPE:
            return [lead.entry_type]
        case TriggerType.TAG:
            return list(lead.tags)
        case TriggerType.CUSTOM_FIELD:
            return [_custom(lead.custom_fields, name or "")]
        case TriggerType.CONTACT_FIELD:
            return [getattr(lead, name or "", None)]


def _custom(fields: Mapping[str, Any], name: str) -> Any:
    if name in fields:
        return fields[name]
    folded = name.strip().casefold()
    return next((value for key, value in fields.items() if key.strip().casefold() == folded), None)


def field_value(lead: Lead, path: str) -> Any:
    """A contact field by its path: `company`, `tags`, `custom_fields.product`. None if there is no such thing."""
    head, _, rest = path.partition(".")
    if head == "custom_fields":
        return _custom(lead.custom_fields, rest)
    if head == "tags":
        return ", ".join(lead.tags)
    return getattr(lead, head, None) if head in Lead.__dataclass_fields__ else None


def evaluate(condition: TriggerCondition, lead: Lead) -> ConditionResult:
    """One trigger condition against one lead."""
    actual = values_of(lead, condition.condition_type, condition.condition_field)
    shown = ", ".join("" if v is None else str(v) for v in actual)
    return ConditionResult(
        condition_type=condition.condition_type,
        condition_operator=condition.condition_operator,
        condition_field=condition.condition_field,
        expected=condition.condition_value,
        actual=shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 1] + "…",
        met=compare(condition.condition_operator, actual, condition.condition_value),
    )
