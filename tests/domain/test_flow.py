"""What a flow and an account's settings may be: arbitrary JSON is either one or told what is wrong with it."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.flow import (
    CALL_OUTCOME_VALUES,
    CONTACT_FIELDS,
    MAX_ACTIONS,
    NO_VALUE_OPERATORS,
    Action,
    ActionCondition,
    ConditionOperator,
    FlowDefinition,
    TriggerCondition,
    TriggerType,
)
from autoflows.domain.outcomes import MessageState
from tests.domain.build import flow, mail, wait
from tests.domain.histories import definitions
from tests.domain.settings import QUICK, THOROUGH

AGENT, TEMPLATE = "0190b8a0-0000-7000-8000-000000000001", "0190b8a0-0000-7000-8000-000000000002"
PLAN: dict[str, Any] = {
    "name": "IndiaMART Fast Response",
    "description": "Call at once; WhatsApp and e-mail if nobody answers",
    "use_custom_business_hours": True,
    "business_hours_start": "09:00",
    "business_hours_end": "18:00",
    "business_hours_timezone": "Asia/Kolkata",
    "conditions": [{"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"}],
    "actions": [
        {
            "action_order": 1,
            "action_type": "ai_call",
            "action_config": {"agent_id": AGENT, "phone_number_id": AGENT, "max_retries": 0, "respect_dnc": True},
        },
        {
            "action_order": 2,
            "action_type": "wait",
            "action_config": {"duration_minutes": 10, "wait_until_business_hours": False},
            "condition_type": "call_outcome",
            "condition_value": "missed",
        },
        {
            "action_order": 3,
            "action_type": "whatsapp_message",
            "action_config": {
                "whatsapp_phone_number_id": AGENT, "template_id": TEMPLATE, "variable_mappings": {"1": "name", "2": "company"},
            },
            "condition_type": "call_outcome",
            "condition_value": "missed",
        },
        {
            "action_order": 4,
            "action_type": "email",
            "action_config": {"email_template_id": TEMPLATE, "from_name": "Your Company", "subject_override": None},
            "condition_type": "always",
        },
    ],
}  # fmt: skip


def test_the_plans_example_is_a_flow() -> None:
    flow = FlowDefinition.model_validate(PLAN)
    assert [a.action_type for a in flow.actions] == ["ai_call", "wait", "whatsapp_message", "email"]
    assert flow.exit_rules.on_answered
    assert flow.exit_rules.on_reply
    assert FlowDefinition.model_validate(flow.model_dump(mode="json")) == flow


@pytest.mark.parametrize(
    "condition",
    [
        {"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"},
        {"condition_type": "entry_type", "condition_operator": "equals", "condition_value": "email"},
        {"condition_type": "lead_source", "condition_operator": "any", "condition_value": None},
    ],
)
def test_the_plans_conditions(condition: dict[str, Any]) -> None:
    TriggerCondition.model_validate(condition)


@QUICK
@given(definitions())
def test_a_flow_reads_back(definition: FlowDefinition) -> None:
    assert FlowDefinition.model_validate_json(definition.model_dump_json()) == definition
    assert FlowDefinition.model_validate(json.loads(json.dumps(definition.model_dump(mode="json")))) == definition


@pytest.mark.parametrize("orders", [[2], [0], [1, 3], [1, 1], [1, 2, 2], [2, 3], [-1], [MAX_ACTIONS + 1]])
def test_orders_have_no_gaps_and_no_repeats(orders: list[int]) -> None:
    with pytest.raises(ValidationError):
        FlowDefinition.model_validate({"name": "x", "actions": [{**mail(), "action_order": n} for n in orders]})


def test_actions_come_in_any_order() -> None:
    found = FlowDefinition.model_validate({"name": "x", "actions": [{**mail(), "action_order": 2}, {**wait(), "action_order": 1}]})
    assert [a.action_type for a in found.actions] == ["wait", "email"]
    assert found.action(2).action_type == "email"
    for order in (0, 3, -1):
        with pytest.raises(KeyError):
            found.action(order)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ODD = ["IndiaMART", "", " ", "nan", "inf", "1e999", "UTC", "Asia/Kolkata", "../../etc/passwd", "America", "x" * 300, "\x00", "\u202e"]
TIMES = ["09:00", "24:00", "09:00+05:30", "9"]
WORDS = st.sampled_from([*ODD, *TIMES, *TriggerType, *ConditionOperator, *ActionCondition, *CALL_OUTCOME_VALUES, *CONTACT_FIELDS])


def shaped(model: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the model's own field names, and anything in them."""
    return st.dictionaries(st.sampled_from(list(model.model_fields)), st.one_of(WORDS, JSON), max_size=len(model.model_fields))


@THOROUGH
@given(
    st.one_of(
        JSON,
        shaped(FlowDefinition),
        st.fixed_dictionaries(
            {
                "name": st.just("x"),
                "conditions": st.lists(shaped(TriggerCondition), max_size=3),
                "actions": st.lists(shaped(Action), max_size=3),
            }
        ),
    )
)
def test_arbitrary_json_is_a_flow_or_a_validation_error(data: Any) -> None:
    try:
        flow = FlowDefinition.model_validate(data)
    except ValidationError as error:
        assert error.errors()  # noqa: PT017
    else:
        assert [a.action_order for a in flow.actions] == list(range(1, len(flow.actions) + 1))


@THOROUGH
@given(st.sampled_from([AccountSettings, BusinessHours]), st.data())
def test_arbitrary_json_is_settings_or_a_validation_error(model: type[Any], data: st.DataObject) -> None:
    try:
        model.model_validate(data.draw(st.one_of(JSON, shaped(model))))
    except ValidationError as error:
        assert error.errors()  # noqa: PT017


def test_misspelt_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        FlowDefinition.model_validate({"name": "x", "bussiness_days": [1]})
    with pytest.raises(ValidationError, match="Extra inputs"):
        FlowDefinition.model_validate({"name": "x", "exit_rules": {"on_anwsered": True}})


@pytest.mark.parametrize("operator", ConditionOperator)
@pytest.mark.parametrize("value", [None, "", "   "])
def test_operators_that_compare_need_a_value(operator: ConditionOperator, value: str | None) -> None:
    condition = {"condition_type": "lead_source", "condition_operator": operator, "condition_value": value}
    if operator in NO_VALUE_OPERATORS:
        TriggerCondition.model_validate(condition)
    else:
        with pytest.raises(ValidationError, match="condition_value is needed"):
            TriggerCondition.model_validate(condition)


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e999", "ten", "1,000"])
def test_numbers_are_finite(value: str) -> None:
    for operator in ("greater_than", "less_than"):
        with pytest.raises(ValidationError, match="must be a number"):
            TriggerCondition.model_validate(
                {"condition_type": "custom_field", "condition_field": "budget", "condition_operator": operator, "condition_value": value}
            )


@pytest.mark.parametrize("kind", ["custom_field", "contact_field"])
def test_fields_are_named(kind: str) -> None:
    with pytest.raises(ValidationError, match="condition_field is needed"):
        TriggerCondition.model_validate({"condition_type": kind, "condition_value": "x"})
    with pytest.raises(ValidationError, match="is not a contact field"):
        TriggerCondition.model_validate({"condition_type": "contact_field", "condition_field": "shoe_size", "condition_value": "x"})


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("call_outcome", ["missed", "not_answered"], [None, "", "Missed", "sent"]),
        ("message_status", [*MessageState], [None, "missed"]),
    ],
)
def test_conditions_of_steps(kind: str, good: list[str], bad: list[str | None]) -> None:
    for value in good:
        flow(mail(condition_type=kind, condition_value=value))
    for wrong in bad:
        with pytest.raises(ValidationError, match="condition_value must be one of"):
            flow(mail(condition_type=kind, condition_value=wrong))
    with pytest.raises(ValidationError, match="condition_field is needed"):
        flow(mail(condition_type="contact_field", condition_value="x"))


HOURS = {
    "use_custom_business_hours": True,
    "business_hours_start": "09:00",
    "business_hours_end": "18:00",
    "business_hours_timezone": "UTC",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"business_hours_start": None}, "business_hours_start: needed"),
        ({"business_hours_end": None, "business_hours_timezone": None}, "business_hours_end, business_hours_timezone: needed"),
        ({"business_hours_end": "09:00"}, "must differ"),
        ({"business_hours_start": "09:00+05:30"}, "without a zone"),
        ({"business_hours_timezone": "Asia/Calcuta"}, "not a time zone"),
        ({"business_hours_timezone": "../../etc/passwd"}, "not a time zone"),
        ({"business_hours_timezone": "America"}, "not a time zone"),
        ({"business_hours_timezone": "x" * 5000}, "not a time zone"),
        ({"business_days": []}, "at least one day"),
        ({"business_days": [0, 1]}, "at least one day"),
        ({"cooldown_minutes": -1}, "greater than or equal"),
    ],
)
def test_hours_of_a_flow(change: dict[str, Any], message: str) -> None:
    flow(**HOURS)
    with pytest.raises(ValidationError, match=message):
        flow(**{**HOURS, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "09:00Z"}, "without a zone"),
        ({"end": "18:00+05:30"}, "without a zone"),
        ({"start": "10:00", "end": "10:00"}, "must differ"),
        ({"timezone": "Mars/Olympus"}, "not a time zone"),
        ({"days": [8]}, "at least one day"),
    ],
)
def test_hours_of_an_account(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BusinessHours.model_validate(change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"default_country": "UK"}, "'UK' is not a country"),
        ({"default_country": "India"}, "String should match"),
        ({"prices": {"ai_call": -1}}, "greater than or equal to 0"),
        ({"prices": {"ai_call": 10**30}}, "less than or equal"),
        ({"cooldown_minutes": -1}, "greater than or equal to 0"),
        ({"frequency_cap": 0}, "greater than or equal to 1"),
        ({"legal_hours": "sometimes"}, "'on' or 'off'"),
    ],
)
def test_settings_of_an_account(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AccountSettings.model_validate(change)


def test_countries_and_currencies_are_written_large() -> None:
    settings = AccountSettings.model_validate({"default_country": "gb", "currency": "eur"})
    assert (settings.default_country, settings.currency) == ("GB", "EUR")


@pytest.mark.parametrize("zone", sorted(zone for zone in available_timezones() if "/" in zone)[::40])
def test_zones_of_the_database_are_zones(zone: str) -> None:
    assert flow(**{**HOURS, "business_hours_timezone": zone}).business_hours_timezone == zone
