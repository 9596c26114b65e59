"""Flows as files: the same flow comes back, and a wrong file is told by its lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from autoflows.domain.errors import Invalid
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.flow_code import read_flow, write_flow
from autoflows.domain.flow_steps import pair_steps
from tests.domain.build import NOT_ANSWERED, call, flow, wait
from tests.domain.made import definitions, with_ids
from tests.domain.settings import THOROUGH


@THOROUGH
@given(definitions())
def test_a_flow_written_and_read_is_the_same_flow(definition: FlowDefinition) -> None:
    stored = with_ids(definition)
    fields = read_flow(write_flow(stored, is_enabled=True, priority=3)).fields
    assert (fields.pop("is_enabled"), fields.pop("priority")) == (True, 3)
    again = FlowDefinition.model_validate(fields)
    assert again == definition
    assert pair_steps(stored.actions, again.actions) == list(range(len(stored.actions))), "its steps keep their ids"


def test_a_file_says_no_more_than_it_must() -> None:
    trigger = [{"condition_type": "lead_source", "condition_value": "IndiaMART"}]
    hours = {"business_hours_start": "10:30", "business_hours_end": "19:00", "business_hours_timezone": "Asia/Kolkata"}
    made = flow(call(agent_id="a"), wait(duration_minutes=10, **NOT_ANSWERED), conditions=trigger, use_custom_business_hours=True, **hours)
    text = write_flow(with_ids(made), priority=1)
    assert text == (
        "autoflows: 1\nname: First call\npriority: 1\nuse_custom_business_hours: true\nbusiness_hours_start: '10:30:00'\n"
        "business_hours_end: '19:00:00'\nbusiness_hours_timezone: Asia/Kolkata\nconditions:\n- condition_type: lead_source\n"
        "  condition_value: IndiaMART\nactions:\n- action_type: ai_call\n  action_config:\n    agent_id: a\n- action_type: wait\n"
        "  action_config:\n    duration_minutes: 10\n  condition_type: call_outcome\n  condition_value: not_answered\n"
    )


@pytest.mark.parametrize(
    ("text", "pointer", "said"),
    [
        ("", "", r"begins with 'autoflows: 1' \(line 1\)"),
        ("name: x", "/autoflows", "must be 1"),
        ("name: x\nautoflows: true", "/autoflows", r"line 2"),
        ("autoflows: 1\nactions:\n- action_type: wait\n  action_order: 1", "/actions/0/action_order", r"order of the list \(line 4\)"),
        ("autoflows: 1\nname: [", "", r"not YAML.*\(line \d\)"),
    ],
)
def test_what_is_no_flow(text: str, pointer: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_flow(text)
    (error,) = refused.value.errors
    assert error.pointer == pointer
    assert re.search(said, error.detail), error.detail
