"""Flows in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from autoflows.domain.flow import ActionCondition, ConditionOperator, TriggerType
from autoflows.domain.gates import GATES
from autoflows.domain.outcomes import CallOutcome, MessageState
from autoflows.ui import words

NAMES = {"a1": "Priya", "n1": "+91 80357 00001", "t1": "missed_call (en)"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"}, "lead source is IndiaMART"),
        ({"condition_type": "entry_type", "condition_operator": "not_equals", "condition_value": "api"}, "entry type is not API"),
        ({"condition_type": "tag", "condition_operator": "equals", "condition_value": "hot"}, "has the tag hot"),
        ({"condition_type": "lead_source", "condition_operator": "in", "condition_value": "A, B,C"}, "lead source is one of A, B or C"),
        (
            {"condition_type": "custom_field", "condition_operator": "contains", "condition_field": "product", "condition_value": "pump"},
            "custom field “product” contains pump",
        ),
        ({"condition_type": "contact_field", "condition_operator": "exists", "condition_field": "email"}, "e-mail is filled in"),
        ({"condition_type": "lead_source", "condition_operator": "any"}, "lead source is anything"),
        ({"condition_type": "lead_source", "condition_operator": "equals", "condition_value": None}, "lead source is …"),
    ],
)
def test_conditions(condition: dict[str, Any], said: str) -> None:
    assert words.condition_in_words(condition) == said


def test_triggers_join_with_and_and_none_means_by_hand() -> None:
    both = [
        {"condition_type": "lead_source", "condition_operator": "equals", "condition_value": "IndiaMART"},
        {"condition_type": "tag", "condition_operator": "equals", "condition_value": "hot"},
    ]
    assert words.trigger_in_words(both) == "When lead source is IndiaMART and has the tag hot"
    assert words.trigger_in_words([]) == "Only by hand: no trigger condition"


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            {"action_type": "ai_call", "action_config": {"agent_id": "a1", "phone_number_id": "n1", "max_retries": 2}},
            "Then, call with Priya from +91 80357 00001, calling again up to 2 times.",
        ),
        ({"action_type": "ai_call", "action_config": {}}, "Then, call with an agent to be chosen."),
        (
            {
                "action_type": "whatsapp_message",
                "action_config": {"template_id": "t1"},
                "condition_type": "call_outcome",
                "condition_value": "not_answered",
            },
            "Then, if the last call was not answered, send the WhatsApp message missed_call (en).",
        ),
        ({"action_type": "wait", "action_config": {"duration_minutes": 90}}, "Then, wait 1 hour 30 minutes."),
        (
            {"action_type": "wait", "action_config": {"duration_minutes": 0, "until_time": "10:30", "wait_until_business_hours": True}},
            "Then, wait until 10:30, then until business hours are open.",
        ),
        ({"action_type": "wait", "action_config": {"duration_minutes": "soon"}}, "Then, wait 0 seconds."),
        (
            {"action_type": "email", "action_config": {"from_name": "Asha Agro"}, "condition_type": "always"},
            "Then, always, even after an exit rule, send the e-mail to be chosen as Asha Agro.",
        ),
    ],
)
def test_steps(action: dict[str, Any], said: str) -> None:
    assert words.step_in_words(2, action, NAMES) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [([1, 2, 3, 4, 5, 6, 7], "every day"), ([1, 2, 3, 4, 5, 6], "Mon–Sat"), ([1, 3, 5], "Mon, Wed and Fri"), ([6, 7], "Sat and Sun")],
)
def test_days(days: list[int], said: str) -> None:
    assert words.days_in_words(days) == said


def test_every_word_of_the_contract_has_words_for_people() -> None:
    assert set(words.CONDITION_TYPES) == {t.value for t in TriggerType}
    assert set(words.OPERATORS) == {o.value for o in ConditionOperator}
    assert set(words.CALL_OUTCOMES) == {o.value for o in CallOutcome} | {"not_answered"}
    assert set(words.MESSAGE_STATES) == {s.value for s in MessageState}
    assert {name for name, _ in GATES} <= set(words.GATES)
    assert all(words.when_in_words(c.value, "answered", "company") for c in ActionCondition)
