"""Comparing what a condition expects with what a lead has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.conditions import MAX_SHOWN, Lead, compare, evaluate, field_value
from autoflows.domain.flow import ConditionOperator, TriggerCondition, TriggerType
from tests.domain.settings import THOROUGH

O = ConditionOperator  # noqa: E741
TABLE: list[tuple[ConditionOperator, Any, str | None, bool]] = [
    (O.EQUALS, "IndiaMART", "indiamart", True),
    (O.EQUALS, " IndiaMART ", "IndiaMART", True),
    (O.EQUALS, "IndiaMART Pro", "IndiaMART", False),
    (O.EQUALS, "STRASSE", "straße", True),
    (O.EQUALS, None, "x", False),
    (O.EQUALS, 5, "5", True),
    (O.EQUALS, True, "true", True),
    (O.NOT_EQUALS, "TradeIndia", "IndiaMART", True),
    (O.NOT_EQUALS, "indiamart", "IndiaMART", False),
    (O.NOT_EQUALS, None, "IndiaMART", True),
    (O.CONTAINS, "Solar pump, 5 HP", "PUMP", True),
    (O.CONTAINS, "Solar panel", "pump", False),
    (O.CONTAINS, None, "pump", False),
    (O.ANY, None, None, True),
    (O.ANY, "whatever", None, True),
    (O.IN, "Pune", "Mumbai, pune ,Nagpur", True),
    (O.IN, "Pun", "Mumbai, pune", False),
    (O.IN, "", "Mumbai,,", False),
    (O.EXISTS, "x", None, True),
    (O.EXISTS, "  ", None, False),
    (O.EXISTS, None, None, False),
    (O.EXISTS, 0, None, True),
    (O.STARTS_WITH, "+919876543210", "+91", True),
    (O.STARTS_WITH, "919876543210", "+91", False),
    (O.GREATER_THAN, "5000", "4999.5", True),
    (O.GREATER_THAN, 5000, "5000", False),
    (O.GREATER_THAN, "9", "10", False),
    (O.GREATER_THAN, "many", "10", False),
    (O.GREATER_THAN, None, "10", False),
    (O.GREATER_THAN, "nan", "0", False),
    (O.GREATER_THAN, "Infinity", "10", False),
    (O.GREATER_THAN, float("inf"), "10", False),
    (O.GREATER_THAN, "1e400", "10", False),
    (O.GREATER_THAN, 10**400, "10", False),
    (O.LESS_THAN, "-infinity", "10", False),
    (O.LESS_THAN, "-1e3", "10", True),
    (O.LESS_THAN, "10", "10", False),
]


@pytest.mark.parametrize(("operator", "actual", "expected", "met"), TABLE)
def test_operators(operator: ConditionOperator, actual: Any, expected: str | None, met: bool) -> None:
    assert compare(operator, [actual], expected) is met


def test_every_operator_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(ConditionOperator)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5
)


@THOROUGH
@given(st.sampled_from(ConditionOperator), st.lists(VALUES, max_size=4), st.none() | st.text(max_size=30))
def test_anything_can_be_compared(operator: ConditionOperator, actual: list[Any], expected: str | None) -> None:
    assert compare(operator, actual, expected) in (True, False)


@THOROUGH
@given(st.sampled_from(ConditionOperator), st.text(max_size=20), st.text(max_size=20))
def test_case_and_surrounding_space_are_nothing(operator: ConditionOperator, actual: str, expected: str) -> None:
    folded = compare(operator, [actual.casefold()], expected.casefold())
    assert compare(operator, [f" {actual.casefold()}\n"], f"\t{expected.casefold()} ") is folded


@THOROUGH
@given(st.text(max_size=20), st.text(max_size=20))
def test_opposites(actual: str, expected: str) -> None:
    assert compare(O.EQUALS, [actual], expected) is not compare(O.NOT_EQUALS, [actual], expected)
    if compare(O.EQUALS, [actual], expected):
        assert compare(O.CONTAINS, [actual], expected)
        assert compare(O.STARTS_WITH, [actual], expected)


LEAD = Lead(
    "IndiaMART",
    "api",
    name="Asha Patel",
    phone="+919876543210",
    company="Asha Agro",
    tags=("new", "VIP"),
    custom_fields={"product": "Solar Pump", "City ": "Pune", "nested": {"a": 1}, "empty": None},
)


@pytest.mark.parametrize(
    ("kind", "name", "operator", "value", "met"),
    [
        ("lead_source", None, "equals", "indiamart", True),
        ("lead_source", None, "any", None, True),
        ("entry_type", None, "in", "email, api", True),
        ("tag", None, "equals", "vip", True),
        ("tag", None, "not_equals", "vip", False),
        ("tag", None, "not_equals", "old", True),
        ("tag", None, "exists", None, True),
        ("custom_field", "product", "contains", "pump", True),
        ("custom_field", "CITY", "equals", "pune", True),
        ("custom_field", "missing", "exists", None, False),
        ("custom_field", "empty", "exists", None, False),
        ("contact_field", "phone", "starts_with", "+91", True),
        ("contact_field", "email", "exists", None, False),
        ("contact_field", "timezone", "not_equals", "UTC", True),
    ],
)
def test_what_a_condition_looks_at(kind: str, name: str | None, operator: str, value: str | None, met: bool) -> None:
    condition = TriggerCondition.model_validate(
        {"condition_type": kind, "condition_field": name, "condition_operator": operator, "condition_value": value}
    )
    result = evaluate(condition, LEAD)
    assert result.met is met
    assert (result.condition_type, result.expected, result.condition_field) == (kind, value, name)


def test_no_tags() -> None:
    nobody = Lead("API", "api")
    assert not evaluate(TriggerCondition(condition_type=TriggerType.TAG, condition_operator=O.EXISTS), nobody).met
    assert evaluate(TriggerCondition(condition_type=TriggerType.TAG, condition_operator=O.NOT_EQUALS, condition_value="x"), nobody).met


def test_a_trace_keeps_the_beginning_of_a_long_value() -> None:
    lead = Lead("API", "api", custom_fields={"story": "x" * 50_000 + "end"})
    condition = TriggerCondition(
        condition_type=TriggerType.CUSTOM_FIELD, condition_field="story", condition_operator=O.CONTAINS, condition_value="end"
    )
    result = evaluate(condition, lead)
    assert result.met, "what is shown is shortened, not what is compared"
    assert len(result.actual) == MAX_SHOWN


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Asha Patel"),
        ("tags", "new, VIP"),
        ("custom_fields.product", "Solar Pump"),
        ("custom_fields.nested", {"a": 1}),
        ("custom_fields", None),
        ("custom_fields.", None),
        ("", None),
        ("__init__", None),
        ("__class__.__mro__", None),
        ("nothing", None),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert field_value(LEAD, path) == value


@THOROUGH
@given(st.text(max_size=40))
def test_any_path_is_harmless(path: str) -> None:
    field_value(LEAD, path)
