"""What is said of triggers holds for every lead: brute force over leads made of the values that the conditions themselves name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.analyse import Ranked, covers, disjoint, find_coverer, impossible, trigger_problems
from autoflows.domain.conditions import Lead, evaluate
from autoflows.domain.flow import ConditionOperator, TriggerCondition, TriggerType
from autoflows.domain.leads import EntryType
from tests.domain.settings import THOROUGH

VALUES = ("a", "A ", "ab", "b", "a,b", " b , A", "ß", "5", "5.0", "7", "-1", "1e1")
NUMBERS = ("5", "5.0", "7", "-1", "1e1")
ACTUAL: tuple[Any, ...] = ("", None, "a", "AB", " b", "abc", "c", "SS", 5, "5.0", "6", 6.5, "7", "-1", -3, "100", "nan", "z")
NAMES = ("product", "Product")
EXACT = (ConditionOperator.EQUALS, ConditionOperator.IN, ConditionOperator.NOT_EQUALS, ConditionOperator.ANY, ConditionOperator.EXISTS)


def condition(kind: str, value: str | None = None, operator: str = "equals", field: str | None = None) -> TriggerCondition:
    return TriggerCondition.model_validate(
        {"condition_type": kind, "condition_operator": operator, "condition_value": value, "condition_field": field}
    )


@st.composite
def conditions(draw: st.DrawFn, kinds: Sequence[TriggerType], operators: Sequence[ConditionOperator]) -> TriggerCondition:
    kind, operator = draw(st.sampled_from(kinds)), draw(st.sampled_from(operators))
    number = operator in (ConditionOperator.GREATER_THAN, ConditionOperator.LESS_THAN)
    values = (*VALUES, "api", "email", "upload, api") if kind is TriggerType.ENTRY_TYPE and not number else NUMBERS if number else VALUES
    field = {TriggerType.CUSTOM_FIELD: st.sampled_from(NAMES), TriggerType.CONTACT_FIELD: st.sampled_from(["company", "lead_source"])}
    return condition(kind, draw(st.sampled_from(values)), operator, draw(field.get(kind, st.none())))


def triggers(kinds: Sequence[TriggerType], operators: Sequence[ConditionOperator] = tuple(ConditionOperator)) -> st.SearchStrategy[Any]:
    return st.lists(conditions(kinds, operators), max_size=3)


def leads(kinds: Sequence[TriggerType]) -> list[Lead]:
    """Every lead over `ACTUAL` in the fields of these kinds."""
    tags = [(), ("",)] + [(v,) for v in ("a", "AB", "b", "c", "5", "7", "ß")] + [("a", "c"), ("b", "AB"), ("5", "7"), ("a", "b", "100")]
    custom: list[dict[str, Any]] = [{"PRODUCT": v} for v in ACTUAL]
    custom += [{one: v, other: w} for one, other in (NAMES, NAMES[::-1]) for v in ACTUAL[:9] for w in ("a", "5", None)]
    own: dict[TriggerType, list[dict[str, Any]]] = {
        TriggerType.LEAD_SOURCE: [{"lead_source": str(v or "")} for v in ACTUAL],
        TriggerType.ENTRY_TYPE: [{"entry_type": e.value} for e in EntryType],
        TriggerType.TAG: [{"tags": t} for t in tags],
        TriggerType.CONTACT_FIELD: [{"company": str(v or "")} for v in ACTUAL],
        TriggerType.CUSTOM_FIELD: [{"custom_fields": fields} for fields in custom],
    }
    base: dict[str, Any] = {"lead_source": "a", "entry_type": "api", "company": "ab", "tags": ("a",), "custom_fields": {"product": "a"}}
    chosen = [own[k] for k in kinds]
    return [Lead(**{**base, **{key: v for part in parts for key, v in part.items()}}) for parts in product(*chosen)]


def takes(trigger: Sequence[TriggerCondition], lead: Lead) -> bool:
    return bool(trigger) and all(evaluate(c, lead).met for c in trigger)


KINDS: list[tuple[TriggerType, ...]] = [(kind,) for kind in TriggerType] + [
    (TriggerType.LEAD_SOURCE, TriggerType.CONTACT_FIELD),
    (TriggerType.TAG, TriggerType.ENTRY_TYPE),
]
ALL = {kinds: leads(kinds) for kinds in KINDS}


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
@THOROUGH
@given(data=st.data())
def test_no_lead_proves_it_wrong(kinds: tuple[TriggerType, ...], data: st.DataObject) -> None:
    a, b = data.draw(triggers(kinds)), data.draw(triggers(kinds))
    covered, apart, never = covers(a, b), disjoint(a, b), impossible(a)
    for lead in ALL[kinds]:
        in_a, in_b = takes(a, lead), takes(b, lead)
        assert not (covered and in_b and not in_a), lead
        assert not (apart and in_a and in_b), lead
        assert not (never and in_a), lead


@pytest.mark.parametrize("kind", [TriggerType.LEAD_SOURCE, TriggerType.ENTRY_TYPE, TriggerType.CONTACT_FIELD])
@THOROUGH
@given(data=st.data())
def test_what_names_its_values_is_decided_exactly(kind: TriggerType, data: st.DataObject) -> None:
    """`z` and the empty text stand for every value that no condition names."""
    a, b = data.draw(triggers((kind,), EXACT)), data.draw(triggers((kind,), EXACT))
    a, b = [[c.model_copy(update={"condition_field": "company" if c.condition_field else None}) for c in t] for t in (a, b)]
    field = {TriggerType.CONTACT_FIELD: "company"}.get(kind, kind.value)
    values = [e.value for e in EntryType] if kind is TriggerType.ENTRY_TYPE else [*VALUES, "z", ""]
    own: list[dict[str, Any]] = [{field: value} for value in values]
    world = [replace(Lead("", "api"), **fields) for fields in own]
    assert covers(a, b) == all(takes(a, lead) for lead in world if takes(b, lead))
    assert disjoint(a, b) == (not any(takes(a, lead) and takes(b, lead) for lead in world))


IM = condition("lead_source", "IndiaMART")
EITHER = condition("lead_source", "TradeIndia, indiamart", "in")
ANY = condition("lead_source", None, "any")
VIP, NO_VIP = condition("tag", "VIP"), condition("tag", "vip", "not_equals")


@pytest.mark.parametrize(
    ("a", "b", "covered"),
    [
        ([ANY], [IM], True),
        ([EITHER], [IM], True),
        ([IM], [EITHER], False),
        ([IM], [IM, VIP], True),
        ([IM, VIP], [IM], False),
        ([], [IM], False),
        ([IM], [], True),
        ([condition("lead_source", "india", "starts_with")], [IM], True),
        ([condition("lead_source", "mart", "contains")], [condition("lead_source", "indiamart pro", "starts_with")], True),
        ([condition("contact_field", "IndiaMART", field="lead_source")], [IM], True),
        ([condition("custom_field", "5", "greater_than", "qty")], [condition("custom_field", "6", "greater_than", "qty")], True),
        ([condition("custom_field", "6", "greater_than", "qty")], [condition("custom_field", "5", "greater_than", "qty")], False),
        ([condition("custom_field", "x", field="product")], [condition("custom_field", "x", field="Product")], False),
        ([condition("tag", None, "exists")], [VIP], True),
        ([NO_VIP], [VIP], False),
        ([NO_VIP], [condition("tag", "gold")], False),
        ([condition("tag", "gold, vip", "in")], [condition("tag", "gold")], True),
        ([condition("entry_type", "email, upload, integration, api, manual", "in")], [ANY], True),
    ],
)
def test_cover(a: list[TriggerCondition], b: list[TriggerCondition], covered: bool) -> None:
    assert covers(a, b) is covered


@pytest.mark.parametrize(
    ("trigger", "never"),
    [
        ([IM, condition("lead_source", "TradeIndia")], True),
        ([VIP, condition("tag", "gold")], False),
        ([VIP, NO_VIP], True),
        ([condition("entry_type", "web")], True),
        ([condition("lead_source", " , ,", "in")], True),
        ([condition("lead_source", "a", "starts_with"), condition("lead_source", "b", "starts_with")], True),
        ([condition("custom_field", "5", "greater_than", "q"), condition("custom_field", "5", "less_than", "q")], True),
        ([condition("custom_field", "5", "greater_than", "q"), condition("custom_field", "6", "less_than", "q")], False),
        ([], False),
    ],
)
def test_impossible(trigger: list[TriggerCondition], never: bool) -> None:
    assert impossible(trigger) is never


def ranked(priority: int | None, *trigger: TriggerCondition) -> Ranked:
    return Ranked(UUID(int=priority or 99), f"Flow {priority}", priority, trigger)


def test_the_flow_that_takes_everything_is_named() -> None:
    first, second, third = ranked(1, VIP), ranked(2, ANY), ranked(3, IM)
    assert find_coverer(third, [third, second, first]) == second
    assert find_coverer(second, [first, third]) is None, "what comes later takes nothing away"
    assert find_coverer(ranked(None, IM), [first, second]) == second, "a new flow comes last"
    assert find_coverer(ranked(3, IM, condition("lead_source", "x")), [second]) is None, "that is another problem"
    assert trigger_problems(first, [second, third]) == []
    (problem,) = trigger_problems(third, [first, second])
    assert (problem.severity, problem.code, problem.pointer) == ("warning", "never_wins", "/conditions")
    assert "'Flow 2' (priority 2)" in problem.message
