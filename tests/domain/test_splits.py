"""Splits: the same person the same arm, people spread as the percentages say, and what follows in each arm."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoflows.actions import validate_config
from autoflows.domain import decisions as d
from autoflows.domain.conditions import Lead
from autoflows.domain.decide import decide
from autoflows.domain.errors import Invalid
from autoflows.domain.executions import ExecutionStatus
from autoflows.domain.flow import Action, ActionType, FlowDefinition
from autoflows.domain.lint_splits import SPLIT_RULES
from autoflows.domain.splits import arms_of, choose_arm, keep_arm, splits_of
from tests.domain.build import ALWAYS, ASHA, flow, log, mail, situation, wait, whatsapp
from tests.domain.settings import THOROUGH

HALVES = [{"name": "A", "percent": 50}, {"name": "B", "percent": 50}]
IN_A: dict[str, Any] = {"condition_type": "split", "condition_value": "A"}
IN_B: dict[str, Any] = {"condition_type": "split", "condition_value": "b"}


def split(arms: Any = HALVES, name: str = "Split", **condition: Any) -> dict[str, Any]:
    return {"action_type": "split", "action_config": {"name": name, "arms": arms}, **condition}


def step(arms: Any, *, id: UUID | None = UUID(int=9)) -> Action:  # noqa: A002
    return Action(id=id, action_order=1, action_type=ActionType.SPLIT, action_config={"name": "Split", "arms": arms})


def person(number: int) -> Lead:
    return Lead("IndiaMART", "api", phone=f"+9198765{number:05d}")


ARMS = st.lists(st.integers(0, 100), min_size=1, max_size=6).map(
    lambda parts: [{"name": f"arm {n}", "percent": part} for n, part in enumerate(parts)]
)
ANYTHING = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=3), lambda i: st.lists(i) | st.dictionaries(st.text(), i)
)


@THOROUGH
@given(ARMS, st.uuids(), st.text(max_size=20), st.text(max_size=20))
def test_one_person_one_arm_whatever_else_changes(arms: list[dict[str, Any]], experiment: UUID, phone: str, name: str) -> None:
    lead = Lead("IndiaMART", "api", phone=phone or None, email="Asha@Example.com")
    chosen = choose_arm(step(arms, id=experiment), lead)
    assert (chosen is None) == (not any(arm["percent"] for arm in arms))
    again = replace(lead, name=name, email="ASHA@example.com ", tags=("vip",), lead_source="TradeIndia", custom_fields={"a": 1})
    later = step(arms, id=experiment).model_copy(update={"action_order": 7, "action_config": {"name": name, "arms": arms}})
    assert choose_arm(later, again) == chosen
    assert chosen is None or next(arm["percent"] for arm in arms if arm["name"] == chosen) > 0


@THOROUGH
@given(ANYTHING)
def test_whatever_is_stored_as_arms_is_read(arms: Any) -> None:
    definition = flow(split(arms), mail(**IN_A))
    decision = decide(situation(definition), [])
    assert isinstance(decision, d.Assign | d.Skip)


@pytest.mark.parametrize("percents", [(50, 50), (10, 90), (33, 33, 34), (5, 15, 30, 50)])
@pytest.mark.parametrize("experiment", range(3))
def test_people_are_spread_as_the_percentages_say(percents: tuple[int, ...], experiment: int) -> None:
    """Chi-square, at a level that one in a hundred thousand such tests of a fair split would miss."""
    people = 20_000
    divided = step([{"name": str(n), "percent": p} for n, p in enumerate(percents)], id=uuid5(UUID(int=1), str(experiment)))
    counts = Counter(choose_arm(divided, person(n)) for n in range(people))
    distance = sum((counts[str(n)] - people * p / 100) ** 2 / (people * p / 100) for n, p in enumerate(percents))
    assert distance < {1: 19.5, 2: 23.0, 3: 25.9}[len(percents) - 1]


def test_experiments_know_nothing_of_each_other() -> None:
    pairs = Counter(
        (choose_arm(step(HALVES, id=UUID(int=1)), p), choose_arm(step(HALVES, id=UUID(int=2)), p)) for p in map(person, range(8000))
    )
    assert all(abs(count - 2000) < 4.5 * 1500**0.5 for count in pairs.values())
    assert len(pairs) == 4


def test_changed_percentages_move_only_those_between_the_borders() -> None:
    more = [{"name": "A", "percent": 60}, {"name": "B", "percent": 40}]
    moved = Counter((choose_arm(step(HALVES), p), choose_arm(step(more), p)) for p in map(person, range(5000)))
    assert moved["A", "B"] == 0
    assert 400 < moved["B", "A"] < 600


def taken(definition: FlowDefinition, arm: str, *more: d.Log) -> d.Decision:
    return decide(situation(definition), [log(1, "split", arm=arm), *more])


def test_each_arm_goes_its_own_way() -> None:
    definition = flow(split(), whatsapp(**IN_A), mail(**IN_B))
    first = decide(situation(definition), [])
    assert isinstance(first, d.Assign)
    assert first.arm == choose_arm(definition.action(1), ASHA)
    assert [gate.gate for gate in first.gates if not gate.passed] == []
    assert isinstance(taken(definition, "A"), d.Perform)
    skipped = taken(definition, "B")
    assert isinstance(skipped, d.Skip)
    assert (skipped.action.action_order, skipped.reason) == (2, "In arm B")
    assert isinstance(taken(definition, "B", log(2, "whatsapp_message", "skipped")), d.Perform)


def test_with_several_splits_a_step_names_the_one_it_means() -> None:
    definition = flow(split(name="Opening"), split(name="Hour"), mail(**IN_A, condition_field="opening"), mail(**IN_A))
    logs = [log(1, "split", arm="A"), log(2, "split", arm="B")]
    assert isinstance(decide(situation(definition), logs), d.Perform)
    skipped = decide(situation(definition), [*logs, log(3, "email")])
    assert isinstance(skipped, d.Skip)
    assert skipped.reason == "In arm B", "the last split before the step is meant"


def test_a_split_that_was_not_reached_decides_nothing() -> None:
    definition = flow(split(condition_type="call_outcome", condition_value="answered"), mail(**IN_A))
    first = decide(situation(definition), [])
    assert isinstance(first, d.Skip)
    assert isinstance(second := decide(situation(definition), [log(1, "split", "skipped")]), d.Skip)
    assert second.reason == "The contact did not go through the split"


def test_who_is_held_out_is_not_contacted_whatever_a_step_says() -> None:
    arms = [{"name": "A", "percent": 90}, {"name": "Nobody", "percent": 10, "is_holdout": True}]
    definition = flow(split(arms, name="Opening"), wait(duration_minutes=10), mail(**ALWAYS), mail())
    logs = [log(1, "split", arm="Nobody")]
    for order, kind in ((2, "wait"), (3, "email"), (4, "email")):
        decision = decide(situation(definition), logs)
        assert isinstance(decision, d.Skip)
        assert decision.reason == "Held out by the split 'Opening', to compare with"
        logs.append(log(order, kind, "skipped"))
    over = decide(situation(definition), logs)
    assert isinstance(over, d.Finish)
    assert over.status is ExecutionStatus.SKIPPED


def test_exit_rules_stop_an_arm_too() -> None:
    definition = flow(split(), whatsapp(**IN_A), mail(**IN_A))
    replied = [log(1, "split", arm="A"), log(2, "whatsapp_message", message_state="replied")]
    decision = decide(situation(definition), replied)
    assert isinstance(decision, d.Skip)
    assert decision.reason == "The lead replied"


@pytest.mark.parametrize(
    ("arms", "detail"),
    [
        ([{"name": "A", "percent": 50}, {"name": "B", "percent": 40}], "add up to 90"),
        ([{"name": "A", "percent": 50}, {"name": "a ", "percent": 50}], "same name"),
        ([{"name": "A", "percent": 100}], "at least 2"),
        ([{"name": "A", "percent": 101}, {"name": "B", "percent": -1}], "less than or equal to 100"),
        ([{"name": n, "percent": 50, "is_holdout": True} for n in "AB"], "only one arm"),
    ],
)
def test_arms_that_cannot_be(arms: list[dict[str, Any]], detail: str) -> None:
    with pytest.raises(Invalid) as error:
        validate_config(ActionType.SPLIT, {"arms": arms})
    assert detail in " ".join(e.detail for e in error.value.errors)


NAMES = ("Opening", "Hour", "Offer")
THREE = [{"name": "A", "percent": 50}, {"name": "B", "percent": 40}, {"name": "Nobody", "percent": 10, "is_holdout": True}]


@st.composite
def divided(draw: st.DrawFn) -> FlowDefinition:
    """Mails and up to three splits of names of their own, which may lie in arms of each other."""
    steps: list[dict[str, Any]] = []
    splits = 0
    for number in range(draw(st.integers(1, 9))):
        asked = st.fixed_dictionaries(
            {"condition_type": st.just("split"), "condition_value": st.sampled_from(["A", "b", "Nobody", "C"])},
            optional={"condition_field": st.sampled_from(NAMES)},
        )
        condition = draw(st.just({}) | asked | st.just(ALWAYS))
        if splits < len(NAMES) and draw(st.booleans()):
            steps.append(split(draw(st.sampled_from([HALVES, THREE])), name=NAMES[splits], id=UUID(int=number + 1), **condition))
            splits += 1
        else:
            steps.append(mail(id=UUID(int=number + 1), **condition))
    return flow(*steps)


def mailed(definition: FlowDefinition, arms: dict[UUID | None, str]) -> list[UUID | None]:
    """The mails somebody gets who comes into these arms, in order, as the engine decides."""
    logs: list[d.Log] = []
    got: list[UUID | None] = []
    while not isinstance(decision := decide(situation(definition), logs), d.Finish):
        assert isinstance(decision, d.Assign | d.Perform | d.Skip), decision
        step = decision.action
        if isinstance(decision, d.Assign):
            logs.append(log(step.action_order, "split", arm=arms[step.id]))
        else:
            logs.append(log(step.action_order, step.action_type, "skipped" if isinstance(decision, d.Skip) else "success"))
            got += [step.id] if isinstance(decision, d.Perform) else []
    return got


def lost(definition: FlowDefinition) -> set[UUID | None]:
    """The steps that ask for a split or an arm there is not."""
    problems = [problem for rule in SPLIT_RULES for problem in rule(definition) if problem.code in ("split_missing", "arm_missing")]
    return {definition.actions[int(problem.pointer.split("/")[2])].id for problem in problems}


@THOROUGH
@given(divided(), st.fixed_dictionaries({UUID(int=n): st.sampled_from("AB") for n in range(1, 10)}))
def test_when_an_arm_is_kept_everybody_gets_what_its_people_got(definition: FlowDefinition, others: dict[UUID | None, str]) -> None:
    for divides in splits_of(definition):
        for arm in arms_of(divides):
            if arm.is_holdout:
                continue
            kept = keep_arm(definition, divides, arm.name.lower())
            assert mailed(kept, others) == mailed(definition, {**others, divides.id: arm.name})
            assert [step.action_order for step in kept.actions] == [*range(1, len(kept.actions) + 1)]
            assert divides.id not in {step.id for step in kept.actions}
            known = {step.id: step for step in definition.actions}
            assert all(known[step.id].action_config == step.action_config for step in kept.actions)
            assert FlowDefinition.model_validate(kept.model_dump()) == kept
            assert lost(definition) or not lost(kept)


def test_a_step_of_the_kept_arm_runs_as_any_step_and_those_of_the_others_are_gone() -> None:
    inner = split(name="Hour", **IN_B, condition_field="Opening")
    late = mail(condition_type="split", condition_value="A", condition_field="Hour")
    definition = flow(split(name="Opening"), whatsapp(**IN_A), inner, late, mail(**ALWAYS), wait(duration_minutes=5))
    divides = definition.action(1)
    assert keep_arm(definition, divides, "A") == flow(whatsapp(), mail(**ALWAYS), wait(duration_minutes=5)), (
        "with its split goes the late mail"
    )
    assert keep_arm(definition, divides, "B") == flow(split(name="Hour"), late, mail(**ALWAYS), wait(duration_minutes=5))
    assert keep_arm(definition, definition.action(3), "A") == flow(
        split(name="Opening"), whatsapp(**IN_A), mail(**IN_B, condition_field="Opening"), mail(**ALWAYS), wait(duration_minutes=5)
    ), "what the inner split asked, its steps ask"


def test_an_arm_that_cannot_be_kept_says_why() -> None:
    definition = flow(split(THREE, name="Opening"), mail(**IN_A))
    for arm, said in (("C", "has no arm C"), ("nobody", "is the hold-out")):
        with pytest.raises(Invalid, match=said) as refused:
            keep_arm(definition, definition.action(1), arm)
        assert [error.pointer for error in refused.value.errors] == ["/arm"]
    definition = flow(split(condition_type="call_outcome", condition_value="answered"), mail(**IN_A))
    with pytest.raises(Invalid, match="Give arm A 100 percent in the split instead"):
        keep_arm(definition, definition.action(1), "A")
