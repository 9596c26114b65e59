"""Steps of a flow over time and along its branches: which step of a new definition is which of the old, and what follows a call."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from autoflows.domain.flow import Action, ActionCondition, ActionType, FlowDefinition
from autoflows.domain.gates import EXITED, outcome_meets
from autoflows.domain.outcomes import CallOutcome


def pair_steps(before: Sequence[Action], after: Sequence[Action]) -> list[int | None]:
    """For each step of `after` the index of the same step in `before`, or None for a new one; each old step is taken once at most.

    The id tells. A step without a known id is the equal one, else that of its type in its place; without any id, as in a file written
    by hand, also the next of its type. Equal sequences pair in order.
    """
    pairs: list[int | None] = [None] * len(after)
    free = dict(enumerate(before))

    def take(test: Callable[[int, Action, Action], bool], only: Callable[[Action], bool] = lambda step: True) -> None:
        for place, step in enumerate(after):
            if pairs[place] is not None or not only(step):
                continue
            found = next((n for n, old in free.items() if test(n - place, old, step)), None)
            if found is not None:
                pairs[place] = found
                del free[found]

    take(lambda _, old, step: step.id is not None and old.id == step.id)
    take(lambda distance, old, step: distance == 0 and _content(old) == _content(step))
    take(lambda _, old, step: _content(old) == _content(step))
    take(lambda distance, old, step: distance == 0 and old.action_type is step.action_type)
    take(lambda _, old, step: old.action_type is step.action_type, only=lambda step: step.id is None)
    return pairs


def _content(step: Action) -> tuple[object, ...]:
    return (step.action_type, step.action_config, step.condition_type, step.condition_value, step.condition_field)


def unmoved(pairs: Sequence[int | None]) -> set[int]:
    """The places of a longest run of paired steps that kept their order; any other paired step was moved."""
    ends: list[int] = []  # by length of a run: the earliest old place in which one so long ends
    runs: list[list[int]] = []  # by length: the places in which one so long ends
    for place, old in enumerate(pairs):
        if old is None:
            continue
        length = bisect_left(ends, old)
        if length == len(ends):
            runs.append([])
        ends[length : length + 1] = [old]
        runs[length].append(place)
    kept: list[int] = []
    for places in reversed(runs):
        kept.append(next(place for place in places if not kept or (place < kept[-1] and (pairs[place] or 0) < (pairs[kept[-1]] or 0))))
    return set(kept)


def new_places(before: FlowDefinition, after: FlowDefinition, begun: Sequence[int]) -> Mapping[int, int] | None:
    """Where the begun steps of a run (their orders in `before`) stand in `after`; None if the run cannot go on there.

    It can if each begun step is still there by its id, does the same kind of thing, and they follow each other as before: then the
    run's history reads as one of the new sequence.
    """
    known = {step.id: step for step in after.actions if step.id is not None}
    places: dict[int, int] = {}
    for order in sorted(set(begun)):
        old = before.actions[order - 1] if order <= len(before.actions) else None
        new = known.get(old.id) if old is not None and old.id is not None else None
        if old is None or new is None or new.action_type is not old.action_type or new.action_order <= max(places.values(), default=0):
            return None
        places[order] = new.action_order
    return places


def steps_after_call(definition: FlowDefinition, outcome: CallOutcome) -> list[Action]:
    """The steps after the first call that may run if the flow's calls end so. What cannot be known beforehand may run."""
    first = next((step.action_order for step in definition.actions if step.action_type is ActionType.AI_CALL), None)
    return [] if first is None else [step for step in definition.actions[first:] if _may_run(definition, step, outcome)]


def _may_run(definition: FlowDefinition, step: Action, outcome: CallOutcome) -> bool:
    if step.condition_type in EXITED:
        return not (definition.exit_rules.on_answered and outcome is CallOutcome.ANSWERED)
    if step.condition_type is ActionCondition.CALL_OUTCOME:
        return outcome_meets(outcome, step.condition_value or "")
    return True
