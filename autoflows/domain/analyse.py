"""What trigger conditions say about each other: which flow takes all of another's leads, which two can never meet. Pure.

Sound, not complete: `covers` and `disjoint` are true only if they surely hold for every lead there can be. For the operators that name
their values (`equals`, `in`, `not_equals`, `any`, `exists`) they are exact on single-valued fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from autoflows.domain.conditions import compare, fold
from autoflows.domain.flow import ConditionOperator, TriggerCondition, TriggerType
from autoflows.domain.leads import DNC_TAG, EntryType
from autoflows.domain.problems import Problem, Severity

Conditions = Sequence[TriggerCondition]
Subject = tuple[str, str]
_O = ConditionOperator
_NAMING = frozenset({_O.EQUALS, _O.IN})
_TAGS: Subject = (TriggerType.TAG, "")
_VOCABULARIES: Mapping[Subject, frozenset[str]] = {(TriggerType.ENTRY_TYPE, ""): frozenset(fold(e.value) for e in EntryType)}
"""Fields that can have no other values than these."""
NOT_DNC = TriggerCondition(condition_type=TriggerType.TAG, condition_operator=_O.NOT_EQUALS, condition_value=DNC_TAG)


def covers(a: Conditions, b: Conditions) -> bool:
    """Whether every lead that meets all of `b` surely meets all of `a`. Without conditions a flow takes no lead."""
    if not b or impossible(b):
        return True
    given = _by_subject(b)
    return bool(a) and all(_implied(condition, given.get(_subject(condition), []), _subject(condition)) for condition in a)


def disjoint(a: Conditions, b: Conditions) -> bool:
    """Whether surely no lead meets all of `a` and all of `b`."""
    return not a or not b or impossible([*a, *b])


def impossible(conditions: Conditions) -> bool:
    """Whether surely no lead meets all of these at once."""
    return any(_contradict(group, subject) for subject, group in _by_subject(conditions).items())


def _subject(condition: TriggerCondition) -> Subject:
    """What a condition looks at. Custom fields are told apart by their exact name: a lead may have `Product` and `product`."""
    kind, field = condition.condition_type, condition.condition_field or ""
    if kind is TriggerType.CONTACT_FIELD and field in (TriggerType.LEAD_SOURCE, TriggerType.ENTRY_TYPE):
        return field, ""
    return kind, field if kind in (TriggerType.CONTACT_FIELD, TriggerType.CUSTOM_FIELD) else ""


def _by_subject(conditions: Iterable[TriggerCondition]) -> dict[Subject, list[TriggerCondition]]:
    groups: dict[Subject, list[TriggerCondition]] = defaultdict(list)
    for condition in conditions:
        groups[_subject(condition)].append(condition)
    return groups


def _witnesses(group: Conditions) -> list[list[TriggerCondition]]:
    """Tags are many: each positive condition is met by a tag of its own, and that tag meets every `not_equals` as well."""
    negative = [c for c in group if c.condition_operator is _O.NOT_EQUALS]
    return [[c, *negative] for c in group if c.condition_operator is not _O.NOT_EQUALS]


def _implied(condition: TriggerCondition, given: Conditions, subject: Subject) -> bool:
    """Whether values that meet all of `given` surely meet the condition; nothing may be given."""
    if condition.condition_operator is _O.ANY:
        return True
    if subject != _TAGS:
        return _follows(condition, given, _VOCABULARIES.get(subject))
    if condition.condition_operator is _O.NOT_EQUALS:
        return any(c.condition_operator is _O.NOT_EQUALS and fold(c.condition_value) == fold(condition.condition_value) for c in given)
    return any(_follows(condition, witness, None) for witness in _witnesses(given))


def _contradict(group: Conditions, subject: Subject) -> bool:
    if subject == _TAGS:
        return any(_empty(witness, None) for witness in _witnesses(group))
    return _empty(group, _VOCABULARIES.get(subject))


def _meets(value: str, conditions: Conditions) -> bool:
    return all(compare(c.condition_operator, [value], c.condition_value) for c in conditions)


def _candidates(group: Conditions, vocabulary: frozenset[str] | None) -> list[str] | None:
    """All values that meet the group, or None if they cannot be listed."""
    listed = [set(_named(c)) for c in group if c.condition_operator in _NAMING]
    if vocabulary is not None:
        listed.append(set(vocabulary))
    return [value for value in set.intersection(*listed) if _meets(value, group)] if listed else None


def _named(condition: TriggerCondition) -> list[str]:
    value = fold(condition.condition_value)
    return [value] if condition.condition_operator is _O.EQUALS else [part.strip() for part in value.split(",") if part.strip()]


def _empty(group: Conditions, vocabulary: frozenset[str] | None) -> bool:
    """Whether surely no single value meets the group."""
    if (values := _candidates(group, vocabulary)) is not None:
        return not values
    starts, (low, high) = _texts(group, _O.STARTS_WITH), _bounds(group)
    return low >= high or any(not (a.startswith(b) or b.startswith(a)) for a in starts for b in starts)


def _follows(condition: TriggerCondition, group: Conditions, vocabulary: frozenset[str] | None) -> bool:
    """Whether each single value that meets the group surely meets the condition."""
    if (values := _candidates(group, vocabulary)) is not None:
        return all(_meets(value, [condition]) for value in values)
    if _empty(group, None):
        return True
    wanted = fold(condition.condition_value)
    starts, (low, high) = _texts(group, _O.STARTS_WITH), _bounds(group)
    match condition.condition_operator:
        case _O.EXISTS:
            return not _meets("", group)
        case _O.NOT_EQUALS:
            return not _meets(wanted, group)
        case _O.CONTAINS:
            return any(wanted in known for known in [*starts, *_texts(group, _O.CONTAINS)])
        case _O.STARTS_WITH:
            return any(known.startswith(wanted) for known in starts)
        case _O.GREATER_THAN:
            return low >= float(wanted)
        case _O.LESS_THAN:
            return high <= float(wanted)
        case _:
            return False


def _texts(group: Conditions, operator: ConditionOperator) -> list[str]:
    return [fold(c.condition_value) for c in group if c.condition_operator is operator]


def _bounds(group: Conditions) -> tuple[float, float]:
    """The open interval that `greater_than` and `less_than` leave; without any of them, all numbers."""
    lows, highs = _texts(group, _O.GREATER_THAN), _texts(group, _O.LESS_THAN)
    return max(map(float, lows), default=float("-inf")), min(map(float, highs), default=float("inf"))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A flow in the order of priority, as far as its trigger goes."""

    flow_id: UUID | None
    name: str
    priority: int | None
    conditions: Conditions


def find_coverer(flow: Ranked, others: Iterable[Ranked]) -> Ranked | None:
    """The first flow before this one that takes every lead it could win, or None. `others` are enabled; without a priority it is last."""
    if not flow.conditions or impossible(flow.conditions):
        return None
    ahead = [o for o in others if o.flow_id != flow.flow_id and o.priority is not None]
    ahead = [o for o in ahead if flow.priority is None or (o.priority or 0) < flow.priority]
    return next((o for o in sorted(ahead, key=lambda o: o.priority or 0) if covers(o.conditions, flow.conditions)), None)


def trigger_problems(flow: Ranked, others: Iterable[Ranked]) -> list[Problem]:
    """What can be said of a trigger beside those of the other enabled flows."""
    coverer = find_coverer(flow, others)
    if coverer is None:
        return []
    message = (
        f"This flow can never start by itself: '{coverer.name}' (priority {coverer.priority}) comes first and takes every lead that it "
        f"would. Move this flow above it, or narrow the trigger of '{coverer.name}'."
    )
    return [Problem(severity=Severity.WARNING, code="never_wins", pointer="/conditions", message=message)]
