"""Each problem of a flow, told where it is and only when it is sure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.domain.account import AccountSettings, BusinessHours
from autoflows.domain.flow import ActionCondition, ActionType, FlowDefinition
from autoflows.domain.lint import SEVERITIES, Item, Reference, Surroundings, errors_of, lint

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
TRIGGER = {"condition_type": "lead_source", "condition_operator": "any"}
MISSED = {"condition_type": "call_outcome", "condition_value": "not_answered"}
CALL = {"action_type": "ai_call"}
LETTER = {"action_type": "email"}
WAIT = {"action_type": "wait", "action_config": {"duration_minutes": 5}}


def flow(*actions: dict[str, Any], **settings: Any) -> FlowDefinition:
    steps = [{"action_order": n, "action_config": {}, **action} for n, action in enumerate(actions, 1)]
    return FlowDefinition.model_validate({"name": "x", "conditions": [TRIGGER], "actions": steps, **settings})


def item(**changes: Any) -> Item:
    return Item(**{"name": "Priya", "is_active": True, "channel_id": "c1", "channel_name": "Voice", "channel_status": "active", **changes})


def around(*references: Reference, hours: BusinessHours | None = None, **account: Any) -> Surroundings:
    return Surroundings(references, AccountSettings(**account), hours, "Asia/Kolkata", NOW, frozenset(account.get("holidays", ())))


def found(definition: FlowDefinition, where: Surroundings | None = None) -> list[tuple[str, str, str]]:
    return [(p.severity.value, p.code, p.pointer) for p in lint(definition, where or around())]


def agent(thing: Item | None, order: int = 1) -> Reference:
    return Reference(order, "agent_id", "voice agent", thing)


def test_a_sound_flow_has_no_problem() -> None:
    assert found(flow(CALL, {**WAIT, **MISSED}, {**LETTER, **MISSED}), around(agent(item()))) == []


def test_what_is_missing_altogether() -> None:
    assert found(flow(conditions=[])) == [("error", "no_conditions", "/conditions"), ("error", "no_actions", "/actions")]
    assert ("warning", "no_contact", "/actions") in found(flow(WAIT))


@pytest.mark.parametrize(
    ("thing", "severity", "code"),
    [
        (None, "error", "item_missing"),
        (item(is_active=False), "error", "item_inactive"),
        (item(channel_status="disabled"), "error", "channel_disabled"),
        (item(channel_status="error"), "warning", "channel_error"),
        (item(status="PENDING"), "error", "template_not_approved"),
    ],
)
def test_what_a_step_names_must_be_there_and_work(thing: Item | None, severity: str, code: str) -> None:
    assert found(flow(LETTER, CALL), around(agent(thing, 2))) == [(severity, code, "/actions/1/action_config/agent_id")]


@pytest.mark.parametrize("status", ["active", "unchecked"])
def test_a_channel_that_nobody_checked_yet_is_no_problem(status: str) -> None:
    assert found(flow(CALL), around(agent(item(channel_status=status)))) == []


def test_items_of_one_step_belong_to_one_channel() -> None:
    number = Reference(1, "phone_number_id", "caller id", item(channel_id="c2"))
    assert found(flow(CALL), around(agent(item()), number)) == [("error", "channels_differ", "/actions/0/action_config/phone_number_id")]
    elsewhere = Reference(2, "phone_number_id", "caller id", item(channel_id="c2"))
    assert found(flow(CALL, CALL), around(agent(item()), elsewhere)) == []


def test_every_variable_of_a_template_needs_a_value() -> None:
    template = item(status="APPROVED", variables=("1", "2"))
    step = {"action_type": "whatsapp_message", "action_config": {"variable_mappings": {"1": "name", "2": " ", "3": "company"}}}
    where = around(Reference(1, "template_id", "WhatsApp template", template))
    pointer = "/actions/0/action_config/variable_mappings"
    assert found(flow(step), where) == [("error", "variable_unmapped", pointer), ("advice", "variable_unknown", pointer)]


def test_waits_that_do_nothing() -> None:
    assert found(flow(CALL, {"action_type": "wait"}, LETTER)) == [("warning", "wait_empty", "/actions/1")]
    assert found(flow(CALL, WAIT)) == [("advice", "wait_last", "/actions/1")]
    until = {"action_type": "wait", "action_config": {"until_time": "10:30"}}
    assert found(flow(CALL, until, LETTER)) == []


def test_steps_that_can_never_run() -> None:
    opened = {"condition_type": "message_status", "condition_value": "read"}
    never = ("warning", "never_runs", "/actions/0/condition_type")
    assert found(flow({**LETTER, **MISSED}, CALL)) == [never]
    assert found(flow({**CALL, **opened}, LETTER)) == [never]
    assert found(flow({**LETTER, **opened}, {**LETTER, **opened}, CALL))[1][2] == "/actions/1/condition_type", (
        "one that never ran sends nothing"
    )
    assert found(flow(LETTER, {**CALL, **opened}, {**LETTER, **MISSED})) == []


def test_hours_that_are_never_open_or_never_legal() -> None:
    night = {
        "use_custom_business_hours": True,
        "business_hours_start": "22:00",
        "business_hours_end": "06:00",
        "business_hours_timezone": "Asia/Kolkata",
    }
    illegal = [("warning", "hours_never_legal", "/business_hours_start")]
    assert found(flow(CALL, **night)) == illegal
    assert found(flow(CALL, **night), around(legal_hours="off")) == []
    assert found(flow(LETTER, **night)) == [], "e-mail has no legal hours"
    assert found(flow(CALL, **night), around(default_country="DE")) == []
    assert found(flow(CALL, **{**night, "business_hours_end": "09:30"})) == []
    account_night = around(hours=BusinessHours(start=time(22), end=time(6)))
    assert found(flow(CALL), account_night) == [("warning", "hours_never_legal", "/use_custom_business_hours")]
    mondays = [date.fromordinal(NOW.date().toordinal() + 7 * n) for n in range(-1, 60)]
    closed = around(holidays=mondays)
    always_closed = {**night, "business_hours_end": "23:00", "business_days": [1]}
    assert found(flow(LETTER, **always_closed), closed) == [("error", "hours_never_open", "/business_hours_start")]


conditions: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.just({"condition_type": ActionCondition.ALWAYS}),
    st.sampled_from(["answered", "missed", "not_answered"]).map(lambda v: {"condition_type": "call_outcome", "condition_value": v}),
    st.sampled_from(["read", "replied"]).map(lambda v: {"condition_type": "message_status", "condition_value": v}),
)
keys = st.sampled_from(["duration_minutes", "until_time", "variable_mappings", "agent_id"])
configs: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys, st.none() | st.just({}))
steps = st.tuples(st.sampled_from(list(ActionType)), configs, conditions).map(
    lambda s: {"action_type": s[0], "action_config": s[1], **s[2]}
)
items = st.none() | st.builds(item, is_active=st.booleans(), status=st.sampled_from([None, "APPROVED", "x"]), variables=st.just(("1",)))


@given(st.lists(steps, max_size=8), st.data())
def test_it_answers_for_any_flow_worst_first_and_points_into_it(actions: list[dict[str, Any]], data: st.DataObject) -> None:
    definition = flow(*actions)
    references = [agent(data.draw(items), n) for n in range(1, len(actions) + 1)]
    problems = lint(definition, around(*references))
    order = [SEVERITIES.index(p.severity) for p in problems]
    assert order == sorted(order)
    assert errors_of(problems) == problems[: order.count(0)]
    for problem in problems:
        parts = problem.pointer.strip("/").split("/")
        assert parts[0] in FlowDefinition.model_fields
        assert len(parts) == 1 or int(parts[1]) < len(actions)
        assert problem.message.endswith(".")


def condition(kind: str, value: str | None, operator: str = "equals") -> dict[str, Any]:
    return {"condition_type": kind, "condition_value": value, "condition_operator": operator}


def test_a_trigger_that_no_lead_meets() -> None:
    two = [condition("lead_source", "IndiaMART"), condition("lead_source", "TradeIndia")]
    assert ("warning", "trigger_impossible", "/conditions") in found(flow(LETTER, conditions=two))
    assert found(flow(LETTER, conditions=[condition("lead_source", "IndiaMART, TradeIndia", "in")])) == []
    assert ("warning", "trigger_only_dnc", "/conditions") in found(flow(LETTER, conditions=[condition("tag", "DNC")]))
    assert found(flow(LETTER, conditions=[condition("tag", "dnc", "contains")])) == [], "a tag such as dnc-checked is meant, perhaps"


def test_fields_that_no_contact_has() -> None:
    asks = {"condition_type": "contact_field", "condition_field": "product", "condition_value": "pump"}
    assert found(flow({**LETTER, **asks})) == [("warning", "field_unknown", "/actions/0/condition_field")]
    assert found(flow({**LETTER, **asks, "condition_field": "custom_fields.product"})) == []
    assert found(flow({**LETTER, **asks, "condition_field": "tags"})) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("name", None),
        ("custom_fields.product", None),
        ("{{ contact.name | default: 'there' }}", None),
        ("there", "field_unknown"),
        ("custom_fields.", "field_unknown"),
        ("{{ contact.name", "liquid_broken"),
        ("{{ contact.name | nonsense }}", "liquid_broken"),
    ],
)
def test_what_variables_are_mapped_to(value: str, code: str | None) -> None:
    message = {"action_type": "whatsapp_message", "action_config": {"variable_mappings": {"1": value}}}
    assert [p.code for p in lint(flow(message), around())] == ([code] if code else [])


def test_a_subject_that_cannot_be_rendered() -> None:
    broken = {**LETTER, "action_config": {"subject_override": "{% for"}}
    assert found(flow(broken)) == [("error", "liquid_broken", "/actions/0/action_config/subject_override")]


def test_ends_of_a_call_that_nothing_follows() -> None:
    busy = {"condition_type": "call_outcome", "condition_value": "busy"}
    forgetful = flow(CALL, {**LETTER, **busy})
    assert found(forgetful) == [("advice", "outcome_without_path", "/actions/0")]
    assert "missed, not connected, sent to voicemail or of unknown outcome" in lint(forgetful, around())[0].message
    assert "unknown" not in lint(flow(CALL, {**LETTER, **busy}, on_unknown="stop"), around())[0].message
    assert found(flow(CALL, {**LETTER, **busy}, {**LETTER, "condition_type": "always"})) == []
    assert found(flow(CALL)) == [], "a flow that only calls forgets nothing"


@pytest.mark.parametrize("config", [{"variable_mappings": [1]}, {"variable_mappings": {"1": 5}}, {"subject_override": 3}])
def test_a_draft_of_any_shape_is_judged(config: dict[str, Any]) -> None:
    template = Reference(1, "template_id", "WhatsApp template", item(status="APPROVED", variables=("1",)))
    for kind in ("whatsapp_message", "email"):
        lint(flow({"action_type": kind, "action_config": config}), around(template))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"on_field": "custom_fields.stage", "on_field_value": "won"}, []),
        ({"on_field": "custom_fields.stage"}, []),
        ({"on_field": "company", "on_field_value": "Asha Agro"}, []),
        ({"on_field": "tags", "on_field_value": "won"}, []),
        ({"on_field": "stage", "on_field_value": "won"}, [("error", "exit_field_unknown", "/exit_rules/on_field")]),
        ({"on_field": "custom_fields"}, [("error", "exit_field_unknown", "/exit_rules/on_field")]),
        ({"on_field": "company.name"}, [("error", "exit_field_unknown", "/exit_rules/on_field")]),
        ({"on_field": "lead_source"}, [("warning", "exit_field_always", "/exit_rules/on_field")]),
        ({"on_field": "lead_source", "on_field_value": "Walk-in"}, []),
        ({"on_field_value": "won"}, [("warning", "exit_field_missing", "/exit_rules/on_field")]),
    ],
)
def test_the_field_that_ends_a_flow_is_one_a_contact_can_have(rules: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(flow(CALL, exit_rules=rules), around(agent(item()))) == expected


HALVES = {"name": "Opening", "arms": [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}]}
SPLIT = {"action_type": "split", "action_config": HALVES}
REPLY = {"kind": "reply_received"}


def arm(name: str, of: str | None = None, **step: Any) -> dict[str, Any]:
    return {**(step or LETTER), "condition_type": "split", "condition_value": name, "condition_field": of}


def split(*arms: tuple[str, int], holdout: str = "", name: str = "Opening") -> dict[str, Any]:
    rows = [{"name": n, "percent": p, "is_holdout": n == holdout} for n, p in arms]
    return {"action_type": "split", "action_config": {"name": name, "arms": rows}}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([SPLIT, arm("A"), arm("b")], []),
        ([SPLIT, arm("A"), LETTER], []),
        ([split(("A", 90), ("None", 10), holdout="None"), LETTER], []),
        ([SPLIT, arm("A")], [("warning", "arm_without_path", "/actions/0/action_config/arms")]),
        ([SPLIT, LETTER], [("warning", "split_unused", "/actions/0")]),
        ([SPLIT, arm("C"), arm("A"), arm("B")], [("error", "arm_missing", "/actions/1/condition_value")]),
        ([arm("A"), LETTER], [("error", "split_missing", "/actions/0/condition_type")]),
        (
            [SPLIT, arm("A", "Other"), LETTER],
            [("error", "split_missing", "/actions/1/condition_field"), ("warning", "split_unused", "/actions/0")],
        ),
        ([split(("A", 50), ("B", 40)), arm("A"), arm("B")], [("error", "split_percentages", "/actions/0/action_config/arms")]),
        ([split(), LETTER], [("error", "split_without_arms", "/actions/0/action_config/arms"), ("warning", "split_unused", "/actions/0")]),
        ([split(("A", 100), ("B", 0)), arm("A")], [("advice", "arm_empty", "/actions/0/action_config/arms")]),
        (
            [split(("A", 90), ("None", 10), holdout="None"), LETTER, arm("None")],
            [("warning", "step_of_holdout", "/actions/2/condition_value")],
        ),
        (
            [SPLIT, SPLIT, arm("A"), arm("B")],
            [
                ("warning", "split_names_equal", "/actions/0/action_config/name"),
                ("warning", "split_unused", "/actions/0"),
                ("warning", "split_names_equal", "/actions/1/action_config/name"),
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_experiment(steps: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    assert sorted(found(flow(*steps, goal=REPLY))) == sorted(expected)


def test_what_an_experiment_is_measured_by() -> None:
    assert found(flow(SPLIT, arm("A"), arm("B"))) == [("advice", "split_without_goal", "/actions/0")]
    unknown = flow(LETTER, goal={"kind": "field_equals", "field": "stage"})
    assert found(unknown) == [("error", "goal_field_unknown", "/goal/field")]
