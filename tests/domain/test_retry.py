"""A person's retry of a failed execution: what surely failed is tried again, and nothing that may have reached anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given

from autoflows.domain import decisions as d
from autoflows.domain.decide import decide, to_retry
from autoflows.domain.executions import LogStatus
from autoflows.domain.gate_context import CHANNEL_OF_ACTION
from tests.domain.histories import World, logs_of_any_kind, worlds
from tests.domain.settings import THOROUGH

REACHED = {LogStatus.SUCCESS, LogStatus.UNKNOWN}


def asked_again(world: World) -> None:
    """As the engine does it: the last attempts of what failed are marked, and the execution runs again."""
    marked = to_retry(world.definition, world.logs)
    world.logs = [replace(log, retried=True) if log in marked else log for log in world.logs]
    world.finished = None
    world.steps.clear()


def reached_by(world: World) -> set[int]:
    return {log.action_order for log in world.logs if log.status in REACHED}


@THOROUGH
@given(worlds())
def test_nothing_that_may_have_reached_anybody_is_tried_again(world: World) -> None:
    """Also not what is heard of only after the retry was asked for."""
    world.run()
    for _ in range(2):
        asked_again(world)
        for step in world.run().steps:
            if not isinstance(step.decision, d.Perform):
                continue
            order = step.decision.action.action_order
            before = [log for log in step.logs if log.action_order == order]
            assert step.decision.attempt == len(before) + 1
            if before and before[-1].retried:
                assert {log.status for log in before} <= {LogStatus.FAILED, LogStatus.SKIPPED}
            assert not any(log.status in (LogStatus.RUNNING, LogStatus.PENDING) for log in step.logs), "two attempts are out"


@THOROUGH
@given(worlds())
def test_a_retry_comes_to_an_end_with_one_more_attempt_at_each_failed_action(world: World) -> None:
    world.run()
    lost: dict[str, Any] = {"status": LogStatus.FAILED, "outcome": None, "message_state": None}
    contacts = [log for log in world.logs if log.action_type in CHANNEL_OF_ACTION]
    world.logs = [replace(log, **lost) if log in contacts and log.status in REACHED else log for log in world.logs]
    failed = {log.action_order: log.attempt for log in to_retry(world.definition, world.logs)}
    assert failed.keys() == {log.action_order for log in contacts if log.status is not LogStatus.SKIPPED}
    asked_again(world)
    world.run()
    assert world.finished is not None
    unknown_stop = "flow says stop" in world.finished.reason
    for order, attempt in failed.items():
        of_action = {log.attempt for log in world.logs if log.action_order == order}
        heard_of = any(log.attempt <= attempt and log.status in REACHED for log in world.logs if log.action_order == order)
        assert attempt + 1 in of_action or heard_of or unknown_stop


@THOROUGH
@given(worlds())
def test_any_history_with_any_marks_has_a_decision(world: World) -> None:
    logs = [replace(log, retried=world.chance.random() < 0.4) for log in logs_of_any_kind(world.definition, world.chance)]
    situation = world.situation()
    decision = decide(situation, logs)
    if isinstance(decision, d.Perform):
        before = [log for log in logs if log.action_order == decision.action.action_order]
        if any(log.retried for log in before) and max(before, key=lambda log: log.attempt).retried:
            assert not {log.status for log in before} & REACHED
    assert decide(situation, sorted(logs, key=lambda log: log.started_at)) == decision
