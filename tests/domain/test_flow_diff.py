"""What changed in a flow: nothing said of nothing, something said of anything, and the sentences people read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.actions import ACTIONS
from autoflows.domain.flow import ExitRules, FlowDefinition
from autoflows.domain.flow_diff import _EXIT_RULES, _SETTINGS, ChangeKind, diff
from autoflows.domain.flow_steps import new_places, pair_steps, steps_after_call, unmoved
from autoflows.domain.flow_words import ACTION_TITLES
from autoflows.domain.outcomes import CallOutcome
from tests.domain.build import ALWAYS, NOT_ANSWERED, call, flow, mail, wait, whatsapp
from tests.domain.made import definitions, with_ids
from tests.domain.settings import THOROUGH

SOURCE = {"condition_type": "lead_source", "condition_value": "IndiaMART"}
BUSY = {"condition_type": "call_outcome", "condition_value": "busy"}
FIRST = with_ids(
    flow(call(agent_id="a"), wait(duration_minutes=10, **NOT_ANSWERED), whatsapp(**NOT_ANSWERED), mail(**ALWAYS), conditions=[SOURCE])
)


def said(before: FlowDefinition, after: FlowDefinition, **names: str) -> list[str]:
    return [change.message for change in diff(before, after, names)]


def ordered(definition: FlowDefinition, *orders: int, **changes: Any) -> FlowDefinition:
    """The flow with its steps in another order, or some of them."""
    actions = [definition.actions[n - 1].model_copy(update={"action_order": place}) for place, n in enumerate(orders, 1)]
    return definition.model_copy(update={"actions": actions, **changes})


def changed_step(order: int, **changes: Any) -> FlowDefinition:
    dumped = FIRST.model_dump()
    dumped["actions"][order - 1] |= changes
    return FlowDefinition.model_validate(dumped)


STEP_3 = "Step 3 'WhatsApp message'"
EVERY = "'answered', 'missed', 'busy', 'not connected', 'sent to voicemail' and 'of unknown outcome'"


@THOROUGH
@given(definitions(), definitions())
def test_a_sentence_for_any_difference_and_none_without_one(before: FlowDefinition, after: FlowDefinition) -> None:
    assert diff(before, before) == []
    assert diff(before, with_ids(before)) == []
    assert (diff(before, after) == []) == (before == after)


@THOROUGH
@given(definitions(), definitions(), st.sampled_from(list(FlowDefinition.model_fields)))
def test_a_change_of_one_field_alone_is_told_where_it_is(before: FlowDefinition, other: FlowDefinition, field: str) -> None:
    after = before.model_copy(update={field: getattr(other, field)})
    changes = diff(before, after)
    assert bool(changes) == (before != after)
    told = [change for change in changes if not change.message.startswith("After a call")]
    assert all(change.pointer.startswith(f"/{field}") for change in told)


@THOROUGH
@given(definitions(), st.data())
def test_a_reorder_is_told_as_moves_alone(definition: FlowDefinition, data: st.DataObject) -> None:
    stored = with_ids(definition)
    orders = data.draw(st.permutations(range(1, len(stored.actions) + 1)))
    changes = [c for c in diff(stored, ordered(stored, *orders)) if not c.message.startswith("After a call")]
    assert {c.kind for c in changes} <= {ChangeKind.MOVED}
    assert bool(changes) == (orders != sorted(orders))
    assert len(changes) <= max(len(orders) - 1, 0), "at least one step stays where it is"


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (changed_step(2, action_config={"duration_minutes": 5}), "Step 2 'Wait': wait 10 minutes → wait 5 minutes"),
        (ordered(FIRST, 1, 3, 2, 4), "Step 2 'Wait' moved before step 4"),
        (ordered(FIRST, 4, 1, 2, 3), "Step 4 'E-mail' moved before step 1"),
        (ordered(FIRST, 2, 3, 4, 1), "Step 1 'AI call' moved to the end"),
        (ordered(FIRST, 1, 2, 4), f"{STEP_3} is removed: send the WhatsApp message to be chosen, if the last call was not answered"),
        (ordered(FIRST, 1, 2, 3), f"After a call, {EVERY} no longer get E-mail"),
        (changed_step(3, condition_value="busy"), f"{STEP_3} runs: if the last call was not answered → if the last call was busy"),
        (changed_step(1, action_config={"agent_id": "b"}), "Step 1 'AI call', agent: Priya → Meera"),
        (changed_step(4, action_type="whatsapp_message"), "Step 4 does something else: E-mail → WhatsApp message"),
        (FIRST.model_copy(update={"cooldown_minutes": 5}), "Cooldown: the account's → 5 minutes"),
        (FIRST.model_copy(update={"business_days": [1, 2, 3]}), "Days: every day → Mon–Wed"),
        (FIRST.model_copy(update={"exit_rules": ExitRules(on_reply=False)}), "Stop when the lead replies: on → off"),
        (FIRST.model_copy(update={"name": "Second call"}), "Name: 'First call' → 'Second call'"),
    ],
)  # fmt: skip
def test_sentences(after: FlowDefinition, sentence: str) -> None:
    names = {"a": "Priya", "b": "Meera"}
    assert sentence in [change.message for change in diff(FIRST, after, names)]


def test_what_an_outcome_now_gets() -> None:
    before, after = flow(call(), mail(**ALWAYS)), flow(call(), mail(**ALWAYS), whatsapp(**BUSY))
    assert said(before, after) == [
        "New step 3: send the WhatsApp message to be chosen, if the last call was busy",
        "After a call, 'busy' now gets WhatsApp message",
    ]


def test_trigger_sentences() -> None:
    either = {"condition_type": "lead_source", "condition_operator": "in", "condition_value": "IndiaMART, TradeIndia"}
    tag = {"condition_type": "tag", "condition_value": "vip"}
    assert said(flow(conditions=[SOURCE]), flow(conditions=[either])) == [
        "Trigger: lead source is IndiaMART → lead source is one of IndiaMART or TradeIndia"
    ]
    assert said(flow(conditions=[SOURCE]), flow(conditions=[tag, SOURCE])) == ["Trigger: also requires that has the tag vip"]
    assert said(flow(conditions=[SOURCE, tag]), flow(conditions=[tag])) == ["Trigger: no longer requires that lead source is IndiaMART"]
    assert said(flow(conditions=[SOURCE, tag]), flow(conditions=[tag, SOURCE])) == ["Trigger: the same conditions in another order"]


def test_variables_are_told_one_by_one() -> None:
    before = flow({**whatsapp(), "action_config": {"variable_mappings": {"1": "name", "2": "company"}}})
    after = flow({**whatsapp(), "action_config": {"variable_mappings": {"1": "name", "2": "custom_fields.product", "3": "phone"}}})
    assert said(before, after) == [
        "Step 1 'WhatsApp message', variable 2: company → custom_fields.product",
        "Step 1 'WhatsApp message', variable 3: none → phone",
    ]


def test_every_setting_and_every_performed_step_has_a_name_for_people() -> None:
    assert set(FlowDefinition.model_fields) - set(_SETTINGS) == {"conditions", "actions", "exit_rules"}
    assert set(ExitRules.model_fields) == set(_EXIT_RULES)
    assert {kind: spec.title for kind, spec in ACTIONS.items()}.items() <= ACTION_TITLES.items()


@THOROUGH
@given(definitions())
def test_pairing_takes_each_step_once_and_equal_flows_pair_in_order(definition: FlowDefinition) -> None:
    assert pair_steps(definition.actions, with_ids(definition).actions) == list(range(len(definition.actions)))
    mixed = pair_steps(with_ids(definition, 1).actions, with_ids(definition, 100).actions[::-1])
    taken = [n for n in mixed if n is not None]
    assert len(taken) == len(set(taken)) == len(definition.actions)


@THOROUGH
@given(st.lists(st.integers(0, 9), unique=True, max_size=8))
def test_what_did_not_move_is_a_longest_rising_run(places: list[int]) -> None:
    kept = [places[p] for p in sorted(unmoved(places))]
    assert kept == sorted(kept)
    rising = [[n for bit, n in enumerate(places) if mask >> bit & 1] for mask in range(2 ** len(places))]
    assert len(kept) == max(len(r) for r in rising if r == sorted(r))


def test_a_run_goes_on_where_its_begun_steps_stand_in_the_same_order() -> None:
    inserted = ordered(FIRST, 1, 2, 2, 3, 4)
    fresh = inserted.actions[1].model_copy(update={"id": UUID(int=99)})
    inserted = inserted.model_copy(update={"actions": [inserted.actions[0], fresh, *inserted.actions[2:]]})
    assert new_places(FIRST, inserted, [1, 2]) == {1: 1, 2: 3}
    assert new_places(FIRST, ordered(FIRST, 2, 1, 3, 4), [1]) == {1: 2}
    assert new_places(FIRST, ordered(FIRST, 2, 1, 3, 4), [1, 2]) is None, "the run called first and waited then"
    assert new_places(FIRST, ordered(FIRST, 1, 3, 4), [1, 2]) is None, "the step it is at is gone"
    assert new_places(FIRST, ordered(FIRST, 1, 3, 4), [1]) == {1: 1}
    assert new_places(FIRST, changed_step(1, action_type="email"), [1]) is None
    assert new_places(FIRST, FIRST, []) == {}
    assert new_places(FIRST, FIRST, [9]) is None


def test_what_follows_a_call_by_its_outcome() -> None:
    orders = {o: [s.action_order for s in steps_after_call(FIRST, o)] for o in CallOutcome}
    assert orders[CallOutcome.ANSWERED] == [4]
    assert orders[CallOutcome.BUSY] == orders[CallOutcome.UNKNOWN] == [2, 3, 4]
    plain = flow(call(), mail(), exit_rules={"on_answered": False})
    assert [s.action_order for s in steps_after_call(plain, CallOutcome.ANSWERED)] == [2]
    assert steps_after_call(flow(mail()), CallOutcome.BUSY) == []
