"""A flow in the form and back: nothing is lost, and every error finds its field."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from autoflows.actions import ACTIONS as SPECS
from autoflows.domain.errors import FieldError
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.ui.flow_draft import (
    MappingRow,
    Option,
    action_body,
    chosen,
    condition_body,
    condition_of,
    dressed,
    new_step,
    step_of,
)
from autoflows.ui.flow_examples import EXAMPLES
from autoflows.ui.flow_findings import finding, placed, said

AGENT, SENDER, TEMPLATE, MAIL = (str(uuid4()) for _ in range(4))
ACTIONS: list[dict[str, Any]] = [
    {"action_type": "ai_call", "action_config": {"agent_id": AGENT, "max_retries": 2, "retry_delay_minutes": 15, "respect_dnc": True}},
    {
        "action_type": "wait",
        "action_config": {"duration_minutes": 10, "duration_seconds": 0.5, "until_time": "10:30", "wait_until_business_hours": True},
        "condition_type": "call_outcome",
        "condition_value": "not_answered",
    },
    {
        "action_type": "whatsapp_message",
        "action_config": {
            "whatsapp_phone_number_id": SENDER,
            "template_id": TEMPLATE,
            "variable_mappings": {"1": "name", "2": "custom_fields.product", "3": "Dear {{ contact.name }}"},
        },
        "condition_type": "contact_field",
        "condition_field": "company",
        "condition_value": "Asha Agro",
    },
    {"action_type": "email", "action_config": {"email_template_id": MAIL, "from_name": "Asha"}, "condition_type": "always"},
]
CHOICES = {"whatsapp_template": [Option(value=TEMPLATE, label="hello", body="Hi {{1}}: {{2}}", variables=["1", "2"])]}


def test_what_was_stored_comes_back_the_same() -> None:
    ids = [str(uuid4()) for _ in ACTIONS]
    stored = [
        {"id": i, "action_order": n, "condition_type": None, "condition_value": None, "condition_field": None, **a}
        for n, (i, a) in enumerate(zip(ids, ACTIONS, strict=True), start=1)
    ]
    rows = [step_of(a) for a in stored]
    back = [action_body(row, n) for n, row in enumerate(rows, start=1)]
    for before, after in zip(stored, back, strict=True):
        assert after["action_config"].items() >= before["action_config"].items()
        assert {k: v for k, v in after.items() if k != "action_config"} == {k: v for k, v in before.items() if k != "action_config"}
    FlowDefinition.model_validate({"name": "Same", "actions": back})


def test_conditions_come_back_and_a_value_that_means_nothing_is_left_out() -> None:
    row = condition_of({"condition_type": "custom_field", "condition_operator": "contains", "condition_field": "p", "condition_value": "v"})
    assert condition_body(row) == {
        "condition_type": "custom_field", "condition_operator": "contains", "condition_field": "p", "condition_value": "v",
    }  # fmt: skip
    row.operator, row.kind = "any", "lead_source"
    assert condition_body(row)["condition_value"] is None
    assert condition_body(row)["condition_field"] is None


def test_text_that_is_no_number_reaches_the_service_as_it_is() -> None:
    step = step_of(ACTIONS[1])
    next(f for f in step.fields if f.name == "duration_minutes").value = "soon"
    assert action_body(step, 1)["action_config"]["duration_minutes"] == "soon"


def test_choosing_a_template_brings_its_variables_and_keeps_what_was_mapped() -> None:
    step = step_of(ACTIONS[2])
    (row,) = dressed([step], CHOICES)
    assert [m.variable for m in row.mappings] == ["1", "2"]
    assert row.preview == "Hi ‹Name›: ‹product›"
    assert "hello" in row.sentence


def test_an_empty_custom_field_is_no_mapping() -> None:
    step = step_of(ACTIONS[2])
    step.mappings = [MappingRow(variable="1", value="custom_fields."), MappingRow(variable="2", value="company")]
    assert action_body(step, 1)["action_config"]["variable_mappings"] == {"2": "company"}


def test_a_picker_with_one_item_is_chosen_and_one_with_two_is_not() -> None:
    one, two = [Option(value="x", label="X")], [Option(value="x", label="X"), Option(value="y", label="Y")]
    assert next(f for f in chosen(new_step("ai_call"), {"agent": one}).fields if f.name == "agent_id").value == "x"
    assert next(f for f in chosen(new_step("ai_call"), {"agent": two}).fields if f.name == "agent_id").value == ""


def test_errors_find_their_fields() -> None:
    steps = [step_of(a) for a in ACTIONS]
    conditions = [condition_of({"condition_type": "tag", "condition_operator": "equals", "condition_value": "x"})]
    errors = [
        FieldError("/name", "is required"),
        FieldError("/conditions/0/condition_value", "too odd"),
        FieldError("/actions/0/action_config/agent_id", "is gone"),
        FieldError("/actions/2/action_config/variable_mappings/2", "needs a value"),
        FieldError("/actions/3", "cannot work"),
        FieldError("/actions/9/action_type", "is nowhere"),
    ]
    rest, conditions, steps = placed(errors, conditions, steps)
    assert rest == {"name": "is required", "actions": "is nowhere"}
    assert conditions[0].error == "too odd"
    assert next(f for f in steps[0].fields if f.name == "agent_id").error == "is gone"
    assert next(m for m in steps[2].mappings if m.variable == "2").error == "needs a value"
    assert steps[3].error == "cannot work"
    again, conditions, steps = placed([], conditions, steps)
    assert not again
    assert not conditions[0].error
    assert all(not s.error and not any(f.error for f in s.fields) for s in steps)


def test_a_finding_is_a_sentence_with_a_place_to_go_to() -> None:
    steps = [step_of(ACTIONS[0])]
    error = FieldError("/actions/0/action_config/agent_id", "is required")
    line = finding("error", error.pointer, said(error, steps), [], steps)
    assert (line.where, line.text, line.anchor) == ("Step 1 · AI call", "Voice agent is required", f"step-{steps[0].key}")
    assert said(FieldError("/conditions/0", "condition_value is needed; use 'any'"), steps) == "A value is needed; use “is anything”"


@pytest.mark.parametrize("kind", ["ai_call", "whatsapp_message", "email", "wait"])
def test_every_field_of_every_action_has_a_control(kind: str) -> None:
    spec = SPECS[ActionType(kind)]
    drawn = {f.name for f in new_step(kind).fields} | {"variable_mappings"}
    assert set(spec.Config.model_fields) <= drawn
    known = {
        "agent",
        "phone_number",
        "whatsapp_number",
        "whatsapp_template",
        "email_template",
        "text",
        "number",
        "duration",
        "switch",
        "time",
    }
    assert {f.widget for f in new_step(kind).fields} <= known


@pytest.mark.parametrize("slug", EXAMPLES)
def test_examples_only_lack_what_an_account_must_choose(slug: str) -> None:
    example = EXAMPLES[slug]
    rows = [step_of(a) for a in example.actions]
    missing = {f.name for row in rows for f in row.fields if f.required and not f.value and f.widget != "switch"}
    assert missing <= {"agent_id", "whatsapp_phone_number_id", "template_id", "email_template_id"}
    assert [action_body(r, n)["action_order"] for n, r in enumerate(rows, 1)] == list(range(1, len(rows) + 1))
