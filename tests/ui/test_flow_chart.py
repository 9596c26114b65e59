"""The flowchart: a box for each step, a lane for each outcome, and no way lost."""

from __future__ import annotations

import random

import pytest

from autoflows.ui.flow_cards import cards_of
from autoflows.ui.flow_chart import MOST, ROW, WIDTH, chart_of
from autoflows.ui.flow_draft import new_step
from autoflows.ui.flow_rows import Draft, StepRow


def step(kind: str, when: str = "", value: str = "") -> StepRow:
    return new_step(kind).model_copy(update={"when": when, "when_value": value})


def chart(*steps: StepRow) -> tuple[dict[str, dict[str, float]], set[tuple[str, str, str]], dict[str, str]]:
    """Positions and arrows, each step named by its place."""
    draft = Draft(steps=steps)
    nodes, edges = chart_of(draft, cards_of(draft, {}, {}), "When lead source is IndiaMART")
    names = {s.id: str(n) for n, s in enumerate(steps, start=1)}
    arrows = {(names.get(e["source"], e["source"]), names.get(e["target"], e["target"]), e["label"]) for e in edges}
    return {names.get(n["id"], n["id"]): n["position"] for n in nodes}, arrows, names


def test_an_empty_flow_goes_from_the_trigger_to_the_end() -> None:
    _, arrows, _ = chart()
    assert arrows == {("trigger", "end", "")}


def test_each_outcome_has_a_lane_and_who_meets_none_goes_by() -> None:
    places, arrows, _ = chart(
        step("ai_call"),
        step("wait", "call_outcome", "not_answered"),
        step("whatsapp_message", "call_outcome", "not_answered"),
        step("email", "call_outcome", "busy"),
        step("email", "always"),
    )
    assert arrows == {
        ("trigger", "1", ""),
        ("1", "2", "if the call was not answered"),
        ("2", "3", ""),
        ("1", "4", "if the call was busy"),
        ("3", "5", ""),
        ("4", "5", ""),
        ("1", "otherwise-2", ""),
        ("otherwise-2", "5", ""),
        ("5", "end", ""),
    }
    assert places["2"]["x"] == places["3"]["x"] != places["4"]["x"]
    assert places["2"]["y"] == places["4"]["y"]


def test_outcomes_that_leave_no_other_have_no_way_by() -> None:
    _, arrows, _ = chart(step("ai_call"), step("wait", "call_outcome", "answered"), step("wait", "call_outcome", "not_answered"))
    assert not any(target.startswith("otherwise") for _, target, _ in arrows)


@pytest.mark.parametrize("seed", range(20))
def test_any_flow_is_drawn_whole_and_without_overlap(seed: int) -> None:
    chance = random.Random(seed)
    conditions = [("", ""), ("", ""), ("always", ""), ("call_outcome", "busy"), ("call_outcome", "answered"), ("message_status", "read")]
    places, arrows, names = chart(*(step(chance.choice(["wait", "ai_call"]), *chance.choice(conditions)) for _ in range(40)))
    assert {*names.values(), "trigger", "end"} <= set(places)
    reached, edge = {"trigger"}, {"trigger"}
    while edge:
        edge = {target for source, target, _ in arrows if source in edge} - reached
        reached |= edge
    assert reached == set(places)
    spots = list(places.values())
    for n, one in enumerate(spots):
        for two in spots[n + 1 :]:
            assert abs(one["x"] - two["x"]) >= WIDTH or abs(one["y"] - two["y"]) > MOST


def test_each_arm_of_a_split_has_a_lane() -> None:
    _, arrows, _ = chart(step("split"), step("email", "split", "A"), step("wait", "split", "b"), step("email"))
    assert arrows == {
        ("trigger", "1", ""),
        ("1", "2", "in arm A"),
        ("1", "3", "in arm b"),
        ("2", "4", ""),
        ("3", "4", ""),
        ("4", "end", ""),
    }
    _, some, _ = chart(step("split"), step("email", "split", "A"), step("email"))
    assert ("1", "otherwise-2", "") in some


def test_a_box_is_as_high_as_its_words_need_and_never_reaches_the_next() -> None:
    heights = []
    for text in ("IndiaMART", "Divide the leads: Mail 40 %, Call first 40 % and Nothing 20 % without contact", "word " * 200):
        nodes, _ = chart_of(Draft(), (), text)
        heights.append(nodes[0]["height"])
    assert heights == sorted(set(heights))
    assert heights[-1] == MOST < ROW
