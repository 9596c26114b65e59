"""A flow in the builder and back: nothing is lost, and every problem finds its field."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from autoflows.actions import ACTIONS as SPECS
from autoflows.domain.flow import ActionType, FlowDefinition
from autoflows.domain.problems import Problem, Severity
from autoflows.services.draft_store import read
from autoflows.ui.flow_cards import cards_of, inspected, with_variables
from autoflows.ui.flow_draft import action_body, chosen, condition_body, condition_of, definition_of, draft_of, new_step, step_of
from autoflows.ui.flow_findings import errors_at, findings_of, marks_of, setting_errors, severity_of, with_errors
from autoflows.ui.flow_rows import Draft, MappingRow, Option, Settings

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
    assert [m.variable for m in with_variables(step, CHOICES).mappings] == ["1", "2"]
    row = inspected(Draft(steps=(step,)), step.id, CHOICES, {})
    assert [m.variable for m in row.mappings] == ["1", "2"]
    assert row.preview == "Hi ‹Name›: ‹product›"
    assert "hello" in row.sentence


def test_a_preview_shows_what_a_person_would_get() -> None:
    step = step_of(ACTIONS[2])
    person = {"name": "Asha", "custom_fields": {"product": "<b>pump</b>"}}
    assert inspected(Draft(steps=(step,)), step.id, CHOICES, {}, person).preview == "Hi Asha: <b>pump</b>"
    assert inspected(Draft(steps=(step,)), step.id, CHOICES, {}, {"name": ""}).preview == "Hi —: —"


def test_a_definition_comes_back_the_same_from_the_builder() -> None:
    conditions = [{"condition_type": "tag", "condition_operator": "equals", "condition_value": "x", "condition_field": None}]
    actions = [{"id": str(uuid4()), "action_order": n, **a} for n, a in enumerate(ACTIONS, start=1)]
    flow = {"name": "Same", "conditions": conditions, "actions": actions, "cooldown_minutes": 30, "exit_rules": {"on_field": "company"}}
    before = FlowDefinition.model_validate(flow)
    after = FlowDefinition.model_validate(definition_of(draft_of(before.model_dump(mode="json"))))
    assert after.model_dump(exclude={"actions"}) == before.model_dump(exclude={"actions"})
    assert [a.id for a in after.actions] == [a.id for a in before.actions]


@pytest.mark.parametrize("value", [None, 5, "x", ["x"], {"x": 1}, [{"action_type": "bomb"}], [{"action_type": "wait", "action_config": 3}]])
def test_a_draft_with_anything_in_it_can_be_opened(value: Any) -> None:
    names = [*FlowDefinition.model_fields, "unheard_of"]
    draft = draft_of(dict.fromkeys(names, value))
    assert all(step.kind == "wait" for step in draft.steps)
    assert cards_of(draft, {}, {}) is not None
    definition_of(draft)


def test_an_empty_custom_field_is_no_mapping() -> None:
    step = step_of(ACTIONS[2])
    step.mappings = [MappingRow(variable="1", value="custom_fields."), MappingRow(variable="2", value="company")]
    assert action_body(step, 1)["action_config"]["variable_mappings"] == {"2": "company"}


def test_a_picker_with_one_item_is_chosen_and_one_with_two_is_not() -> None:
    one, two = [Option(value="x", label="X")], [Option(value="x", label="X"), Option(value="y", label="Y")]
    assert next(f for f in chosen(new_step("ai_call"), {"agent": one}).fields if f.name == "agent_id").value == "x"
    assert next(f for f in chosen(new_step("ai_call"), {"agent": two}).fields if f.name == "agent_id").value == ""


def problem(pointer: str, message: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(severity=severity, code="invalid", pointer=pointer, message=message)


def test_problems_find_their_fields_and_follow_them() -> None:
    steps = [step_of(a) for a in ACTIONS]
    conditions = (condition_of({"condition_type": "tag", "condition_operator": "equals", "condition_value": "x"}),)
    draft = Draft(conditions=conditions, steps=tuple(steps))
    problems = [
        problem("/max_contacts_per_hour", "Max contacts per hour must be a whole number."),
        problem("/conditions/0", "Condition value is needed; use 'any'"),
        problem("/actions/0/action_config/agent_id", "Agent id is required."),
        problem("/actions/2/action_config/variable_mappings/2", "needs a value"),
        problem("/actions/1", "Step 2: it waits for nothing.", Severity.WARNING),
        problem("/actions/9/action_type", "is nowhere"),
    ]
    marks = marks_of(problems, draft)
    assert setting_errors(marks) == {"per_hour": "Max contacts per hour must be a whole number."}
    assert with_errors(conditions, marks)[0].error == "A value is needed; use “is anything”"
    assert errors_at(marks, steps[0].id) == {"/action_config/agent_id": "Voice agent is required."}
    row = inspected(draft, steps[0].id, CHOICES, errors_at(marks, steps[0].id))
    assert next(f for f in row.fields if f.name == "agent_id").error == "Voice agent is required."
    row = inspected(draft, steps[2].id, CHOICES, errors_at(marks, steps[2].id))
    assert next(m for m in row.mappings if m.variable == "2").error == "Needs a value"
    assert [severity_of(marks, s.id) for s in steps] == ["error", "warning", "error", ""]
    # The first step goes to the end, the third is removed: what is said follows.
    moved = Draft(conditions=conditions, steps=(steps[1], steps[3], steps[0]))
    found = {(f.where, f.focus) for f in findings_of(marks, moved)}
    assert ("Step 3 · AI call", f"{steps[0].id}-agent_id") in found
    assert ("Step 1 · Wait", f"step-{steps[1].id}") in found
    assert ("Contacts per hour", "per_hour") in found
    assert not any("WhatsApp" in where for where, _ in found)


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


@pytest.mark.parametrize(("kind", "told"), [("tag_added", "Name the tag"), ("field_equals", "Name the field")])
def test_what_a_goal_lacks_is_named_in_plain_words(kind: str, told: str) -> None:
    draft = Draft(settings=Settings(name="Won", goal_kind=kind))
    _, wrong = read(definition_of(draft))
    assert any(mark.text.startswith(f"{told} that this goal asks for") for mark in marks_of(wrong, draft))
